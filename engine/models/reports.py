"""The tables of progress reports: a unit's report of a period, and the actions that it decides."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base


class ProgressReport(Base):
    """What a unit reports of a period: texts of people, and figures that are computed until it is signed.

    `content` is what was signed, as canonical JSON, and `digest` its SHA-256. A row begins as a
    draft, and a signed one never changes (triggers); a correction is the next edition, which has a reason.
    """

    __tablename__ = "progress_reports"
    __table_args__ = (
        UniqueConstraint("unit_id", "first", "last", "edition"),
        Index(None, "last", "unit_id"),
    )

    id: Mapped[Id]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    first: Mapped[date]
    last: Mapped[date]
    edition: Mapped[int]
    reason: Mapped[str | None] = mapped_column(Text)  # of a correction
    revision: Mapped[int]
    summary: Mapped[str | None] = mapped_column(Text)
    comments: Mapped[Any] = mapped_column(JSONB)  # texts by section
    writers: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))  # who wrote anything in it
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    signed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    signed_at: Mapped[Instant | None]
    signer_names: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)  # by then
    content: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str | None] = mapped_column(Text)


class ReportAction(Base):
    """Something that a unit decides to do, in its report; open until it is done, or dropped with a reason."""

    __tablename__ = "report_actions"
    __table_args__ = (
        Index(None, "report_id"),
        Index("ix_report_actions_open", "unit_id", "due", postgresql_where=text("status = 'open'")),
        Index(None, "unit_id", "closed_at"),
    )

    id: Mapped[Id]
    report_id: Mapped[UUID] = mapped_column(ForeignKey("progress_reports.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    text: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    due: Mapped[date]
    cause: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)  # of delay
    status: Mapped[str] = mapped_column(Text)  # open, done, dropped
    reason: Mapped[str | None] = mapped_column(Text)  # why it was dropped, or what was done
    decided_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]


class ReportActionChange(Base):
    """A change of an action, append-only (trigger). `facts` are the values that it has since then."""

    __tablename__ = "report_action_changes"
    __table_args__ = (Index(None, "action_id"),)

    id: Mapped[Id]
    action_id: Mapped[UUID] = mapped_column(ForeignKey("report_actions.id"))
    kind: Mapped[str] = mapped_column(Text)  # decided, changed, done, dropped
    at: Mapped[Instant]
    by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    facts: Mapped[Any] = mapped_column(JSONB)
