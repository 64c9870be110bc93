"""Reads the logs of a period, place by place, so that only those of one place are in memory.

The events are found by their instant in the index that the search of the log has. The access log has none by
instant: it is read once for each period, as a whole, by a worker that others need not wait for.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select

from engine.models import AccessRecord, Case, DefinitionVersion, Event, Unit, User
from engine.oversight import timeline
from engine.oversight.flags.rows import Logged, PlaceLog, Read, by_case
from engine.platform.db import UnitOfWork
from engine.timeline import ms_of

ROWS = 5000  # at once
KINDS = (
    *("task.created", "task.assigned", "task.claimed", "task.released", "task.completed"),
    *("task.cancelled", "task.blocked", "decision.made", "correction.asked"),
    *("data.repaired", "incident.skipped", "change.confirmed", "clock.paused", "clock.resumed"),
    *("clock.started", "clock.extended", "clock.recomputed"),
)
CLOCK = tuple(kind for kind in KINDS if kind.startswith("clock."))
# The facts of events that patterns read. Without the others, most events share theirs with many.
FACTS = (
    *("side", "kind", "unit", "role", "priority", "due_at", "assignment", "account", "how", "reason"),
    *("what", "proposed_by"),
)
# What the access log knows of a reader who has nothing to do with a case.
_NO_PART = ("office", None)


@dataclass(frozen=True, slots=True)
class Span:
    """A period: what was before `begin`, from `since` on, only says what was waiting then."""

    since: datetime
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """The unit that handles cases, and the key of their process; empty: of all."""

    unit_id: UUID
    unit: str
    definition: str


def places(uow: UnitOfWork, span: Span) -> Iterator[tuple[Place, PlaceLog, int]]:
    """Yields the logs of all places with events in a period, and how many events each has."""
    found = (
        select(Case.unit_id, Unit.key, DefinitionVersion.key, *_columns())
        .join(Case, Case.id == Event.case_id)
        .join(Unit, Unit.id == Case.unit_id)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .where(Event.at >= span.since, Event.at < span.end, Event.kind.in_(KINDS))
        .order_by(Case.unit_id, DefinitionVersion.key, Event.case_id, Event.seq)
        .execution_options(yield_per=ROWS)
    )
    with uow.connection.execute(found) as rows:
        for key, group in groupby(rows, itemgetter(0, 1, 2)):
            cases = by_case(_compact(row[3:] for row in group))
            place, count = Place(*key), sum(map(len, cases.values()))
            yield place, _log(uow, place, cases, span), count


def _compact(rows: Iterable[Sequence[Any]]) -> Iterator[Logged]:
    """Yields events that share what is the same in many of them: a large office has a million."""
    shared: dict[Any, Any] = {}
    for *given, facts in rows:
        case, seq, at, kind, element, task, person, role = given
        own = tuple((name, facts[name]) for name in FACTS if name in facts) if facts else ()
        same = [shared.setdefault(one, one) for one in (case, kind, element, task, person, role)]
        case, kind, element, task, person, role = same
        if (known := shared.get(own)) is None:
            known = shared[own] = MappingProxyType(dict(own))
        yield Logged(case, seq, at, kind, element, task, person, role, known)


def _log(uow: UnitOfWork, place: Place, cases: Mapping[UUID, list[Logged]], span: Span) -> PlaceLog:
    begin = ms_of(span.begin)
    decided, paused = (
        {
            case
            for case, events in cases.items()
            if any(event.kind == kind and event.at >= begin for event in events)
        }
        for kind in ("decision.made", "clock.paused")
    )
    for event in _earlier_clocks(uow, paused, span):
        cases[event.case].append(event)
    for case_id in paused:
        cases[case_id].sort(key=attrgetter("seq"))
    hours = timeline.offices(uow, [place.unit])(place.unit)
    return PlaceLog(begin, cases, hours, _opened(uow, decided, span), _applicants(uow, decided))


def _earlier_clocks(uow: UnitOfWork, cases: Collection[UUID], span: Span) -> Sequence[Logged]:
    """Returns how the terms of cases began and changed before everything else that is read: months ago."""
    if not cases:
        return []
    found = select(*_columns()).where(
        Event.case_id == func.any([*cases]), Event.at < span.since, Event.kind.in_(CLOCK)
    )
    return [*_compact(uow.connection.execute(found))]


def _columns() -> Sequence[Any]:
    of_event = (Event.case_id, Event.seq, timeline.ms_column(Event.at), Event.kind, Event.element)
    return *of_event, Event.task_id, Event.actor_id, Event.actor_role, Event.facts


def _opened(uow: UnitOfWork, cases: Collection[UUID], span: Span) -> Mapping[tuple[UUID, UUID], int]:
    """Returns when each person first opened a case, of those that were decided."""
    if not cases:
        return {}
    record = AccessRecord
    found = (
        select(record.reader_id, record.case_id, func.min(timeline.ms_column(record.at)))
        .where(record.case_id == func.any([*cases]), record.at < span.end)
        .group_by(record.reader_id, record.case_id)
    )
    return {(row[0], row[1]): row[2] for row in uow.connection.execute(found)}


def _applicants(uow: UnitOfWork, cases: Collection[UUID]) -> Mapping[UUID, str]:
    """Returns the applicants of cases: only to compare them. Erased cases have none."""
    if not cases:
        return {}
    found = select(Case.id, Case.applicant).where(Case.id == func.any([*cases]), Case.applicant.is_not(None))
    return {row[0]: cast(str, row[1]) for row in uow.connection.execute(found)}


def units(uow: UnitOfWork, span: Span) -> Iterator[tuple[Place, PlaceLog, int]]:
    """Yields what officials of each unit opened in a period, without who they are if they have left it."""
    record, reason = AccessRecord, AccessRecord.payload["reason"].as_string()
    purpose = AccessRecord.payload["purpose"].as_string()
    # Of an erased record it isn't known any more: it counts as a part.
    part = or_(record.payload.is_(None), purpose.is_not(None), _has_part(reason))
    opened = (
        select(
            record.reader_id,
            record.case_id,
            func.coalesce(record.actor_unit, "").label("unit"),
            func.min(timeline.ms_column(record.at)).label("at"),
            func.bool_or(part).label("part"),
        )
        .join(User, User.id == record.reader_id)
        .where(record.at >= span.begin, record.at < span.end, User.role == "caseworker")
        .group_by(record.reader_id, record.case_id, "unit")
        .subquery()
    )
    acted = exists().where(Event.case_id == opened.c.case_id, Event.actor_id == opened.c.reader_id)
    known = case((opened.c.part, literal(value=True)), else_=acted)
    found = (
        select(Unit.id, Unit.key, opened.c.case_id, opened.c.at, opened.c.reader_id, known)
        .join(Unit, Unit.key == opened.c.unit)
        .join(Case, Case.id == opened.c.case_id)  # not of drafts and flags
        .order_by(Unit.id)
        .execution_options(yield_per=ROWS)
    )
    with uow.connection.execute(found) as rows:
        for key, group in groupby(rows, itemgetter(0, 1)):
            reads = [Read._make(row[2:]) for row in group]
            yield Place(key[0], key[1], ""), PlaceLog(ms_of(span.begin), {}, reads=reads), len(reads)


def _has_part(reason: Any) -> ColumnElement[bool]:
    without = [name for name in _NO_PART if name is not None]
    return and_(reason.is_not(None), reason.not_in(without))
