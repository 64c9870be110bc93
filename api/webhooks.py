"""Webhooks: subscribe an address to events, see undelivered events, send them again."""

from typing import Annotated
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app
from pydantic import AwareDatetime, Field, StringConstraints

from api.command import Reply, command, sends
from api.shapes import Body, Instant, Key, Page, PageQuery, Request, page_of
from engine.events import Kind
from engine.events.webhooks import subscriptions
from engine.models import DeliveryStatus
from engine.platform.db import UnitOfWork
from engine.platform.egress_guard import MAX_URL

ALLOW = "parvandeh.webhook_allow"

blueprint = APIBlueprint("webhooks", __name__, tag="Webhooks")


class CreateWebhook(Request):
    """The address and the events to send: by default those of all definitions and all kinds."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL, pattern=r"^[^\x00-\x20\x7f]*$")]
    definition: Key | None = None
    kinds: list[Kind] = Field(default_factory=list, max_length=100)


class ReplayWebhook(Request):
    """The events to send again: all since a given time, or by default the failed ones."""

    since: AwareDatetime | None = None


class WebhookBody(Body):
    """A webhook. No events are sent to it after `disabled_at`."""

    id: UUID
    url: str
    definition: str | None
    kinds: list[Kind]
    created_at: Instant
    disabled_at: Instant | None


class NewWebhook(WebhookBody):
    """A webhook with the secret that signs its events. The secret is only returned once."""

    secret: str


class WebhookPage(Page[WebhookBody]):
    """A page of webhooks, oldest first."""


class DeliveriesQuery(PageQuery):
    """Which deliveries: the dead ones unless said otherwise."""

    status: DeliveryStatus = "dead"


class DeliveryBody(Body):
    """The delivery of an event to a subscriber. `failure` explains why the last attempt failed."""

    id: UUID
    case: UUID
    case_number: str
    seq: int
    kind: str
    status: DeliveryStatus
    attempts: int
    due_at: Instant
    failure: str | None
    closed_at: Instant | None


class DeliveryPage(Page[DeliveryBody]):
    """A page of deliveries, oldest first."""


class Replayed(Body):
    """The number of deliveries that will be sent again."""

    deliveries: int


@command(blueprint.post("/webhooks"), body=CreateWebhook, answer=NewWebhook, status=201, refusals=(409,))
@sends("Location")
def create(uow: UnitOfWork, body: CreateWebhook) -> Reply:
    """Create a webhook: events are sent to an address"""
    row, secret = subscriptions.create(
        uow,
        body.url,
        definition=body.definition,
        kinds=body.kinds,
        allow=current_app.extensions[ALLOW],
    )
    headers = {"Location": f"/api/v1/webhooks/{row['id']}"}
    return Reply(NewWebhook(**row, secret=secret), headers, status=201)


@command(blueprint.get("/webhooks"), query=PageQuery, answer=WebhookPage)
def index(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List webhooks, oldest first"""
    return Reply(
        WebhookPage(**page_of(WebhookBody, subscriptions.page(uow, after=query.cursor), subscriptions.PAGE))
    )


@command(blueprint.get("/webhooks/<uuid:webhook_id>"), answer=WebhookBody, refusals=(404,))
def show(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Read a webhook"""
    return Reply(WebhookBody(**subscriptions.get(uow, webhook_id)))


@command(blueprint.delete("/webhooks/<uuid:webhook_id>"), answer=WebhookBody, refusals=(404,))
def remove(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Delete a webhook"""
    return Reply(WebhookBody(**subscriptions.remove(uow, webhook_id)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/enable"),
    body=Request,
    answer=WebhookBody,
    refusals=(404, 409),
)
def enable(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Enable a webhook"""
    return Reply(WebhookBody(**subscriptions.enable(uow, webhook_id)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/disable"),
    body=Request,
    answer=WebhookBody,
    refusals=(404, 409),
)
def disable(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Disable a webhook"""
    return Reply(WebhookBody(**subscriptions.disable(uow, webhook_id)))


@command(
    blueprint.get("/webhooks/<uuid:webhook_id>/deliveries"),
    query=DeliveriesQuery,
    answer=DeliveryPage,
    refusals=(404,),
)
def list_deliveries(uow: UnitOfWork, webhook_id: UUID, query: DeliveriesQuery) -> Reply:
    """List the deliveries of a webhook, oldest first"""
    rows = subscriptions.deliveries_of(uow, webhook_id, status=query.status, after=query.cursor)
    return Reply(DeliveryPage(**page_of(DeliveryBody, rows, subscriptions.PAGE)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/replay"),
    body=ReplayWebhook,
    answer=Replayed,
    refusals=(404, 409),
)
def replay(uow: UnitOfWork, webhook_id: UUID, body: ReplayWebhook) -> Reply:
    """Send failed deliveries again, or all events since a given time"""
    return Reply(Replayed(deliveries=subscriptions.replay(uow, webhook_id, since=body.since)))
