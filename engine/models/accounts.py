"""The tables of accounts and their tokens."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant, Salt
from engine.platform.db import Base
from engine.platform.language import Calendar, Language
from engine.platform.vocabulary import Role


class User(Base):
    """A person or a system that may act."""

    __tablename__ = "users"
    __table_args__ = (
        # One account for work and one as an applicant. Systems belong to no person.
        Index(
            "uq_users_person",
            "person",
            text("(role = 'applicant')"),
            unique=True,
            postgresql_where=text(
                "person IS NOT NULL AND NOT duplicate AND role NOT IN ('portal', 'service')"
            ),
        ),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[Role] = mapped_column(Text)
    created_at: Mapped[Instant]
    person: Mapped[str | None] = mapped_column(Text, index=True)  # the national id of its owner
    # A second account of its person and kind, created before the limit of one each.
    duplicate: Mapped[bool] = mapped_column(server_default=false())
    deactivated_at: Mapped[Instant | None]  # it is closed since then
    # The owner's name in each script: names.py decides which of them is shown.
    full_name_fa: Mapped[str | None] = mapped_column(Text)
    full_name_en: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)  # E.164
    # The language in which the owner reads pages; NULL: as the browser prefers.
    language: Mapped[Language | None] = mapped_column(Text)
    calendar: Mapped[Calendar | None] = mapped_column(Text)
    salt: Mapped[Salt]


class Token(Base):
    """A bearer token. Only its SHA-256 is stored."""

    __tablename__ = "tokens"
    # A token has one valid successor.
    __table_args__ = (
        Index("uq_tokens_replaces", "replaces", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    # NULL: all that the role allows.
    scopes: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    # Whether each request has to name the person for whom the account acts.
    requires_behalf: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("tokens.id"))  # the one that its owner replaced
