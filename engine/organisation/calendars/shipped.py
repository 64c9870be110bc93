"""The calendars that are shipped: Iran with Thursday and Friday off, with Friday off, and a plain one.

Iran's holidays are in `iran.csv`, for the years 1393 to 1406 as the package `holidays` 0.109 has them (MIT).
Those that follow the moon are exact until 15 Dey 1405, later ones are estimated.
"""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.deadlines import Calendar, Hours
from engine.models import ROOT, CalendarVersion, UnitCalendar, WorkCalendar
from engine.organisation.calendars import files
from engine.organisation.calendars.documents import WEEKDAYS, Document
from engine.platform.ids import uuid7

IRAN, PLAIN = "iran", "plain"
_OFFICE = Hours(8 * 60, 16 * 60)
_YEARS = range(1393, 1407)


class Shipped(NamedTuple):
    """A shipped calendar."""

    key: str
    name: str
    document: Document


@cache
def calendars() -> tuple[Shipped, ...]:
    """Returns the shipped calendars; the first is that of an installation in Iran."""
    path = Path(__file__).with_name("iran.csv")
    holidays, years = files.read(path.name, path.read_bytes()), frozenset(_YEARS)
    both = Document(_week("thursday", "friday"), True, years, holidays)
    return (
        Shipped(IRAN, "ایران، پنجشنبه و جمعه تعطیل | Iran, Thursday and Friday off", both),
        Shipped(
            "iran-friday",
            "ایران، جمعه تعطیل | Iran, Friday off",
            Document(_week("friday"), True, years, holidays),
        ),
        Shipped(
            PLAIN,
            "ساده، شنبه و یکشنبه تعطیل | Plain, Saturday and Sunday off",
            Document(_week("saturday", "sunday"), False, None),
        ),
    )


def usual(at: datetime) -> Calendar:
    """Returns the calendar of Iran in a zone, for what belongs to no unit, such as a scenario."""
    return calendars()[0].document.calendar(at.tzinfo or UTC, (), None)


def _week(*off: str) -> dict[str, Hours]:
    return {name: _OFFICE for name in WEEKDAYS if name not in off}


def install(session: Session, now: datetime, zone: str) -> None:
    """Stores the shipped calendars in an installation that has none; one becomes that of the root unit."""
    if session.scalars(select(WorkCalendar.id).limit(1)).first() is not None:
        return
    for one in calendars():
        calendar = WorkCalendar(id=uuid7(), key=one.key, name=one.name, unit_id=ROOT, created_at=now)
        session.add(calendar)
        session.flush()
        version = CalendarVersion(id=uuid7(), calendar_id=calendar.id, number=1, created_at=now)
        version.document = one.document.stored()
        session.add(version)
        if one.key == (IRAN if zone == "Asia/Tehran" else PLAIN):
            session.add(UnitCalendar(unit_id=ROOT, calendar_id=calendar.id, set_at=now))
    session.flush()
