"""Data that leaves the installation, and work that others do: webhooks and delegations."""

from uuid import UUID

from flask import Blueprint

from engine.events.webhooks import subscriptions
from engine.tasks import delegations
from web.administration.area import called, render
from web.listing import cursor, following
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("sharing", __name__)


@page(blueprint.get("/delegations"), may="units.manage")
def delegated(visit: Visit) -> Page:
    """Show the delegations of the visitor's units, and those to them, including ended ones."""
    rows, next_one = following(delegations.page(visit.uow, after=cursor()), delegations.PAGE)
    values = {
        "rows": rows,
        "next": next_one,
        "now": visit.uow.now,
        **called(
            visit,
            of_units=[row[name] for row in rows for name in ("unit", "delegate")],
            of_processes=[row["definition"] for row in rows],
        ),
    }
    return render(visit, "delegations", values, way="delegations")


@page(blueprint.post("/delegations/<uuid:delegation_id>/confirm"), may="units.manage")
def confirm(visit: Visit, delegation_id: UUID) -> Away:
    """Confirm a delegation that another person has proposed."""
    delegations.confirm(visit.uow, delegation_id)
    return Away("/administration/delegations", told="administration.delegations.confirmed")


@page(blueprint.post("/delegations/<uuid:delegation_id>/revoke"), may="units.manage")
def revoke(visit: Visit, delegation_id: UUID) -> Away:
    """Revoke a delegation: open tasks return to the agency."""
    delegations.revoke(visit.uow, delegation_id)
    return Away("/administration/delegations", told="administration.delegations.revoked")


@page(blueprint.get("/webhooks"), may="webhooks.manage")
def subscribed(visit: Visit) -> Page:
    """Show the subscriptions."""
    rows, next_one = following(subscriptions.page(visit.uow, after=cursor()), subscriptions.PAGE)
    named = called(visit, of_processes=[row["definition"] for row in rows])
    return render(visit, "webhooks", {"rows": rows, "next": next_one, **named}, way="webhooks")


@page(blueprint.get("/webhooks/<uuid:webhook_id>"), may="webhooks.manage")
def webhook(visit: Visit, webhook_id: UUID) -> Page:
    """Show one, with undelivered events."""
    found = subscriptions.deliveries_of(visit.uow, webhook_id, status="dead", after=cursor())
    rows, next_one = following(found, subscriptions.PAGE)
    one = subscriptions.get(visit.uow, webhook_id)
    values = {"webhook": one, "rows": rows, "next": next_one}
    values |= called(visit, of_processes=[one["definition"]])
    return render(visit, "webhook", values, way="webhooks")


@page(blueprint.post("/webhooks/<uuid:webhook_id>/<any(enable,disable):action>"), may="webhooks.manage")
def switch(visit: Visit, webhook_id: UUID, action: str) -> Away:
    """Enable or disable it."""
    {"enable": subscriptions.enable, "disable": subscriptions.disable}[action](visit.uow, webhook_id)
    return Away(f"/administration/webhooks/{webhook_id}", told=f"administration.webhook.told.{action}")


@page(blueprint.post("/webhooks/<uuid:webhook_id>/retry"), may="webhooks.manage")
def retry(visit: Visit, webhook_id: UUID) -> Away:
    """Send waiting deliveries now."""
    count = subscriptions.retry(visit.uow, webhook_id)
    return Away(
        f"/administration/webhooks/{webhook_id}", told="administration.webhook.told.retry", count=count
    )


@page(blueprint.post("/webhooks/<uuid:webhook_id>/replay"), may="webhooks.manage")
def replay(visit: Visit, webhook_id: UUID) -> Away:
    """Send dead deliveries again."""
    count = subscriptions.replay(visit.uow, webhook_id)
    return Away(
        f"/administration/webhooks/{webhook_id}", told="administration.webhook.told.replay", count=count
    )
