"""The end of a proposed change: a second person confirms or rejects it, or it is withdrawn or expires."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import access, bpmn, cases
from engine.cases.proposals import rows
from engine.cases.proposals.modification import apply_modification
from engine.cases.proposals.rows import Held
from engine.cases.proposals.variables import apply_variables
from engine.events import Fact
from engine.events.log import Kind
from engine.models import Case, CaseProposal, ProposalStatus, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Forbidden, OwnWork, PersonUnknown

AT_ONCE = 50

_KINDS: Mapping[ProposalStatus, Kind] = {
    "rejected": "change.rejected",
    "withdrawn": "change.withdrawn",
    "expired": "change.expired",
}


def confirm(uow: UnitOfWork, proposal_id: UUID, case_id: UUID | None = None) -> cases.CaseView:
    """Makes a proposed change, in one command. `case_id` is its case, if the request names it.

    Raises OwnWork for the person who proposed it, PersonUnknown where that can't be determined, NotFound,
    Conflict if the proposal was decided or no longer fits the case, if the case does not run, or if the
    account that proposed it was closed, Forbidden if the actor can't see what would change.
    """
    access.require(uow.actor, "cases.change")
    case, row = rows.hold(uow, proposal_id, case_id)
    _require_other(uow, row, still=True)
    cases.require_active(case)
    seen = cases.see(uow, case.id)
    step, said = _apply(uow, case, seen, row)
    facts = {**row.facts, "proposed_by": row.proposed_by, "proposed_at": row.proposed_at}
    done = Fact("change.confirmed", payload={"reason": row.reason, **said}, facts=facts)
    rows.close(uow, row.id, "confirmed")
    cases.apply(uow, case, step, [done])
    return cases.get(uow, case.id)


def _apply(
    uow: UnitOfWork, case: cases.LockedCase, seen: cases.Seen, row: Held
) -> tuple[bpmn.Step, Mapping[str, Any]]:
    """Returns the step that makes the change, and what the log says of it."""
    if row.kind == "modification":
        return apply_modification(uow, case, seen.spec, row.change)
    if seen.cut(row.change["data"]) != row.change["data"]:
        raise Forbidden("You can't see all variables of this change, so you can't confirm it.")
    return apply_variables(uow, case, seen, row.change)


def reject(uow: UnitOfWork, proposal_id: UUID, case_id: UUID | None = None) -> None:
    """Rejects a proposed change, as another person than the one who proposed it. Raises as `confirm` does."""
    access.require(uow.actor, "cases.change")
    case, row = rows.hold(uow, proposal_id, case_id)
    _require_other(uow, row)
    _close(uow, case, row, "rejected")


def withdraw(uow: UnitOfWork, proposal_id: UUID, case_id: UUID | None = None) -> None:
    """Withdraws the actor's own proposal. Raises Forbidden for others, NotFound, Conflict."""
    access.require(uow.actor, "cases.change")
    case, row = rows.hold(uow, proposal_id, case_id)
    if row.proposed_by != uow.actor.id:
        raise Forbidden("Only the account that proposed a change can withdraw it. You can reject it.")
    _close(uow, case, row, "withdrawn")


def expire(uow: UnitOfWork) -> int:
    """Closes proposals that nobody has confirmed in time. Returns how many, at most `AT_ONCE`.

    Those whose cases another transaction has locked are left for later.
    """
    over = select(CaseProposal.id, CaseProposal.case_id, CaseProposal.kind).where(
        CaseProposal.status == "open", CaseProposal.expires_at <= uow.now
    )
    found = uow.connection.execute(over.order_by(CaseProposal.expires_at).limit(AT_ONCE)).all()
    return sum(_expire(uow, *row) for row in found)


def _expire(uow: UnitOfWork, proposal_id: UUID, case_id: UUID, kind: str) -> bool:
    locked = cases.select_for_locking().where(Case.id == case_id)
    case = cases.fetch_locked(uow, locked.with_for_update(of=Case, skip_locked=True))
    still = select(CaseProposal.id).where(CaseProposal.id == proposal_id, CaseProposal.status == "open")
    if case is None or uow.connection.execute(still.with_for_update(skip_locked=True)).first() is None:
        return False
    rows.close(uow, proposal_id, "expired")
    if case.erased_at is None:
        facts = {"proposal": proposal_id, "what": kind}
        cases.note(uow, cases.locked_case(case), [Fact("change.expired", facts=facts)])
    return True


def _close(uow: UnitOfWork, case: cases.LockedCase, row: Held, status: ProposalStatus) -> None:
    rows.close(uow, row.id, status)
    cases.note(uow, case, [Fact(_KINDS[status], facts=row.facts)])


def _require_other(uow: UnitOfWork, row: Held, *, still: bool = False) -> None:
    """Raises OwnWork for the person who proposed a change, whichever account that person uses.

    Raises PersonUnknown if an account of the two has no person; with `still`, Conflict if the account that
    proposed the change was closed since.
    """
    both = select(User.id, User.person, User.deactivated_at).where(
        User.id.in_({uow.actor.id, row.proposed_by})
    )
    found = uow.connection.execute(both).all()
    persons = {user.id: user.person for user in found}
    mine, theirs = persons[uow.actor.id], persons[row.proposed_by]
    if row.proposed_by == uow.actor.id or (mine is not None and mine == theirs):
        raise OwnWork("The person who proposed a change can't decide on it. Ask another person.")
    if mine is None or theirs is None:
        raise PersonUnknown(
            "One of the two accounts has no national ID, so it cannot be known whether you are another "
            "person than the one who proposed the change. Ask an administrator to add it."
        )
    if still and any(user.deactivated_at is not None for user in found):
        detail = "The account that proposed this change was closed. Reject it, and propose the change again."
        raise Conflict(detail, code="proposer-closed")
