"""A person's own work time: by day and task. Nobody else reads it.

Each task has all of the time in which it was open, also if another one was open at the same time; in a day's
total each minute counts once (docs/decisions/0071-work-time.md).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, bindparam, cast, select, union_all
from sqlalchemy.types import DateTime

from engine import access
from engine.events.vocabulary import WORK_NOTED
from engine.models import Case, DefinitionVersion, Event, Task, WorkStretch
from engine.platform.db import UnitOfWork
from engine.tasks.work_time.weeks import Week, midnight

FROM, TO = (
    cast(Event.facts[name].astext, DateTime(timezone=True)).label(name) for name in ("from_at", "to_at")
)


class _Row(NamedTuple):
    task_id: UUID
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class TaskTime:
    """The time that a person has worked on a task on a day."""

    id: UUID
    name: str
    process: str
    case_id: UUID
    case_number: str
    seconds: int


@dataclass(frozen=True, slots=True)
class WorkDay:
    """A day: its tasks, most time first, and the time in which at least one of them was worked on."""

    day: date
    seconds: int
    tasks: Sequence[TaskTime]


def own_days(uow: UnitOfWork, week: Week) -> Sequence[WorkDay]:
    """Returns the days of a week on which the actor has work time, latest first.

    A stretch that the log doesn't have yet counts until its last signal. For an account that acts for a
    person only the tasks of that person's cases count.
    """
    access.require(uow.actor, "work_time.own")
    zone = uow.now.tzinfo
    begin, end = week.span(zone)
    given = {**access.seen_by(uow), "begin": begin}
    rows = [_Row(*row) for row in uow.connection.execute(_OWN, given)]
    days: dict[date, dict[UUID, list[tuple[datetime, datetime]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for since, until in _by_day(
            max(row.from_at, begin).astimezone(zone), min(row.to_at, end).astimezone(zone)
        ):
            days[since.date()][row.task_id].append((since, until))
    known = _tasks(uow, {task_id for tasks in days.values() for task_id in tasks})
    shown = {day: {one: spans for one, spans in days[day].items() if one in known} for day in days}
    return [_day(day, shown[day], known) for day in sorted(shown, reverse=True) if shown[day]]


def measured(uow: UnitOfWork, case_id: UUID, task_id: UUID) -> int | None:
    """Returns the seconds that the actor has worked on a task; None: not measured."""
    given = {**access.seen_by(uow), "case": case_id, "task": task_id}
    rows = uow.connection.execute(_OF_TASK, given).all()
    return length((row.from_at, row.to_at) for row in rows) or None


def length(spans: Iterable[tuple[datetime, datetime]]) -> int:
    """Returns the seconds that at least one of these spans covers."""
    total, reached = timedelta(0), None
    for since, until in sorted(spans):
        start = since if reached is None else max(since, reached)
        if until > start:
            total += until - start
            reached = until
    return round(total.total_seconds())


def _noted() -> Select[*tuple[Any, ...]]:
    return select(Event.task_id, FROM, TO).where(Event.kind == WORK_NOTED, Event.actor_id == access.VIEWER)


_BEGIN = bindparam("begin", type_=Event.at.type)
_GOING = select(WorkStretch.task_id, WorkStretch.from_at, WorkStretch.to_at).where(
    WorkStretch.user_id == access.VIEWER
)
# An event is written after its stretch has ended.
_OWN: CompoundSelect[*tuple[Any, ...]] = union_all(
    _noted().where(Event.at >= _BEGIN), _GOING.where(WorkStretch.to_at >= _BEGIN)
)
_OF_TASK: CompoundSelect[*tuple[Any, ...]] = union_all(
    _noted().where(Event.case_id == bindparam("case"), Event.task_id == bindparam("task")),
    _GOING.where(WorkStretch.task_id == bindparam("task")),
)


def _by_day(since: datetime, until: datetime) -> Iterable[tuple[datetime, datetime]]:
    """Splits a span at midnight; yields nothing if it has no length."""
    while since < until:
        end = min(until, midnight(since.date() + timedelta(days=1), since.tzinfo))
        yield since, end
        since = end


def _tasks(uow: UnitOfWork, ids: Iterable[UUID]) -> Mapping[UUID, Mapping[Any, Any]]:
    found = (
        select(
            Task.id,
            Task.name,
            DefinitionVersion.name.label("process"),
            Task.case_id,
            Case.number.label("case_number"),
        )
        .join(Case, Case.id == Task.case_id)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .where(Task.id.in_(ids), *access.of_person(uow.actor.role))
    )
    return {row["id"]: row for row in uow.connection.execute(found, access.seen_by(uow)).mappings()}


def _day(
    day: date,
    spans: Mapping[UUID, Sequence[tuple[datetime, datetime]]],
    known: Mapping[UUID, Mapping[Any, Any]],
) -> WorkDay:
    tasks = [TaskTime(**known[task_id], seconds=length(own)) for task_id, own in spans.items()]
    tasks.sort(key=lambda one: (-one.seconds, one.id))
    return WorkDay(day, length(span for own in spans.values() for span in own), tasks)
