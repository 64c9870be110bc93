"""Searches the logs for patterns: each period once, after it has ended, and raises flags.

A period is a Jalali month. Searching it earlier, day by day, would find more by mistake: each look at half a
month is another chance of an accident. A search that is repeated finds the same, and a flag is raised once.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, cast, delete, func, insert, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert as upsertable

from engine.events import administration_log
from engine.models import Event, Flag, FlagCase, FlagSearch, Pattern
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
GRACE = 1  # day after the end of a period, for what is written late
MONTHS = 12  # of the past that are searched in a new installation
AGAIN = timedelta(days=1)  # after a search that failed
CASES = 100  # of a flag that are stored
_LOCK = 0x666C6167  # of the database, so that one process searches at a time

# What an entry of a log that breaks a rule causes.
_BROKEN = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError)
_LONG = text("SET LOCAL idle_in_transaction_session_timeout = 0")
_log = structlog.get_logger("worker")

Wanted = Mapping[str, Thresholds]


def next_period(uow: UnitOfWork) -> date | None:
    """Returns the oldest period that has ended and was not searched, and notes that it is tried; or None.

    Call it in a transaction before the search: if that fails, or ends its process, the others are searched
    first, and this one a day later. Of two processes, one gets it.
    """
    if not uow.connection.execute(
        select(func.pg_try_advisory_xact_lock(cast(_LOCK, BigInteger)))
    ).scalar_one():
        return None
    found = select(FlagSearch.period, FlagSearch.until, FlagSearch.searched_at)
    known = {period: (until, at) for period, until, at in uow.connection.execute(found)}
    for period in _periods(uow, uow.now.date() - DAY * (GRACE + 1)):
        until, tried = known.get(period, (date.min, None))
        if until < period and (tried is None or tried <= uow.now - AGAIN):
            _note(uow, period, period - DAY, 0)
            return period
    return None


def search_next(uow: UnitOfWork, wanted: Wanted) -> bool:
    """Searches the next period, in one transaction. Returns False without one."""
    period = next_period(uow)
    if period is not None:
        search(uow, period, wanted)
    return period is not None


def _periods(uow: UnitOfWork, last: date) -> Iterator[date]:
    """Yields the periods that had ended by a day, since the first event, but of at most a year."""
    # A history may be written in one transaction, and its events in any order.
    first = select(func.min(Event.transaction_id)).scalar_subquery()
    at = uow.connection.execute(
        select(func.min(Event.at)).where(Event.transaction_id == first)
    ).scalar_one_or_none()
    if at is None:
        return
    begin = max(at.astimezone(uow.now.tzinfo).date(), last - timedelta(days=30 * MONTHS))
    period = month_of(begin, "jalali")
    while last_day(period) <= last:
        yield period
        period = month_after(period, "jalali")


def last_day(period: date) -> date:
    """Returns the last day of a period."""
    return month_after(period, "jalali") - DAY


def search(uow: UnitOfWork, period: date, wanted: Wanted) -> int:
    """Searches a period, and raises flags. Returns how many events and records were read."""
    # Computing takes long between the rows of a large office.
    uow.connection.execute(_LONG)
    until = last_day(period)
    span = Span(
        *(_midnight(uow, day) for day in (month_of(period - DAY, "jalali"), period, until + DAY)),
    )
    read, found, failed = 0, list[tuple[Place, Finding]](), False
    for kind, patterns in ((reading.places, OF_PLACES), (reading.units, OF_UNITS)):
        for place, log, count in kind(uow, span):
            read += count
            for pattern, find in patterns.items():
                if pattern not in wanted:
                    continue
                seen = findings(pattern, find, log, wanted[pattern], place)
                failed = failed or seen is None
                found += [(place, one) for one in seen or ()]
    for place, one in found:
        _raise(uow, place, one, period, until)
    _note(uow, period, period - DAY if failed else until, read)
    return read


def findings(
    pattern: Pattern, find: Find, log: PlaceLog, limits: Thresholds, place: Place
) -> Sequence[Finding] | None:
    """Returns what a pattern finds in the log of a place; None if an entry breaks a rule.

    That must not stop the worker, which has other duties: the other patterns and places are searched
    nevertheless. The period counts as not searched: it is tried again, and operators see it.
    """
    try:
        return [*find(log, limits)]
    except _BROKEN as error:
        where = {"pattern": pattern, "unit": place.unit, "definition": place.definition}
        _log.error("flags.search-failed", **where, error=logs.cause(error), where=logs.place(error))
        return None


def _note(uow: UnitOfWork, period: date, until: date, events: int) -> None:
    done = {"until": until, "events": events, "searched_at": uow.now}
    stored = upsertable(FlagSearch).values(period=period, **done)
    uow.connection.execute(stored.on_conflict_do_update(index_elements=["period"], set_=done))


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
