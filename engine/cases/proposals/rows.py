"""A proposal in the database: locking it with its case, and the end of it."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import update

from engine import access, cases
from engine.models import Case, CaseProposal, ProposalKind, ProposalStatus
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, NotFound

_LOCKING = (
    CaseProposal.id.label("proposal_id"),
    CaseProposal.kind,
    CaseProposal.change,
    CaseProposal.reason,
    CaseProposal.proposed_by,
    CaseProposal.proposed_at,
    CaseProposal.expires_at,
    CaseProposal.status.label("proposal_status"),
    Case.ended_at,
)


class Held(NamedTuple):
    """A locked proposal: the columns of `_LOCKING`, in their order, and as whose member the actor acts."""

    id: UUID
    kind: ProposalKind
    change: Any
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    expires_at: datetime
    status: ProposalStatus
    ended_at: datetime | None
    acting: str | None

    @property
    def facts(self) -> dict[str, Any]:
        """What the log states of it in each event."""
        return {"proposal": self.id, "what": self.kind}


def hold(uow: UnitOfWork, proposal_id: UUID, case_id: UUID | None = None) -> tuple[cases.LockedCase, Held]:
    """Locks an open proposal with its case. `case_id` is that case, if the request names it.

    Raises NotFound for cases that the actor may not see and for those of another case, Conflict if it was
    decided, has expired or its case has ended, ConflictOfInterest.
    """
    named = () if case_id is None else (CaseProposal.case_id == case_id,)
    found = cases.select_for_locking(*_LOCKING, access.acting_in(Case.unit_id).label("acting"))
    rows = cases.held_with(
        uow,
        found.join(CaseProposal, CaseProposal.case_id == Case.id)
        .where(CaseProposal.id == proposal_id, *named, access.reachable_cases(uow.actor.role))
        .with_for_update(of=(Case, CaseProposal)),
        Held._make,
        **access.seen_by(uow),
    )
    if rows is None:
        raise unknown(proposal_id)
    case, row = cases.locked_case(rows[0]), rows[1]
    cases.require_impartial(uow, case)
    present = {"id": row.id, "status": row.status}
    if row.status == "open" and (row.expires_at <= uow.now or row.ended_at is not None):
        present["status"] = "expired"
    if present["status"] != "open":
        raise Conflict(
            f"The proposal is already {present['status']}.", code="proposal-closed", proposal=present
        )
    return case, row


def close(uow: UnitOfWork, proposal_id: UUID, status: ProposalStatus) -> None:
    """Records the end of a proposal, and who ended it."""
    values = {"status": status, "decided_by": uow.actor.id, "decided_at": uow.now}
    uow.connection.execute(update(CaseProposal).where(CaseProposal.id == proposal_id).values(values))


def outdated(detail: str) -> Conflict:
    """Returns the refusal of a change that no longer fits the case."""
    return Conflict(f"{detail} Reject the proposal, and propose the change again.", code="proposal-outdated")


def unknown(proposal_id: UUID) -> NotFound:
    """Returns the refusal for a proposal that does not exist or that this actor may not see."""
    return NotFound(f"The proposal {proposal_id} does not exist.")
