"""The tables of the access log: who opened what, and why, in a chain for each reader."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Instant
from engine.platform.db import Base

# `evidence` is of a draft, whose id takes the place of the case's: data about the applicant were requested.
# `flag` is of a red flag, whose id takes it, too.
Openable = Literal[
    "case",
    "events",
    "task",
    "document",
    "decisions",
    "comments",
    "file",
    "access-log",
    "evidence",
    "flag",
]


class AccessHead(Base):
    """The end of a reader's chain. Concurrent readings by one account wait for its row."""

    __tablename__ = "access_heads"
    # Each record updates the row: free space on the page avoids index updates.
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    reader_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    length: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AccessRecord(Base):
    """A record that something of a case was shown to a reader.

    Append-only (trigger); only payload and salt can be erased. See docs/access-log.md.
    """

    __tablename__ = "access_log"
    __table_args__ = (Index(None, "case_id", "id"),)

    # No foreign keys: writing a record would wait for transactions that lock the case.
    reader_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[UUID]
    at: Mapped[Instant]
    case_id: Mapped[UUID]
    what: Mapped[Openable] = mapped_column(Text)
    object_id: Mapped[UUID | None]
    actor_role: Mapped[str] = mapped_column(Text)
    actor_unit: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    payload_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    # json, not jsonb: the hash covers exactly this text.
    payload: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
