"""Compares the tables of cases with what their events say, in batches. Reads only.

Not compared, because the diagram or other tables define it: names, lanes, candidate groups, search texts, the
engine's state; what people only prepare: drafts, and questions of requests; due dates that a calendar counts,
if one was changed or the case suspended since; and of clocks what follows from calendars: when they warn and
what they do next.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from engine.events import mark
from engine.oversight.replay.reading import TABLES, Batch, Stored, logged, read
from engine.oversight.replay.rebuilding import Rebuilt
from engine.oversight.replay.unknown import UNKNOWN

_PERSONAL = frozenset(  # not printed
    {
        *("data", "outcome", "grounds", "name", "correlation", "number", "applicant", "representative"),
        *("business_key", "secret", "reference", "terms", "text", "versions", "message", "reason", "change"),
    }
)
# What rebuilding and comparing may raise for a row that somebody wrote by hand: any type of JSON is in it.
FORGED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


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

    Call it in a transaction with a snapshot.
    """
    return judge(read(session, after, case_id))


def judge(batch: Batch) -> Compared:
    """Compares the cases of a batch. Those that an earlier release has begun are only counted: their first
    event has no facts.
    """
    found = Compared(last=batch.last)
    for row in batch.cases:
        rows_of = {name: batch.stored[name].get(row["id"], {}) for name in TABLES}
        try:
            log = [logged(event) for event in batch.logs.get(row["id"], ())]
            if log and log[0].facts is None:
                found.earlier += 1
                continue
            stops = batch.stops.get(row["key"], ())
            found.differences += _judge(row, log, stops, rows_of, found, batch.recounted)
        except FORGED as broken:
            found.differences.append(_unreadable(row, f"can't be read ({type(broken).__name__})"))
        found.judged += 1
    return found


def _unreadable(row: RowMapping, reason: str) -> Difference:
    return Difference(row["number"], "events", None, "facts", f"{reason}: verify the chain")


def _judge(
    row: RowMapping,
    log: Sequence[Any],
    stops: Sequence[tuple[datetime, datetime]],
    stored: Mapping[str, Stored],
    found: Compared,
    recounted: datetime,
) -> list[Difference]:
    """Returns the differences of a case, and counts it if it was erased.

    What a calendar counts may have moved if it was opened before `recounted`.
    """
    if bare := [event.seq for event in log if event.facts is None]:
        return [_unreadable(row, f"event {bare[0]} has none")]
    case = _rebuilt(log, stops)
    found.erased += case.erased
    case.begun["version_id"] = log[-1].version_id if log else None
    differences = list(_of_case(row, case))
    resumed = [event.at for event in log if event.kind == "case.resumed"]
    recounted = max([recounted, *resumed, *(at for _, at in stops)])
    for name in TABLES:
        rows, rebuilt = stored[name], getattr(case, name)
        if not rows and not rebuilt:
            continue
        if name == "incidents" and case.erased:  # a late payment opens one, and the log has ended
            rows = {one: rows[one] for one in rows if one in rebuilt}
        differences += _of_table(row["number"], name, rows, rebuilt, recounted)
    return differences


def _rebuilt(log: Sequence[Any], stops: Sequence[tuple[datetime, datetime]]) -> Rebuilt:
    """Returns a case by its events. Raises any of `FORGED` for what Parvandeh doesn't write."""
    case = Rebuilt(stops=[stop for stop in stops if log and stop[0] >= log[0].at])
    for event in log:
        case.add(event)
    case.resume()
    return case


def _of_case(row: RowMapping, case: Rebuilt) -> Iterator[Difference]:
    number = row["number"]
    told = {name: getattr(case, name) for name in ("status", "outcome", "ended_at", "erased_at")}
    secret = row["secret"] and mark(row["id"], row["secret"])
    stored = {**row, "secret": secret}
    for name, value in {**told, **case.begun}.items():
        if _differs(stored[name], value):
            yield _difference((number, "cases", None), name, stored[name], value)
    if case.erased:
        if row["data"]:
            yield Difference(number, "cases", None, "data", "not empty, though the case was erased")
        return
    for name in sorted(case.data.keys() | row["data"].keys()):
        there = name in row["data"] and name in case.data
        if not there or not _same(row["data"][name], case.data[name]):
            yield Difference(number, "cases", None, f"data.{name}", "differs from the events")


def _of_table(
    number: str, table: str, stored: Stored, rebuilt: Mapping[UUID, Mapping[str, Any]], recounted: datetime
) -> Iterator[Difference]:
    for row in sorted(stored.keys() | rebuilt.keys()):
        if row not in rebuilt:
            yield Difference(number, table, row, "id", "the row is in no event")
        elif row not in stored:
            yield Difference(number, table, row, "id", "the row is missing")
        else:
            there = stored[row]
            counted = table != "clocks" and there.get("term") is not None
            counted = counted and there["opened_at"] <= recounted
            for name, value in rebuilt[row].items():
                if _differs(there[name], value) and not (counted and name == "due_at"):
                    yield _difference((number, table, row), name, there[name], value)


def _differs(stored: Any, rebuilt: Any) -> bool:
    return stored is not rebuilt and rebuilt is not UNKNOWN and not _same(stored, rebuilt)


def _difference(place: tuple[str, str, UUID | None], column: str, stored: Any, rebuilt: Any) -> Difference:
    told = "differs from the events"
    if column not in _PERSONAL:
        told = f"{_shown(stored)} in the table, {_shown(rebuilt)} by the events"
    return Difference(*place, column, told)


def _same(one: Any, other: Any) -> bool:
    """Compares values as JSON does, where true is not 1, unlike in Python; and 1.0 is 1."""
    if (kind := type(one)) is type(other) and kind is not dict and kind is not list:  # of nearly all
        return bool(one == other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _shown(value: Any) -> str:
    return "nothing" if value is None else f"“{value}”"
