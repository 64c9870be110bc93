"""The sums of the projection: which rows are counted in which table, and under which key.

What a row counts is written once. It is added to the stored sums when the row is written, subtracted
before it is deleted, and computed from the rows themselves for days at the edge of what a reader asks for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import BigInteger

from engine.models import (
    CaseFigures,
    CausePeriodFigures,
    DelayCause,
    DurationBin,
    PeriodFigures,
    StepFigures,
    StepPeriodFigures,
    StepWorker,
)
from engine.platform.db import UnitOfWork, table
from engine.timeline import BUCKETS

CELL = ("definition", "version", "unit", "service_class")
MAIN = ("task", "wait", "call")  # the kinds of steps that are elements of the diagram
IDS = bindparam("ids", type_=ARRAY(Uuid()))

_C, _S, _D = table(CaseFigures), table(StepFigures), table(DelayCause)
_ONE: ColumnElement[Any] = literal_column("1", Integer)


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that are counted in a table. `counted` says how many: a sum without any is no row."""

    target: Table
    rows: Table
    when: ColumnElement[bool]
    at: str  # the column whose instant decides the period
    keys: Mapping[str, ColumnElement[Any]]
    values: Mapping[str, ColumnElement[Any]]
    fixed: Mapping[str, str] = field(default_factory=dict)  # keys that are the same for all

    def select(self, *where: ColumnElement[bool], sign: int = 1) -> Select[Any]:
        """Selects the sums of these rows by key."""
        sums = (cast(func.sum(value) * sign, BigInteger).label(name) for name, value in self.values.items())
        named: list[Any] = [literal(key, Text).label(name) for name, key in self.fixed.items()]
        named += [key.label(name) for name, key in self.keys.items()]
        found = select(*named, *sums).select_from(self.rows).where(self.when, *where)
        return found.group_by(*self.keys.values())


def _if(condition: ColumnElement[Any]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _or_none(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(value, 0)


def _cell(rows: Table, period: str, *more: str) -> dict[str, ColumnElement[Any]]:
    return {"period": rows.c[period], **{name: rows.c[name] for name in (*CELL, *more)}}


def _bins(of: str, rows: Table, duration: str, period: str) -> Source:
    fixed = {"of": of}
    keys = _cell(rows, period)
    if "element" in rows.c:
        keys["element"] = rows.c.element
    else:
        fixed["element"] = ""
    number = rows.c[f"{duration}_bin"]
    when: ColumnElement[bool] = rows.c[f"{duration}_ms"].is_not(None)  # which an index has
    if "kind" in rows.c:  # requests and incidents have the element of the task that they belong to
        when = when & rows.c.kind.in_(MAIN)
    keys["bin"] = number
    at = period.replace("period", "at")
    return Source(table(DurationBin), rows, when, at, keys, {"count": _ONE}, fixed)


STARTED = Source(
    table(PeriodFigures),
    _C,
    literal(True, Boolean),
    "started_at",
    _cell(_C, "started_period"),
    {
        "started": _ONE,
        "started_by_channel": _if(_C.c.channel.is_not(None)),
        "started_online": _if(_C.c.channel == "online"),
    },
)
ENDED = Source(
    table(PeriodFigures),
    _C,
    _C.c.ended_at.is_not(None),
    "ended_at",
    _cell(_C, "ended_period"),
    {
        "closed": _ONE,
        **{name: _if(_C.c.ending == name) for name in ("completed", "withdrawn", "cancelled")},
        "granted": _if(_C.c.effect == "grants"),
        "refused": _if(_C.c.effect == "refuses"),
        "ruled": _if(_C.c.decided_by == "rule"),
        "silent": _if(_C.c.silent),
        "with_term": _if(_C.c.late.is_not(None)),
        "on_time": _if(_C.c.late.is_(False)),
        "late_ms": _C.c.late_ms,
        "life_ms": _C.c.life_ms,
        **{name: _C.c[name] for name in BUCKETS},
        "planned_cases": _if(_C.c.visits_planned.is_not(None)),
        "visits_planned": _or_none(_C.c.visits_planned),
        "visits_known": _if(_C.c.visits_known),
        "visits_actual": _C.c.visits_actual,
        "rated": _if(_C.c.stars.is_not(None)),
        "stars": _or_none(_C.c.stars),
        "send_backs": _C.c.send_backs,
        "appealed": _if(_C.c.appealed),
        "appeals_decided": _if(_C.c.upheld.is_not(None)),
        "upheld": _if(_C.c.upheld),
        "noted_cases": _if(_C.c.noted_ms.is_not(None)),
        "noted_ms": _or_none(_C.c.noted_ms),
        "cost_cases": _if(_C.c.cost.is_not(None)),
        "cost": _or_none(_C.c.cost),
        "unexplained_ms": _or_none(_C.c.unexplained_ms),
    },
)
_STEP = ("element", "kind", "step_unit", "role")
ARRIVED = Source(
    table(StepPeriodFigures),
    _S,
    literal(True, Boolean),
    "opened_at",
    _cell(_S, "opened_period", *_STEP),
    {"arrived": _ONE},
)
PASSED = Source(
    table(StepPeriodFigures),
    _S,
    _S.c.closed_at.is_not(None),
    "closed_at",
    _cell(_S, "closed_period", *_STEP),
    {
        "closed": _ONE,
        "done": _if(_S.c.done),
        "wait_ms": _or_none(_S.c.wait_ms),
        "worked": _if(_S.c.work_ms.is_not(None)),
        "work_ms": _or_none(_S.c.work_ms),
        "send_backs": _S.c.send_backs,
    },
)
WORKERS = Source(
    table(StepWorker),
    _S,
    _S.c.closed_at.is_not(None) & (func.cardinality(_S.c.people) > 0),
    "closed_at",
    {
        "period": _S.c.closed_period,
        **{name: _S.c[name] for name in ("step_unit", "role", *CELL, "element", "kind")},
        "person": func.unnest(_S.c.people),
    },
    {"steps": _ONE},
)
CAUSED = Source(
    table(CausePeriodFigures),
    _D,
    literal(True, Boolean),
    "ended_at",
    _cell(_D, "ended_period", "party", "element", "bucket"),
    {"cases": _ONE, "ms": _D.c.ms},
)
LIVES = _bins("life", _C, "life", "ended_period")
WAITS = _bins("wait", _S, "wait", "closed_period")
WORKS = _bins("work", _S, "work", "closed_period")

SOURCES = (STARTED, ENDED, ARRIVED, PASSED, WORKERS, CAUSED, LIVES, WAITS, WORKS)
ROWS = (_C, _S, _D)
# A sum in which all of these are 0 is no sum.
_EMPTY: Mapping[str, Sequence[str]] = {
    "period_figures": ("started", "closed"),
    "step_period_figures": ("arrived", "closed"),
    "step_workers": ("steps",),
    "cause_period_figures": ("cases",),
    "duration_bins": ("count",),
}


def change(uow: UnitOfWork, source: Source, ids: Sequence[Any], sign: int) -> list[dict[str, Any]]:
    """Adds what the rows of these cases count (`sign` 1) or subtracts it (-1).

    Returns the keys of sums that are empty now.
    """
    target = source.target
    columns = [*source.fixed, *source.keys, *source.values]
    chosen = source.select(source.rows.c.case_id == func.any(IDS), sign=sign)
    written = insert(target).from_select(columns, chosen)
    added = {name: target.c[name] + written.excluded[name] for name in source.values}
    statement = written.on_conflict_do_update(index_elements=[*target.primary_key.columns], set_=added)
    if sign > 0:
        uow.connection.execute(statement, {"ids": ids})
        return []
    counts = [target.c[name] for name in _EMPTY[target.name]]
    returned = statement.returning(*target.primary_key.columns, sum(counts[1:], counts[0]).label("left"))
    rows = uow.connection.execute(returned, {"ids": ids}).mappings()
    return [dict(row) for row in rows if not row["left"]]


def drop_empty(uow: UnitOfWork, source: Source, keys: Sequence[Mapping[str, Any]]) -> None:
    """Deletes those of these sums that are still empty."""
    target = source.target
    empty = [target.c[name] == 0 for name in _EMPTY[target.name]]
    named = [column == bindparam(f"key_{column.name}", type_=column.type) for column in target.primary_key]
    uow.connection.execute(
        delete(target).where(*named, *empty),
        [{f"key_{column.name}": key[column.name] for column in target.primary_key} for key in keys],
    )
