"""Calendars of units: working days and office hours, holidays, closures. Deadlines are counted by them."""

from engine.organisation.calendars.closures import REASONS, declare, revoke
from engine.organisation.calendars.documents import WEEKDAYS, Document, Holiday
from engine.organisation.calendars.editing import NewCalendar, NewVersion, change, choose, create
from engine.organisation.calendars.reading import (
    SECONDS,
    SEVERAL,
    Effective,
    Offices,
    find,
    for_reports,
    forget,
    known_offices,
    of_unit,
    of_units,
    offices,
)
from engine.organisation.calendars.shipped import install, usual

__all__ = [
    "REASONS",
    "SECONDS",
    "SEVERAL",
    "WEEKDAYS",
    "Document",
    "Effective",
    "Holiday",
    "NewCalendar",
    "NewVersion",
    "Offices",
    "change",
    "choose",
    "create",
    "declare",
    "find",
    "for_reports",
    "forget",
    "install",
    "known_offices",
    "of_unit",
    "of_units",
    "offices",
    "revoke",
    "usual",
]
