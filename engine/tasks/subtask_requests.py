"""Requests an opinion of a colleague or agency, or a correction by the applicant, and withdraws requests.

They are not part of the diagram and do not change the engine's state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.orm import aliased

from engine import access, cases
from engine.access import validity
from engine.events import Fact
from engine.identity import names
from engine.models import Case, Task, Unit, User
from engine.organisation.candidate_groups import CandidateGroups
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Forbidden, Invalid
from engine.platform.ids import uuid7
from engine.tasks import corrections, reassignment, subtasks
from engine.tasks.commands import lock_task, locking
from engine.tasks.corrections import Marks
from engine.tasks.locked_task import LockedTask, Subtask, task_and
from engine.tasks.reading import showable_fields, unknown

LISTED = 500
MAX_ASKED = 20  # maximum number of open requests attached to one task


@dataclass(frozen=True, slots=True)
class Question:
    """A request for an opinion: the question, who is asked, and the deadline.

    It is sent to those with `role` (default: all members) in `unit` (default: that of the case), or to one
    of them, `to`. `show` lists fields of the application or of the task's form that they can read; they see
    no other data of the case.
    """

    question: str
    unit: str | None = None
    role: str | None = None
    to: str | None = None
    due_at: datetime | None = None
    show: Sequence[str] = ()


def colleagues_to_ask(uow: UnitOfWork, task_id: UUID) -> Sequence[RowMapping]:
    """Returns the first colleagues, by name, who can be asked from a task, in the unit of its case.

    Only for those who work there themselves, so that others don't learn who has an account.
    """
    access.require(uow.actor, "tasks.ask")
    unit = select(Case.unit_id).join(Task, Task.case_id == Case.id)
    unit = unit.where(Task.id == task_id, access.covers(Case.unit_id), *access.of_person(uow.actor.role))
    found = select(User.id, User.name, names.of().label("display_name"))
    found = found.where(access.workers(unit.scalar_subquery()), User.id != uow.actor.id)
    return (
        uow.connection.execute(found.order_by(User.name).limit(LISTED), access.seen_by(uow)).mappings().all()
    )


def request_opinion(uow: UnitOfWork, task_id: UUID, asked: Question) -> UUID:
    """Requests an opinion. Returns the id of the task that is opened for it.

    Raises Conflict unless the actor is the assignee, Invalid for a question or a receiver that isn't allowed.
    """
    held = _mine(uow, task_id)
    name = _name(uow, asked.unit)
    faults = [*_of_nobody(asked, name), *_not_shown(uow, held, asked.show), *_too_late(uow, asked.due_at)]
    if faults:
        raise Invalid("The opinion can't be requested.", faults)
    groups = CandidateGroups(held.case.home)
    group = groups.group_for([(asked.role or access.CASEWORKER, asked.unit)])
    groups.write(uow)
    recipients = {"unit": asked.unit, "role": asked.role, "show": list(asked.show)}
    question = {"question": asked.question, "unit_name": name, **recipients}
    row = _row(uow, held, "opinion", asked.due_at, question)
    row |= {
        "candidate_group_id": group,
        "assignee_id": reassignment.find_receiver(uow, group, asked.to) if asked.to else None,
    }
    payload = {"parent": task_id, "question": asked.question, "due_at": asked.due_at, **recipients}
    if row["assignee_id"]:
        payload["to"] = row["assignee_id"]
    open_subtask(uow, held, row, payload)
    return UUID(str(row["id"]))


def request_correction(uow: UnitOfWork, task_id: UUID, marks: Marks) -> UUID:
    """Requests the applicant to correct the marked fields. Returns the id of the task that is opened for it.

    Raises Conflict unless the actor is the assignee, and while another correction is awaited; Invalid for
    marks that refer to no field of the applicant's.
    """
    held = _mine(uow, task_id)
    if faults := _too_late(uow, marks.due_at):
        raise Invalid("The task can't be sent back.", faults)
    asked = corrections.asked_of(uow, held, marks)
    waiting = subtasks.list_subtasks(uow, task_id) if held.row.asks else ()
    if any(one["kind"] == "correction" and one["status"] == "open" for one in waiting):
        detail = "The applicant has already been asked for a correction. Withdraw that request first."
        raise held.conflict(detail, code="applicant-asked")
    row = {
        **_row(uow, held, "correction", marks.due_at, asked),
        "name": corrections.NAME,
        "candidate_group_id": None,
    }
    payload = {"parent": task_id, "due_at": marks.due_at, "text": marks.text, "fields": asked["fields"]}
    open_subtask(uow, held, row, payload)
    return UUID(str(row["id"]))


def _mine(uow: UnitOfWork, task_id: UUID) -> LockedTask:
    """Locks a step of the process whose assignee is the actor. Raises Conflict if it isn't."""
    access.require(uow.actor, "tasks.ask")
    held = lock_task(uow, task_id)
    cases.require_impartial(uow, held.case)
    held.require_open()
    if held.row.kind != "step":
        raise held.conflict("This task is itself a request attached to another task.", code="asked-itself")
    if held.row.assignee_id is None or not held.row.own:
        raise held.conflict("This task is not assigned to you. Claim it first.", code="task-not-yours")
    return held


def _row(
    uow: UnitOfWork, held: LockedTask, kind: str, due_at: datetime | None, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the row of a request attached to the locked task.

    It belongs to no lane: only to those it asks.
    """
    parent = held.row
    return {
        "id": uuid7(),
        "case_id": held.case.id,
        "element": parent.element,
        "name": parent.name,
        "status": "open",
        "revision": 1,
        "opened_at": uow.now,
        "due_at": due_at,
        "serve_by": cases.serve_by(uow, held.case.home, uow.now) if kind == "opinion" else None,
        "kind": kind,
        "parent_id": parent.task_id,
        "asked": {**asked, "by": {"id": str(uow.actor.id), "name": uow.actor.name}},
        "search": persian.normalise(" ".join([parent.name, *held.case.home.words])),
    }


def open_subtask(
    uow: UnitOfWork, held: LockedTask, row: Mapping[str, Any], payload: Mapping[str, Any]
) -> None:
    """Writes a request attached to the locked task. Raises Conflict if that has too many already."""
    if held.row.asks:
        waiting = [one for one in subtasks.list_subtasks(uow, held.row.task_id) if one["status"] == "open"]
        if len(waiting) >= MAX_ASKED:
            detail = f"{MAX_ASKED} requests of this task are unanswered. Wait for an answer, or withdraw one."
            raise held.conflict(detail, code="asked-too-much")
    subtasks.write_rows(uow, [row])
    subtasks.touch(uow, held.row.task_id)
    filled = {name: value for name, value in payload.items() if value not in (None, [], "")}
    if row["kind"] == "correction":
        facts: dict[str, Any] = {"side": "applicant"}
    else:
        facts = {"side": "office", "account": row["assignee_id"]}
    kind = subtasks.kind_of(row["kind"], "asked")
    cases.note(uow, held.case, [Fact(kind, row["element"], row["id"], filled, facts)])


def _name(uow: UnitOfWork, unit: str | None) -> str | None:
    """Returns the present name of the requested unit; None if none is named or no such unit is open."""
    known = select(Unit.name).where(Unit.key == unit, Unit.closed_at.is_(None))
    return None if unit is None else uow.connection.execute(known).scalar_one_or_none()


def _of_nobody(asked: Question, unit: str | None) -> list[Fault]:
    faults = []
    if asked.role == access.APPLICANT:
        faults.append(Fault("/role", "is the applicant: send the task back instead", "role"))
    if asked.unit is not None and unit is None:
        faults.append(Fault("/unit", "is not an open unit", "unit"))
    return faults


def _not_shown(uow: UnitOfWork, held: LockedTask, show: Sequence[str]) -> list[Fault]:
    """Returns faults for fields that the asker doesn't see, or that the opinion's form has itself."""
    if not show:
        return []
    form = showable_fields(uow, held.row.task_id)
    fields = subtasks.fields_of(form).keys() - subtasks.OPINION.keys()
    return [
        Fault(
            f"/show/{number}",
            "is not a field that can be shown",
            "unknown",
        )
        for number, name in enumerate(show)
        if name not in fields
    ]


def _too_late(uow: UnitOfWork, due_at: datetime | None) -> list[Fault]:
    past = due_at is not None and due_at <= uow.now
    return [Fault("/due_at", "must be in the future", "past")] if past else []


class _Asker(NamedTuple):
    """The columns that `_withdrawing` selects besides the task."""

    waits: bool | None  # whether the parent task is the actor's
    acting: str | None


@lru_cache
def _withdrawing(role: str) -> Select[Any]:
    parent = aliased(Task)
    own = select(access.in_place_of(parent.assignee_id)).where(parent.id == Task.parent_id).correlate(Task)
    acting = access.acting_in(Case.unit_id).label("acting")
    return locking(role).add_columns(own.scalar_subquery().label("waits"), acting)


def withdraw_request(uow: UnitOfWork, task_id: UUID) -> UUID:
    """Withdraws a request. Returns the id of the task that waits for it.

    Its asker may do so, and the assignee of the waiting task. Raises NotFound, Forbidden for others, Conflict
    for a task that is closed or isn't a request.
    """
    access.require(uow.actor, "tasks.ask")
    given = {"task": task_id, **access.seen_by(uow)}
    found = cases.held_with(uow, _withdrawing(uow.actor.role), task_and(_Asker._make), **given)
    if found is None or not (found[1][0].case_seen or found[1][0].taken_as is not None):
        raise cases.explain_refusal(uow, unknown(task_id), task=task_id)
    case, (row, asker) = found
    held = LockedTask(replace(cases.locked_case(case), acting=asker.acting), row)
    asked = held.subtask()
    if not asker.waits and (not row.case_seen or asked.asked["by"]["id"] != str(uow.actor.id)):
        raise Forbidden("Somebody else made this request; only that person can withdraw it.")
    held.require_open()
    subtasks.close(uow, held.case, asked, "withdrawn")
    return asked.parent_id


# The columns of `Subtask`.
_SUBTASK = (
    Task.id.label("task_id"),
    Task.element,
    Task.kind,
    Task.asked,
    Task.parent_id,
    Task.assignee_id,
)


def expire_requests(uow: UnitOfWork) -> bool:
    """Closes one request that was not answered in time. Returns whether there was one. Skips locked ones."""
    due = (
        cases.select_for_locking(*_SUBTASK)
        .join(Task, Task.case_id == Case.id)
        .where(subtasks.is_overdue(uow.now), validity.runs())
        .order_by(Task.due_at)
        .limit(1)
        .with_for_update(of=(Case, Task), skip_locked=True)
    )
    found = cases.held_with(uow, due, Subtask._make)
    if found is not None:
        subtasks.close(uow, cases.locked_case(found[0]), found[1], "expired")
    return found is not None
