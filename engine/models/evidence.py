"""The tables of data that applicants have fetched from other agencies, and of their consents."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant, Salt
from engine.platform.db import Base

EvidenceState = Literal["requested", "preview", "accepted", "refused", "failed", "expired"]


class Consent(Base):
    """A person's consent to one use of data about them: to which text, for which service, and until when.

    `text_hash` is the SHA-256 of the text as it was shown. It ends if it is revoked, or if what was fetched
    with it is refused (`refused_at`). `person_field` is the field of a request for the person: the consent is
    for requests about this one alone. `case_id` is the case that began with the draft.
    """

    __tablename__ = "consents"
    __table_args__ = (Index(None, "person", "id"), Index(None, "draft_id"), Index(None, "case_id"))

    id: Mapped[Id]
    person: Mapped[str] = mapped_column(Text)
    service: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    connector: Mapped[str] = mapped_column(Text)
    operation: Mapped[str] = mapped_column(Text)
    person_field: Mapped[str] = mapped_column(Text)
    text_version: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    given_at: Mapped[Instant]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))  # the account through which it was given
    revoked_at: Mapped[Instant | None]
    refused_at: Mapped[Instant | None]
    draft_id: Mapped[UUID]
    case_id: Mapped[UUID | None]
    salt: Mapped[Salt]


class Evidence(Base):
    """A request for data about an applicant, and what became of it; the data are in `evidence_values`.

    No foreign key leads to the draft, which is deleted when it is submitted: this row remains, as the index
    of the access log by person.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        Index(None, "draft_id", "id"),
        Index(None, "person", "requested_at"),
        Index(None, "user_id", "requested_at"),
        Index(None, "case_id"),
        Index(None, "consent_id"),
        Index("ix_evidence_open", "state", postgresql_where=text("state IN ('requested', 'preview')")),
    )

    id: Mapped[Id]
    draft_id: Mapped[UUID]
    case_id: Mapped[UUID | None]
    person: Mapped[str] = mapped_column(Text)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    service: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    connector: Mapped[str] = mapped_column(Text)
    operation: Mapped[str] = mapped_column(Text)
    consent_id: Mapped[UUID | None] = mapped_column(ForeignKey("consents.id", ondelete="SET NULL"))
    state: Mapped[EvidenceState] = mapped_column(Text)
    failure: Mapped[str | None] = mapped_column(Text)  # a code of docs/connectors.md
    requested_at: Mapped[Instant]
    answered_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]
    valid_until: Mapped[Instant | None]


class EvidenceValue(Base):
    """Fetched values by field of the form: for some minutes until they are accepted, then with the draft.

    `asked` are the answers that were sent with the request, by member: for others the values prove nothing.
    """

    __tablename__ = "evidence_values"
    __table_args__ = (Index(None, "draft_id"), Index(None, "expires_at"))

    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"), primary_key=True)
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    values: Mapped[dict[str, Any]] = mapped_column(JSONB)
    asked: Mapped[dict[str, Any]] = mapped_column(JSONB)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
