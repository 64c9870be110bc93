"""Webhooks: subscribe an address to events, see undelivered events, send them again."""

from typing import Annotated
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app
from pydantic import AwareDatetime, Field, StringConstraints

from api.command import Reply, command, sends
from api.shapes import (
    Body,
    CaseId,
    CaseNumber,
    EventKind,
    EventSeq,
    Instant,
    Key,
    Page,
    PageQuery,
    Request,
    page_of,
)
from engine.events import Kind
from engine.events.webhooks import subscriptions
from engine.models import DeliveryStatus
from engine.platform.db import UnitOfWork
from engine.platform.egress_guard import MAX_URL

ALLOW = "parvandeh.webhook_allow"

blueprint = APIBlueprint("webhooks", __name__, tag="Webhooks")


class CreateWebhook(Request):
    """A subscription: where to send which events."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL, pattern=r"^[^\x00-\x20\x7f]*$")]
    """Address to which events are posted: https, and public."""
    definition: Key | None = None
    """Only events of cases of the definition with this key; by default all."""
    kinds: list[Kind] = Field(default_factory=list, max_length=100)
    """Only events of these kinds; by default all."""
    owner: UUID | None = None
    """Id of the account to which it belongs, such as a portal's; by default yours."""


class ReplayWebhook(Request):
    """Which events to send again."""

    since: AwareDatetime | None = None
    """All events since this instant, delivered or not; by default the dead deliveries only."""


class WebhookBody(Body):
    """A subscription to events."""

    id: UUID
    """Id of the subscription."""
    url: str
    """Address to which events are posted."""
    definition: str | None
    """Key of the definition to which it is limited; null for all."""
    kinds: list[Kind]
    """Kinds of events to which it is limited; empty for all."""
    owner: UUID
    """Id of the account to which it belongs: only events of cases that this may read are sent."""
    failing_since: Instant | None
    """Since when the receiver has failed; null after a success."""
    created_at: Instant
    """When it was created."""
    disabled_at: Instant | None
    """Since when nothing is sent; null if it is enabled."""


class NewWebhook(WebhookBody):
    """A new subscription."""

    secret: str
    """Signs the requests as in Standard Webhooks (HMAC-SHA-256). It is only returned here."""


class WebhookPage(Page[WebhookBody]):
    """A page of webhooks, oldest first."""


class DeliveriesQuery(PageQuery):
    """Which deliveries."""

    status: DeliveryStatus = "dead"
    """Only deliveries with this status."""


class DeliveryBody(Body):
    """The delivery of an event to a subscription."""

    id: UUID
    """Id of the delivery."""
    case: CaseId
    case_number: CaseNumber
    seq: EventSeq
    kind: EventKind
    status: DeliveryStatus
    """Status of the delivery."""
    attempts: int
    """How often it was sent; after seven failures it is dead."""
    due_at: Instant
    """When it is sent next."""
    failure: str | None
    """Why the last attempt failed, such as `timeout` or `status 500`; null if none failed.

    `unreadable`: it was not sent, since the owner may not read the case.
    """
    closed_at: Instant | None
    """When it was delivered or dead; null while it waits."""


class DeliveryPage(Page[DeliveryBody]):
    """A page of deliveries, oldest first."""


class Replayed(Body):
    """The number of deliveries that will be sent again."""

    deliveries: int
    """How many deliveries are sent again."""


@command(blueprint.post("/webhooks"), body=CreateWebhook, answer=NewWebhook, status=201, refusals=(409,))
@sends("Location")
def create(uow: UnitOfWork, body: CreateWebhook) -> Reply:
    """Create a webhook: events are sent to an address

    The events are CloudEvents 1.0 without payload and actor: those of cases that the `owner` may read, when
    they happen and when they are sent. The `secret` is only returned here. For administrators.
    """
    row, secret = subscriptions.create(
        uow,
        body.url,
        definition=body.definition,
        kinds=body.kinds,
        owner=body.owner,
        allow=current_app.extensions[ALLOW],
    )
    headers = {"Location": f"/api/v1/webhooks/{row['id']}"}
    return Reply(NewWebhook(**row, secret=secret), headers, status=201)


@command(blueprint.get("/webhooks"), query=PageQuery, answer=WebhookPage)
def index(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List webhooks, oldest first

    For administrators.
    """
    return Reply(
        WebhookPage(**page_of(WebhookBody, subscriptions.page(uow, after=query.cursor), subscriptions.PAGE))
    )


@command(blueprint.get("/webhooks/<uuid:webhook_id>"), answer=WebhookBody, refusals=(404,))
def show(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Read a webhook

    For administrators.
    """
    return Reply(WebhookBody(**subscriptions.get(uow, webhook_id)))


@command(blueprint.delete("/webhooks/<uuid:webhook_id>"), answer=WebhookBody, refusals=(404,))
def remove(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Delete a webhook

    With its pending deliveries; the response is the deleted subscription. For administrators.
    """
    return Reply(WebhookBody(**subscriptions.remove(uow, webhook_id)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/enable"),
    body=Request,
    answer=WebhookBody,
    refusals=(404, 409),
)
def enable(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Enable a webhook

    Sending resumes with the pending deliveries. For administrators.
    """
    return Reply(WebhookBody(**subscriptions.enable(uow, webhook_id)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/disable"),
    body=Request,
    answer=WebhookBody,
    refusals=(404, 409),
)
def disable(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Disable a webhook

    Nothing is sent, and new events are not queued, until it is enabled. For administrators.
    """
    return Reply(WebhookBody(**subscriptions.disable(uow, webhook_id)))


@command(
    blueprint.get("/webhooks/<uuid:webhook_id>/deliveries"),
    query=DeliveriesQuery,
    answer=DeliveryPage,
    refusals=(404,),
)
def list_deliveries(uow: UnitOfWork, webhook_id: UUID, query: DeliveriesQuery) -> Reply:
    """List the deliveries of a webhook, oldest first

    Dead ones unless stated otherwise. For administrators.
    """
    rows = subscriptions.deliveries_of(uow, webhook_id, status=query.status, after=query.cursor)
    return Reply(DeliveryPage(**page_of(DeliveryBody, rows, subscriptions.PAGE)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/replay"),
    body=ReplayWebhook,
    answer=Replayed,
    refusals=(404, 409),
)
def replay(uow: UnitOfWork, webhook_id: UUID, body: ReplayWebhook) -> Reply:
    """Send failed deliveries again, or all events since a given time

    Events that are sent again arrive after their successors: sort by `seq`. For administrators.
    """
    return Reply(Replayed(deliveries=subscriptions.replay(uow, webhook_id, since=body.since)))


@command(
    blueprint.post("/webhooks/<uuid:webhook_id>/retry"),
    body=Request,
    answer=Replayed,
    refusals=(404, 409),
)
def retry(uow: UnitOfWork, webhook_id: UUID) -> Reply:
    """Send the waiting deliveries of a webhook now, without waiting for their next attempt

    Those of one case still go in order. For administrators.
    """
    return Reply(Replayed(deliveries=subscriptions.retry(uow, webhook_id)))
