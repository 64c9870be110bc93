"""Units: the tree of agencies, their parts, and private bodies that work for them."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import StringConstraints

from api.command import Reply, command, sends
from api.shapes import Body, Instant, Page, PageQuery, Request, Text
from engine.models import UnitKind
from engine.organisation import units
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("units", __name__, tag="Organisation")

UnitKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,63}$")]


class CreateUnit(Request):
    """A new unit; `parent` is the key of the unit above it, `region` the one that it serves, if not all."""

    key: UnitKey
    name: Text
    kind: UnitKind
    parent: UnitKey = "root"
    region: Text | None = None


class ChangeUnit(Request):
    """The fields to change. With a new `parent`, all units below the unit move with it."""

    name: Text | None = None
    region: Text | None = None
    parent: UnitKey | None = None
    closed: bool | None = None


class UnitBody(Body):
    """A unit; `parent` is the key of the unit above it. No case starts in it after `closed_at`."""

    key: str
    name: str
    kind: UnitKind
    parent: str | None
    region: str | None
    closed_at: Instant | None


class UnitPage(Page[UnitBody]):
    """A page of units, oldest first."""


class UnitsQuery(PageQuery):
    """Which units: all, or those right below one."""

    parent: UnitKey | None = None


def _fields_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: row[name] for name in UnitBody.model_fields}


@command(blueprint.get("/units"), query=UnitsQuery, answer=UnitPage)
def index(uow: UnitOfWork, query: UnitsQuery) -> Reply:
    """List units, oldest first"""
    rows = units.page(uow, parent=query.parent, after=query.cursor)
    following: UUID | None = rows[units.PAGE - 1]["id"] if len(rows) > units.PAGE else None
    items = [UnitBody(**_fields_of(row)) for row in rows[: units.PAGE]]
    return Reply(UnitPage(items=items, next=following))


@command(blueprint.get("/units/<key>"), answer=UnitBody, refusals=(404,))
def show(uow: UnitOfWork, key: str) -> Reply:
    """Read a unit"""
    return Reply(UnitBody(**_fields_of(units.get(uow, key))))


@command(blueprint.post("/units"), body=CreateUnit, answer=UnitBody, status=201, refusals=(409,))
@sends("Location")
def create(uow: UnitOfWork, body: CreateUnit) -> Reply:
    """Create a unit below one of yours"""
    units.create(uow, units.NewUnit(**body.model_dump()))
    shown = UnitBody(**_fields_of(units.get(uow, body.key)))
    return Reply(shown, {"Location": f"/api/v1/units/{body.key}"}, status=201)


@command(blueprint.patch("/units/<key>"), body=ChangeUnit, answer=UnitBody, refusals=(404, 409))
def change(uow: UnitOfWork, key: str, body: ChangeUnit) -> Reply:
    """Rename, move, close or reopen one of your units"""
    said = body.model_dump(exclude_unset=True)
    changes = {name: value for name, value in said.items() if value is not None or name == "region"}
    units.change(uow, key, changes)
    return show(uow, key)
