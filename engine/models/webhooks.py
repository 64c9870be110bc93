"""The tables of what leaves the log: subscriptions, deliveries, and how far each reader has come."""

from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

DeliveryStatus = Literal["waiting", "delivered", "dead"]


class Webhook(Base):
    """A subscription: events of the log are posted to an address."""

    __tablename__ = "webhooks"

    id: Mapped[Id]
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    definition: Mapped[str | None] = mapped_column(Text)  # NULL: of all definitions
    kinds: Mapped[list[str]] = mapped_column(JSONB)  # empty: all kinds
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[Instant]
    disabled_at: Mapped[Instant | None]


class Delivery(Base):
    """An event on its way to a subscriber. Those of one case go one after the other."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(None, "webhook_id", "case_id", "seq", unique=True),
        Index("ix_deliveries_waiting", "webhook_id", "due_at", postgresql_where=text("status = 'waiting'")),
        # Which are the first of their case, and how many of a subscription are being sent.
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
    lease_until: Mapped[Instant | None]  # until then the process that took it has it alone
    failure: Mapped[str | None] = mapped_column(Text)  # the last one, as a word or a status
    closed_at: Mapped[Instant | None]


class Cursor(Base):
    """How far a reader of the log has come. One, `restored`, is no reader's: see engine/events/feed.py."""

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger)
