"""What a timeline needs besides the events of its case: office hours, norms, and what stopped everything."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from engine import deadlines, events
from engine.bpmn import Spec
from engine.deadlines import Calendar, NoHolidays, OfficeDay, Untimely
from engine.models import OrganisationRecord
from engine.organisation import calendars
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared
from engine.timeline import Hours, Norm, Offices, ms_of

_DAY = timedelta(days=1)
_FROM = datetime(2001, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Interval = tuple[int, int]

_RECORD = OrganisationRecord
_OUTAGE, _SUSPENDED, _RESUMED = "installation.outage", "definition.suspended", "definition.resumed"
_STOPS = Prepared(
    select(_RECORD.kind, _RECORD.at, _RECORD.payload)
    .where(
        _RECORD.at > bindparam("since", type_=_RECORD.at.type),
        or_(
            _RECORD.kind == _OUTAGE,
            and_(
                _RECORD.kind.in_((_SUSPENDED, _RESUMED)),
                _RECORD.payload["definition"].as_string() == bindparam("definition"),
            ),
        ),
    )
    .order_by(_RECORD.seq)
)


@dataclass(frozen=True, slots=True)
class Interruptions:
    """When the installation was down, and when a definition was suspended, in milliseconds."""

    outages: Sequence[Interval] = field(default_factory=list)
    suspensions: Sequence[Interval] = field(default_factory=list)


def interruptions(uow: UnitOfWork, definition: str, since: datetime) -> Interruptions:
    """Returns what stopped the cases of a definition after an instant, as the administration log has it."""
    rows = uow.rows(_STOPS, {"since": since, "definition": definition})
    outages = [_outage(payload) for kind, _, payload in rows if kind == _OUTAGE]
    stops = ((definition, kind, at) for kind, at, _ in rows if kind != _OUTAGE)
    stopped = events.suspensions(stops, until=uow.now).get(definition, ())
    return Interruptions(outages, [(ms_of(begin), ms_of(end)) for begin, end in stopped])


def _outage(payload: Mapping[str, Any]) -> Interval:
    begin, end = (ms_of(datetime.fromisoformat(payload[name])) for name in ("from_at", "to_at"))
    return begin, end


def offices(uow: UnitOfWork, keys: Collection[str]) -> Offices:
    """Returns the hours of these units, by their keys; None for a key that no unit has."""
    found = calendars.for_reports(uow, keys)
    return {key: hours_of(calendar) for key, calendar in found.items()}.get


@lru_cache(maxsize=256)
def hours_of(calendar: Calendar) -> Hours:
    """Returns the office hours of a calendar, which are remembered with it."""
    return Hours(lambda begin, end: _open(calendar, begin, end))


def _open(calendar: Calendar, begin: int, end: int) -> Iterator[Interval]:
    """Yields when an office is open between two instants, in order."""
    first, last = (_EPOCH + timedelta(milliseconds=one) for one in (begin, end))
    day = deadlines.day_of(first, calendar.zone)
    while day <= deadlines.day_of(last, calendar.zone):
        found = _office_day(calendar, day)
        if found is not None:
            opens, closes = max(ms_of(found.opens), begin), min(ms_of(found.closes), end)
            if opens < closes:
                yield opens, closes
        day += _DAY


def _office_day(calendar: Calendar, day: date) -> OfficeDay | None:
    """Returns a working day. A year whose holidays nobody has entered has none: a report must not stop."""
    try:
        return calendar.office_day(day)
    except NoHolidays:
        return _without_years(calendar).office_day(day)


@lru_cache(maxsize=256)
def _without_years(calendar: Calendar) -> Calendar:
    after = calendar.followed_by
    return replace(calendar, years=None, followed_by=after and (after[0], _without_years(after[1])))


def norms_of(spec: Spec) -> tuple[Mapping[str, Norm], Norm | None]:
    """Returns the norms of the elements of a process, by path, and that of the process itself."""
    return _norms(tuple((part.path, part.norm) for part in spec.elements.values() if part.norm)), norm(
        spec.rules.clock.norm
    )


@lru_cache(maxsize=256)
def _norms(written: tuple[tuple[str, str], ...]) -> Mapping[str, Norm]:
    found = {path: norm(text) for path, text in written}
    return {path: one for path, one in found.items() if one is not None}


def norm(text: str | None) -> Norm | None:
    """Returns a norm as written in a diagram; None if there is none, or it isn't a literal term."""
    try:
        term = deadlines.term(text) if text else None
    except Untimely:
        return None
    if term is None:
        return None
    if term.unit == "working-days":
        return Norm("days", term.count)
    if term.unit == "working-hours":
        return Norm("hours", term.count * 3_600_000)
    return Norm("elapsed", (term.duration.after(_FROM) - _FROM) // timedelta(milliseconds=1))
