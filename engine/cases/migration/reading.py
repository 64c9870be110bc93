"""Reads case migrations: their progress, their obstacles and their cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, exists, func, literal_column, select
from sqlalchemy.orm import aliased

from engine import access, definitions
from engine.models import (
    Case,
    CaseMigration,
    CaseMigrationStatus,
    Definition,
    DefinitionVersion,
    MigratedCase,
    MigratedCaseStatus,
)
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound

PAGE = 50
KINDS = 200  # maximum number of different obstacles that are reported
OPEN: tuple[CaseMigrationStatus, ...] = ("planning", "planned", "moving")

_FROM, _TO = aliased(DefinitionVersion), aliased(DefinitionVersion)
_MIGRATIONS = (
    select(
        CaseMigration.id,
        CaseMigration.key.label("definition"),
        _FROM.number.label("source"),
        _TO.number.label("target"),
        CaseMigration.status,
        CaseMigration.planned_by,
        CaseMigration.planned_at,
        CaseMigration.started_by,
        CaseMigration.started_at,
        CaseMigration.finished_at,
    )
    .join(_FROM, _FROM.id == CaseMigration.from_version_id)
    .join(_TO, _TO.id == CaseMigration.to_version_id)
)


@dataclass(frozen=True, slots=True)
class Hurdle:
    """An obstacle, and how many cases it prevents from being migrated."""

    element: str
    code: str
    detail: str
    cases: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A migration, the number of its cases by progress, and the most frequent obstacles of the others."""

    migration: RowMapping
    counts: Mapping[MigratedCaseStatus, int]
    obstacles: Sequence[Hurdle]


def page(uow: UnitOfWork, *, after: UUID | None = None, going: bool = False) -> Sequence[RowMapping]:
    """Returns up to a page of migrations (or of the `going` ones), newest first; one more if more follow."""
    access.require(uow.actor, "cases.migrate")
    statement = _MIGRATIONS.where(_own()).order_by(CaseMigration.id.desc()).limit(PAGE + 1)
    if going:
        statement = statement.where(CaseMigration.status.in_(OPEN))
    if after is not None:
        statement = statement.where(CaseMigration.id < after)
    return uow.connection.execute(statement, access.seen_by(uow)).mappings().all()


def _own() -> ColumnElement[bool]:
    """Returns whether a migration's definition belongs to a unit of the actor."""
    return exists().where(Definition.key == CaseMigration.key, access.covers(Definition.unit_id))


def require_own(uow: UnitOfWork, migration_id: UUID) -> None:
    """Raises NotFound unless the migration's definition belongs to a unit of the actor, and Forbidden."""
    access.require(uow.actor, "cases.migrate")
    own = select(CaseMigration.id).where(CaseMigration.id == migration_id, _own())
    if uow.connection.execute(own, access.seen_by(uow)).first() is None:
        raise unknown(migration_id)


def running(uow: UnitOfWork, key: str) -> Mapping[int, int]:
    """Returns the number of running cases by version, for those who may migrate them. Raises NotFound."""
    access.require(uow.actor, "cases.migrate")
    definitions.require_own(uow, key)
    found = (
        select(DefinitionVersion.number, func.count())
        .join(Case, Case.version_id == DefinitionVersion.id)
        .where(DefinitionVersion.key == key, Case.status.in_(("active", "suspended")))
        .group_by(DefinitionVersion.number)
    )
    return {number: count for number, count in uow.connection.execute(found)}


def get(uow: UnitOfWork, migration_id: UUID) -> Overview:
    """Returns one migration and its progress. Raises NotFound."""
    require_own(uow, migration_id)
    migration = uow.connection.execute(_MIGRATIONS.where(CaseMigration.id == migration_id)).mappings().one()
    mine = MigratedCase.migration_id == migration_id
    counted = select(MigratedCase.status, func.count()).where(mine).group_by(MigratedCase.status)
    counts: dict[MigratedCaseStatus, int] = dict.fromkeys(("movable", "stays", "moved", "ended"), 0)
    counts.update((status, number) for status, number in uow.connection.execute(counted))
    return Overview(
        migration, counts, [Hurdle(*row) for row in uow.connection.execute(_obstacles(migration_id))]
    )


def _obstacles(migration_id: UUID) -> Select[Any]:
    each = func.jsonb_array_elements(MigratedCase.obstacles).table_valued("value").alias("obstacle")
    parts: list[Any] = [
        literal_column(part)
        for part in (
            "obstacle.value ->> 'element'",
            "obstacle.value ->> 'code'",
            "coalesce(obstacle.value ->> 'detail', '')",  # older rows have an English reason instead
        )
    ]
    return (
        select(*parts, func.count().label("cases"))
        .select_from(MigratedCase)
        .join(each, literal_column("true"))
        .where(MigratedCase.migration_id == migration_id, MigratedCase.status == "stays")
        .group_by(*parts)
        .order_by(func.count().desc(), *parts)
        .limit(KINDS)
    )


def cases_of(
    uow: UnitOfWork,
    migration_id: UUID,
    *,
    status: MigratedCaseStatus | None = None,
    after: UUID | None = None,
) -> Sequence[RowMapping]:
    """Returns up to a page of a migration's cases, oldest first, plus one if more follow. Raises NotFound."""
    require_own(uow, migration_id)
    statement = (
        select(
            MigratedCase.case_id.label("id"),
            Case.number,
            MigratedCase.status,
            MigratedCase.obstacles,
            MigratedCase.at,
        )
        .join(Case, Case.id == MigratedCase.case_id)
        .where(MigratedCase.migration_id == migration_id)
        .order_by(MigratedCase.case_id)
        .limit(PAGE + 1)
    )
    if status is not None:
        statement = statement.where(MigratedCase.status == status)
    if after is not None:
        statement = statement.where(MigratedCase.case_id > after)
    return uow.connection.execute(statement).mappings().all()


def unknown(migration_id: UUID) -> NotFound:
    """Returns the error for a migration that does not exist, or not for this actor."""
    return NotFound(f"The migration {migration_id} does not exist.")
