"""The table of requests that a worker carries out after the caller has got a response."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

RequestStatus = Literal["pending", "done", "failed"]


class DeferredRequest(Base):
    """A request of an account. Its response is stored under an idempotency key of its own.

    `envelope` and `body` are what was sent; both are deleted as soon as the request was carried out.
    """

    __tablename__ = "deferred_requests"
    __table_args__ = (
        Index("ix_deferred_requests_pending", "user_id", postgresql_where=text("status = 'pending'")),
    )

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    on_behalf_of: Mapped[str | None] = mapped_column(Text)
    permission: Mapped[str] = mapped_column(Text)  # needed to send it, and to read its response
    status: Mapped[RequestStatus] = mapped_column(Text)
    envelope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    requested_at: Mapped[Instant] = mapped_column(index=True)
