"""The clocks of cases with a statutory term, and what an administrator has seen of interruptions."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Instant
from engine.platform.db import Base

ClockState = Literal["pending", "running", "paused", "stopped", "breached", "deemed"]


class CaseClock(Base):
    """The clock of a case: a projection of its `clock.…` events, written with them.

    A case without a statutory term has none. `stage` is the last step that was done; `next_at` is when the
    next one is due, NULL while none is.
    """

    __tablename__ = "clocks"
    __table_args__ = (
        # The sweep finds what is due; a clock that has a job is not selected again.
        Index(
            "ix_clocks_next",
            "next_at",
            postgresql_where=text("next_at IS NOT NULL AND woken_at IS NULL"),
        ),
        Index("ix_clocks_awaiting", "awaiting_at", postgresql_where=text("awaiting_at IS NOT NULL")),
        # Whose term is over and still undecided: their tasks count as overdue.
        Index("ix_clocks_breached", "case_id", postgresql_where=text("state = 'breached'")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    state: Mapped[ClockState] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text)  # none, warned, breached, deemed
    filed_at: Mapped[Instant]  # of the application, or of its last correction before it was accepted
    term: Mapped[str | None] = mapped_column(Text)  # NULL while pending
    extension: Mapped[str | None] = mapped_column(Text)  # the term by which it was extended, once
    started_at: Mapped[Instant | None]  # while pending: when it should have started
    due_at: Mapped[Instant | None]
    warn_at: Mapped[Instant | None]
    norm: Mapped[str | None] = mapped_column(Text)  # the time that the office sets itself
    norm_at: Mapped[Instant | None]
    floor_at: Mapped[Instant | None]  # a recalculation allowed no earlier end
    stopped_at: Mapped[Instant | None]
    # The reasons for which it is paused, by key; and all pauses: [from, to], the last perhaps without an end.
    # While pending, they lengthen the time to accept.
    reasons: Mapped[dict[str, Any]] = mapped_column(JSONB)
    pauses: Mapped[list[list[str | None]]] = mapped_column(JSONB)
    on_silence: Mapped[str] = mapped_column(
        Text
    )  # grant, refuse, escalate, none; already without those of safety
    reassigns: Mapped[bool]
    accept_within: Mapped[str | None] = mapped_column(Text)
    calendar: Mapped[str | None] = mapped_column(Text)  # the version of the calendar that was used
    next_at: Mapped[Instant | None]
    woken_at: Mapped[Instant | None]  # a job was created
    awaiting_at: Mapped[Instant | None]  # since then a decision by silence awaits an administrator's release
    released_at: Mapped[Instant | None]
    # The office days, as dates, that outages took from the end of the term, and by which it moved.
    outage_days: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))


class ServiceDuration(Base):
    """How long the cases of a process took that were decided in the last year; a worker counts them again."""

    __tablename__ = "service_durations"

    definition: Mapped[str] = mapped_column(ForeignKey("definitions.key"), primary_key=True)
    cases: Mapped[int]
    median_seconds: Mapped[int]
    most_seconds: Mapped[int]  # the 90th percentile
    counted_at: Mapped[Instant]
