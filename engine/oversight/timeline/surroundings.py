"""What a timeline needs besides the events of its case: office hours, norms, and what stopped everything."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, cast, extract, func, or_, select

from engine import deadlines, events
from engine.bpmn import Spec
from engine.deadlines import Calendar, NoHolidays, OfficeDay, Term, Untimely
from engine.models import OrganisationRecord
from engine.organisation import calendars
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared
from engine.timeline import Hours, Offices, ms_of

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Interval = tuple[int, int]


def ms_column(instant: Any) -> ColumnElement[int]:
    """Returns a column of instants as milliseconds, rounded down."""
    return cast(func.floor(extract("epoch", instant) * 1000), BigInteger)


_RECORD = OrganisationRecord
_OUTAGE, _SUSPENDED, _RESUMED = "installation.outage", "definition.suspended", "definition.resumed"
# What stopped the cases of a `definition` after an instant, `since`.
STOPPED = and_(
    _RECORD.at > bindparam("since", type_=_RECORD.at.type),
    or_(
        _RECORD.kind == _OUTAGE,
        and_(
            _RECORD.kind.in_((_SUSPENDED, _RESUMED)),
            _RECORD.payload["definition"].as_string() == bindparam("definition"),
        ),
    ),
)
_STOPS = Prepared(select(_RECORD.kind, _RECORD.at, _RECORD.payload).where(STOPPED).order_by(_RECORD.seq))


@dataclass(frozen=True, slots=True)
class Interruptions:
    """When the installation was down, and when a definition was suspended, in milliseconds."""

    outages: Sequence[Interval] = field(default_factory=list)
    suspensions: Sequence[Interval] = field(default_factory=list)


def interruptions(uow: UnitOfWork, definition: str, since: datetime) -> Interruptions:
    """Returns what stopped the cases of a definition after an instant, as the administration log has it."""
    rows = uow.rows(_STOPS, {"since": since, "definition": definition})
    return interruptions_of(rows, definition, uow.now)


def interruptions_of(records: Sequence[Sequence[Any]], definition: str, now: datetime) -> Interruptions:
    """Returns what records of the administration log stopped: of each its kind, instant and payload."""
    outages = [_outage(payload) for kind, _, payload in records if kind == _OUTAGE]
    stops = ((definition, kind, at) for kind, at, _ in records if kind != _OUTAGE)
    stopped = events.suspensions(stops, until=now).get(definition, ())
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
    """Returns the office hours of a calendar, which are remembered with it.

    Norms are counted by it as if its years were known: without the holidays that nobody has entered.
    """
    return Hours(lambda begin, end: _open(calendar, begin, end), _without_years(calendar))


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


class Norms(NamedTuple):
    """What a process says of norms, with the names in `Surroundings`."""

    norms: Mapping[str, Term]
    norm: Term | None
    pauses: frozenset[str]
    opinions: frozenset[str]


def norms_of(spec: Spec) -> Norms:
    """Returns the norms of the elements of a process, by path, that of the process, and what pauses it."""
    written = tuple((part.path, part.norm) for part in spec.elements.values() if part.norm)
    rules = spec.rules.clock
    return Norms(_norms(written), norm(rules.norm), spec.clock.pauses, spec.clock.opinions)


@lru_cache(maxsize=256)
def _norms(written: tuple[tuple[str, str], ...]) -> Mapping[str, Term]:
    found = {path: norm(text) for path, text in written}
    return {path: one for path, one in found.items() if one is not None}


def norm(text: str | None) -> Term | None:
    """Returns a norm as written in a diagram; None if there is none, or it isn't a literal term."""
    try:
        return deadlines.term(text) if text else None
    except Untimely:
        return None
