"""Compares the tables of cases with what their events say, in batches. Reads only.

Not compared, because the diagram or other tables define it: names, lanes, candidate groups, search texts, the
engine's state; what people only prepare: drafts, and questions of requests; due dates in working time, which
calendars move; and of clocks what follows from calendars: when they warn and what they do next.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from engine.models import (
    Case,
    CaseClock,
    Decision,
    DefinitionVersion,
    Event,
    OrganisationRecord,
    Task,
    Wait,
)
from engine.oversight.replay.rebuilding import UNKNOWN, Rebuilt
from engine.platform.db import connection

BATCH = 200

_CASE = ("status", "outcome", "data", "ended_at")
_TABLES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "tasks": (
        Task,
        (
            *("element", "kind", "status", "assignee_id", "opened_at", "closed_at"),
            *("due_at", "follow_up_at", "priority", "assignment", "parent_id"),
        ),
    ),
    "waits": (Wait, ("element", "kind", "name", "correlation", "due_at", "opened_at", "closed_at")),
    "decisions": (
        Decision,
        (
            *("task_id", "decided_by", "unit", "outcome", "grounds", "decided_at", "appeal_id"),
            "silent_units",
        ),
    ),
    "clocks": (CaseClock, ("state", "stage", "term", "extension", "started_at", "due_at", "stopped_at")),
}
_PERSONAL = frozenset({"data", "outcome", "grounds", "name", "correlation"})  # not printed
# What rebuilding and comparing may raise for a row that somebody wrote by hand: any type of JSON is in it.
FORGED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_EVENTS = (
    *(Event.case_id, Event.seq, Event.at, Event.kind, Event.element, Event.task_id),
    *(Event.actor_id, Event.actor_unit, Event.facts, Event.payload, Event.payload_hash),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A value of a table that differs from the log; `row` is the id of the row if it isn't the case's."""

    number: str
    table: str
    row: UUID | None
    column: str
    reason: str

    def __str__(self) -> str:
        where = f"case {self.number}, {self.table}"
        return f"{where}{f' {self.row}' if self.row else ''}, {self.column}: {self.reason}"


@dataclass(slots=True)
class Compared:
    """The result for a batch: how many cases were judged, also if `erased`; how many could not be.

    `last` is the id of its last case, with which the next batch begins; None after the last one.
    """

    judged: int = 0
    erased: int = 0
    earlier: int = 0
    differences: list[Difference] = field(default_factory=list)
    last: UUID | None = None


def compare(session: Session, after: UUID | None = None, case_id: UUID | None = None) -> Compared:
    """Compares up to `BATCH` cases, those after the named one; or one case alone.

    Cases that an earlier release has begun are only counted: their first event has no facts. Call it in a
    transaction with a snapshot.
    """
    wanted = select(Case.id, Case.number, *(getattr(Case, name) for name in _CASE)).order_by(Case.id)
    if case_id is not None:
        wanted = wanted.where(Case.id == case_id)
    elif after is not None:
        wanted = wanted.where(Case.id > after)
    wanted = wanted.add_columns(DefinitionVersion.key).join(
        DefinitionVersion, DefinitionVersion.id == Case.version_id
    )
    rows = connection(session).execute(wanted.limit(BATCH)).mappings().all()
    ids = [row["id"] for row in rows]
    logs = _by_case(
        session, select(*_EVENTS).where(Event.case_id.in_(ids)).order_by(Event.case_id, Event.seq)
    )
    stored = {name: _rows(session, model, columns, ids) for name, (model, columns) in _TABLES.items()}
    stops = _stops(session, {row["key"] for row in rows})
    found = Compared(last=ids[-1] if len(ids) == BATCH and case_id is None else None)
    for row in rows:
        log = logs.get(row["id"], ())
        if log and log[0].facts is None:
            found.earlier += 1
            continue
        found.judged += 1
        if bare := [event.seq for event in log if event.facts is None]:
            reason = f"event {bare[0]} has none: verify the chain"
            found.differences.append(Difference(row["number"], "events", None, "facts", reason))
            continue
        rows_of = {name: stored[name].get(row["id"], {}) for name in _TABLES}
        try:
            case = _rebuilt(log, stops.get(row["key"], ()))
            found.differences += _judge(row, case, rows_of)
            found.erased += case.erased
        except FORGED as broken:
            reason = f"can't be read ({type(broken).__name__}): verify the chain"
            found.differences.append(Difference(row["number"], "events", None, "facts", reason))
    return found


def _judge(
    row: RowMapping, case: Rebuilt, stored: Mapping[str, Mapping[UUID, RowMapping]]
) -> list[Difference]:
    """Returns the differences of a case."""
    differences = list(_of_case(row, case))
    for name in _TABLES:
        differences += _of_table(row["number"], name, stored[name], getattr(case, name))
    return differences


def _rebuilt(log: Sequence[Any], stops: Sequence[tuple[datetime, datetime]]) -> Rebuilt:
    """Returns a case by its events. Raises any of `FORGED` for what Parvandeh doesn't write."""
    case = Rebuilt(stops=[stop for stop in stops if log and stop[0] >= log[0].at])
    for event in log:
        case.add(event)
    case.resume()
    return case


def _stops(session: Session, keys: Collection[str]) -> Mapping[str, Sequence[tuple[datetime, datetime]]]:
    """Returns for which times definitions were suspended, oldest first."""
    key = OrganisationRecord.payload["definition"].as_string().label("key")
    wanted = select(key, OrganisationRecord.kind, OrganisationRecord.at).order_by(OrganisationRecord.seq)
    wanted = wanted.where(OrganisationRecord.kind.in_(("definition.suspended", "definition.resumed")))
    began: dict[str, datetime] = {}
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for key_of, kind, at in connection(session).execute(wanted.where(key.in_(keys))):
        if kind == "definition.suspended":
            began[key_of] = at
        elif key_of in began:
            found.setdefault(key_of, []).append((began.pop(key_of), at))
    return found


def _by_case(session: Session, statement: Any) -> Mapping[UUID, Sequence[Any]]:
    rows = connection(session).execute(statement)
    return {case: list(events) for case, events in groupby(rows, lambda row: row.case_id)}


def _rows(
    session: Session, model: Any, columns: Sequence[str], cases: Sequence[UUID]
) -> Mapping[UUID, Mapping[UUID, RowMapping]]:
    """Returns the rows of a table, by case and id."""
    more = [model.term] if model in (Task, Wait) else []
    row_id = getattr(model, "id", model.case_id).label("row_id")  # a case has one clock
    wanted = select(row_id, model.case_id, *(getattr(model, name) for name in columns), *more)
    if model is CaseClock:  # until it begins, no event speaks of it
        wanted = wanted.where(CaseClock.term.is_not(None))
    found: dict[UUID, dict[UUID, RowMapping]] = {}
    for row in connection(session).execute(wanted.where(model.case_id.in_(cases))).mappings():
        found.setdefault(row["case_id"], {})[row["row_id"]] = row
    return found


def _of_case(row: RowMapping, case: Rebuilt) -> Iterator[Difference]:
    number = row["number"]
    for name in ("status", "outcome", "ended_at"):
        yield from _differing(number, "cases", None, name, row[name], getattr(case, name))
    if case.erased:
        if row["data"]:
            yield Difference(number, "cases", None, "data", "not empty, though the case was erased")
        return
    for name in sorted(case.data.keys() | row["data"].keys()):
        there = name in row["data"] and name in case.data
        if not there or not _same(row["data"][name], case.data[name]):
            yield Difference(number, "cases", None, f"data.{name}", "differs from the events")


def _of_table(
    number: str, table: str, stored: Mapping[UUID, RowMapping], rebuilt: Mapping[UUID, Mapping[str, Any]]
) -> Iterator[Difference]:
    for row in sorted(stored.keys() | rebuilt.keys()):
        if row not in rebuilt:
            yield Difference(number, table, row, "id", "the row is in no event")
        elif row not in stored:
            yield Difference(number, table, row, "id", "the row is missing")
        else:
            counted = table != "clocks" and stored[row].get("term") is not None
            for name, value in rebuilt[row].items():
                if counted and name == "due_at":
                    continue
                yield from _differing(number, table, row, name, stored[row][name], value)


def _differing(
    number: str, table: str, row: UUID | None, column: str, stored: Any, rebuilt: Any
) -> Iterator[Difference]:
    if rebuilt is UNKNOWN or _same(stored, rebuilt):
        return
    told = "differs from the events"
    if column not in _PERSONAL:
        told = f"{_shown(stored)} in the table, {_shown(rebuilt)} by the events"
    yield Difference(number, table, row, column, told)


def _same(one: Any, other: Any) -> bool:
    """Compares values as JSON does, where true is not 1, unlike in Python; and 1.0 is 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _shown(value: Any) -> str:
    return "nothing" if value is None else f"“{value}”"
