"""Searches the logs for patterns: each period once a day, until it has ended, and raises flags.

A period is a Jalali month. It is searched as a whole each time, so a search that is repeated finds the
same, and a flag is raised once. Its numbers follow the search until somebody has been asked about it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, cast, delete, func, insert, literal_column, select
from sqlalchemy.dialects.postgresql import insert as upsertable

from engine.events import administration_log
from engine.models import Event, Flag, FlagCase, FlagSearch
from engine.oversight.flags import reading
from engine.oversight.flags.patterns import OF_PLACES, OF_UNITS, Find
from engine.oversight.flags.reading import Place, Span
from engine.oversight.flags.rows import Finding, PlaceLog
from engine.oversight.projection.periods import month_after, month_of
from engine.platform import logs
from engine.platform.db import UnitOfWork
from engine.platform.ids import uuid7
from engine.platform.red_flags import Thresholds

DAY = timedelta(days=1)
MONTHS = 12  # of the past that are searched in a new installation
CASES = 100  # of a flag that are stored
_LOCK = 0x666C6167  # of the database, so that one process searches at a time

# What an entry of a log that breaks a rule causes.
_BROKEN = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError)
_log = structlog.get_logger("worker")

Wanted = Mapping[str, Thresholds]


def search_next(uow: UnitOfWork, wanted: Wanted) -> bool:
    """Searches the oldest period of which days have ended that were not searched. Returns False without one.

    Another process that searches at the moment counts as none.
    """
    if not uow.connection.execute(
        select(func.pg_try_advisory_xact_lock(cast(_LOCK, BigInteger)))
    ).scalar_one():
        return False
    yesterday = uow.now.date() - DAY
    known = {row[0]: row[1] for row in uow.connection.execute(select(FlagSearch.period, FlagSearch.until))}
    for period in _periods(uow, yesterday):
        until = min(month_after(period, "jalali") - DAY, yesterday)
        if known.get(period, date.min) < until:
            search(uow, period, until, wanted)
            return True
    return False


def _periods(uow: UnitOfWork, last: date) -> Iterator[date]:
    """Yields the periods from the one of the first event on, but of at most a year."""
    first = select(Event.at).order_by(Event.transaction_id).limit(1)
    at = uow.connection.execute(first).scalar_one_or_none()
    if at is None:
        return
    begin = max(at.astimezone(uow.now.tzinfo).date(), last - timedelta(days=30 * MONTHS))
    period = month_of(begin, "jalali")
    while period <= last:
        yield period
        period = month_after(period, "jalali")


def search(uow: UnitOfWork, period: date, until: date, wanted: Wanted) -> int:
    """Searches a period until a day, and raises flags. Returns how many events and records were read."""
    span = Span(
        *(_midnight(uow, day) for day in (month_of(period - DAY, "jalali"), period, until + DAY)),
    )
    read, found = 0, list[tuple[Place, Finding]]()
    for kind, patterns in ((reading.places, OF_PLACES), (reading.units, OF_UNITS)):
        for place, log, count in kind(uow, span):
            read += count
            for pattern, find in patterns.items():
                if pattern in wanted:
                    found += [(place, one) for one in findings(find, log, wanted[pattern])]
    for place, one in found:
        _raise(uow, place, one, period, until)
    done = {"until": until, "events": read, "searched_at": uow.now}
    stored = upsertable(FlagSearch).values(period=period, **done)
    uow.connection.execute(stored.on_conflict_do_update(index_elements=["period"], set_=done))
    return read


def findings(find: Find, log: PlaceLog, limits: Thresholds) -> Sequence[Finding]:
    """Returns what a pattern finds in the log of a place.

    An entry that breaks a rule must not stop the worker, which has other duties: its log names the pattern,
    and the other patterns and places are searched nevertheless.
    """
    try:
        return [*find(log, limits)]
    except _BROKEN as error:
        _log.error("flags.search-failed", error=logs.cause(error), where=logs.place(error))
        return []


def _midnight(uow: UnitOfWork, day: date) -> datetime:
    return datetime.combine(day, time.min, uow.now.tzinfo or UTC)


def _raise(uow: UnitOfWork, place: Place, found: Finding, period: date, until: date) -> None:
    numbers: dict[str, Any] = {
        "until": until,
        "numerator": found.numerator,
        "base": found.base,
        "usual_numerator": found.usual[0],
        "usual_base": found.usual[1],
    }
    made = upsertable(Flag).values(
        id=uuid7(),
        pattern=found.pattern,
        unit_id=place.unit_id,
        definition=place.definition,
        period=period,
        subject_id=found.subject,
        state="raised",
        raised_at=uow.now,
        **numbers,
    )
    changed: Any = made.on_conflict_do_update(
        index_elements=["pattern", "unit_id", "definition", "period", "subject_id"],
        set_=numbers,
        where=Flag.state == "raised",
    ).returning(Flag.id, literal_column("xmax = 0"))
    row = uow.connection.execute(changed).one_or_none()
    if row is None:
        return  # somebody has been asked: it stays as it was then
    flag_id, is_new = row
    if is_new:
        administration_log.note(uow, "flag.raised", None, {"flag": flag_id})
    else:
        uow.connection.execute(delete(FlagCase).where(FlagCase.flag_id == flag_id))
    uow.connection.execute(insert(FlagCase), _cases(flag_id, found))


def _cases(flag_id: UUID, found: Finding) -> list[dict[str, Any]]:
    """Returns the cases of a flag, those of the last days first if there are too many."""
    newest = sorted(found.cases.items(), key=lambda one: one[1], reverse=True)[:CASES]
    return [
        {"flag_id": flag_id, "case_id": case, "at": datetime.fromtimestamp(at / 1000, UTC)}
        for case, at in newest
    ]
