"""Case migrations: the plan, the progress, and the result for each case."""

from typing import get_args
from uuid import UUID

from flask import Blueprint, request

from engine.cases import migration
from engine.models import MovedCaseStatus
from engine.platform.errors import Refusal
from web import asked
from web.administration.area import called, refused, shown
from web.listing import cursor, following
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("moves", __name__)
STATUSES: tuple[MovedCaseStatus, ...] = get_args(MovedCaseStatus)


@page(blueprint.get("/moves"), may="cases.move")
def index(visit: Visit) -> Page:
    """Show those of the visitor's definitions, the newest first."""
    rows, next_one = following(migration.page(visit.uow, after=cursor()), migration.PAGE)
    named = called(visit, of_processes=[row["definition"] for row in rows])
    return shown(visit, "moves", {"rows": rows, "next": next_one, **named}, way="moves")


@page(blueprint.get("/moves/<uuid:move_id>"), may="cases.move")
def show(visit: Visit, move_id: UUID) -> Page:
    """Show one with its present state."""
    return _one(visit, move_id)


def again(visit: Visit, move_id: UUID, refusal: Refusal) -> Page:
    """Show the migration, and why it was not started or cancelled."""
    return _one(visit, move_id, refusal)


def _one(visit: Visit, move_id: UUID, refusal: Refusal | None = None) -> Page:
    found = migration.get(visit.uow, move_id)
    status = asked.choice(request.args, "status", STATUSES)
    cases = migration.cases_of(visit.uow, move_id, status=status, after=cursor())
    rows, next_one = following(cases, migration.PAGE)
    total = sum(found.counts.values())
    values = {
        "move": found.move,
        "counts": found.counts,
        "obstacles": found.obstacles,
        "total": total,
        "movable": found.counts["movable"],
        "status": status,
        "statuses": STATUSES,
        "rows": rows,
        "next": next_one,
        **called(visit, of_processes=[found.move["definition"]]),
        **(refused(refusal) if refusal else {}),
    }
    return shown(visit, "move", values, way="moves", status=409 if refusal else 200)


@page(blueprint.post("/moves/<uuid:move_id>/start"), may="cases.move", refused=again)
def start(visit: Visit, move_id: UUID) -> Away:
    """Migrate the cases that can be migrated."""
    migration.start(visit.uow, move_id)
    return Away(f"/administration/moves/{move_id}", told="administration.move.told.started")


@page(blueprint.post("/moves/<uuid:move_id>/cancel"), may="cases.move", refused=again)
def cancel(visit: Visit, move_id: UUID) -> Away:
    """Cancel: the remaining cases keep their version."""
    migration.cancel(visit.uow, move_id)
    return Away(f"/administration/moves/{move_id}", told="administration.move.told.cancelled")
