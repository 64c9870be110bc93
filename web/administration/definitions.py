"""Definitions: whether they are enabled and running, and the versions of their cases."""

from flask import Blueprint, request

from engine import cases, definitions
from engine.cases import incidents, migration
from engine.design import publishing
from engine.organisation import units
from engine.platform import persian
from engine.platform.errors import Fault, Invalid, Refusal
from web import asked
from web.administration.area import called, refused, render, word
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("definitions", __name__)
ACTIONS = {
    "enable": publishing.enable,
    "disable": publishing.disable,
    "offer": publishing.offer,
    "withdraw": publishing.withdraw,
    "suspend": cases.suspend_definition,
    "resume": cases.resume_definition,
}


@page(blueprint.get("/definitions"), may="definitions.suspend")
def index(visit: Visit) -> Page:
    """Show those of the visitor's units."""
    return render(visit, "definitions", {"rows": publishing.managed(visit.uow)}, way="definitions")


@page(blueprint.get("/definitions/<key>"), may="definitions.suspend")
def show(visit: Visit, key: str) -> Page:
    """Show one with its versions, and a form to plan a migration."""
    return _one(visit, key)


def _one(visit: Visit, key: str, refusal: Refusal | None = None) -> Page:
    running = migration.running(visit.uow, key)
    versions = definitions.versions(visit.uow, key)
    definition = definitions.definition(visit.uow, key)
    unit = units.key_of(visit.uow, definition.unit_id)
    values = {
        "definition": definition,
        "name": next(
            (row.name for row in versions if row.id == definition.current_version_id), versions[0].name
        ),
        "unit": unit,
        **called(visit, of_units=[unit]),
        "versions": versions,
        "running": running,
        "classes": cases.BOUNDS,
        "groups": incidents.groups(visit.uow, key),
        **(refused(refusal) if refusal else {}),
    }
    return render(visit, "definition", values, way="definitions", status=409 if refusal else 200)


@page(
    blueprint.post("/definitions/<key>/<any(enable,disable,offer,withdraw,suspend,resume):action>"),
    may="definitions.suspend",
)
def switch(visit: Visit, key: str, action: str) -> Away:
    """Enable or disable it, suspend or resume it."""
    ACTIONS[action](visit.uow, key)
    return Away(f"/administration/definitions/{key}", told=f"administration.definition.told.{action}")


def again(visit: Visit, key: str, refusal: Refusal) -> Page:
    """Show the definition, and why nothing was done."""
    return _one(visit, key, refusal)


@page(blueprint.post("/definitions/<key>/class"), may="classes.manage", refused=again)
def classify(visit: Visit, key: str) -> Away:
    """Set its class, with the usual bound or another one."""
    chosen, bound = word("class"), persian.digits(word("bound") or "").upper()
    cases.set_class(visit.uow, key, chosen, (bound or None) if chosen else None)
    return Away(f"/administration/definitions/{key}", told="administration.saved")


@page(blueprint.post("/definitions/<key>/migrations"), may="cases.migrate", refused=again)
def plan(visit: Visit, key: str) -> Away:
    """Plan a migration: find out which cases can be migrated from one version to another."""
    source, target = (_number(name) for name in ("from", "to"))
    return Away(
        f"/administration/migrations/{migration.plan(visit.uow, key, source, target).migration['id']}"
    )


def _number(name: str) -> int:
    found = asked.count(request.form, name)
    if found is None:
        raise Invalid("The request is invalid.", [Fault(f"/{name}", "is required", "required")])
    return found
