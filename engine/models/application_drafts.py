"""The tables of unfinished applications, and of how many came how far."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id
from engine.platform.db import Base

ApplicationStage = Literal["begun", "step", "sent", "discarded", "expired"]


class ApplicationDraft(Base):
    """What an applicant has answered so far in a service's form: no case yet, and no deadline runs.

    One for each owner and set of services: `key`, and in alphabetical order after it `further` ones, whose
    versions are `further_version_ids`. The owner is an account, or a person for whom a portal acts
    (`on_behalf_of`; empty: the account itself), since `proved_at` with a login that the portal passed on,
    which has this `full_name`. What a login fills is not in `answers`. `step` is the number of answered steps
    of the form on the pages; each change raises `revision`.
    """

    __tablename__ = "applications"
    __table_args__ = (
        Index("ix_applications_owner", "user_id", "on_behalf_of", "key", "further", unique=True),
        Index(None, "updated_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    key: Mapped[str] = mapped_column(Text, ForeignKey("definitions.key"))
    version_id: Mapped[UUID] = mapped_column(ForeignKey("definition_versions.id"))
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    step: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    # The most steps that were ever answered in this version: `step` decreases when an answer is taken back.
    reached: Mapped[int] = mapped_column(server_default="0")
    on_behalf_of: Mapped[str] = mapped_column(Text, server_default="")
    further: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    further_version_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    revision: Mapped[int] = mapped_column(server_default="1")
    full_name: Mapped[str | None] = mapped_column(Text)
    proved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SubmittedApplication(Base):
    """A case that was started from a draft, which was deleted then: for who submits the draft again.

    It has the owner of the draft, and is deleted with the case's data, or a month later.
    """

    __tablename__ = "submitted_applications"

    draft_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True, index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    on_behalf_of: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class AwaitedOutput(Base):
    """Evidence that a case awaits from the case of another service, with which it was applied for.

    `field` of its start form has no answer therefore; `type` is the id of the evidence and of the output.
    """

    __tablename__ = "awaited_outputs"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    field: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    producer_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)


class ApplicationCount(Base):
    """How many applications of a version came to a stage on a day: nobody can be found in it.

    `step` is 0 except in the stage `step`: there it is the number of answered steps.
    """

    __tablename__ = "application_counts"
    __table_args__ = (
        PrimaryKeyConstraint("key", "day", "version", "stage", "step"),
        # Applications of a day update the same rows.
        {"postgresql_with": {"fillfactor": "50"}},
    )

    key: Mapped[str] = mapped_column(Text, ForeignKey("definitions.key"))
    version: Mapped[int]
    day: Mapped[date]
    stage: Mapped[ApplicationStage] = mapped_column(Text)
    step: Mapped[int]
    count: Mapped[int] = mapped_column(BigInteger)
