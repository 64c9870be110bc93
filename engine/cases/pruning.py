"""Deletes closed rows in batches that lock nothing for long. Open rows are never deleted.

Each function deletes up to `limit` rows that were closed before an instant and whose id is greater than
`after`. It returns how many, and the last id, with which the next batch begins, or None if none are left.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from engine import access
from engine.models import Delivery, DeliveryStatus, Message
from engine.platform.db import UnitOfWork

Pruned = tuple[int, UUID | None]


def deliveries(uow: UnitOfWork, before: datetime, after: UUID, limit: int, *, dead: bool = False) -> Pruned:
    """Deletes deliveries that a subscriber has accepted; with `dead` also those that were given up."""
    statuses: Sequence[DeliveryStatus] = ("delivered", "dead") if dead else ("delivered",)
    return _prune(uow, Delivery, Delivery.status.in_(statuses), before, after, limit)


def messages(uow: UnitOfWork, before: datetime, after: UUID, limit: int) -> Pruned:
    """Deletes messages that were delivered or have expired: of their data only name and keys remain."""
    return _prune(uow, Message, Message.status.in_(("delivered", "expired")), before, after, limit)


def _prune(uow: UnitOfWork, model: Any, done: Any, before: datetime, after: UUID, limit: int) -> Pruned:
    access.require_everywhere(uow, "jobs.manage")
    old = select(model.id).where(model.id > after, done, model.closed_at < before)
    found = uow.connection.execute(old.order_by(model.id).limit(limit).with_for_update(skip_locked=True))
    ids = found.scalars().all()
    uow.connection.execute(delete(model).where(model.id.in_(ids)))
    return len(ids), ids[-1] if ids else None
