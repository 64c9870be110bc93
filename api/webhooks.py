"""Webhooks: subscribe an address to events, see undelivered events, send them again."""

from typing import Annotated
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.command import Reply, command
from api.shapes import Instant, Key, Page, PageQuery, Request, page_of
from engine.events import Kind
from engine.events.webhooks import subscriptions
from engine.models import DeliveryStatus
from engine.platform.db import UnitOfWork
from engine.platform.egress_guard import MAX_URL

ALLOW = "parvandeh.webhook_allow"

blueprint = APIBlueprint("webhooks", __name__, tag="Webhooks")


class CreateWebhook(Request):
    """Where to post which events: without a definition those of all, without kinds all kinds."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL, pattern=r"^[^\x00-\x20\x7f]*$")]
    definition: Key | None = None
    kinds: list[Kind] = Field(default_factory=list, max_length=100)


class ReplayWebhook(Request):
    """What to send again: what happened since an instant, or without one what was given up."""

    since: AwareDatetime | None = None


class WebhookBody(BaseModel):
    """A subscription. It is sent nothing from `disabled_at` on."""

    id: UUID
    url: str
    definition: str | None
    kinds: list[Kind]
    created_at: Instant
    disabled_at: Instant | None


class NewWebhook(WebhookBody):
    """A subscription with the secret that signs what it is sent: it is shown this once."""

    secret: str


class WebhookPage(Page[WebhookBody]):
    """A page of subscriptions, the oldest first."""


class DeliveriesQuery(PageQuery):
    """Which deliveries: the dead ones unless said otherwise."""

    status: DeliveryStatus = "dead"


class DeliveryBody(BaseModel):
    """An event on its way to a subscriber. `failure` is what went wrong the last time."""

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
    """A page of deliveries, the oldest first."""


class Replayed(BaseModel):
    """How many deliveries will be made again."""

    deliveries: int


@command(blueprint.post("/webhooks"), body=CreateWebhook, answer=NewWebhook, status=201, refusals=(409,))
def create(uow: UnitOfWork, body: CreateWebhook) -> Reply:
    """Subscribe an address to events"""
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
    """List subscriptions, the oldest first"""
    return Reply(
        WebhookPage(**page_of(WebhookBody, subscriptions.page(uow, after=query.cursor), subscriptions.PAGE))
    )


@command(blueprint.get("/webhooks/<uuid:webhook_id>"), answer=WebhookBody, refusals=(404,))
def show(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Read a subscription"""
    return Reply(WebhookBody(**subscriptions.get(uow, webhook_id)))


@command(blueprint.delete("/webhooks/<uuid:webhook_id>"), answer=WebhookBody, refusals=(404,))
def remove(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """End a subscription"""
    return Reply(WebhookBody(**subscriptions.remove(uow, webhook_id)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/enable"),
    body=Request,
    answer=WebhookBody,
    refusals=(404, 409),
)
def enable(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Go on sending"""
    return Reply(WebhookBody(**subscriptions.enable(uow, webhook_id)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/disable"),
    body=Request,
    answer=WebhookBody,
    refusals=(404, 409),
)
def disable(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Stop sending"""
    return Reply(WebhookBody(**subscriptions.disable(uow, webhook_id)))


@command(
    blueprint.get("/webhooks/<uuid:webhook_id>/deliveries"),
    query=DeliveriesQuery,
    answer=DeliveryPage,
    refusals=(404,),
)
def deliveries(uow: UnitOfWork, webhook_id: UUID, query: DeliveriesQuery) -> Reply:
    """List what was or was not delivered, the oldest first"""
    rows = subscriptions.deliveries_of(uow, webhook_id, status=query.status, after=query.cursor)
    return Reply(DeliveryPage(**page_of(DeliveryBody, rows, subscriptions.PAGE)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/replay"),
    body=ReplayWebhook,
    answer=Replayed,
    refusals=(404, 409),
)
def replay(uow: UnitOfWork, webhook_id: UUID, body: ReplayWebhook) -> Reply:
    """Send again what was given up, or all since an instant"""
    return Reply(Replayed(deliveries=subscriptions.replay(uow, webhook_id, since=body.since)))
