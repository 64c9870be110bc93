"""The tables of case migrations: running cases brought to another version of their definition."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

CaseMigrationStatus = Literal["planning", "planned", "moving", "done", "cancelled"]
MigratedCaseStatus = Literal["movable", "stays", "moved", "ended"]


class CaseMigration(Base):
    """A migration of the running cases of one version to another. One at a time for each definition."""

    __tablename__ = "case_migrations"
    __table_args__ = (
        Index(
            "ix_case_migrations_open",
            "key",
            unique=True,
            postgresql_where=text("status IN ('planning', 'planned', 'moving')"),
        ),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(ForeignKey("definitions.key"))
    from_version_id: Mapped[UUID] = mapped_column(ForeignKey("definition_versions.id"))
    to_version_id: Mapped[UUID] = mapped_column(ForeignKey("definition_versions.id"))
    status: Mapped[CaseMigrationStatus] = mapped_column(Text)
    planned_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    planned_at: Mapped[Instant]
    started_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    started_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]


class MigratedCase(Base):
    """The state of a case in a migration, and its obstacle."""

    __tablename__ = "migrated_cases"
    __table_args__ = (
        # Pending cases; and whether a migration has any left.
        Index(
            "ix_migrated_cases_movable",
            "case_id",
            "migration_id",
            postgresql_where=text("status = 'movable'"),
        ),
        Index(None, "migration_id", "status", "case_id"),
    )

    migration_id: Mapped[UUID] = mapped_column(ForeignKey("case_migrations.id"), primary_key=True)
    # No foreign key: a plan would wait for transactions that lock the case.
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[MigratedCaseStatus] = mapped_column(Text)
    obstacles: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    at: Mapped[Instant]
