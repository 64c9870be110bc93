"""The tables of what excludes people from cases: declared relations, and recusals."""

from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant, Salt
from engine.platform.db import Base

RelationKind = Literal["family", "business", "friendship", "enmity", "other"]


class Relation(Base):
    """An official is close to a person and, while the relation lasts, works on no case of that person.

    Rows remain when a relation has ended, so that past declarations can be verified.
    """

    __tablename__ = "relations"
    __table_args__ = (Index("ix_relations_user_id", "user_id", postgresql_where=text("ended_at IS NULL")),)

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    person: Mapped[str] = mapped_column(Text)  # a national id in stored form
    kind: Mapped[RelationKind] = mapped_column(Text)
    declared_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    declared_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    salt: Mapped[Salt]


class Recusal(Base):
    """An account has withdrawn from a case. Its team doesn't see why."""

    __tablename__ = "recusals"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[Instant]
