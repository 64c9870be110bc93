"""Commands that end cases early, and the secret for a case's status page."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select, update

from engine import access, bpmn, definitions
from engine.cases import working_time
from engine.cases.conflict_of_interest import require_impartial
from engine.cases.locking import LockedCase, lock, require_active, require_not_erased, require_revision
from engine.cases.persistence import apply, note
from engine.cases.start_commands import digest, new_secret
from engine.cases.views import CaseView, get
from engine.events import Fact, mark
from engine.models import Case, Event, Wait
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict

WITHDRAWN = "withdrawn"  # outcome of a case whose process does not handle a withdrawal


def cancel(
    uow: UnitOfWork, case_id: UUID, *, reason: str | None = None, revisions: Collection[int] | None = None
) -> CaseView:
    """Ends a case early and closes its open tasks and incidents."""
    access.require(uow.actor, "cases.cancel")
    case = lock(uow, case_id)
    require_impartial(uow, case)
    require_revision(case.revision, revisions)
    state = require_active(case)
    step = bpmn.cancel(definitions.spec(uow.session, case.version), state, uow.now)
    apply(
        uow,
        case,
        step,
        [Fact("case.cancelled", payload={"reason": reason} if reason else None)],
        status="cancelled",
    )
    return get(uow, case_id)


def withdraw(
    uow: UnitOfWork, case_id: UUID, *, reason: str | None = None, revisions: Collection[int] | None = None
) -> CaseView:
    """Withdraws the application: the process continues if it waits for a withdrawal; otherwise the case ends.

    Raises NotFound, Stale, and Conflict if the case does not run or was withdrawn before.
    """
    access.require(uow.actor, "cases.withdraw")
    case = lock(uow, case_id)
    require_impartial(uow, case)
    require_revision(case.revision, revisions)
    state = require_active(case)
    spec = definitions.spec(uow.session, case.version)
    said = Fact("case.withdrawn", payload={"reason": reason} if reason else None)
    if awaited := _awaited(uow, case_id):
        counted = working_time.counted(uow, case.home.unit_id, spec)
        step = bpmn.fire(counted, state, {token: {} for token in awaited}, uow.now)
        payload = {"name": bpmn.broadcast.WITHDRAWAL}
        apply(
            uow,
            case,
            step,
            [said, *(Fact("message.received", fired.element, payload=payload) for fired in step.fired)],
        )
    else:
        _require_not_withdrawn(uow, case)
        step = replace(bpmn.cancel(spec, state, uow.now), outcome=WITHDRAWN)
        apply(uow, case, step, [said])
    return get(uow, case_id)


def _awaited(uow: UnitOfWork, case_id: UUID) -> list[UUID]:
    """Returns the tokens that wait for a withdrawal by the applicant."""
    waits = select(Wait.id).where(Wait.case_id == case_id, Wait.kind == "message", Wait.closed_at.is_(None))
    found = uow.connection.execute(waits.where(Wait.name == bpmn.broadcast.WITHDRAWAL).order_by(Wait.id))
    return list(found.scalars())


def _require_not_withdrawn(uow: UnitOfWork, case: LockedCase) -> None:
    """Raises Conflict if the process of the case is already handling a withdrawal."""
    before = select(Event.seq).where(Event.case_id == case.id, Event.kind == "case.withdrawn").limit(1)
    if uow.connection.execute(before).first() is not None:
        detail = "The application has already been withdrawn; the process is handling the withdrawal."
        raise Conflict(detail, code="withdrawn-before", case=case.present)


def renew_secret(uow: UnitOfWork, case_id: UUID) -> tuple[str, str]:
    """Returns a case's number and a new secret for its status page. The previous secret becomes invalid."""
    access.require(uow.actor, "secrets.issue")
    case = lock(uow, case_id)
    require_impartial(uow, case)
    require_not_erased(case)
    secret = new_secret()
    stored = digest(secret)
    uow.connection.execute(update(Case).where(Case.id == case_id).values(secret=stored))
    note(uow, case, [Fact("secret.issued", payload={"secret": mark(case_id, stored)})])
    return case.number, secret
