"""The table of messages that nobody waits for yet."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

MessageStatus = Literal["kept", "delivered", "expired"]


class Message(Base):
    """A message for which nobody waited when it arrived; stored until it expires."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_kept", "name", "correlation", postgresql_where=text("status = 'kept'")),
        Index("ix_messages_expiry", "expires_at", postgresql_where=text("status = 'kept'")),
        Index("ix_messages_wait", "wait_id", postgresql_where=text("status = 'kept'")),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    correlation: Mapped[str] = mapped_column(Text)  # canonical JSON of its keys
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kind: Mapped[str] = mapped_column(Text)  # message, or signal: a signal reaches all who wait
    wait_id: Mapped[UUID | None] = mapped_column(ForeignKey("waits.id"))  # the one that a signal is for
    thrown_by: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    thrown_element: Mapped[str | None] = mapped_column(Text)
    status: Mapped[MessageStatus] = mapped_column(Text)
    sent_by: Mapped[UUID | None]  # the account; none: a case, or it was stored before this was recorded
    sent_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
