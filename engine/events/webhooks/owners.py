"""Owners of subscriptions: only events of cases that the owner may read now are queued and sent.

The conditions are those of `engine.access`, which lists and single reads of cases use: they know one viewer,
so each owner has a statement of its own, for all of its subscriptions and events at once.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, not_, select

from engine import access
from engine.models import Case, Delivery, User, Webhook
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid


class Owner(NamedTuple):
    """An active account that owns subscriptions."""

    id: UUID
    role: str


def having(uow: UnitOfWork, *narrowed: ColumnElement[bool]) -> Sequence[Owner]:
    """Returns the active owners of these subscriptions; others may read nothing."""
    of_these = select(Webhook.owner_id).where(*narrowed)
    active = select(User.id, User.role).where(User.id.in_(of_these), User.deactivated_at.is_(None))
    return [Owner(*row) for row in uow.connection.execute(active.order_by(User.id))]


def may_read(owner: Owner) -> ColumnElement[bool]:
    """Returns whether the owner may read a case; see `seen_by` for the parameters."""
    return and_(access.visible_cases(owner.role), not_(access.named_party(owner.role)))


def seen_by(uow: UnitOfWork, owner: Owner) -> dict[str, Any]:
    """Returns the parameters of `may_read`."""
    return {**access.seen_by(uow), "viewer": owner.id}


def allowed(uow: UnitOfWork, ids: Sequence[UUID]) -> set[UUID]:
    """Returns those of these deliveries whose case the owner may read."""
    if not ids:
        return set()
    found: set[UUID] = set()
    these = select(Delivery.webhook_id).where(Delivery.id.in_(ids))
    for owner in having(uow, Webhook.id.in_(these)):
        readable = (
            select(Delivery.id)
            .join(Webhook, Delivery.webhook_id == Webhook.id)
            .join(Case, Delivery.case_id == Case.id)
            .where(Delivery.id.in_(ids), Webhook.owner_id == owner.id, may_read(owner))
        )
        found.update(uow.connection.execute(readable, seen_by(uow, owner)).scalars())
    return found


def chosen(uow: UnitOfWork, account: UUID | None) -> UUID:
    """Returns the owner of a new subscription: the actor, unless another account is named.

    Raises Invalid unless it is an active one that reads cases without stating a purpose.
    """
    if account is None:
        return uow.actor.id
    role = uow.connection.execute(
        select(User.role).where(User.id == account, User.deactivated_at.is_(None))
    ).scalar_one_or_none()
    if role is None:
        raise Invalid("The request has errors.", [Fault("/owner", "is not an active account", "unknown")])
    if role in (access.AUDITOR, access.APPLICANT) or role not in access.roles_with("cases.read"):
        detail = "is an account that cannot be given events: name a portal or an official"
        raise Invalid("The request has errors.", [Fault("/owner", detail, "owner-role")])
    return account
