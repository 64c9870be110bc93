"""The tables of uploads whose check takes too long for a request: a worker deploys them."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

UploadStatus = Literal["checking", "deployed", "refused", "failed"]


class Upload(Base):
    """Files to be deployed, and the result.

    `unit_named`: whether the uploader named the unit. `draft_id`: the draft that is deployed, if it is one.
    """

    __tablename__ = "uploads"

    id: Mapped[Id]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    unit_named: Mapped[bool]
    draft_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("process_drafts.id", ondelete="CASCADE"), index=True
    )
    status: Mapped[UploadStatus] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    uploaded_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    uploaded_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]


class UploadFile(Base):
    """One file of an upload, stored until its check has finished."""

    __tablename__ = "upload_files"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
