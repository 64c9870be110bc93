"""The tables of published statistics: editions of closed months, which never change."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base


class Publication(Base):
    """An edition of a month; `reason` says why a later one was necessary. `digest` is of all that it says.

    Append-only (trigger), as its figures are.
    """

    __tablename__ = "publications"
    __table_args__ = (Index(None, "first", "calendar", "edition", unique=True),)

    id: Mapped[Id]
    calendar: Mapped[str] = mapped_column(Text)  # of which it is a month: jalali, gregorian
    first: Mapped[date]
    last: Mapped[date]
    edition: Mapped[int]
    reason: Mapped[str | None] = mapped_column(Text)  # NULL: the first edition
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    published_at: Mapped[Instant]
    published_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))


class PublishedFigures(Base):
    """A row of an edition: of a service, of an agency (without a service), of all (without both).

    `figures` is what anybody may see: a hidden figure is null, and its true value is nowhere in it.
    """

    __tablename__ = "published_figures"
    __table_args__ = (Index(None, "service", "publication_id"),)

    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    unit: Mapped[str] = mapped_column(Text, primary_key=True)
    service: Mapped[str] = mapped_column(Text, primary_key=True)
    place: Mapped[int]  # on the page
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
