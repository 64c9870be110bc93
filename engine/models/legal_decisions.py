"""The table of legal decisions: what was decided in a case, by whom, and on which grounds."""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base


class Decision(Base):
    """A legal decision: a task marked as one was completed, or the statutory term has ended in silence.

    `appeal_id` is the case that appeals it. One by silence has no task and no decider, but the units that
    were silent.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index(None, "case_id", "id"),
        CheckConstraint(
            "(silent_units IS NULL) = (task_id IS NOT NULL AND decided_by IS NOT NULL)",
            "by_person_or_silence",
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"), unique=True)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    unit: Mapped[str | None] = mapped_column(Text)  # the key of the unit as whose member they decided
    outcome: Mapped[str] = mapped_column(Text)
    grounds: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # code and text of each
    decided_at: Mapped[Instant]
    appeal_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"), unique=True)
    silent_units: Mapped[list[str] | None] = mapped_column(ARRAY(Text))  # the keys of those units
