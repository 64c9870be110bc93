"""The tables of what cases wait for: timers, messages, and work of other systems."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

WaitKind = Literal["timer", "message", "signal", "condition", "call"]
CallStatus = Literal["open", "done", "failed", "cancelled"]


class Wait(Base):
    """Something that a token waits for, or that starts cases of a definition (then without a case).

    A sweep finds timers that are due, a message finds its receivers. Changing a due time is one UPDATE.
    """

    __tablename__ = "waits"
    __table_args__ = (
        Index(None, "case_id"),
        Index(
            "ix_waits_due",
            "due_at",
            postgresql_where=text("kind = 'timer' AND closed_at IS NULL AND woken_at IS NULL"),
        ),
        Index(
            "ix_waits_named",
            "kind",
            "name",
            "correlation",
            postgresql_where=text("closed_at IS NULL AND kind IN ('message', 'signal')"),
        ),
        Index("ix_waits_term", "id", postgresql_where=text("closed_at IS NULL AND term IS NOT NULL")),
        # Closed ones are deleted with the case; open ones are updated often (free space on the page).
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[Id]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    version_id: Mapped[UUID] = mapped_column(ForeignKey("definition_versions.id"))
    token_id: Mapped[UUID | None]
    element: Mapped[str] = mapped_column(Text)
    kind: Mapped[WaitKind] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)  # of the message or signal
    correlation: Mapped[str | None] = mapped_column(Text)  # canonical JSON of its keys
    due_at: Mapped[Instant | None]
    woken_at: Mapped[Instant | None]  # a job was created
    opened_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    term: Mapped[str | None] = mapped_column(Text)  # of a timer in working time, such as P5WD
    calendar: Mapped[str | None] = mapped_column(Text)  # with whose version it was computed: iran/3
    term_end_at: Mapped[Instant | None]  # as that of a task


class Call(Base):
    """Work that another system does for a case. Every attempt has the same id, so it is done once."""

    __tablename__ = "calls"
    __table_args__ = (
        Index(None, "case_id"),
        Index("ix_calls_open", "topic", "id", postgresql_where=text("status = 'open'")),
        Index(
            "ix_calls_due",
            "due_at",
            postgresql_where=text("status = 'open' AND connector IS NOT NULL AND woken_at IS NULL"),
        ),
        # How another system has answered recently.
        Index(
            "ix_calls_closed",
            "connector",
            "status",
            "closed_at",
            postgresql_where=text("connector IS NOT NULL AND closed_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    token_id: Mapped[UUID]
    element: Mapped[str] = mapped_column(Text)
    connector: Mapped[str | None] = mapped_column(Text)  # NULL: another program leases it by its topic
    topic: Mapped[str | None] = mapped_column(Text)
    operation: Mapped[str | None] = mapped_column(Text)
    request: Mapped[Any] = mapped_column(JSONB)
    status: Mapped[CallStatus] = mapped_column(Text)
    attempts: Mapped[int]
    due_at: Mapped[Instant]  # not before
    woken_at: Mapped[Instant | None]  # a job was created for it, if it uses a connector
    worker: Mapped[str | None] = mapped_column(Text)  # the account that has leased it
    lease_until: Mapped[Instant | None]
    fence: Mapped[int]  # counts the leases: replies with an older number are too late
    failure: Mapped[str | None] = mapped_column(Text)  # the last one, without data
    opened_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
