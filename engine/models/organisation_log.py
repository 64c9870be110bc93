"""The table of the administration log: who gave which account which role in which unit."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

OrganisationKind = Literal[
    "unit.made",
    "unit.changed",
    "person.made",
    "person.changed",
    "person.closed",
    "person.opened",
    "password.given",
    "membership.given",
    "membership.changed",
    "membership.ended",
    "substitution.agreed",
    "substitution.ended",
    "delegation.agreed",
    "delegation.revoked",
    "calendar.made",
    "calendar.changed",
    "calendar.chosen",
    "calendar.closure",
    "calendar.reopened",
]


class OrganisationRecord(Base):
    """A change of the organisation, in a unit and, if any, about a person. Append-only (trigger)."""

    __tablename__ = "organisation_log"
    __table_args__ = (Index(None, "unit_id", "id"),)

    id: Mapped[Id]
    at: Mapped[Instant]
    actor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[OrganisationKind] = mapped_column(Text)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    payload: Mapped[Any] = mapped_column(JSON)
