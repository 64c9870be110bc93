"""The tables of mass retries: many incidents that a person wants to retry, one after the other."""

from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

RetriedStatus = Literal["waiting", "retried", "again", "refused"]


class Retry(Base):
    """An order to retry the incidents of one code that a definition's cases had at that time."""

    __tablename__ = "retries"
    __table_args__ = (Index(None, "ordered_by", "id"),)

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(ForeignKey("definitions.key"))
    code: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    ordered_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    ordered_at: Mapped[Instant]


class RetriedIncident(Base):
    """The result for one of them. `again`: its element has failed again; `refused`: it was not retried."""

    __tablename__ = "retried_incidents"
    __table_args__ = (
        # Pending incidents; and the progress of an order.
        Index("ix_retried_incidents_turn", "incident_id", postgresql_where=text("status = 'waiting'")),
        Index(None, "retry_id", "status"),
    )

    retry_id: Mapped[UUID] = mapped_column(ForeignKey("retries.id"), primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    status: Mapped[RetriedStatus] = mapped_column(Text)
    at: Mapped[Instant]
