"""Case migrations: the plan, the progress, and the result for each case."""

from typing import get_args
from uuid import UUID

from flask import Blueprint, request

from engine.cases import migration
from engine.models import MigratedCaseStatus
from engine.platform.errors import Refusal
from web import asked
from web.administration.area import called, refused, render
from web.listing import cursor, following
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("migrations", __name__)
STATUSES: tuple[MigratedCaseStatus, ...] = get_args(MigratedCaseStatus)


@page(blueprint.get("/migrations"), may="cases.migrate")
def index(visit: Visit) -> Page:
    """Show those of the visitor's definitions, the newest first."""
    rows, next_one = following(migration.page(visit.uow, after=cursor()), migration.PAGE)
    named = called(visit, of_processes=[row["definition"] for row in rows])
    return render(visit, "migrations", {"rows": rows, "next": next_one, **named}, way="migrations")


@page(blueprint.get("/migrations/<uuid:migration_id>"), may="cases.migrate")
def show(visit: Visit, migration_id: UUID) -> Page:
    """Show one with its present state."""
    return _one(visit, migration_id)


def again(visit: Visit, migration_id: UUID, refusal: Refusal) -> Page:
    """Show the migration, and why it was not started or cancelled."""
    return _one(visit, migration_id, refusal)


def _one(visit: Visit, migration_id: UUID, refusal: Refusal | None = None) -> Page:
    found = migration.get(visit.uow, migration_id)
    status = asked.choice(request.args, "status", STATUSES)
    cases = migration.cases_of(visit.uow, migration_id, status=status, after=cursor())
    rows, next_one = following(cases, migration.PAGE)
    total = sum(found.counts.values())
    values = {
        "migration": found.migration,
        "counts": found.counts,
        "obstacles": found.obstacles,
        "total": total,
        "movable": found.counts["movable"],
        "status": status,
        "statuses": STATUSES,
        "rows": rows,
        "next": next_one,
        **called(visit, of_processes=[found.migration["definition"]]),
        **(refused(refusal) if refusal else {}),
    }
    return render(visit, "migration", values, way="migrations", status=409 if refusal else 200)


@page(blueprint.post("/migrations/<uuid:migration_id>/start"), may="cases.migrate", refused=again)
def start(visit: Visit, migration_id: UUID) -> Away:
    """Migrate the cases that can be migrated."""
    migration.start(visit.uow, migration_id)
    return Away(f"/administration/migrations/{migration_id}", told="administration.migration.told.started")


@page(blueprint.post("/migrations/<uuid:migration_id>/cancel"), may="cases.migrate", refused=again)
def cancel(visit: Visit, migration_id: UUID) -> Away:
    """Cancel: the remaining cases keep their version."""
    migration.cancel(visit.uow, migration_id)
    return Away(f"/administration/migrations/{migration_id}", told="administration.migration.told.cancelled")
