"""The table of cost rates and capacities of units."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Numeric, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

RateKind = Literal["cost", "capacity"]


class UnitRate(Base):
    """What an hour of work in a role costs (`cost`), or how many hours a week a role has (`capacity`).

    It applies in its unit from a day on, until a later one does; a cost also in the units below that have
    none.
    """

    __tablename__ = "unit_rates"
    __table_args__ = (UniqueConstraint("unit_id", "role", "kind", "valid_from"),)

    id: Mapped[Id]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    role: Mapped[str] = mapped_column(Text)
    kind: Mapped[RateKind] = mapped_column(Text)
    valid_from: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric)
    currency: Mapped[str | None] = mapped_column(Text)  # of a cost
    set_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    set_at: Mapped[Instant]
