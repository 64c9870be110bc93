"""The tables of files that were uploaded before they belong to a case, and of incomplete uploads."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base


class StagedDocument(Base):
    """A file for a field of a form that was not sent yet.

    `place` identifies the form, `field` is the JSON Pointer of the field. `media_type` and `received` show
    the progress: without a media type the file is still being uploaded, and its content is in `staged_parts`;
    then `sha256` is the hash that the sender has announced. When the answer is sent, it becomes a document of
    the case under the same id.
    """

    __tablename__ = "staged_documents"
    __table_args__ = (Index(None, "owner_id", "place"), Index(None, "expires_at"), Index(None, "place"))

    id: Mapped[Id]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    place: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str | None] = mapped_column(Text)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    on_behalf_of: Mapped[str | None] = mapped_column(Text)  # for whom its owner uploaded it, if for somebody


class StagedPart(Base):
    """A part of a file that is still being uploaded; deleted as soon as the file is complete."""

    __tablename__ = "staged_parts"

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("staged_documents.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
