"""The tables of checkpoints: signed summaries of the logs, what they contain, and where they were sent."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

CheckpointLog = Literal["cases", "readers"]  # logs with many chains
CheckpointTarget = Literal["folder", "webhook", "mail"]
SendingStatus = Literal["waiting", "sent", "failed"]
AuditKind = Literal["checkpoint", "verification"]


class Installation(Base):
    """The one row that identifies the installation, whose copies have the same id, and its case numbers."""

    __tablename__ = "installation"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    number_key: Mapped[bytes] = mapped_column(LargeBinary)
    numbers_from: Mapped[int] = mapped_column(BigInteger)  # the first counter that the key permutes


class Checkpoint(Base):
    """A signed summary of all logs at one moment; contains the hash of the one before. Append-only."""

    __tablename__ = "checkpoints"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Instant]
    body: Mapped[str] = mapped_column(Text)  # canonical JSON: hash and signatures cover exactly this text
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    signatures: Mapped[list[dict[str, str]]] = mapped_column(JSONB)


class CheckpointLeaf(Base):
    """Length and head of a chain, as of this checkpoint, if they differ from the one before. Append-only."""

    __tablename__ = "checkpoint_leaves"

    log: Mapped[CheckpointLog] = mapped_column(Text, primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)  # the case, or the reader
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    length: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointSending(Base):
    """A checkpoint that is sent out of the database."""

    __tablename__ = "checkpoint_sendings"
    __table_args__ = (
        Index("ix_checkpoint_sendings_waiting", "due_at", postgresql_where=text("status = 'waiting'")),
        Index("ix_checkpoint_sendings_failed", "number", postgresql_where=text("status = 'failed'")),
    )

    number: Mapped[int] = mapped_column(ForeignKey("checkpoints.number"), primary_key=True)
    target: Mapped[CheckpointTarget] = mapped_column(Text, primary_key=True)
    status: Mapped[SendingStatus] = mapped_column(Text)
    attempts: Mapped[int]
    due_at: Mapped[Instant]
    lease_until: Mapped[Instant | None]
    failure: Mapped[str | None] = mapped_column(Text)  # the last one, as a word or a status
    closed_at: Mapped[Instant | None]


class AuditRun(Base):
    """A checkpoint or a verification that was requested, its progress and its result."""

    __tablename__ = "audit_runs"
    __table_args__ = (
        # One of each kind at a time.
        Index("uq_audit_runs_open", "kind", unique=True, postgresql_where=text("finished_at IS NULL")),
        Index(None, "kind", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[AuditKind] = mapped_column(Text)
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[Instant]
    started_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
    done: Mapped[int] = mapped_column(BigInteger)  # entries verified
    total: Mapped[int | None] = mapped_column(BigInteger)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
