"""The tables of published statistics: editions of closed months, which never change."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, Text
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

    `figures` is what anybody may see. `counted` is what was counted of a service, for corrections and the
    audit alone: nobody may see it. NULL for sums, and in editions that were published without rounding.
    """

    __tablename__ = "published_figures"
    __table_args__ = (Index(None, "service", "publication_id"),)

    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    unit: Mapped[str] = mapped_column(Text, primary_key=True)
    service: Mapped[str] = mapped_column(Text, primary_key=True)
    place: Mapped[int]  # on the page
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    counted: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class PublicationKey(Base):
    """The key by which figures are rounded: one, for ever (trigger), in each backup.

    With another key a month that is published again after a restore would be rounded otherwise.
    """

    __tablename__ = "publication_keys"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
