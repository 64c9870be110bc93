"""Delegations: private bodies do steps of an agency's processes."""

from typing import Annotated
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app
from pydantic import AwareDatetime, Field

from api.command import PUBLISHING, Reply, command
from api.shapes import Body, Instant, Key, Page, PageQuery, Request, Text, page_of
from api.units import UnitKey
from engine.platform.db import UnitOfWork
from engine.tasks import delegations

blueprint = APIBlueprint("delegations", __name__, tag="Organisation")


class CreateDelegation(Request):
    """A delegation of steps to a delegate."""

    definition: Key
    """Key of the definition, which one of your units owns."""
    elements: Annotated[list[Text], Field(min_length=1, max_length=delegations.MAX_ELEMENTS)]
    """Ids of the tasks in the diagram; not the one that makes the legal decision."""
    unit: UnitKey
    """Key of the unit for whose cases, and those of the units below it, the delegation applies."""
    delegate: UnitKey
    """Key of a unit of the kind `delegate`."""
    valid_from: AwareDatetime | None = None
    """When the delegation begins; by default now."""
    valid_to: AwareDatetime | None = None
    """When it ends; by default when it is revoked."""
    take_over: bool = False
    """Whether open tasks of these steps are delegated, too; they become unassigned. 409 for more than 200."""


class DelegationBody(Body):
    """A delegation of steps to a delegate."""

    id: UUID
    """Id of the delegation."""
    definition: str
    """Key of the definition."""
    elements: list[str]
    """Ids of the tasks in the diagram."""
    unit: str
    """Key of the unit for whose cases, and those of the units below it, the delegation applies."""
    delegate: str
    """Key of the delegate's unit."""
    valid_from: Instant
    """When the delegation begins."""
    valid_to: Instant | None
    """When it ends; null: when it is revoked."""
    confirmed_at: Instant | None
    """Since when it is agreed; null: it waits for a second person, and is not in effect."""
    revoked_at: Instant | None
    """When it was revoked; null if it wasn't."""


class DelegationPage(Page[DelegationBody]):
    """A page of delegations, oldest first."""


@command(
    blueprint.post("/delegations"), body=CreateDelegation, answer=DelegationBody, status=201, refusals=(409,)
)
def create(uow: UnitOfWork, body: CreateDelegation) -> Reply:
    """Delegate steps of one of your processes to another unit

    New tasks of these steps go to the delegate; where publishing needs a second person, from when one has
    confirmed the delegation. 409 if more than 200 open tasks would be transferred. For administrators.
    """
    how = current_app.extensions[PUBLISHING]
    made = delegations.create(uow, delegations.NewDelegation(**body.model_dump()), how)
    return Reply(DelegationBody(**delegations.get(uow, made)), status=201)


@command(blueprint.get("/delegations"), query=PageQuery, answer=DelegationPage)
def index(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List delegations from and to your units, oldest first

    For administrators.
    """
    rows = delegations.page(uow, after=query.cursor)
    return Reply(DelegationPage(**page_of(DelegationBody, rows, delegations.PAGE)))


@command(
    blueprint.post("/delegations/<uuid:delegation_id>/confirm"),
    body=Request,
    answer=DelegationBody,
    refusals=(404, 409),
)
def confirm(uow: UnitOfWork, delegation_id: UUID) -> Reply:
    """Confirm a delegation that another person has proposed

    It takes effect now, or when its period begins. 403 `four-eyes` for the person who proposed it, whichever
    account is used. For administrators.
    """
    delegations.confirm(uow, delegation_id)
    return Reply(DelegationBody(**delegations.get(uow, delegation_id)))


@command(blueprint.delete("/delegations/<uuid:delegation_id>"), answer=DelegationBody, refusals=(404,))
def revoke(uow: UnitOfWork, delegation_id: UUID) -> Reply:
    """Revoke a delegation: its open tasks return to the agency

    Up to 200 open tasks return to the agency immediately, others within seconds. For administrators.
    """
    delegations.revoke(uow, delegation_id)
    return Reply(DelegationBody(**delegations.get(uow, delegation_id)))
