"""Cost rates and capacities of units."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field, WithJsonSchema

from api.command import Reply, command
from api.shapes import Body, Instant, Request, Text
from engine.models import RateKind
from engine.organisation import rates
from engine.organisation.rates import NewRate
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("rates", __name__, tag="Organisation")


class SetRate(Request):
    """A rate of a role in a unit: what an hour of work costs, or how many hours a week it has."""

    role: Text
    """Role in a unit that somebody has there, or that a process requires; `caseworker` is everybody without a
    rate of their own role.
    """
    kind: RateKind = "cost"
    """What is stated."""
    amount: Annotated[Any, WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]})]
    """Money an hour, or hours a week: above zero, with at most 15 digits and 4 decimals. Send fractions as a
    text: "12.50".
    """
    currency: str | None = Field(default=None, max_length=3)
    """Currency (ISO 4217) of a cost; not for a capacity."""
    valid_from: date
    """First day on which the rate applies."""


class RateBody(Body):
    """A rate of a role in a unit."""

    id: UUID
    """Id of the rate."""
    unit: str
    """Key of the unit that has the rate."""
    role: str
    """Role in the unit."""
    kind: RateKind
    """What is stated."""
    amount: str
    """Money an hour, or hours a week: an exact decimal as text."""
    currency: str | None
    """Currency (ISO 4217) of a cost; null for a capacity."""
    valid_from: date
    """First day on which the rate applies."""
    set_at: Instant
    """When the rate was entered."""


class RateList(Body):
    """The rates that apply in a unit."""

    items: list[RateBody]
    """Its own, and costs of units above it; of a role the newest first."""


@command(blueprint.get("/units/<key>/rates"), answer=RateList, refusals=(404,))
def index(uow: UnitOfWork, key: str) -> Reply:
    """List the rates that apply in a unit

    Its own, and costs of units above it. For administrators, managers and auditors.
    """
    return Reply(RateList(items=[_body(row) for row in rates.list_rates(uow, key)]))


@command(blueprint.post("/units/<key>/rates"), body=SetRate, answer=RateBody, status=201, refusals=(404, 409))
def create(uow: UnitOfWork, key: str, body: SetRate) -> Reply:
    """Set a rate of a unit from a day on

    Later rates don't change what was before. 409 if there is one of the role and kind from that day on. For
    administrators.
    """
    new = NewRate(key, body.role, body.kind, body.amount, body.currency, body.valid_from)
    made = rates.set_rate(uow, new)
    (row,) = [row for row in rates.list_rates(uow, key) if row["id"] == made]
    return Reply(_body(row), status=201)


@command(blueprint.delete("/rates/<uuid:rate_id>"), answer=RateBody, refusals=(404,))
def remove(uow: UnitOfWork, rate_id: UUID) -> Reply:
    """Remove a rate

    To correct a rate, remove it and set another. For administrators.
    """
    return Reply(_body(rates.remove_rate(uow, rate_id)))


def _body(row: Any) -> RateBody:
    names = ("id", "unit", "role", "kind", "currency", "valid_from", "set_at")
    return RateBody(amount=f"{row['amount']:f}", **{name: row[name] for name in names})
