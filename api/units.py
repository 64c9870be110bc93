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
    """A new unit."""

    key: UnitKey
    """Key of the unit, by which diagrams name it; it can't be changed later."""
    name: Text
    """Name of the unit; it may be written as `Persian | English`."""
    kind: UnitKind
    """What kind of unit it is."""
    parent: UnitKey = "root"
    """Key of the unit above it; one of yours."""
    region: Text | None = None
    """Region that the unit serves; by default none in particular."""


class ChangeUnit(Request):
    """What to change; what is left out stays as it is."""

    name: Text | None = None
    """Name of the unit; it may be written as `Persian | English`."""
    region: Text | None = None
    """Region that the unit serves; null: none in particular."""
    parent: UnitKey | None = None
    """Key of the unit above it. All units below the unit move with it."""
    closed: bool | None = None
    """Whether the unit is closed. 409 names what prevents it from being closed."""


class UnitBody(Body):
    """A unit of the organisation."""

    key: str
    """Key of the unit, by which diagrams name it."""
    name: str
    """Name of the unit; it may be written as `Persian | English`."""
    kind: UnitKind
    """What kind of unit it is."""
    parent: str | None
    """Key of the unit above it; null for `root`."""
    region: str | None
    """Region that the unit serves; null if it has none in particular."""
    closed_at: Instant | None
    """When the unit was closed, so that no case starts in it; null while it is open."""


class UnitPage(Page[UnitBody]):
    """A page of units, oldest first."""


class UnitsQuery(PageQuery):
    """Which units."""

    parent: UnitKey | None = None
    """Only units right below the one with this key."""


def _fields_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: row[name] for name in UnitBody.model_fields}


@command(blueprint.get("/units"), query=UnitsQuery, answer=UnitPage)
def index(uow: UnitOfWork, query: UnitsQuery) -> Reply:
    """List units, oldest first

    At most 200 a page.
    """
    rows = units.page(uow, parent=query.parent, after=query.cursor)
    following: UUID | None = rows[units.PAGE - 1]["id"] if len(rows) > units.PAGE else None
    items = [UnitBody(**_fields_of(row)) for row in rows[: units.PAGE]]
    return Reply(UnitPage(items=items, next=following))


@command(blueprint.get("/units/<key>"), answer=UnitBody, refusals=(404,))
def show(uow: UnitOfWork, key: str) -> Reply:
    """Read a unit

    The names of units are public within an installation.
    """
    return Reply(UnitBody(**_fields_of(units.get(uow, key))))


@command(blueprint.post("/units"), body=CreateUnit, answer=UnitBody, status=201, refusals=(409,))
@sends("Location")
def create(uow: UnitOfWork, body: CreateUnit) -> Reply:
    """Create a unit below one of yours

    409 for a key that is in use. For administrators.
    """
    units.create(uow, units.NewUnit(**body.model_dump()))
    shown = UnitBody(**_fields_of(units.get(uow, body.key)))
    return Reply(shown, {"Location": f"/api/v1/units/{body.key}"}, status=201)


@command(blueprint.patch("/units/<key>"), body=ChangeUnit, answer=UnitBody, refusals=(404, 409))
def change(uow: UnitOfWork, key: str, body: ChangeUnit) -> Reply:
    """Rename, move, close or reopen one of your units

    The change is recorded in the administration log. For administrators.
    """
    said = body.model_dump(exclude_unset=True)
    changes = {name: value for name, value in said.items() if value is not None or name == "region"}
    units.change(uow, key, changes)
    return show(uow, key)
