"""Counts the terms of many cases again, after a change of their calendar: in batches, an event for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Select, and_, bindparam, column, func, or_, select, update
from sqlalchemy.dialects.postgresql import BYTEA

from engine import events
from engine.cases.clock import rows
from engine.cases.clock.reckoning import recount
from engine.cases.clock.rows import Clock, recomputed
from engine.events import Head
from engine.models import Case, CaseClock, Task, UnitLine
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Conflict

BATCH = 500
_CASES, _TASKS = table(Case), table(Task)
_COLUMNS = len(table(CaseClock).c)
_HEADS = (
    func.json_to_recordset(bindparam("heads", type_=JSON))
    .table_valued(
        column("id", _CASES.c.id.type),
        column("length", _CASES.c.log_length.type),
        column("hash", BYTEA),
        column("before", _TASKS.c.due_at.type),
        column("due", _TASKS.c.due_at.type),
    )
    .render_derived(name="heads", with_types=True)
)
_SET_HEADS = (
    update(_CASES)
    .where(_CASES.c.id == _HEADS.c.id)
    .values(log_length=_HEADS.c.length, log_hash=_HEADS.c.hash, revision=_CASES.c.revision + 1)
)
_SET_DUE = (
    update(_TASKS)
    .where(_TASKS.c.case_id == _HEADS.c.id, _TASKS.c.status == "open", _TASKS.c.kind == "step")
    .where(_TASKS.c.due_at == _HEADS.c.before)
    .values(due_at=_HEADS.c.due)
)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many deadlines have changed, or would, and how many need a year without holidays.

    `after` is the last row of a batch; None after the last batch.
    """

    changed: int = 0
    failed: int = 0
    after: UUID | None = None

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.changed + other.changed, self.failed + other.failed, other.after)


Moves = Mapping[UUID, tuple[Clock, Clock]]  # by case: a clock before and after it was counted again


def recompute_batch(uow: UnitOfWork, unit_id: UUID, after: UUID | None, *, dry: bool) -> Counted:
    """Counts the terms of the next cases of a unit and those below again. Doing it again changes nothing.

    Terms that have ended but for their last step, and paused ones, remain: the former are over, the latter
    are counted when they run again.
    """
    found = _clocks(uow, unit_id, after).limit(BATCH)
    listed = uow.connection.execute(found).all()
    failed = 0
    changing: dict[UUID, tuple[Clock, Clock]] = {}
    for clock, unit in map(_read, listed):
        try:
            moved = recount(uow, unit, clock)
        except Conflict:
            failed += 1
            continue
        if moved.due_at != clock.due_at or clock.next_at is None:
            changing[clock.case_id] = clock, moved
    if changing and not dry:
        failed += _move(uow, uow.connection.execute(_locked(uow, list(changing))).all(), changing)
    return Counted(len(changing), failed, listed[-1].case_id if len(listed) == BATCH else None)


def _clocks(uow: UnitOfWork, unit_id: UUID, after: UUID | None) -> Select[Any]:
    found = (
        select(*table(CaseClock).c, Case.unit_id)
        .join(Case, Case.id == CaseClock.case_id)
        .join(UnitLine, UnitLine.unit_id == Case.unit_id)
        .where(UnitLine.ancestor_id == unit_id, Case.status == "active")
        .where(CaseClock.state == "running", _is_open(uow))
        .order_by(CaseClock.case_id)
    )
    # Of both tables: otherwise each batch would read all cases before it again.
    return found if after is None else found.where(CaseClock.case_id > after, Case.id > after)


def _is_open(uow: UnitOfWork) -> ColumnElement[bool]:
    """Whether no step is due now. Those without a next one could not be counted before.

    A term that has ended and awaits its release has none either: it is counted when it is released.
    """
    return or_(CaseClock.next_at > uow.now, and_(CaseClock.next_at.is_(None), ~rows.HELD))


def _locked(uow: UnitOfWork, case_ids: Sequence[UUID]) -> Select[Any]:
    """Returns a select of clocks with their cases, which it locks in the common order."""
    return (
        select(*table(CaseClock).c, Case.unit_id, Case.version_id, Case.log_length, Case.log_hash)
        .join(Case, Case.id == CaseClock.case_id)
        .where(CaseClock.case_id.in_(case_ids), Case.status == "active", CaseClock.state == "running")
        .where(_is_open(uow))
        .order_by(CaseClock.case_id)
        .with_for_update(of=(Case, CaseClock))
    )


def _read(row: Sequence[Any]) -> tuple[Clock, UUID]:
    """Returns the clock of a row, and the unit of its case."""
    return Clock(*row[:_COLUMNS]), row[_COLUMNS]


def _move(uow: UnitOfWork, found: Sequence[Any], counted: Moves) -> int:
    """Writes the new end of each of these terms, with its event, in one statement.

    `counted` are the clocks as they were before they were locked. Returns how many lack a year of holidays.
    """
    failed = 0
    log: list[dict[str, Any]] = []
    heads: list[dict[str, Any]] = []
    clocks: list[Clock] = []
    for row in found:
        clock, unit = _read(row)
        seen, moved = counted[clock.case_id]
        if clock != seen:  # another command has changed it meanwhile
            try:
                moved = recount(uow, unit, clock)
            except Conflict:
                failed += 1
                continue
            if moved.due_at == clock.due_at:
                continue
        head = Head(row.case_id, row.version_id, row.log_length, row.log_hash)
        head, lines = events.chain(uow, head, [recomputed("calendar", clock.due_at, moved)])
        log += lines
        digest = f"\\x{head.hash.hex()}"
        heads.append(
            {
                "id": row.case_id,
                "length": head.length,
                "hash": digest,
                "before": clock.due_at,
                "due": moved.due_at,
            }
        )
        clocks.append(moved)
    if clocks:
        rows.write_all(uow, clocks)
        uow.write(_SET_HEADS, {"heads": heads})
        uow.write(_SET_DUE, {"heads": heads})
        uow.write(events.APPEND, {"events": events.stored(log)})
    return failed
