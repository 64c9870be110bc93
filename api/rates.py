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
    """What an hour of work in a role costs (`cost`, with a `currency`), or its hours a week (`capacity`).

    It applies from `valid_from` on. Send fractions as a text: "12.50".
    """

    role: Text
    kind: RateKind = "cost"
    amount: Annotated[Any, WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]})]
    currency: str | None = Field(default=None, max_length=3)
    valid_from: date


class RateBody(Body):
    """A rate; `unit` is the one that has it, `amount` a decimal as text."""

    id: UUID
    unit: str
    role: str
    kind: RateKind
    amount: str
    currency: str | None
    valid_from: date
    set_at: Instant


class RateList(Body):
    """The rates that apply in a unit: its own, and costs of units above it. Of a role the newest first."""

    items: list[RateBody]


@command(blueprint.get("/units/<key>/rates"), answer=RateList, refusals=(404,))
def index(uow: UnitOfWork, key: str) -> Reply:
    """List the rates that apply in a unit"""
    return Reply(RateList(items=[_body(row) for row in rates.list_rates(uow, key)]))


@command(blueprint.post("/units/<key>/rates"), body=SetRate, answer=RateBody, status=201, refusals=(404, 409))
def create(uow: UnitOfWork, key: str, body: SetRate) -> Reply:
    """Set a rate of a unit from a day on"""
    new = NewRate(key, body.role, body.kind, body.amount, body.currency, body.valid_from)
    made = rates.set_rate(uow, new)
    (row,) = [row for row in rates.list_rates(uow, key) if row["id"] == made]
    return Reply(_body(row), status=201)


@command(blueprint.delete("/rates/<uuid:rate_id>"), answer=RateBody, refusals=(404,))
def remove(uow: UnitOfWork, rate_id: UUID) -> Reply:
    """Remove a rate"""
    return Reply(_body(rates.remove_rate(uow, rate_id)))


def _body(row: Any) -> RateBody:
    names = ("id", "unit", "role", "kind", "currency", "valid_from", "set_at")
    return RateBody(amount=f"{row['amount']:f}", **{name: row[name] for name in names})
