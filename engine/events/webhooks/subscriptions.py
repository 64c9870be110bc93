"""Subscriptions to the log: filters, failed deliveries, and sending them again."""

import base64
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import RowMapping, delete, insert, select, update

from engine import access
from engine.events import Kind, administration_log, follower
from engine.events.webhooks import deliveries, owners
from engine.events.webhooks.sending import PREFIX
from engine.models import Case, Definition, Delivery, DeliveryStatus, Event, OrganisationKind, Webhook
from engine.platform import egress_guard
from engine.platform.db import UnitOfWork
from engine.platform.egress_guard import Network
from engine.platform.errors import Fault, Invalid, NotFound
from engine.platform.ids import uuid7

PAGE = 50

# Without the secret: it is returned once, on creation.
_COLUMNS = (
    Webhook.id,
    Webhook.url,
    Webhook.definition,
    Webhook.kinds,
    Webhook.owner_id.label("owner"),
    Webhook.created_at,
    Webhook.disabled_at,
    Webhook.failing_since,
)
_DELIVERY = (
    Delivery.id,
    Delivery.case_id.label("case"),
    Case.number.label("case_number"),
    Delivery.seq,
    Event.kind,
    Delivery.status,
    Delivery.attempts,
    Delivery.due_at,
    Delivery.failure,
    Delivery.closed_at,
)


def create(
    uow: UnitOfWork,
    url: str,
    *,
    definition: str | None = None,
    kinds: Sequence[Kind] = (),
    owner: UUID | None = None,
    allow: Sequence[Network] = (),
) -> tuple[RowMapping, str]:
    """Subscribes an address to events from now on. Returns the subscription, and its secret this once.

    Without a definition: all definitions; without kinds: all kinds. It gets the events of cases that the
    owner may read, by default the actor. Raises Invalid.
    """
    access.require_everywhere(uow, "webhooks.manage")
    checked = _checked(url, allow)
    if definition is not None and uow.session.get(Definition, definition) is None:
        raise Invalid(
            "The request has errors.",
            [Fault("/definition", "is not the key of a deployed definition", "unknown")],
        )
    secret = PREFIX + base64.b64encode(os.urandom(32)).decode()
    values = {
        "id": uuid7(),
        "url": checked,
        "secret": secret,
        "definition": definition,
        "kinds": sorted(set(kinds)),
        "created_by": uow.actor.id,
        "owner_id": owners.chosen(uow, owner),
        "created_at": uow.now,
    }
    made = uow.connection.execute(insert(Webhook).values(values).returning(*_COLUMNS)).mappings().one()
    follower.from_now_on(uow, deliveries.CURSOR)
    named = {"host": urlsplit(checked).hostname, "definition": definition, "kinds": values["kinds"]}
    named["owner"] = str(made["owner"])
    administration_log.note(uow, "webhook.made", None, {"webhook": made["id"], **named})
    return made, secret


def _checked(url: str, allow: Sequence[Network]) -> str:
    try:
        parsed = egress_guard.parse(url)
        egress_guard.resolve(parsed, allow)
    except egress_guard.Refused as refusal:
        fault = Fault("/url", refusal.detail, refusal.code)
        raise Invalid("Events can't be sent to this address.", [fault]) from refusal
    return str(parsed)


def page(uow: UnitOfWork, *, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns up to a page of subscriptions, oldest first, plus one if more follow."""
    access.require_everywhere(uow, "webhooks.manage")
    statement = select(*_COLUMNS).order_by(Webhook.id).limit(PAGE + 1)
    if after is not None:
        statement = statement.where(Webhook.id > after)
    return uow.connection.execute(statement).mappings().all()


def get(uow: UnitOfWork, webhook_id: UUID) -> RowMapping:
    """Returns one subscription. Raises NotFound."""
    access.require_everywhere(uow, "webhooks.manage")
    return _one(uow, webhook_id, select(*_COLUMNS).where(Webhook.id == webhook_id))


def remove(uow: UnitOfWork, webhook_id: UUID) -> RowMapping:
    """Deletes a subscription with its waiting deliveries. Returns the subscription. Raises NotFound."""
    access.require_everywhere(uow, "webhooks.manage")
    row = _one(uow, webhook_id, delete(Webhook).where(Webhook.id == webhook_id).returning(*_COLUMNS))
    administration_log.note(uow, "webhook.removed", None, {"webhook": webhook_id})
    return row


def enable(uow: UnitOfWork, webhook_id: UUID) -> RowMapping:
    """Enables sending: waiting deliveries, and events from now on. Raises NotFound."""
    return _set(uow, webhook_id, "webhook.enabled", disabled_at=None)


def disable(uow: UnitOfWork, webhook_id: UUID) -> RowMapping:
    """Disables sending, and new deliveries, until it is enabled. Raises NotFound."""
    return _set(uow, webhook_id, "webhook.disabled", disabled_at=uow.now)


def _set(
    uow: UnitOfWork, webhook_id: UUID, kind: OrganisationKind, disabled_at: datetime | None
) -> RowMapping:
    access.require_everywhere(uow, "webhooks.manage")
    former = Webhook.disabled_at.is_(None) if disabled_at else Webhook.disabled_at.is_not(None)
    change = update(Webhook).where(Webhook.id == webhook_id, former).values(disabled_at=disabled_at)
    if uow.connection.execute(change).rowcount:
        administration_log.note(uow, kind, None, {"webhook": webhook_id})
    return get(uow, webhook_id)


def deliveries_of(
    uow: UnitOfWork, webhook_id: UUID, *, status: DeliveryStatus, after: UUID | None = None
) -> Sequence[RowMapping]:
    """Returns up to a page of deliveries of this status, oldest first, plus one if more follow.

    Raises NotFound.
    """
    get(uow, webhook_id)
    statement = (
        select(*_DELIVERY)
        .join(Case, Delivery.case_id == Case.id)
        .join(Event, (Event.case_id == Delivery.case_id) & (Event.seq == Delivery.seq))
        .where(Delivery.webhook_id == webhook_id, Delivery.status == status)
        .order_by(Delivery.id)
        .limit(PAGE + 1)
    )
    if after is not None:
        statement = statement.where(Delivery.id > after)
    return uow.connection.execute(statement).mappings().all()


def replay(uow: UnitOfWork, webhook_id: UUID, *, since: datetime | None = None) -> int:
    """Sends dead deliveries again, or all events since an instant. Returns how many. Raises NotFound."""
    get(uow, webhook_id)
    if since is None:
        return deliveries.revive(uow, webhook_id)
    return deliveries.again(uow, webhook_id, since)


def retry(uow: UnitOfWork, webhook_id: UUID) -> int:
    """Makes all waiting deliveries due now. Returns how many had a pause. Raises NotFound."""
    get(uow, webhook_id)
    return deliveries.hasten(uow, webhook_id)


def _one(uow: UnitOfWork, webhook_id: UUID, statement: Any) -> RowMapping:
    row: RowMapping | None = uow.connection.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound(f"The webhook {webhook_id} does not exist.")
    return row
