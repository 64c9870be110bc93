"""Plans, starts and cancels case migrations, and carries them out case by case."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, Select, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from engine import access, bpmn, cases, definitions
from engine.bpmn import Immovable, Obstacle
from engine.cases.migration.reading import OPEN, Overview, get, require_own, unknown
from engine.definitions import VERSION, Version
from engine.models import (
    Case,
    CaseMigration,
    CaseMigrationStatus,
    Definition,
    DefinitionVersion,
    MigratedCase,
    MigratedCaseStatus,
    OrganisationKind,
)
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid
from engine.platform.ids import uuid7

BATCH = 200  # cases that are checked in one transaction

_FROM, _TO = aliased(DefinitionVersion), aliased(DefinitionVersion)


def plan(uow: UnitOfWork, key: str, source: int, target: int) -> Overview:
    """Plans which running cases of a version can be migrated to another.

    Raises Invalid, and Conflict while another migration of the definition is running.
    """
    access.require(uow.actor, "cases.migrate")
    numbers = _numbers(uow, key, source, target)
    migration_id = uuid7()
    values = {
        "id": migration_id,
        "key": key,
        "from_version_id": numbers[source],
        "to_version_id": numbers[target],
        "status": "planning",
        "planned_by": uow.actor.id,
        "planned_at": uow.now,
    }
    made = upsert(CaseMigration).values(values).on_conflict_do_nothing().returning(CaseMigration.id)
    if uow.connection.execute(made).first() is None:
        other = select(CaseMigration.id, CaseMigration.status).where(
            CaseMigration.key == key, CaseMigration.status.in_(OPEN)
        )
        present = uow.connection.execute(other).mappings().one_or_none()
        detail = (
            "Another migration of this definition is in progress. Wait until it has finished, or cancel it."
        )
        raise Conflict(detail, code="migration-in-progress", migration=present and dict(present))
    jobs.defer(uow, "judge", queue="cases", priority=jobs.LAST, migration_id=migration_id)
    return get(uow, migration_id)


def _numbers(uow: UnitOfWork, key: str, source: int, target: int) -> Mapping[int, UUID]:
    """Returns the ids of two versions of a definition, by number. Raises Invalid."""
    faults = []
    own = select(Definition.key).where(Definition.key == key, access.covers(Definition.unit_id))
    if uow.session.scalars(own, access.seen_by(uow)).first() is None:
        faults.append(Fault("/definition", "is not the key of a deployed definition", "unknown"))
    found = select(DefinitionVersion.number, DefinitionVersion.id, DefinitionVersion.status).where(
        DefinitionVersion.key == key, DefinitionVersion.number.in_((source, target))
    )
    versions = {row.number: row for row in uow.connection.execute(found)}
    if not faults:
        faults = [
            Fault(f"/{name}", "is not a version of this definition", "unknown")
            for name, number in (("from", source), ("to", target))
            if number not in versions
        ]
    if not faults and versions[target].status != "published":
        faults.append(Fault("/to", f"is {versions[target].status}, so it accepts no cases", "status"))
    if source == target:
        faults.append(Fault("/to", "is the version that the cases have now", "same"))
    if faults:
        raise Invalid("The request has errors.", faults)
    return {number: row.id for number, row in versions.items()}


def start(uow: UnitOfWork, migration_id: UUID) -> Overview:
    """Starts migrating the cases that can be migrated.

    Raises NotFound, and Conflict unless the plan is ready and the version still accepts cases.
    """
    require_own(uow, migration_id)
    target = select(DefinitionVersion.status).join(
        CaseMigration, CaseMigration.to_version_id == DefinitionVersion.id
    )
    status = uow.connection.execute(target.where(CaseMigration.id == migration_id)).scalar_one_or_none()
    if status not in (None, "published"):
        present = {"id": migration_id, "version": status}
        raise Conflict(f"The target version is {status}.", code="migration-target-closed", migration=present)
    values = {"status": "moving", "started_by": uow.actor.id, "started_at": uow.now}
    _pass(uow, migration_id, ("planned",), values)
    _note(uow, "migration.started", migration_id, MigratedCase.status == "movable")
    turns = select(MigratedCase.case_id).where(
        MigratedCase.migration_id == migration_id, MigratedCase.status == "movable"
    )
    jobs.defer_for(uow, "move", turns.order_by(MigratedCase.case_id), queue="cases", priority=jobs.LAST)
    _finish(uow, migration_id)
    return get(uow, migration_id)


def cancel(uow: UnitOfWork, migration_id: UUID) -> Overview:
    """Stops a migration: cases that were not migrated yet remain.

    Raises NotFound, and Conflict if the migration has ended.
    """
    require_own(uow, migration_id)
    pending = MigratedCase.migration_id == migration_id
    # Locks the pending cases first and then the migration, in the common order: a case that is being migrated
    # at this moment is completed.
    _stay(uow, pending, "cancelled")
    _pass(uow, migration_id, OPEN, {"status": "cancelled", "finished_at": uow.now})
    _stay(uow, pending, "cancelled")  # planned in the meantime
    _note(uow, "migration.cancelled", migration_id, MigratedCase.status == "stays")
    return get(uow, migration_id)


def _note(uow: UnitOfWork, kind: OrganisationKind, migration_id: UUID, which: Any) -> None:
    """Records it in the administration log, with the number of these cases of the migration."""
    count = select(func.count()).where(MigratedCase.migration_id == migration_id, which).scalar_subquery()
    numbers = (_FROM.number.label("source"), _TO.number.label("target"), count.label("cases"))
    found = (
        select(CaseMigration.key, *numbers)
        .join(_FROM, _FROM.id == CaseMigration.from_version_id)
        .join(_TO, _TO.id == CaseMigration.to_version_id)
    )
    row = uow.connection.execute(found.where(CaseMigration.id == migration_id)).one()
    more = {"from": row.source, "to": row.target, "cases": row.cases}
    definitions.note(uow, kind, row.key, migration=migration_id, **more)


def judge(uow: UnitOfWork, migration_id: UUID) -> int:
    """Checks whether the next cases of a plan can be migrated. Returns how many it checked."""
    found = uow.connection.execute(_versions().where(CaseMigration.id == migration_id)).one_or_none()
    if found is None or found.status != "planning":
        return 0
    source, target = _two(found)
    last = (
        select(MigratedCase.case_id)
        .where(MigratedCase.migration_id == migration_id)
        .order_by(MigratedCase.case_id.desc())
    )
    after = uow.connection.execute(last.limit(1)).scalar_one_or_none()
    running = select(Case.id, Case.state).where(
        Case.version_id == source.id, Case.state.is_not(None), *([] if after is None else [Case.id > after])
    )
    # A few at a time: a state may be large.
    rows = uow.connection.execute(running.order_by(Case.id).limit(BATCH).execution_options(yield_per=20))
    judged = list(_judged(uow, migration_id, source, target, rows))
    over = len(judged) < BATCH
    still = update(CaseMigration).where(CaseMigration.id == migration_id, CaseMigration.status == "planning")
    status: CaseMigrationStatus = "planned" if over else "planning"
    if uow.connection.execute(still.values(status=status).returning(CaseMigration.id)).first() is None:
        return 0  # it was cancelled in the meantime
    if judged:
        uow.connection.execute(upsert(MigratedCase).on_conflict_do_nothing(), judged)
    if not over:
        jobs.defer(uow, "judge", queue="cases", priority=jobs.LAST, migration_id=migration_id)
    return len(judged)


def _judged(
    uow: UnitOfWork,
    migration_id: UUID,
    source: Version,
    target: Version,
    rows: Iterable[Row[*tuple[Any, ...]]],
) -> Iterator[dict[str, Any]]:
    old, new = (definitions.spec(uow.session, version) for version in (source, target))
    for case_id, state in rows:
        status: MigratedCaseStatus = "movable"
        obstacles: Sequence[Obstacle] = ()
        try:
            bpmn.migrate(state, old, new, uow.now)
        except Immovable as error:
            status, obstacles = "stays", error.obstacles
        yield {
            "migration_id": migration_id,
            "case_id": case_id,
            "at": uow.now,
            "status": status,
            **_payload_of(obstacles),
        }


def migrate_case(uow: UnitOfWork, case_id: UUID) -> MigratedCaseStatus | None:
    """Migrates a pending case. Returns the result, or None if it is not pending (any more)."""
    turn = _versions().join(MigratedCase, MigratedCase.migration_id == CaseMigration.id)
    mine = MigratedCase.case_id == case_id, MigratedCase.status == "movable", CaseMigration.status == "moving"
    found = uow.connection.execute(turn.where(*mine).with_for_update(of=MigratedCase)).one_or_none()
    if found is None:
        return None
    source, target = _two(found)
    payload = {"move": found.migration_id, "from": source.number, "to": target.number}
    became: MigratedCaseStatus
    obstacles: Sequence[Obstacle] = ()
    try:
        became = "moved" if cases.change_version(uow, case_id, source, target, payload) else "ended"
    except Immovable as error:
        became, obstacles = "stays", error.obstacles
    row = update(MigratedCase).where(
        MigratedCase.migration_id == found.migration_id, MigratedCase.case_id == case_id
    )
    uow.connection.execute(row.values(status=became, at=uow.now, **_payload_of(obstacles)))
    _finish(uow, found.migration_id)
    return became


def give_up(uow: UnitOfWork, case_id: UUID, reason: str) -> None:
    """Leaves a case unmigrated whose job was given up."""
    moving = select(CaseMigration.id).where(CaseMigration.status == "moving")
    for migration_id in _stay(
        uow, (MigratedCase.case_id == case_id) & MigratedCase.migration_id.in_(moving), "given-up", reason
    ):
        _finish(uow, migration_id)


def _stay(uow: UnitOfWork, which: Any, code: Literal["cancelled", "given-up"], detail: str = "") -> set[UUID]:
    """Leaves these cases unless they were already migrated. Returns the migrations to which they belong."""
    obstacles = _payload_of([Obstacle("", code, detail)])
    change = update(MigratedCase).where(which, MigratedCase.status == "movable")
    rows = uow.connection.execute(
        change.values(status="stays", at=uow.now, **obstacles).returning(MigratedCase.migration_id)
    )
    return set(rows.scalars())


def _finish(uow: UnitOfWork, migration_id: UUID) -> None:
    """Marks a migration as done if no case is left. The last case finds this, because all lock the row."""
    uow.connection.execute(select(CaseMigration.id).where(CaseMigration.id == migration_id).with_for_update())
    left = exists().where(MigratedCase.migration_id == migration_id, MigratedCase.status == "movable")
    done = update(CaseMigration).where(
        CaseMigration.id == migration_id, CaseMigration.status == "moving", ~left
    )
    uow.connection.execute(done.values(status="done", finished_at=uow.now))


def _pass(
    uow: UnitOfWork, migration_id: UUID, before: Sequence[CaseMigrationStatus], values: Mapping[str, Any]
) -> None:
    """Changes a migration from one status to the next. Raises NotFound, Conflict."""
    change = (
        update(CaseMigration)
        .where(CaseMigration.id == migration_id, CaseMigration.status.in_(before))
        .values(values)
    )
    if uow.connection.execute(change.returning(CaseMigration.id)).first() is None:
        status = uow.connection.execute(
            select(CaseMigration.status).where(CaseMigration.id == migration_id)
        ).scalar_one_or_none()
        if status is None:
            raise unknown(migration_id)
        present = {"id": migration_id, "status": status}
        raise Conflict(f"The migration is {status}.", code="migration-changed", migration=present)


def _versions() -> Select[Any]:
    """Returns a select of migrations with both their versions, each as the columns of `Version`."""
    columns = [
        getattr(one, column.key).label(f"{name}_{column.key}")
        for name, one in (("source", _FROM), ("target", _TO))
        for column in VERSION
    ]
    return (
        select(CaseMigration.id.label("migration_id"), CaseMigration.status, *columns)
        .join(_FROM, _FROM.id == CaseMigration.from_version_id)
        .join(_TO, _TO.id == CaseMigration.to_version_id)
    )


def _two(row: Row[*tuple[Any, ...]]) -> tuple[Version, Version]:
    _, _, *columns = row
    half = len(VERSION)
    return Version(*columns[:half]), Version(*columns[half:])


def _payload_of(obstacles: Sequence[Obstacle]) -> dict[str, Any]:
    return {"obstacles": [asdict(obstacle) for obstacle in obstacles]}
