"""Calendars of units: working days and office hours, holidays, closures. Deadlines are counted by them."""

from engine.organisation.calendars.closures import REASONS, declare, revoke
from engine.organisation.calendars.documents import WEEKDAYS, Document, Holiday
from engine.organisation.calendars.editing import NewCalendar, NewVersion, change, choose, create
from engine.organisation.calendars.reading import (
    SECONDS,
    Effective,
    find,
    for_reports,
    forget,
    of_unit,
    of_units,
)
from engine.organisation.calendars.shipped import install, usual

__all__ = [
    "REASONS",
    "SECONDS",
    "WEEKDAYS",
    "Document",
    "Effective",
    "Holiday",
    "NewCalendar",
    "NewVersion",
    "change",
    "choose",
    "create",
    "declare",
    "find",
    "for_reports",
    "forget",
    "install",
    "of_unit",
    "of_units",
    "revoke",
    "usual",
]
