"""The table of cases that are played by hand."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base
from engine.models.tables import Id, Instant


class Trial(Base):
    """What somebody does with a case that is only played. Nothing of the case itself is stored."""

    __tablename__ = "trials"
    __table_args__ = (Index(None, "owner_id", "version_id"), Index(None, "updated_at"))

    id: Mapped[Id]
    version_id: Mapped[UUID] = mapped_column(ForeignKey("definition_versions.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    clock_at: Mapped[Instant]  # when the case begins, on its own clock
    acts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    revision: Mapped[int]
    updated_at: Mapped[Instant]
