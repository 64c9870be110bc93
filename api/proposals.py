"""Variables of running cases, and changes of cases that a second person has to confirm."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field

from api.bodies.cases import CaseBody
from api.cases import case_body
from api.command import Reply, command, etag, revisions_seen, sends
from api.shapes import Account, Body, CaseNumber, Instant, Page, PageQuery, Request, Text, account, page_of
from engine import access, cases
from engine.cases import proposals
from engine.models import ProposalKind, ProposalStatus
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("proposals", __name__, tag="Case changes")


class VariableBody(Body):
    """A variable of a case."""

    name: str
    """Its name."""
    value: Any
    """Its value, as JSON."""
    scope: UUID | None
    """The scope inside the case that owns it: of a call, an instance or a sub-process. Null: the case."""
    path: str | None
    """The activity of that scope, by the path of its element. Null: the case."""


class VariableList(Body):
    """The variables of a case that the caller may see, those of the case first."""

    items: list[VariableBody]
    """The variables, by scope and name."""


class ProposeVariables(Request):
    """New values for variables of a running case, and why they have to be set from outside of its process."""

    data: dict[str, Any] = Field(min_length=1, max_length=100)
    """The variables by name, with their new values. Others stay as they are."""
    reason: Text
    """Why. The second person, the log and the applicant see it."""
    scope: UUID | None = None
    """The scope to which the variables belong, as `GET` returns it. Null: the case."""


class ProposeModification(Request):
    """Where a running case continues instead of what it does now, and why."""

    cancel: list[Text] = Field(default_factory=list, max_length=50)
    """What the case leaves: ids of tasks, or elements of its own process by their id in the diagram."""
    start_before: list[Text] = Field(default_factory=list, max_length=50)
    """The elements of its own process before which it continues, by their id in the diagram."""
    reason: Text
    """Why. The second person, the log and the applicant see it."""


class ProposalSummary(Body):
    """A proposed change of a case in a list, without values."""

    id: UUID
    """Its id."""
    case: UUID
    """The id of the case."""
    case_number: CaseNumber
    definition: str
    """The key of the definition of the case."""
    kind: ProposalKind
    """What would change: `variables` of the case, or (`modification`) the elements at which it is."""
    reason: str
    """Why it was proposed."""
    status: ProposalStatus
    """`open`: it waits for a second person. `confirmed`: the change was made. `rejected`: by a second person.
    `withdrawn`: by the person who proposed it. `expired`: nobody decided in time, or before
    the case ended."""
    proposed_by: Account | None
    """Who proposed it; null for portals and applicants."""
    proposed_at: Instant
    """When it was proposed."""
    expires_at: Instant
    """Until when it can be confirmed."""
    decided_by: Account | None
    """Who confirmed, rejected or withdrew it; null until then, and for portals and applicants."""
    decided_at: Instant | None
    """When that was."""


class ProposalBody(ProposalSummary):
    """A proposed change of a case, with what would change."""

    scope: UUID | None
    """The scope inside the case to which the variables belong. Null: the case."""
    path: str | None
    """The activity of that scope, by the path of its element."""
    data: dict[str, Any]
    """The new values by name, without those that forms hide from the caller."""
    before: dict[str, Any]
    """The values when it was proposed; variables without a value are absent."""
    cancel: list[str]
    """The elements that a modification leaves."""
    start_before: list[str]
    """The elements before which the case continues after a modification."""


class ProposalPage(Page[ProposalSummary]):
    """A page of proposed changes, oldest first."""


class ProposalList(Page[ProposalBody]):
    """A page of the proposed changes of a case, newest first."""


@command(blueprint.get("/cases/<uuid:case_id>/variables"), answer=VariableList, refusals=(404,))
@sends("ETag")
def read_variables(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Read the variables of a case

    Those of the case for everybody who may read it, without what its forms hide from the caller. Readers of
    its log also get those of the scopes inside a running case. The `ETag` is that of the case.
    """
    case, found = proposals.list_variables(uow, case_id)
    items = [VariableBody(**asdict(one)) for one in found]
    return Reply(VariableList(items=items), {"ETag": etag(case.revision)}, opened=Opened("case", case_id))


@command(
    blueprint.patch("/cases/<uuid:case_id>/variables"),
    body=ProposeVariables,
    answer=ProposalBody,
    status=202,
    refusals=(404, 409, 412),
)
@sends("Location")
def propose_variables(uow: UnitOfWork, case_id: UUID, body: ProposeVariables) -> Reply:
    """Propose new values for variables of a running case

    Nothing changes until a second person confirms the proposal, within three days.
    """
    made = proposals.propose_variables(
        uow, case_id, body.data, body.reason, scope=body.scope, revisions=revisions_seen()
    )
    return _proposed(uow, made)


@command(
    blueprint.post("/cases/<uuid:case_id>/modifications"),
    body=ProposeModification,
    answer=ProposalBody,
    status=202,
    refusals=(404, 409, 412),
)
@sends("Location")
def propose_modification(uow: UnitOfWork, case_id: UUID, body: ProposeModification) -> Reply:
    """Propose where a running case continues

    It leaves the elements in `cancel` and continues before those in `start_before`, once a second person has
    confirmed the proposal, within three days. What could run incorrectly is refused with 422 and the reason.
    """
    made = proposals.propose_modification(
        uow, case_id, body.cancel, body.start_before, body.reason, revisions=revisions_seen()
    )
    return _proposed(uow, made)


@command(
    blueprint.get("/cases/<uuid:case_id>/proposals"), query=PageQuery, answer=ProposalList, refusals=(404,)
)
def list_of_case(uow: UnitOfWork, case_id: UUID, query: PageQuery) -> Reply:
    """List the changes that were proposed for a case, newest first

    For those who may read its log. Applicants and portals see the changes that were made: who changed what,
    when and why.
    """
    found = [dict(_body(uow, one)) for one in proposals.proposals_of_case(uow, case_id, after=query.cursor)]
    return Reply(ProposalList(**page_of(ProposalBody, found, cases.PAGE)), opened=Opened("case", case_id))


@command(blueprint.get("/proposals"), query=PageQuery, answer=ProposalPage)
def list_open(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List the changes that wait for a second person

    Those of all running cases that the caller sees, oldest first.
    """
    rows = proposals.list_open(uow, after=query.cursor)
    found = [{**row, **_persons(uow, row, row)} for row in rows]
    return Reply(ProposalPage(**page_of(ProposalSummary, found, cases.PAGE)))


@command(blueprint.get("/proposals/<uuid:proposal_id>"), answer=ProposalBody, refusals=(404,))
def show(uow: UnitOfWork, proposal_id: UUID) -> Reply:
    """Read a proposed change

    With the values before and after it, for those who have it in the list of its case.
    """
    found = proposals.get_proposal(uow, proposal_id)
    return Reply(_body(uow, found), opened=Opened("case", found.case))


@command(
    blueprint.post("/proposals/<uuid:proposal_id>/confirm"),
    body=Request,
    answer=CaseBody,
    refusals=(404, 409),
)
@sends("ETag")
def confirm(uow: UnitOfWork, proposal_id: UUID) -> Reply:
    """Confirm a proposed change

    As another person than the one who proposed it. The change is made at once.
    """
    case = proposals.confirm(uow, proposal_id)
    return Reply(case_body(case), {"ETag": etag(case.revision)})


@command(
    blueprint.post("/proposals/<uuid:proposal_id>/reject"),
    body=Request,
    answer=ProposalBody,
    refusals=(404, 409),
)
def reject(uow: UnitOfWork, proposal_id: UUID) -> Reply:
    """Reject a proposed change

    As another person than the one who proposed it.
    """
    proposals.reject(uow, proposal_id)
    return Reply(_body(uow, proposals.get_proposal(uow, proposal_id)))


@command(
    blueprint.post("/proposals/<uuid:proposal_id>/withdraw"),
    body=Request,
    answer=ProposalBody,
    refusals=(404, 409),
)
def withdraw(uow: UnitOfWork, proposal_id: UUID) -> Reply:
    """Withdraw your own proposal

    Nothing changes in the case.
    """
    proposals.withdraw(uow, proposal_id)
    return Reply(_body(uow, proposals.get_proposal(uow, proposal_id)))


def _proposed(uow: UnitOfWork, proposal_id: UUID) -> Reply:
    body = _body(uow, proposals.get_proposal(uow, proposal_id))
    return Reply(body, {"Location": f"/api/v1/proposals/{proposal_id}"}, status=202)


def _body(uow: UnitOfWork, found: proposals.ProposalView) -> ProposalBody:
    change = found.change
    said = {name: getattr(found, name) for name in ProposalSummary.model_fields if hasattr(found, name)}
    return ProposalBody(
        **said,
        **_persons(uow, found.proposer, found.decider),
        scope=change.get("scope"),
        path=change.get("path"),
        data=change.get("data", {}),
        before=change.get("before", {}),
        cancel=change.get("cancel", []),
        start_before=change.get("start_before", []),
    )


def _persons(uow: UnitOfWork, proposer: Any, decider: Any) -> dict[str, Any]:
    if not access.sees_account(uow.actor):
        return {"proposed_by": None, "decided_by": None}
    decided = decider is not None and decider["decider_id"] is not None
    return {
        "proposed_by": Account(**account(proposer, "proposer")),
        "decided_by": Account(**account(decider, "decider")) if decided else None,
    }
