"""The tables of the login: passwords, sessions of browsers, accounts at providers, counted failures."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant, Salt
from engine.platform.db import Base


class Password(Base):
    """The password of a local account, as argon2id.

    Separate from `users`, so that no list of people reads it.
    """

    __tablename__ = "passwords"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(Text)
    temporary: Mapped[bool]  # somebody else knows it: it only allows changing itself
    changed_at: Mapped[Instant]


class BrowserSession(Base):
    """A login of a browser. Only the SHA-256 of its cookie is stored."""

    __tablename__ = "sessions"

    id: Mapped[Id]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    provider: Mapped[str | None] = mapped_column(Text)  # NULL: by password
    acr: Mapped[str] = mapped_column(Text)
    authenticated_at: Mapped[Instant]
    created_at: Mapped[Instant]
    seen_at: Mapped[Instant]  # to the minute
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    revoked_at: Mapped[Instant | None]
    agent: Mapped[str] = mapped_column(Text)  # the browser's user agent, shortened


class Identity(Base):
    """An account's name at a provider."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[Instant]
    salt: Mapped[Salt]


class PendingLogin(Base):
    """A browser that was sent to a provider and is expected to return, once."""

    __tablename__ = "pending_logins"

    state: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # SHA-256, as is `browser`
    browser: Mapped[bytes] = mapped_column(LargeBinary)
    provider: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(Text)
    verifier: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)  # its target page
    needed: Mapped[str | None] = mapped_column(Text)  # the required assurance level
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class Throttle(Base):
    """Failures under one key, which is a hash: neither names nor addresses are stored."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int]
    since: Mapped[Instant]  # the last one
    blocked_until: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
