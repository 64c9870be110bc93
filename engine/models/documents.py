"""The tables of documents: uploads to a case, their versions, and files that are to be deleted."""

from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

DocumentStatus = Literal["accepted"]


class Document(Base):
    """A document of a case. Its newest version is the valid one; earlier ones remain.

    `field` is the JSON Pointer of the form field that it answers; None if it was added separately. Applicants
    and portals see only what is `shared`.
    """

    __tablename__ = "documents"
    __table_args__ = (Index(None, "case_id", "id"),)

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    added_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    newest: Mapped[int]  # the number of its newest version
    field: Mapped[str | None] = mapped_column(Text)
    shared: Mapped[bool]


class DocumentVersion(Base):
    """One version: its name, type and size. Its content is in the storage, under its SHA-256.

    Refused files never become versions.
    """

    __tablename__ = "document_versions"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))  # with which it was uploaded
    title: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    status: Mapped[DocumentStatus] = mapped_column(Text)
    uploaded_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    uploaded_at: Mapped[Instant]


class ErasedFile(Base):
    """Content of erased cases and discarded uploads that is to be deleted from the storage."""

    __tablename__ = "erased_files"

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    erased_at: Mapped[Instant]
