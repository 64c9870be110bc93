"""The calendar by which the terms of a unit's cases are counted."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine.deadlines import Calendar, Hours
from engine.models import Case
from engine.platform.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class UnitCalendar:
    """A calendar, and its version as the log names it; None: no calendar was set."""

    calendar: Calendar
    version: str | None = None


def unit_of(uow: UnitOfWork, case_id: UUID) -> UUID:
    """Returns the unit that handles a case."""
    found: UUID = uow.connection.execute(select(Case.unit_id).where(Case.id == case_id)).scalar_one()
    return found


def of_unit(uow: UnitOfWork, unit_id: UUID) -> UnitCalendar:  # noqa: ARG001 - every unit has this one
    """Returns the calendar of a unit that is valid now."""
    zone = ZoneInfo(getattr(uow.now.tzinfo, "key", "UTC"))
    return UnitCalendar(Calendar(zone, (Hours(0, 24 * 60),) * 7))
