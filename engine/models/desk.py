"""The tables of the caseworker's desk."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import SERVED, Id, Instant, Task
from engine.platform.db import Base

# Requests attached to tasks that are to be answered in time.
Index(
    "ix_tasks_asked_due",
    Task.due_at,
    postgresql_where=text("status = 'open' AND parent_id IS NOT NULL AND due_at IS NOT NULL"),
)
# Tasks that wait for an answer, or have got one: read to find corrections by the applicant.
Index(
    "ix_tasks_asks",
    Task.candidate_group_id,
    text("(assignee_id IS NOT NULL)"),
    SERVED,
    Task.id,
    postgresql_where=text("status = 'open' AND asks"),
)


class Comment(Base):
    """A comment on a case or one of its tasks: for the office, or also for its applicant."""

    __tablename__ = "comments"
    __table_args__ = (Index(None, "case_id", "id"),)

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(Text)
    visible: Mapped[bool]  # to the applicant
    at: Mapped[Instant]


class Batch(Base):
    """One action on many tasks, processed by jobs, a few at a time."""

    __tablename__ = "batches"
    __table_args__ = (Index(None, "owner_id", "id"), Index(None, "made_at"))

    id: Mapped[Id]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    acr: Mapped[str | None] = mapped_column(Text)  # the assurance level of its owner
    action: Mapped[str] = mapped_column(Text)
    # The data that complete each task, or its new assignee; deleted when the batch ends.
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    tasks: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))  # in the order of processing
    results: Mapped[list[Any]] = mapped_column(JSONB)  # of the processed tasks: null if done, or the refusal
    made_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
