"""The tables of what agencies have committed themselves to, and of services that are not online yet."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base
from engine.platform.language import Calendar

CommitmentMetric = Literal[
    "on_time",
    "late",
    "median",
    "most",
    "refused",
    "silent",
    "visits_planned",
    "visits_actual",
    "stars",
    "take_up",
    "completion",
    "send_backs",
    "appealed",
    "upheld",
    "services_online",
]
CommitmentKind = Literal["reach-by", "hold-from"]
CommitmentState = Literal["pending", "reached", "late", "missed", "held", "not_held", "not_measured"]
CommitmentCause = Literal[
    "funding",
    "staff",
    "law",
    "other_agency",
    "technology",
    "scope",
    "wrong_target",
    "other",
]
OfflineReason = Literal[
    "not_started",
    "in_progress",
    "law",
    "other_system",
    "no_budget",
    "low_volume",
    "on_paper",
    "other",
]


class Commitment(Base):
    """What a unit must reach by a day, or hold from a day on.

    Its texts and numbers are those of its current version.
    `metric`, `definition` and `due` are those of that version, too: a unit has one commitment of them.
    """

    __tablename__ = "commitments"
    __table_args__ = (
        Index(
            "uq_commitments_open",
            *("unit_id", "metric", text("coalesce(definition, '')"), "due"),
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), index=True)
    version: Mapped[int]
    metric: Mapped[CommitmentMetric] = mapped_column(Text)
    definition: Mapped[str | None] = mapped_column(ForeignKey("definitions.key"))  # NULL: all services
    due: Mapped[date]
    withdrawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[Instant | None]
    withdrawn_for: Mapped[str | None] = mapped_column(Text)  # the reason


class CommitmentVersion(Base):
    """A version of a commitment, which never changes. Its first has no reason."""

    __tablename__ = "commitment_versions"

    commitment_id: Mapped[UUID] = mapped_column(ForeignKey("commitments.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    text_fa: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    kind: Mapped[CommitmentKind] = mapped_column(Text)
    metric: Mapped[CommitmentMetric] = mapped_column(Text)
    definition: Mapped[str | None] = mapped_column(ForeignKey("definitions.key"))
    target: Mapped[Decimal] = mapped_column(Numeric)  # percent, days, an average or a count
    calendar: Mapped[Calendar] = mapped_column(Text)  # whose months are measured
    since: Mapped[date]  # the first month that is measured contains it
    due: Mapped[date]  # it must be reached by this day, or held from it on
    reason: Mapped[str | None] = mapped_column(Text)
    made_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[Instant]


class CommitmentExplanation(Base):
    """Why a commitment was not reached in time. It never changes; a later one adds to it."""

    __tablename__ = "commitment_explanations"

    id: Mapped[Id]
    commitment_id: Mapped[UUID] = mapped_column(ForeignKey("commitments.id"), index=True)
    version: Mapped[int]
    state: Mapped[CommitmentState] = mapped_column(Text)
    cause: Mapped[CommitmentCause] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    explained_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    explained_at: Mapped[Instant]


class RegisteredService(Base):
    """A service of a unit that isn't online, or wasn't when it was registered.

    It is online while its `definition` is in the catalogue.
    """

    __tablename__ = "registered_services"
    __table_args__ = (
        Index(
            "uq_registered_services_name_fa",
            *("unit_id", "name_fa"),
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index(
            "uq_registered_services_definition",
            *("unit_id", "definition"),
            unique=True,
            postgresql_where=text("removed_at IS NULL AND definition IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    name_fa: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    yearly_volume: Mapped[int | None]  # NULL: not known
    reason: Mapped[OfflineReason] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)  # empty: the reason says all
    planned_for: Mapped[date | None]
    definition: Mapped[str | None] = mapped_column(ForeignKey("definitions.key"))
    revision: Mapped[int]
    registered_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    registered_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    removed_at: Mapped[Instant | None]
