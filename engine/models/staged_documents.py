"""The tables of files that were uploaded before their case has them, and of uploads that are not complete."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base


class StagedDocument(Base):
    """A file for a field of a form that was not sent yet.

    `place` says of which form, `field` is the JSON Pointer of the field. `media_type` and `received` tell how
    far it is: without a media type it is still being uploaded, and its content lies in `staged_parts`; then
    `sha256` is what the sender says that it will be. When the answer is sent, it becomes a document of the
    case under the same id.
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


class StagedPart(Base):
    """A part of a file that is still being uploaded: deleted as soon as the file is complete."""

    __tablename__ = "staged_parts"

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("staged_documents.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
