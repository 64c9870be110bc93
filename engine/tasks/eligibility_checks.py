"""Checks of eligibility: may this user claim or complete this task, although its roles allow it?"""

from functools import partial
from uuid import UUID

from sqlalchemy import select

from engine import access, cases, definitions
from engine.bpmn import TaskRules
from engine.events import Fact
from engine.models import Substitution, User
from engine.organisation import automatic_assignment, eligibility
from engine.organisation.eligibility import PriorWork
from engine.platform.db import UnitOfWork
from engine.platform.errors import (
    AssignedNotPicked,
    ConflictOfInterest,
    FourEyes,
    FourEyesLate,
    NotNamed,
    PersonUnknown,
    Recorded,
    Recused,
)
from engine.tasks.locked_task import LockedTask

NO_PERSON = (
    "Your account has no national ID, so it cannot be known whether another person did the other step. "
    "Ask an administrator to add your national ID."
)


def require(uow: UnitOfWork, held: LockedTask, rules: TaskRules, *, completing: bool) -> None:
    """Raises the refusal if the actor isn't eligible for a task that its roles allow.

    A conflict of interest, and a second task of a four-eyes group, are logged in the case, although they are
    refused.
    """
    if completing and rules.acr is not None:
        access.require_assurance(uow.actor, rules.acr)
    if access.for_applicants(uow.actor):
        return  # the task belongs to the applicant
    if held.row.recused:
        raise Recused("You have recused yourself from this case.")
    _require_named(uow, held)
    _require_no_interest(uow, held, completing=completing)
    if rules.sod is not None and held.row.kind == "step":
        if held.row.person is None:
            raise PersonUnknown(NO_PERSON)
        _require_four_eyes(uow, held, held.row.person, completing=completing)


def is_eligible(uow: UnitOfWork, held: LockedTask, rules: TaskRules, user_id: UUID) -> bool:
    """Returns whether another account is eligible for a task that its roles allow."""
    case = held.case
    about = (
        eligibility.person_of(user_id),
        eligibility.related_to(user_id),
        eligibility.recused(user_id, case.id),
    )
    person, related, recused = uow.connection.execute(select(*about)).one()
    spec = definitions.spec(uow.session, case.version)
    parties = eligibility.parties(case.home.persons, spec, case.data)
    if recused or eligibility.has_interest(parties, person, related):
        return False
    return rules.sod is None or (person is not None and not _conflicts(uow, held, user_id, person))


def require_assigned(held: LockedTask) -> None:
    """Raises AssignedNotPicked for a task with automatic assignment that wasn't assigned to the actor."""
    if held.row.assignment is not None and not held.row.own:
        raise AssignedNotPicked("This task is assigned automatically; you can't claim it.")


def _require_named(uow: UnitOfWork, held: LockedTask) -> None:
    people = held.row.people or {}
    if not people.get("only") or held.row.own or uow.actor.name in people["users"]:
        return
    absent = (
        select(User.name)
        .join(Substitution, Substitution.absent_id == User.id)
        .where(Substitution.substitute_id == uow.actor.id, access.valid(Substitution))
    )
    if not set(uow.connection.execute(absent, {"now": uow.now}).scalars()) & set(people["users"]):
        raise NotNamed("The diagram assigns this task to other people.")


def _require_no_interest(uow: UnitOfWork, held: LockedTask, *, completing: bool) -> None:
    case, row = held.case, held.row
    parties = eligibility.parties(case.home.persons, definitions.spec(uow.session, case.version), case.data)
    if eligibility.has_interest(parties, row.person, row.related):
        refusal = ConflictOfInterest(
            "The case concerns you or somebody close to you. Another person has to handle it."
        )
        raise _blocked(uow, held, refusal, "conflict-of-interest", completing=completing)


def _require_four_eyes(uow: UnitOfWork, held: LockedTask, person: str, *, completing: bool) -> None:
    if _conflicts(uow, held, uow.actor.id, person):
        kind = FourEyesLate if completing else FourEyes
        refusal = kind("You have already done a task of this case, so another person has to do this one.")
        raise _blocked(uow, held, refusal, "four-eyes", completing=completing)


def _conflicts(uow: UnitOfWork, held: LockedTask, user_id: UUID, person: str) -> bool:
    """Returns whether the owner of this account has done another task of the four-eyes group."""
    case, row = held.case, held.row
    spec = definitions.spec(uow.session, case.version)
    prior = eligibility.prior_work(uow, case.id, eligibility.separated_elements(spec, row.element))
    done = [work for work in prior if work.closed_at is not None]
    work = PriorWork(row.task_id, row.element, user_id, person, row.opened_at)
    return eligibility.conflicts(
        done, work, partial(automatic_assignment.count_instances, spec, case.state, row.task_id, uow.now)
    )


def _blocked(
    uow: UnitOfWork, held: LockedTask, refusal: Recorded, reason: str, *, completing: bool
) -> Recorded:
    """Logs the refusal in the case and returns it."""
    payload = {"reason": reason, "at": "complete" if completing else "claim"}
    cases.note(uow, held.case, [Fact("task.blocked", held.row.element, held.row.task_id, payload)])
    return refusal
