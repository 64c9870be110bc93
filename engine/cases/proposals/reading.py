"""Reads the variables of cases by scope, and proposed changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, not_, select
from sqlalchemy.orm import aliased

from engine import access, bpmn, cases
from engine.cases.proposals.rows import unknown
from engine.identity import names
from engine.models import Case, CaseProposal, DefinitionVersion, ProposalKind, ProposalStatus, User
from engine.platform.db import UnitOfWork

_PROPOSER, _DECIDER = aliased(User), aliased(User)
_COLUMNS = (
    CaseProposal.id,
    CaseProposal.case_id.label("case"),
    Case.number.label("case_number"),
    DefinitionVersion.key.label("definition"),
    DefinitionVersion.name.label("process"),
    CaseProposal.kind,
    CaseProposal.change,
    CaseProposal.reason,
    CaseProposal.status,
    CaseProposal.proposed_at,
    CaseProposal.expires_at,
    CaseProposal.decided_at,
    Case.ended_at,
    _PROPOSER.id.label("proposer_id"),
    _PROPOSER.name.label("proposer"),
    names.of(_PROPOSER).label("proposer_name"),
    _DECIDER.id.label("decider_id"),
    _DECIDER.name.label("decider"),
    names.of(_DECIDER).label("decider_name"),
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a case. `scope` is the token of the scope inside it that owns it, `path` its place."""

    name: str
    value: Any
    scope: UUID | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposed change as a reader may see it, without what forms hide. `own`: the reader's proposal.

    A proposal that nobody has decided in time, or before its case ended, is `expired`.
    """

    id: UUID
    case: UUID
    case_number: str
    definition: str
    process: str
    kind: ProposalKind
    change: Mapping[str, Any]
    reason: str
    status: ProposalStatus
    proposed_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    proposer: Mapping[str, Any]
    decider: Mapping[str, Any] | None
    own: bool


def list_variables(uow: UnitOfWork, case_id: UUID) -> tuple[cases.CaseView, list[Variable]]:
    """Returns a case and its variables, by scope and name, without those that forms hide from the actor.

    Those of the scopes inside a running case are for readers of its log only. Raises NotFound.
    """
    seen = cases.see(uow, case_id)
    found = [Variable(name, value) for name, value in sorted(seen.case.data.items())]
    if seen.case.status in ("active", "suspended") and access.allows(uow.actor, "events.read"):
        state = uow.connection.execute(select(Case.state).where(Case.id == case_id)).scalar_one()
        for scope in bpmn.inner_scopes(seen.spec, state, uow.now) if state else ():
            inside = seen.cut(scope.variables)
            found += [Variable(name, inside[name], scope.token, scope.path) for name in sorted(inside)]
    return seen.case, found


def list_open(uow: UnitOfWork, *, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of the changes that wait for a second person, plus one if more follow.

    The oldest first, of the cases that the actor may open, without values.
    """
    access.require(uow.actor, "cases.change")
    found = _proposals(uow).where(
        CaseProposal.status == "open",
        CaseProposal.expires_at > uow.now,
        Case.status == "active",
        not_(access.named_party(uow.actor.role)),
    )
    if after is not None:
        found = found.where(CaseProposal.id > after)
    found = found.order_by(CaseProposal.id).limit(cases.PAGE + 1)
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def get_proposal(uow: UnitOfWork, proposal_id: UUID) -> ProposalView:
    """Returns one proposal that `proposals_of_case` has for this actor. Raises NotFound."""
    found = _readable(uow).where(CaseProposal.id == proposal_id)
    row = uow.connection.execute(found, access.seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise unknown(proposal_id)
    return _view(uow, cases.see(uow, row["case"]), row)


def proposals_of_case(uow: UnitOfWork, case_id: UUID, *, after: UUID | None = None) -> list[ProposalView]:
    """Returns up to a page of a case's proposed changes, newest first, and one more if more follow.

    For those who may read its log; applicants and portals see the changes that were made. Raises NotFound.
    """
    found = _readable(uow).where(CaseProposal.case_id == case_id)
    if after is not None:
        found = found.where(CaseProposal.id < after)
    return _views(uow, cases.see(uow, case_id), found.limit(cases.PAGE + 1))


def open_of_case(uow: UnitOfWork, seen: cases.Seen) -> list[ProposalView]:
    """Returns the open changes of a case that has been read, newest first."""
    found = _readable(uow).where(CaseProposal.case_id == seen.case.id, CaseProposal.status == "open")
    return [view for view in _views(uow, seen, found) if view.status == "open"]


def _views(uow: UnitOfWork, seen: cases.Seen, found: Select[Any]) -> list[ProposalView]:
    newest = found.order_by(CaseProposal.id.desc())
    return [_view(uow, seen, row) for row in uow.connection.execute(newest, access.seen_by(uow)).mappings()]


def _readable(uow: UnitOfWork) -> Select[Any]:
    """Returns the query of what the actor may read: all for deciders and readers of the log."""
    if access.for_applicants(uow.actor):
        return _proposals(uow).where(CaseProposal.status == "confirmed")
    if not access.allows(uow.actor, "cases.change"):
        access.require(uow.actor, "events.read")
    return _proposals(uow)


def _proposals(uow: UnitOfWork) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(Case, Case.id == CaseProposal.case_id)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .join(_PROPOSER, _PROPOSER.id == CaseProposal.proposed_by)
        .outerjoin(_DECIDER, _DECIDER.id == CaseProposal.decided_by)
        .where(access.visible_cases(uow.actor.role))
    )


def _view(uow: UnitOfWork, seen: cases.Seen, row: Mapping[Any, Any]) -> ProposalView:
    change = dict(row["change"])
    if access.for_applicants(uow.actor) and (change.get("scope") or row["kind"] != "variables"):
        change = {}  # inside of the process
    for part in {"data", "before"} & change.keys():
        change[part] = seen.cut(change[part])
    over = row["status"] == "open" and (row["expires_at"] <= uow.now or row["ended_at"] is not None)
    same = ("id", "case", "case_number", "definition", "process", "kind", "reason")
    return ProposalView(
        **{name: row[name] for name in same},
        change=change,
        status="expired" if over else row["status"],
        **{name: row[name] for name in ("proposed_at", "expires_at", "decided_at")},
        proposer={name: row[name] for name in ("proposer_id", "proposer", "proposer_name")},
        decider=None
        if row["decider_id"] is None
        else {name: row[name] for name in ("decider_id", "decider", "decider_name")},
        own=row["proposer_id"] == uow.actor.id,
    )
