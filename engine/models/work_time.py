"""The table of work time that is still being measured."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Event, Instant
from engine.platform.db import Base

NOTED = text("kind = 'work.noted'")
# By person, and by the unit as whose member they worked.
Index("ix_events_work_of_person", Event.actor_id, Event.at, postgresql_where=NOTED)
Index("ix_events_work_of_unit", Event.actor_unit, Event.at, postgresql_where=NOTED)


class WorkStretch(Base):
    """The latest stretch of a person's work on a task, until the log has it (`engine.cases.work_notes`).

    `earlier` are those before it that the log doesn't have yet, each with `from_at`, `to_at`, `sources` and
    `unit`. `unit` is the one as whose member the person works on the task.
    """

    __tablename__ = "work_stretches"
    # Each signal updates the row: free space on the page avoids index updates.
    __table_args__ = (Index(None, "case_id"), {"postgresql_with": {"fillfactor": "50"}})

    # No foreign keys: a signal would wait for commands that lock the case.
    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID]
    unit: Mapped[str | None] = mapped_column(Text)
    from_at: Mapped[Instant]
    to_at: Mapped[Instant]
    sources: Mapped[list[str]] = mapped_column(ARRAY(Text))
    earlier: Mapped[list[Any]] = mapped_column(JSONB)
