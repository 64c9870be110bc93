"""Units: the tree of agencies and their parts, one level at a time."""

from operator import itemgetter

from flask import Blueprint, request

from engine.models import UnitKind
from engine.organisation import units
from engine.organisation.units import KINDS, NewUnit, UnitView
from engine.platform.errors import Refusal
from web.administration.area import Choices, refused, render, units_to_choose, word
from web.listing import following
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("units", __name__)
TOP = "root"


@page(blueprint.get("/units"), may="units.manage")
def index(visit: Visit) -> Page:
    """Show the root unit."""
    return _one(visit, TOP)


@page(blueprint.get("/units/<key>"), may="units.manage")
def show(visit: Visit, key: str) -> Page:
    """Show one unit and its children."""
    return _one(visit, key)


def _one(visit: Visit, key: str, refusal: Refusal | None = None, form: str | None = None) -> Page:
    view = units.look(visit.uow, key, after=request.args.get("cursor"))
    below, following_one = following(view.below, units.PAGE, itemgetter("key"))
    values = {
        "unit": view.unit,
        "above": view.above,
        "below": below,
        "next": following_one,
        "own": view.own,
        "top": key == TOP,
        "kinds": KINDS,
        "units": _places(visit, view) if view.own and key != TOP else [],
        "form": form,
        **(refused(refusal) if refusal else {}),
    }
    return render(visit, "unit", values, way="units", status=409 if refusal else 200)


def _places(visit: Visit, view: UnitView) -> Choices:
    """Return its possible parents; the current one is included even if the visitor may not edit it."""
    found = units_to_choose(visit, apart_from=view.unit["key"])
    now = view.above[-1]
    named = (now["key"], visit.reader.half(now["name"]))
    return found if any(key == now["key"] for key, _ in found) else [named, *found]


def making(visit: Visit, key: str, refusal: Refusal) -> Page:
    """Show the form for a new one, as it was typed."""
    return _one(visit, key, refusal, "new")


@page(blueprint.post("/units/<key>/units"), may="units.manage", refused=making)
def create(visit: Visit, key: str) -> Away:
    """Create a unit as a child of this one."""
    kind: UnitKind = next((kind for kind in KINDS if kind == word("kind")), "unit")
    new = NewUnit(word("key") or "", _name(), kind, key, word("region"))
    units.create(visit.uow, new)
    return Away(f"/administration/units/{new.key}", told="administration.units.made")


def changing(visit: Visit, key: str, refusal: Refusal) -> Page:
    """Show the unit with the changes as they were typed."""
    return _one(visit, key, refusal, "change")


@page(blueprint.post("/units/<key>"), may="units.manage", refused=changing)
def change(visit: Visit, key: str) -> Away:
    """Rename it, or change its parent."""
    parent = word("parent")
    units.change(
        visit.uow, key, {"name": _name(), "region": word("region"), **({"parent": parent} if parent else {})}
    )
    return Away(f"/administration/units/{key}", told="administration.saved")


def show_refusal(visit: Visit, key: str, action: str, refusal: Refusal) -> Page:
    """Show the unit, and why it was not changed."""
    del action
    return _one(visit, key, refusal)


@page(
    blueprint.post("/units/<key>/<any(close,open):action>"),
    may="units.manage",
    refused=show_refusal,
)
def switch(visit: Visit, key: str, action: str) -> Away:
    """Close it, or open it again."""
    units.change(visit.uow, key, {"closed": action == "close"})
    return Away(f"/administration/units/{key}", told=f"administration.units.told.{action}")


def _name() -> str:
    """Return the name in Persian and, if given, in English, as it is stored."""
    both = [word("name"), word("english")]
    return " | ".join(part for part in both if part)
