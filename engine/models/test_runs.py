"""The table of test runs."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base


class TestRun(Base):
    """The acts of a case that is played by hand. Nothing of the case itself is stored.

    It belongs to a version, or to a process of a draft: then `process_revision` is the draft's at which it
    was last played.
    """

    __tablename__ = "test_runs"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(version_id, draft_id) = 1"
            " AND num_nonnulls(draft_id, process, process_revision) IN (0, 3)",
            name="subject",
        ),
        Index(None, "owner_id", "version_id"),
        Index(None, "draft_id", "owner_id"),
        Index(None, "updated_at"),
    )

    id: Mapped[Id]
    version_id: Mapped[UUID | None] = mapped_column(ForeignKey("definition_versions.id"))
    draft_id: Mapped[UUID | None] = mapped_column(ForeignKey("process_drafts.id", ondelete="CASCADE"))
    process: Mapped[str | None] = mapped_column(Text)
    process_revision: Mapped[int | None]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    clock_at: Mapped[Instant]  # when the case begins, on its own clock
    acts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    revision: Mapped[int]
    updated_at: Mapped[Instant]
