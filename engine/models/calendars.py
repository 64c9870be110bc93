"""The tables of calendars: which unit uses which, their versions, and closures."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base


class WorkCalendar(Base):
    """A calendar of working days under a key; administrators of its unit change it."""

    __tablename__ = "calendars"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    created_at: Mapped[Instant]


class CalendarVersion(Base):
    """A version of a calendar; it never changes (trigger).

    On each day the version with the highest number counts that is valid on it. `document` has its week,
    holidays and the years whose holidays are known.
    """

    __tablename__ = "calendar_versions"
    __table_args__ = (UniqueConstraint("calendar_id", "number"),)

    id: Mapped[Id]
    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("calendars.id"))
    number: Mapped[int]
    valid_from: Mapped[date | None]  # None: always
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))  # None: shipped
    created_at: Mapped[Instant]


class UnitCalendar(Base):
    """The calendar of a unit and of those below it that have none."""

    __tablename__ = "unit_calendars"
    __table_args__ = (Index(None, "calendar_id"),)

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), primary_key=True)
    calendar_id: Mapped[UUID] = mapped_column(ForeignKey("calendars.id"))
    set_at: Mapped[Instant]


class Closure(Base):
    """Days on which a unit and all below it are closed, first and last included, until it is revoked."""

    __tablename__ = "closures"
    __table_args__ = (Index(None, "unit_id"),)

    id: Mapped[Id]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    first: Mapped[date]
    last: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)  # a code
    declared_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    declared_at: Mapped[Instant]
    revoked_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    revoked_at: Mapped[Instant | None]


class Recalculation(Base):
    """An order to calculate the deadlines of open cases in a unit and those below it again."""

    __tablename__ = "recalculations"

    id: Mapped[Id]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    ordered_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    ordered_at: Mapped[Instant]
    done_at: Mapped[Instant | None]
    changed: Mapped[int | None]
    failed: Mapped[int | None]  # whose year has no holidays: they stay as they were
