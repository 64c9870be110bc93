"""The tables of process drafts: processes that are still being designed, and results of their checks."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

ProcessDraftCheckStatus = Literal["waiting", "running", "done", "failed"]
ProcessDraftCheckStep = Literal["files", "posts", "scenarios"]


class ProcessDraft(Base):
    """Files that belong together and may have errors.

    `version_id`: the version that it began with or last became. `process_revision` is the last revision that
    changed what runs, not only scenarios, texts or the name; at `tried_revision` a test run has reached an
    end.
    """

    __tablename__ = "process_drafts"
    __table_args__ = (Index(None, "unit_id", "updated_at"),)

    id: Mapped[Id]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    name: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    process_revision: Mapped[int]
    tried_revision: Mapped[int | None]
    version_id: Mapped[UUID | None] = mapped_column(ForeignKey("definition_versions.id"))
    made_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[Instant]
    updated_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    updated_at: Mapped[Instant]


class ProcessDraftFile(Base):
    """One file of a draft."""

    __tablename__ = "process_draft_files"

    draft_id: Mapped[UUID] = mapped_column(
        ForeignKey("process_drafts.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ProcessDraftCheck(Base):
    """The latest check of a draft, of the revision that it had then.

    `done` of `total` scenarios have run.
    """

    __tablename__ = "process_draft_checks"

    draft_id: Mapped[UUID] = mapped_column(
        ForeignKey("process_drafts.id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int]
    status: Mapped[ProcessDraftCheckStatus] = mapped_column(Text)
    step: Mapped[ProcessDraftCheckStep] = mapped_column(Text)
    done: Mapped[int]
    total: Mapped[int]
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
