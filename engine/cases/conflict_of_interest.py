"""Prevents officials from reading cases to which they are a party and from acting on cases about themselves.

The access policy excludes cases in which the official's person is the applicant or representative. Parties
that a process names are part of the case data; they are checked when a single case is read.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, select

from engine import access, definitions
from engine.bpmn import Spec
from engine.cases.locking import LockedCase, named, unknown
from engine.cases.persistence import note
from engine.events import Fact
from engine.models import Case, DefinitionVersion, Task, User
from engine.organisation import eligibility
from engine.platform.db import UnitOfWork
from engine.platform.errors import ConflictOfInterest, NotFound, Refusal

# The columns of a case that `require_no_party` needs, besides its version.
PARTIES = (Case.applicant, Case.representative, Case.data)


def actor_person() -> ScalarSelect[str | None]:
    """Returns the national id of the actor as a column, with the parameters of `access.seen_by`."""
    return select(User.person).where(User.id == access.VIEWER).scalar_subquery()


def require_no_party(uow: UnitOfWork, row: Mapping[Any, Any], spec: Spec) -> None:
    """Raises ConflictOfInterest if the official who reads is a party to the case.

    `row` has the columns of `PARTIES` and the actor's `person`. The applicant's side is not checked.
    """
    if access.for_applicants(uow.actor) or row["person"] is None:
        return
    persons = named(row["applicant"], row["representative"])
    if eligibility.has_interest(eligibility.parties(persons, spec, row["data"]), row["person"], None):
        raise _refusal()


def require_impartial(uow: UnitOfWork, case: LockedCase) -> None:
    """Raises ConflictOfInterest if a locked case is about the official or a declared close relation.

    The attempt is logged. The applicant's side is not checked.
    """
    if access.for_applicants(uow.actor):
        return
    about = select(eligibility.person_of(uow.actor.id), eligibility.related_to(uow.actor.id))
    person, related = uow.connection.execute(about).one()
    spec = definitions.spec(uow.session, case.version)
    if eligibility.has_interest(eligibility.parties(case.home.persons, spec, case.data), person, related):
        note(uow, case, [Fact("case.blocked", payload={"reason": "conflict-of-interest"})])
        raise ConflictOfInterest(
            "The case concerns you or somebody close to you. Another person has to handle it."
        )


def require_visible(uow: UnitOfWork, case_id: UUID) -> None:
    """Raises NotFound for a case that the actor may not see, ConflictOfInterest for a case of their own."""
    if not _checked(uow, case_id, access.visible_cases(uow.actor.role)):
        raise explain_refusal(uow, unknown(case_id), case=case_id)


def require_not_own(uow: UnitOfWork, case_id: UUID) -> None:
    """Raises ConflictOfInterest for an official's own case, of which the actor has already read something."""
    if not access.for_applicants(uow.actor):
        _checked(uow, case_id)


def _checked(uow: UnitOfWork, case_id: UUID, *visible: ColumnElement[bool]) -> bool:
    """Returns whether the case was found. Raises ConflictOfInterest."""
    found: Select[*tuple[Any, ...]] = (
        select(*PARTIES, actor_person().label("person"), *definitions.VERSION)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .where(Case.id == case_id, *visible)
    )
    row = uow.connection.execute(found, access.seen_by(uow)).one_or_none()
    if row is not None:
        version = definitions.Version(*row[len(PARTIES) + 1 :])
        require_no_party(uow, row._mapping, definitions.spec(uow.session, version))
    return row is not None


def explain_refusal(
    uow: UnitOfWork,
    refusal: NotFound,
    *,
    case: UUID | ScalarSelect[UUID] | None = None,
    task: UUID | None = None,
) -> Refusal:
    """Returns why a case or task was not found: a conflict of interest, or the given refusal.

    Only an official who could see the case if it were another person's learns that it exists.
    """
    role = uow.actor.role
    if access.for_applicants(uow.actor):
        return refusal
    if task is None:
        found = select(Case.id).where(Case.id == case, access.reachable_cases(role), access.party())
    else:
        found = select(Task.id).join(Case, Task.case_id == Case.id)
        found = found.where(Task.id == task, access.reachable_tasks(role), access.party())
    own = uow.connection.execute(found, access.seen_by(uow)).first()
    return refusal if own is None else _refusal()


def _refusal() -> ConflictOfInterest:
    return ConflictOfInterest("You are a party to this case. Use your own account as an applicant to see it.")
