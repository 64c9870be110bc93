"""The tables of the caseworker's desk."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base
from engine.models.tables import Id, Instant, Task

# What was asked beside the process, and is to be answered in time.
Index(
    "ix_tasks_asked_due",
    Task.due_at,
    postgresql_where=text("status = 'open' AND parent_id IS NOT NULL AND due_at IS NOT NULL"),
)


class Comment(Base):
    """What somebody has said of a case or one of its tasks: to the office, or to its applicant too."""

    __tablename__ = "comments"
    __table_args__ = (Index(None, "case_id", "id"),)

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(Text)
    visible: Mapped[bool]  # to the applicant
    at: Mapped[Instant]
