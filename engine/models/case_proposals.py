"""Changes of running cases that one person has proposed and a second one has to confirm."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

ProposalKind = Literal["variables", "modification"]
ProposalStatus = Literal["open", "confirmed", "rejected", "withdrawn", "expired"]


class CaseProposal(Base):
    """A proposed change of a case: its variables, or the elements at which it is."""

    __tablename__ = "case_proposals"
    __table_args__ = (
        Index(None, "case_id", "id"),
        # Those that can be confirmed, and those that expire.
        Index("ix_case_proposals_open", "expires_at", postgresql_where=text("status = 'open'")),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[ProposalKind] = mapped_column(Text)
    change: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    status: Mapped[ProposalStatus] = mapped_column(Text)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[Instant | None]
