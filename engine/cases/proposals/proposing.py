"""Proposes changes of running cases."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from engine import access, cases, definitions
from engine.bpmn.values import plain
from engine.cases.proposals.modification import checked_modification
from engine.cases.proposals.variables import checked, find_place
from engine.events import Fact, mark
from engine.models import CaseProposal, ProposalKind
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict
from engine.platform.ids import uuid7

PROPOSED_FOR = timedelta(days=3)  # until then a second person can confirm it
MOST_OPEN = 20  # proposals for one case


def propose_variables(
    uow: UnitOfWork,
    case_id: UUID,
    data: Mapping[str, Any],
    reason: str,
    *,
    scope: UUID | None = None,
    revisions: Collection[int] | None = None,
) -> UUID:
    """Proposes new values for variables of a case, or of a scope inside it. Returns the proposal's id.

    Raises NotFound, Stale, Conflict if the case does not run, Invalid for what cannot be set.
    """
    case = _lock(uow, case_id, revisions)
    seen = cases.see(uow, case_id)
    place = find_place(uow, case, seen.spec, scope)
    changed = checked(uow, case, seen, place, data)
    before = plain({name: place.variables[name] for name in changed if name in place.variables})
    change = {
        "scope": scope and str(scope),
        "path": place.path,
        "data": plain(changed),
        "before": before,
    }
    return _propose(uow, case, "variables", change, reason)


def propose_modification(
    uow: UnitOfWork,
    case_id: UUID,
    cancel: Sequence[str],
    start_before: Sequence[str],
    reason: str,
    *,
    revisions: Collection[int] | None = None,
) -> UUID:
    """Proposes that a case leaves elements or tasks, and continues before others. Returns the proposal's id.

    Raises NotFound, Stale, Conflict if the case does not run, Invalid for what could run incorrectly.
    """
    case = _lock(uow, case_id, revisions)
    spec = definitions.spec(uow.session, case.version)
    change = checked_modification(uow, case, spec, cancel, start_before)
    return _propose(uow, case, "modification", change, reason)


def _lock(uow: UnitOfWork, case_id: UUID, revisions: Collection[int] | None) -> cases.LockedCase:
    """Locks a running case of which the actor may propose a change."""
    access.require(uow.actor, "cases.change")
    case = cases.lock(uow, case_id)
    cases.require_impartial(uow, case)
    cases.require_revision(case.revision, revisions)
    cases.require_active(case)
    return case


def _propose(
    uow: UnitOfWork, case: cases.LockedCase, kind: ProposalKind, change: Mapping[str, Any], reason: str
) -> UUID:
    _require_new(uow, case, change)
    proposal = CaseProposal(
        id=uuid7(),
        case_id=case.id,
        kind=kind,
        change=dict(change),
        reason=reason,
        proposed_by=uow.actor.id,
        proposed_at=uow.now,
        expires_at=uow.now + PROPOSED_FOR,
        status="open",
        decided_by=None,
        decided_at=None,
    )
    uow.session.add(proposal)
    uow.session.flush()
    said = {"names": sorted(change["data"])} if kind == "variables" else {**change}
    said.pop("tokens", None)
    payload = {"reason": reason, **said, "mark": mark(dict(change))}
    facts = {"proposal": proposal.id, "what": kind, "expires_at": proposal.expires_at}
    cases.note(uow, case, [Fact("change.proposed", payload=payload, facts=facts)])
    return proposal.id


def _require_new(uow: UnitOfWork, case: cases.LockedCase, change: Mapping[str, Any]) -> None:
    """Raises Conflict if the same change waits for confirmation already, or too many do."""
    waiting = (
        CaseProposal.case_id == case.id,
        CaseProposal.status == "open",
        CaseProposal.expires_at > uow.now,
    )
    same = func.array_agg(CaseProposal.id).filter(CaseProposal.change == change)
    count, equal = uow.connection.execute(select(func.count(), same).where(*waiting)).one()
    if equal:
        detail = "The same change of this case already waits for a second person."
        raise Conflict(detail, code="proposed-before", case=case.present, proposal={"id": equal[0]})
    if count >= MOST_OPEN:
        detail = f"{MOST_OPEN} changes of this case already wait for a second person."
        raise Conflict(detail, code="too-many-proposals", case=case.present)
