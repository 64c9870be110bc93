"""Delegations: private bodies do steps of an agency's processes."""

from typing import Annotated
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, Field

from api.command import Reply, command
from api.shapes import Body, Instant, Key, Page, PageQuery, Request, Text, page_of
from api.units import UnitKey
from engine.platform.db import UnitOfWork
from engine.tasks import delegations

blueprint = APIBlueprint("delegations", __name__, tag="Organisation")


class CreateDelegation(Request):
    """A delegation of steps, for the cases of a unit and those below it, to a unit of the kind `delegate`.

    By default it starts now and ends when it is revoked. With `take_over`, open tasks of these steps are
    delegated, too, and become unassigned.
    """

    definition: Key
    elements: Annotated[list[Text], Field(min_length=1, max_length=delegations.MAX_ELEMENTS)]
    unit: UnitKey
    delegate: UnitKey
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    take_over: bool = False


class DelegationBody(Body):
    """A delegation, valid until `valid_to` or `revoked_at`, whichever is earlier."""

    id: UUID
    definition: str
    elements: list[str]
    unit: str
    delegate: str
    valid_from: Instant
    valid_to: Instant | None
    revoked_at: Instant | None


class DelegationPage(Page[DelegationBody]):
    """A page of delegations, oldest first."""


@command(
    blueprint.post("/delegations"), body=CreateDelegation, answer=DelegationBody, status=201, refusals=(409,)
)
def create(uow: UnitOfWork, body: CreateDelegation) -> Reply:
    """Delegate steps of one of your processes to another unit"""
    made = delegations.create(uow, delegations.NewDelegation(**body.model_dump()))
    return Reply(DelegationBody(**delegations.get(uow, made)), status=201)


@command(blueprint.get("/delegations"), query=PageQuery, answer=DelegationPage)
def index(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List delegations from and to your units, oldest first"""
    rows = delegations.page(uow, after=query.cursor)
    return Reply(DelegationPage(**page_of(DelegationBody, rows, delegations.PAGE)))


@command(blueprint.delete("/delegations/<uuid:delegation_id>"), answer=DelegationBody, refusals=(404,))
def revoke(uow: UnitOfWork, delegation_id: UUID) -> Reply:
    """Revoke a delegation: its open tasks return to the agency"""
    delegations.revoke(uow, delegation_id)
    return Reply(DelegationBody(**delegations.get(uow, delegation_id)))
