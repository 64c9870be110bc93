"""Notes the work time of people in the logs of cases: one event for each stretch that has ended.

A stretch is extended by signals of the person at the task (`engine.tasks.work_time`), and by what the person
then does with it. Noting it changes nothing in the case, so its revision remains.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Delete,
    Uuid,
    bindparam,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from engine import events
from engine.cases.locking import LockedCase, fetch_locked, locked_case, select_for_locking
from engine.events import Fact
from engine.models import Case, Event, Task, User, WorkStretch
from engine.platform.db import Actor, UnitOfWork, table, values_of

Source = Literal["page", "api", "draft", "answer"]

GAP = timedelta(minutes=15)  # a longer one ends a stretch
# What a person does with a task, other than to save a draft. A request names the task for which it is made.
_ANSWERS = ("task.completed", "task.released", "opinion.asked", "correction.asked")
_ANSWERED = func.coalesce(cast(Event.facts["parent"].astext, Uuid), Event.task_id)

_CASES = table(Case)
_NOTE = (
    update(_CASES)
    .where(_CASES.c.id == bindparam("noted__id"))
    .values(values_of(_CASES, "noted", ("log_length", "log_hash")))
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one person's work on a task; `unit` is the one as whose member."""

    task_id: UUID
    user_id: UUID
    unit: str | None
    from_at: datetime
    to_at: datetime
    sources: frozenset[str]

    def extended(self, answers: Iterable["_Answer"]) -> "Stretch":
        """Returns it with the later acts of the person that follow without a gap, earliest first."""
        found = self
        for one in answers:
            own = (one.task_id, one.actor_id) == (self.task_id, self.user_id)
            if own and self.from_at <= one.at <= found.to_at + GAP:
                found = replace(found, to_at=max(found.to_at, one.at), sources=found.sources | {"answer"})
        return found


class _Answer(NamedTuple):
    task_id: UUID
    actor_id: UUID
    at: datetime


class _Person(NamedTuple):
    """A person of `users`."""

    id: UUID
    name: str
    role: str


def _ended(now: datetime) -> ColumnElement[bool]:
    """Returns whether nothing extends a stretch any more: on `WorkStretch`."""
    going = exists().where(Task.id == WorkStretch.task_id, Task.status == "open")
    return or_(WorkStretch.to_at < now - GAP, ~going)


def note_ended(uow: UnitOfWork) -> bool:
    """Notes the ended stretches of one case. Returns whether there was one.

    Locked cases are skipped: they are found the next time.
    """
    found = (
        select(Case.id)
        .join(WorkStretch, WorkStretch.case_id == Case.id)
        .where(_ended(uow.now))
        .limit(1)
        .with_for_update(of=Case, skip_locked=True)
    )
    case_id = uow.connection.execute(found).scalar()
    if case_id is None:
        return False
    row = fetch_locked(uow, select_for_locking().where(Case.id == case_id).with_for_update(of=Case))
    if row is not None:
        _note(uow, locked_case(row), _ended(uow.now))
    return True


def note_all(uow: UnitOfWork, case: LockedCase) -> LockedCase:
    """Notes all stretches of a locked case, ended or not. Returns it with its new log."""
    return _note(uow, case)


def _note(uow: UnitOfWork, case: LockedCase, *which: ColumnElement[bool]) -> LockedCase:
    """Deletes these stretches of a case and notes those of some length: one signal alone measures nothing."""
    removed = delete(WorkStretch).where(WorkStretch.case_id == case.id, *which)
    stretches = list(_removed(uow, removed))
    if case.erased_at is not None or not stretches:
        return case
    answers = _answers(uow, case, stretches)
    measured = [one for one in (each.extended(answers) for each in stretches) if one.from_at < one.to_at]
    people = _people(uow, measured)
    elements = _elements(uow, measured)
    head, rows = case.head, []
    for one in sorted(measured, key=lambda each: (each.from_at, each.task_id, each.user_id)):
        facts = {"from_at": one.from_at, "to_at": one.to_at, "source": ",".join(sorted(one.sources))}
        fact = Fact("work.noted", elements[one.task_id], one.task_id, facts=facts)
        person = people[one.user_id]
        worker = UnitOfWork(uow.session, Actor(person.id, person.name, person.role), uow.now)
        head, added = events.chain(worker, head, [fact], unit=one.unit)
        rows += added
    if rows:
        uow.write(
            _NOTE,
            {"noted__id": case.id, "noted__log_length": head.length, "noted__log_hash": head.hash},
        )
        uow.write(events.APPEND, {"events": events.stored(rows)})
    return replace(case, head=head)


def _removed(uow: UnitOfWork, removed: Delete) -> Iterator[Stretch]:
    """Deletes rows and returns their stretches, with the earlier ones."""
    columns = (
        *(WorkStretch.task_id, WorkStretch.user_id, WorkStretch.unit),
        *(WorkStretch.from_at, WorkStretch.to_at, WorkStretch.sources, WorkStretch.earlier),
    )
    for row in uow.connection.execute(removed.returning(*columns)).all():
        own = (row.task_id, row.user_id)
        yield Stretch(*own, row.unit, row.from_at, row.to_at, frozenset(row.sources))
        yield from (_earlier(*own, one) for one in row.earlier)


def _earlier(task_id: UUID, user_id: UUID, stored: Mapping[str, Any]) -> Stretch:
    began, ended = (datetime.fromisoformat(stored[name]) for name in ("from_at", "to_at"))
    return Stretch(task_id, user_id, stored["unit"], began, ended, frozenset(stored["sources"]))


def _answers(uow: UnitOfWork, case: LockedCase, stretches: Sequence[Stretch]) -> Sequence[_Answer]:
    found = (
        select(_ANSWERED, Event.actor_id, Event.at)
        .where(Event.case_id == case.id, _ANSWERED.in_({one.task_id for one in stretches}))
        .where(Event.kind.in_(_ANSWERS), Event.at >= min(one.from_at for one in stretches))
        .order_by(Event.seq)
    )
    return [_Answer._make(row) for row in uow.connection.execute(found)]


def _people(uow: UnitOfWork, stretches: Sequence[Stretch]) -> Mapping[UUID, _Person]:
    wanted = select(User.id, User.name, User.role).where(User.id.in_({one.user_id for one in stretches}))
    return {row.id: _Person._make(row) for row in uow.connection.execute(wanted)}


def _elements(uow: UnitOfWork, stretches: Sequence[Stretch]) -> Mapping[UUID, str]:
    wanted = select(Task.id, Task.element).where(Task.id.in_({one.task_id for one in stretches}))
    return {row.id: row.element for row in uow.connection.execute(wanted)}
