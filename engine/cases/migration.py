"""Case migration: running cases of one version are migrated to another, after a plan shows which can be.

The plan reads cases without locking them, so it is only a forecast: each case is checked again when it is
migrated. The row of a case in `moved_cases` marks it as pending; migrating or cancelling locks that row
first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, RowMapping, Select, exists, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from engine import access, bpmn, cases, definitions
from engine.bpmn import Immovable, Obstacle
from engine.definitions import VERSION, Version
from engine.models import Case, Definition, DefinitionVersion, Move, MovedCase, MovedCaseStatus, MoveStatus
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7

PAGE = 50
BATCH = 200  # cases that are checked in one transaction
KINDS = 200  # maximum number of different obstacles that are reported
OPEN: tuple[MoveStatus, ...] = ("planning", "planned", "moving")

_FROM, _TO = aliased(DefinitionVersion), aliased(DefinitionVersion)
_MOVES = (
    select(
        Move.id,
        Move.key.label("definition"),
        _FROM.number.label("source"),
        _TO.number.label("target"),
        Move.status,
        Move.planned_by,
        Move.planned_at,
        Move.started_by,
        Move.started_at,
        Move.finished_at,
    )
    .join(_FROM, _FROM.id == Move.from_version_id)
    .join(_TO, _TO.id == Move.to_version_id)
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

    move: RowMapping
    counts: Mapping[MovedCaseStatus, int]
    obstacles: Sequence[Hurdle]


def plan(uow: UnitOfWork, key: str, source: int, target: int) -> Overview:
    """Plans which running cases of a version can be migrated to another.

    Raises Invalid, and Conflict while another migration of the definition is running.
    """
    access.require(uow.actor, "cases.move")
    numbers = _numbers(uow, key, source, target)
    move_id = uuid7()
    values = {
        "id": move_id,
        "key": key,
        "from_version_id": numbers[source],
        "to_version_id": numbers[target],
        "status": "planning",
        "planned_by": uow.actor.id,
        "planned_at": uow.now,
    }
    made = upsert(Move).values(values).on_conflict_do_nothing().returning(Move.id)
    if uow.connection.execute(made).first() is None:
        other = select(Move.id, Move.status).where(Move.key == key, Move.status.in_(OPEN))
        present = uow.connection.execute(other).mappings().one_or_none()
        detail = (
            "Another migration of this definition is in progress. Wait until it has finished, or cancel it."
        )
        raise Conflict(detail, code="move-under-way", move=present and dict(present))
    jobs.defer(uow, "judge", queue="cases", priority=jobs.LAST, move_id=move_id)
    return get(uow, move_id)


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


def page(uow: UnitOfWork, *, after: UUID | None = None, going: bool = False) -> Sequence[RowMapping]:
    """Returns up to a page of migrations (or of the `going` ones), newest first; one more if more follow."""
    access.require(uow.actor, "cases.move")
    statement = _MOVES.where(_own()).order_by(Move.id.desc()).limit(PAGE + 1)
    if going:
        statement = statement.where(Move.status.in_(OPEN))
    if after is not None:
        statement = statement.where(Move.id < after)
    return uow.connection.execute(statement, access.seen_by(uow)).mappings().all()


def _own() -> ColumnElement[bool]:
    """Returns whether a migration's definition belongs to a unit of the actor."""
    return exists().where(Definition.key == Move.key, access.covers(Definition.unit_id))


def _require_own(uow: UnitOfWork, move_id: UUID) -> None:
    access.require(uow.actor, "cases.move")
    own = select(Move.id).where(Move.id == move_id, _own())
    if uow.connection.execute(own, access.seen_by(uow)).first() is None:
        raise _unknown(move_id)


def running(uow: UnitOfWork, key: str) -> Mapping[int, int]:
    """Returns the number of running cases by version, for those who may migrate them. Raises NotFound."""
    access.require(uow.actor, "cases.move")
    definitions.require_own(uow, key)
    found = (
        select(DefinitionVersion.number, func.count())
        .join(Case, Case.version_id == DefinitionVersion.id)
        .where(DefinitionVersion.key == key, Case.status.in_(("active", "suspended")))
        .group_by(DefinitionVersion.number)
    )
    return {number: count for number, count in uow.connection.execute(found)}


def get(uow: UnitOfWork, move_id: UUID) -> Overview:
    """Returns one migration and its progress. Raises NotFound."""
    _require_own(uow, move_id)
    move = uow.connection.execute(_MOVES.where(Move.id == move_id)).mappings().one()
    mine = MovedCase.move_id == move_id
    counted = select(MovedCase.status, func.count()).where(mine).group_by(MovedCase.status)
    counts: dict[MovedCaseStatus, int] = dict.fromkeys(("movable", "stays", "moved", "ended"), 0)
    counts.update((status, number) for status, number in uow.connection.execute(counted))
    return Overview(move, counts, [Hurdle(*row) for row in uow.connection.execute(_obstacles(move_id))])


def _obstacles(move_id: UUID) -> Select[Any]:
    each = func.jsonb_array_elements(MovedCase.obstacles).table_valued("value").alias("obstacle")
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
        .select_from(MovedCase)
        .join(each, literal_column("true"))
        .where(MovedCase.move_id == move_id, MovedCase.status == "stays")
        .group_by(*parts)
        .order_by(func.count().desc(), *parts)
        .limit(KINDS)
    )


def cases_of(
    uow: UnitOfWork, move_id: UUID, *, status: MovedCaseStatus | None = None, after: UUID | None = None
) -> Sequence[RowMapping]:
    """Returns up to a page of a migration's cases, oldest first, plus one if more follow. Raises NotFound."""
    _require_own(uow, move_id)
    statement = (
        select(
            MovedCase.case_id.label("id"), Case.number, MovedCase.status, MovedCase.obstacles, MovedCase.at
        )
        .join(Case, Case.id == MovedCase.case_id)
        .where(MovedCase.move_id == move_id)
        .order_by(MovedCase.case_id)
        .limit(PAGE + 1)
    )
    if status is not None:
        statement = statement.where(MovedCase.status == status)
    if after is not None:
        statement = statement.where(MovedCase.case_id > after)
    return uow.connection.execute(statement).mappings().all()


def start(uow: UnitOfWork, move_id: UUID) -> Overview:
    """Starts migrating the cases that can be migrated.

    Raises NotFound, and Conflict unless the plan is ready and the version still accepts cases.
    """
    _require_own(uow, move_id)
    target = select(DefinitionVersion.status).join(Move, Move.to_version_id == DefinitionVersion.id)
    status = uow.connection.execute(target.where(Move.id == move_id)).scalar_one_or_none()
    if status not in (None, "published"):
        present = {"id": move_id, "version": status}
        raise Conflict(f"The target version is {status}.", code="move-nowhere", move=present)
    values = {"status": "moving", "started_by": uow.actor.id, "started_at": uow.now}
    _pass(uow, move_id, ("planned",), values)
    turns = select(MovedCase.case_id).where(MovedCase.move_id == move_id, MovedCase.status == "movable")
    jobs.defer_for(uow, "move", turns.order_by(MovedCase.case_id), queue="cases", priority=jobs.LAST)
    _finish(uow, move_id)
    return get(uow, move_id)


def cancel(uow: UnitOfWork, move_id: UUID) -> Overview:
    """Stops a migration: cases that were not migrated yet remain.

    Raises NotFound, and Conflict if the migration has ended.
    """
    _require_own(uow, move_id)
    # Locks the pending cases first and then the migration, in the common order: a case that is being migrated
    # at this moment is completed.
    _stay(uow, MovedCase.move_id == move_id, "cancelled")
    _pass(uow, move_id, OPEN, {"status": "cancelled", "finished_at": uow.now})
    _stay(uow, MovedCase.move_id == move_id, "cancelled")  # planned in the meantime
    return get(uow, move_id)


def judge(uow: UnitOfWork, move_id: UUID) -> int:
    """Checks whether the next cases of a plan can be migrated. Returns how many it checked."""
    found = uow.connection.execute(_versions().where(Move.id == move_id)).one_or_none()
    if found is None or found.status != "planning":
        return 0
    source, target = _two(found)
    last = select(MovedCase.case_id).where(MovedCase.move_id == move_id).order_by(MovedCase.case_id.desc())
    after = uow.connection.execute(last.limit(1)).scalar_one_or_none()
    running = select(Case.id, Case.state).where(
        Case.version_id == source.id, Case.state.is_not(None), *([] if after is None else [Case.id > after])
    )
    # A few at a time: a state may be large.
    rows = uow.connection.execute(running.order_by(Case.id).limit(BATCH).execution_options(yield_per=20))
    judged = list(_judged(uow, move_id, source, target, rows))
    over = len(judged) < BATCH
    still = update(Move).where(Move.id == move_id, Move.status == "planning")
    status: MoveStatus = "planned" if over else "planning"
    if uow.connection.execute(still.values(status=status).returning(Move.id)).first() is None:
        return 0  # it was cancelled in the meantime
    if judged:
        uow.connection.execute(upsert(MovedCase).on_conflict_do_nothing(), judged)
    if not over:
        jobs.defer(uow, "judge", queue="cases", priority=jobs.LAST, move_id=move_id)
    return len(judged)


def _judged(
    uow: UnitOfWork, move_id: UUID, source: Version, target: Version, rows: Iterable[Row[*tuple[Any, ...]]]
) -> Iterator[dict[str, Any]]:
    old, new = (definitions.spec(uow.session, version) for version in (source, target))
    for case_id, state in rows:
        status: MovedCaseStatus = "movable"
        obstacles: Sequence[Obstacle] = ()
        try:
            bpmn.migrate(state, old, new, uow.now)
        except Immovable as error:
            status, obstacles = "stays", error.obstacles
        yield {
            "move_id": move_id,
            "case_id": case_id,
            "at": uow.now,
            "status": status,
            **_payload_of(obstacles),
        }


def migrate_case(uow: UnitOfWork, case_id: UUID) -> MovedCaseStatus | None:
    """Migrates a pending case. Returns the result, or None if it is not pending (any more)."""
    turn = _versions().join(MovedCase, MovedCase.move_id == Move.id)
    mine = MovedCase.case_id == case_id, MovedCase.status == "movable", Move.status == "moving"
    found = uow.connection.execute(turn.where(*mine).with_for_update(of=MovedCase)).one_or_none()
    if found is None:
        return None
    source, target = _two(found)
    payload = {"move": found.move_id, "from": source.number, "to": target.number}
    became: MovedCaseStatus
    obstacles: Sequence[Obstacle] = ()
    try:
        became = "moved" if cases.change_version(uow, case_id, source, target, payload) else "ended"
    except Immovable as error:
        became, obstacles = "stays", error.obstacles
    row = update(MovedCase).where(MovedCase.move_id == found.move_id, MovedCase.case_id == case_id)
    uow.connection.execute(row.values(status=became, at=uow.now, **_payload_of(obstacles)))
    _finish(uow, found.move_id)
    return became


def give_up(uow: UnitOfWork, case_id: UUID, reason: str) -> None:
    """Leaves a case unmigrated whose job was given up."""
    moving = select(Move.id).where(Move.status == "moving")
    for move_id in _stay(
        uow, (MovedCase.case_id == case_id) & MovedCase.move_id.in_(moving), "given-up", reason
    ):
        _finish(uow, move_id)


def _stay(uow: UnitOfWork, which: Any, code: Literal["cancelled", "given-up"], detail: str = "") -> set[UUID]:
    """Leaves these cases unless they were already migrated. Returns the migrations to which they belong."""
    obstacles = _payload_of([Obstacle("", code, detail)])
    change = update(MovedCase).where(which, MovedCase.status == "movable")
    rows = uow.connection.execute(
        change.values(status="stays", at=uow.now, **obstacles).returning(MovedCase.move_id)
    )
    return set(rows.scalars())


def _finish(uow: UnitOfWork, move_id: UUID) -> None:
    """Marks a migration as done if no case is left. The last case finds this, because all lock the row."""
    uow.connection.execute(select(Move.id).where(Move.id == move_id).with_for_update())
    left = exists().where(MovedCase.move_id == move_id, MovedCase.status == "movable")
    done = update(Move).where(Move.id == move_id, Move.status == "moving", ~left)
    uow.connection.execute(done.values(status="done", finished_at=uow.now))


def _pass(uow: UnitOfWork, move_id: UUID, before: Sequence[MoveStatus], values: Mapping[str, Any]) -> None:
    """Changes a migration from one status to the next. Raises NotFound, Conflict."""
    change = update(Move).where(Move.id == move_id, Move.status.in_(before)).values(values)
    if uow.connection.execute(change.returning(Move.id)).first() is None:
        status = uow.connection.execute(select(Move.status).where(Move.id == move_id)).scalar_one_or_none()
        if status is None:
            raise _unknown(move_id)
        present = {"id": move_id, "status": status}
        raise Conflict(f"The migration is {status}.", code="move-elsewhere", move=present)


def _versions() -> Select[Any]:
    """Returns a select of migrations with both their versions, each as the columns of `Version`."""
    columns = [
        getattr(one, column.key).label(f"{name}_{column.key}")
        for name, one in (("source", _FROM), ("target", _TO))
        for column in VERSION
    ]
    return (
        select(Move.id.label("move_id"), Move.status, *columns)
        .join(_FROM, _FROM.id == Move.from_version_id)
        .join(_TO, _TO.id == Move.to_version_id)
    )


def _two(row: Row[*tuple[Any, ...]]) -> tuple[Version, Version]:
    _, _, *columns = row
    half = len(VERSION)
    return Version(*columns[:half]), Version(*columns[half:])


def _payload_of(obstacles: Sequence[Obstacle]) -> dict[str, Any]:
    return {"obstacles": [asdict(obstacle) for obstacle in obstacles]}


def _unknown(move_id: UUID) -> NotFound:
    return NotFound(f"The migration {move_id} does not exist.")
