"""Reassigning a task: by its assignee to a colleague, by a supervisor to anybody who may work on it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, Select, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from engine import access, cases, definitions
from engine.bpmn import TaskRules
from engine.cases import TaskChange
from engine.events import Fact
from engine.identity import names
from engine.models import CandidateGroupRole, Case, Membership, Task, Unit, UnitLine, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import AssignedNotPicked, Fault, Forbidden, Invalid
from engine.tasks import eligibility_checks, legal_decisions, reassignment_reasons
from engine.tasks.commands import locking
from engine.tasks.locked_task import LockedTask, task_and
from engine.tasks.reading import get, unknown

_DEPTH = aliased(UnitLine)
# The account that gets a task, and the key of the nearest unit in which it may claim it (a substitute: NULL).
_RECEIVER = select(
    User.name,
    select(Unit.key)
    .join(Membership, Membership.unit_id == Unit.id)
    .join(UnitLine, UnitLine.ancestor_id == Unit.id)
    .join(CandidateGroupRole, CandidateGroupRole.unit_id == UnitLine.unit_id)
    .where(
        Membership.user_id == User.id,
        access.valid(Membership),
        CandidateGroupRole.candidate_group_id == bindparam("group", type_=Task.candidate_group_id.type),
        or_(
            Membership.role.in_((CandidateGroupRole.role, access.ANY)),
            CandidateGroupRole.role == access.CASEWORKER,
        ),
    )
    .order_by(select(func.count()).where(_DEPTH.unit_id == Unit.id).scalar_subquery().desc(), Unit.key)
    .limit(1)
    .scalar_subquery(),
).where(User.id == bindparam("receiver"))


def assign(
    uow: UnitOfWork,
    task_id: UUID,
    to: str,
    *,
    reason: str | None = None,
    revisions: Collection[int] | None = None,
) -> Mapping[str, Any]:
    """Assigns a task to the account with this name or id. Assigning it to its assignee changes nothing.

    Raises Conflict if the actor may not reassign it, and Invalid, without details, if that account cannot
    claim it, or if the task was assigned at random and no reason code is given.
    """
    held, supervises = _hold(uow, task_id)
    row = held.row
    held.require_open()
    if not supervises and not (row.own and row.assignee_id is not None):
        raise held.conflict(
            "This task is not assigned to you, so you can't reassign it.", code="task-not-yours"
        )
    if row.assignment is not None and not supervises:
        raise AssignedNotPicked("This task is assigned automatically. Only a supervisor can reassign it.")
    cases.require_revision(row.task_revision, revisions)
    receiver = find_receiver(uow, row.candidate_group_id, to)
    if receiver != row.assignee_id:
        why = reassignment_reasons.payload_of(row.assignment, reason)
        require_eligible(uow, held, receiver)
        given = {"receiver": receiver, "group": row.candidate_group_id, **access.seen_by(uow)}
        name, unit = uow.connection.execute(_RECEIVER, given).one()
        payload = {"account": receiver, "name": name, "how": "given", **why}
        change = TaskChange(task_id, "open", receiver, None)
        fact = Fact("task.assigned", row.element, task_id, payload, {"unit": unit})
        cases.note(uow, held.case, [fact], change)
    return get(uow, task_id)


def require_eligible(uow: UnitOfWork, held: LockedTask, receiver: UUID) -> None:
    """Raises Invalid, without the reason, for a receiver who would not be allowed to claim the task."""
    rules = TaskRules()
    if held.row.kind == "step":
        rules = definitions.spec(uow.session, held.case.version).elements[held.row.element].rules
    if not eligibility_checks.is_eligible(uow, held, rules, receiver) or legal_decisions.is_first_decider(
        uow, held, receiver
    ):
        raise _nobody()


def find_receiver(uow: UnitOfWork, candidate_group_id: UUID | None, to: str) -> UUID:
    """Returns the account with this name or id, if it may claim tasks of the candidate group.

    Raises the same Invalid for an ineligible account as for an unknown one: the answer doesn't reveal which
    accounts exist.
    """
    wanted = [User.name == to]
    number = _uuid(to)
    if number is not None:
        wanted.append(User.id == number)
    found = select(User.id).where(
        or_(*wanted), access.candidates_of(bindparam("group", type_=Task.candidate_group_id.type))
    )
    # An id takes precedence over a name that looks like one.
    found = found.order_by(User.id != number).limit(1)
    receiver: UUID | None = uow.connection.execute(
        found, {"group": candidate_group_id, **access.seen_by(uow)}
    ).scalar()
    if receiver is None:
        raise _nobody()
    return receiver


def _nobody() -> Invalid:
    fault = Fault("/to", "is not a person who can be assigned this task", "receiver")
    return Invalid("The task can't be assigned to this person.", [fault])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@lru_cache
def _supervised(role: str) -> Select[Any]:
    return locking(role).add_columns(
        access.supervises(role, Task.candidate_group_id).label("supervises"),
        access.acting_in(Case.unit_id).label("acting"),
    )


class _Supervision(NamedTuple):
    """The columns that `_supervised` selects besides the task."""

    supervises: bool
    acting: str | None


def _hold(uow: UnitOfWork, task_id: UUID) -> tuple[LockedTask, bool]:
    """Locks a task that the actor may claim or assign. Returns whether it supervises the task.

    Raises NotFound, and Forbidden if the actor may only see it.
    """
    access.require(uow.actor, "tasks.assign")
    given = {"task": task_id, **access.seen_by(uow)}
    found = cases.held_with(uow, _supervised(uow.actor.role), task_and(_Supervision._make), **given)
    if found is None:
        raise cases.explain_refusal(uow, unknown(task_id), task=task_id)
    case, (row, actor) = found
    _require(uow, task_id, row.case_seen, row.taken_as, actor.supervises)
    held = replace(cases.locked_case(case), acting=row.taken_as or actor.acting)
    cases.require_impartial(uow, held)
    return LockedTask(held, row), actor.supervises


def _require(uow: UnitOfWork, task_id: UUID, case_seen: bool, taken_as: str | None, supervises: bool) -> None:
    if not (case_seen or supervises or taken_as is not None):
        raise cases.explain_refusal(uow, unknown(task_id), task=task_id)
    if taken_as is None and not supervises:
        raise Forbidden("You have none of the roles that can claim or reassign this task.")


@lru_cache
def _place(role: str) -> Select[Any]:
    return (
        select(
            Task.candidate_group_id,
            access.visible_cases(role).label("case_seen"),
            access.taken_as(role).label("taken_as"),
            access.supervises(role, Task.candidate_group_id).label("supervises"),
        )
        .select_from(Task)
        .join(Case, Task.case_id == Case.id)
        .where(Task.id == bindparam("task"))
    )


def colleagues(uow: UnitOfWork, task_id: UUID, *, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of the accounts that may claim a task, by name, plus one if more follow.

    By their memberships: the other rules of the process are checked when one of them is chosen.
    """
    access.require(uow.actor, "tasks.assign")
    given = {"task": task_id, **access.seen_by(uow)}
    row = uow.connection.execute(_place(uow.actor.role), given).one_or_none()
    if row is None:
        raise cases.explain_refusal(uow, unknown(task_id), task=task_id)
    _require(uow, task_id, row.case_seen, row.taken_as, row.supervises)
    found = select(User.id, User.name, names.of().label("display_name"))
    found = found.where(access.candidates_of(bindparam("group", type_=Task.candidate_group_id.type)))
    if after is not None:
        last = aliased(User)
        found = found.where(User.name > select(last.name).where(last.id == after).scalar_subquery())
    found = found.order_by(User.name).limit(cases.PAGE + 1)
    values = {"group": row.candidate_group_id, **access.seen_by(uow)}
    return uow.connection.execute(found, values).mappings().all()
