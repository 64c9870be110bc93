"""Delegations: private bodies do steps of an agency's processes."""

from typing import Annotated
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, BaseModel, Field

from api.command import Reply, command
from api.shapes import Instant, Key, Page, PageQuery, Request, Text, page_of
from api.units import UnitKey
from engine.platform.db import UnitOfWork
from engine.tasks import delegations

blueprint = APIBlueprint("delegations", __name__, tag="Organisation")


class CreateDelegation(Request):
    """Which steps, for the cases of which unit and those below it, to which unit of the kind `delegate`.

    From when (absent: from now on) to when (absent: until it is revoked). With `take_over` their open tasks
    go along, and nobody has them any more.
    """

    definition: Key
    elements: Annotated[list[Text], Field(min_length=1, max_length=delegations.MAX_ELEMENTS)]
    unit: UnitKey
    delegate: UnitKey
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    take_over: bool = False


class DelegationBody(BaseModel):
    """A delegation; it counts until `valid_to` or `revoked_at`, whichever comes first."""

    id: UUID
    definition: str
    elements: list[str]
    unit: str
    delegate: str
    valid_from: Instant
    valid_to: Instant | None
    revoked_at: Instant | None


class DelegationPage(Page[DelegationBody]):
    """A page of delegations, the oldest first."""


@command(
    blueprint.post("/delegations"), body=CreateDelegation, answer=DelegationBody, status=201, refusals=(409,)
)
def create(uow: UnitOfWork, body: CreateDelegation) -> Reply:
    """Delegate steps of a process of yours"""
    made = delegations.create(uow, delegations.NewDelegation(**body.model_dump()))
    return Reply(DelegationBody(**delegations.get(uow, made)), status=201)


@command(blueprint.get("/delegations"), query=PageQuery, answer=DelegationPage)
def index(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List the delegations of your units, and those to them, the oldest first"""
    rows = delegations.page(uow, after=query.cursor)
    return Reply(DelegationPage(**page_of(DelegationBody, rows, delegations.PAGE)))


@command(blueprint.delete("/delegations/<uuid:delegation_id>"), answer=DelegationBody, refusals=(404,))
def revoke(uow: UnitOfWork, delegation_id: UUID) -> Reply:
    """Revoke a delegation: its open tasks go back to the agency"""
    delegations.revoke(uow, delegation_id)
    return Reply(DelegationBody(**delegations.get(uow, delegation_id)))
