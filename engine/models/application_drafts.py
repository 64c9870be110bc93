"""The table of unfinished applications."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id
from engine.platform.db import Base


class ApplicationDraft(Base):
    """What an applicant has answered so far in a service's form: no case yet, and no deadline runs.

    One for each service. `step` is the number of answered steps of the form.
    """

    __tablename__ = "applications"
    __table_args__ = (Index(None, "user_id", "key", unique=True), Index(None, "updated_at"))

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    key: Mapped[str] = mapped_column(Text, ForeignKey("definitions.key"))
    version_id: Mapped[UUID] = mapped_column(ForeignKey("definition_versions.id"))
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    step: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
