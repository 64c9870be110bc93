"""The tables of webhooks: subscriptions, deliveries, and the position of each reader of the log."""

from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

DeliveryStatus = Literal["waiting", "delivered", "dead"]


class Webhook(Base):
    """A subscription: events of the log are posted to an address.

    Only those of cases that its owner may read, when they are queued and when they are sent.
    """

    __tablename__ = "webhooks"

    id: Mapped[Id]
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    definition: Mapped[str | None] = mapped_column(Text)  # NULL: of all definitions
    kinds: Mapped[list[str]] = mapped_column(JSONB)  # empty: all kinds
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[Instant]
    disabled_at: Mapped[Instant | None]
    failing_since: Mapped[Instant | None]  # the first failure since the last success


class Delivery(Base):
    """An event to be sent to a subscriber. Those of one case are sent in order."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(None, "webhook_id", "case_id", "seq", unique=True),
        Index("ix_deliveries_waiting", "webhook_id", "due_at", postgresql_where=text("status = 'waiting'")),
        # The first deliveries of their cases, and the number that a subscription is currently sending.
        Index(
            "ix_deliveries_order", "webhook_id", "case_id", "seq", postgresql_where=text("status = 'waiting'")
        ),
        Index("ix_deliveries_leased", "webhook_id", postgresql_where=text("lease_until IS NOT NULL")),
        Index("ix_deliveries_dead", "webhook_id", "id", postgresql_where=text("status = 'dead'")),
    )

    id: Mapped[Id]
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    case_id: Mapped[UUID]
    seq: Mapped[int]
    status: Mapped[DeliveryStatus] = mapped_column(Text)
    attempts: Mapped[int]
    due_at: Mapped[Instant]
    failed_at: Mapped[Instant | None]  # when it first failed
    lease_until: Mapped[Instant | None]  # until then only the process that leased it may send it
    failure: Mapped[str | None] = mapped_column(Text)  # the last one, as a word or a status
    closed_at: Mapped[Instant | None]


class Cursor(Base):
    """The position of a reader of the log.

    Two belong to no reader: `restored` (see engine/events/feed.py), and `case_values` while a migration isn't
    complete (see engine/cases/search_completion.py).
    """

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger)
