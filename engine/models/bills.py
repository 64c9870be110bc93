"""Bills that have to be paid for cases."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

BillStatus = Literal["open", "paid", "expired", "cancelled"]


class Bill(Base):
    """A bill that a payment service has issued for a case. It is only written together with the case.

    `expired`: the time in which the case awaited its payment is over; `cancelled`: it is no longer awaited.
    """

    __tablename__ = "bills"
    __table_args__ = (Index(None, "case_id"),)

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    element: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text, unique=True)  # its number at the payment service
    amount: Mapped[Decimal] = mapped_column(Numeric(19, 4))
    currency: Mapped[str] = mapped_column(Text)  # ISO 4217
    purpose: Mapped[str | None] = mapped_column(Text)  # perhaps `Persian | English`
    due_on: Mapped[date | None]
    link: Mapped[str | None] = mapped_column(Text)  # where it is paid: only shown to the applicant
    status: Mapped[BillStatus] = mapped_column(Text)
    issued_at: Mapped[Instant]
    paid_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]  # when it expired or was cancelled
    # The message that confirms its payment, and its parts: they outlast the version of the process.
    message: Mapped[str] = mapped_column(Text)
    paid_amount: Mapped[str] = mapped_column(Text)
    paid_currency: Mapped[str] = mapped_column(Text)
    # The last payment that came too late to continue the case.
    late_at: Mapped[Instant | None]
    late_amount: Mapped[Decimal | None] = mapped_column(Numeric(19, 4))
    late_currency: Mapped[str | None] = mapped_column(Text)
