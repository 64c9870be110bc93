"""Compares the tables of cases with what their events say, in batches. Reads only.

Not compared, because the diagram or other tables define it: names, lanes, candidate groups, search texts, the
engine's state; what people only prepare: drafts, and questions of requests; due dates that a calendar counts,
if one was changed or the case suspended since; and of clocks what follows from calendars: when they warn and
what they do next.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Connection, Numeric, RowMapping, Text, Uuid, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from engine import events
from engine.events import mark
from engine.models import (
    Bill,
    Call,
    Case,
    CaseClock,
    CaseProposal,
    Comment,
    Decision,
    DefinitionVersion,
    Document,
    DocumentVersion,
    Event,
    Incident,
    OrganisationRecord,
    Recusal,
    Task,
    Unit,
    Wait,
)
from engine.oversight.replay import attachments
from engine.oversight.replay.attachments import BILL_TERMS
from engine.oversight.replay.rebuilding import Rebuilt
from engine.oversight.replay.unknown import UNKNOWN
from engine.platform.db import connection
from engine.platform.prepared import Prepared

BATCH = 500
_CHANGES = ("made", "changed", "chosen", "closure", "reopened")
_NEVER = datetime.min.replace(tzinfo=UTC)
_BATCHES = timedelta(minutes=1)  # processes remember a calendar for a second

_CASE = (
    *("status", "outcome", "data", "ended_at", "number", "applicant", "representative", "business_key"),
    *("secret", "channel", "appeal_of", "started_by", "started_at", "erased_at", "version_id"),
    "representation_ended_at",
)
_VERSIONS = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_object(
                    *("version", DocumentVersion.number, "title", DocumentVersion.title),
                    *("name", DocumentVersion.name, "size", DocumentVersion.size),
                    *("task", DocumentVersion.task_id, "sha256", DocumentVersion.sha256),
                    *("media_type", DocumentVersion.media_type, "uploaded_by", DocumentVersion.uploaded_by),
                    *("uploaded_at", DocumentVersion.uploaded_at),
                ),
                DocumentVersion.number,
            )
        )
    )
    .where(DocumentVersion.document_id == Document.id)
    .scalar_subquery()
    .label("versions")
)
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
    "bills": (
        Bill,
        (
            *("element", "reference", "amount", "currency", "status", "issued_at", "paid_at", "closed_at"),
            *("late_at", "late_amount", "late_currency", *BILL_TERMS),
        ),
    ),
    "comments": (Comment, ("task_id", "author_id", "text", "visible", "at")),
    "documents": (Document, ("newest", "field", "added_by", "shared")),
    "incidents": (Incident, ("element", "code", "message", "status", "opened_at", "resolved_at")),
    "calls": (Call, ("element", "connector", "topic", "operation", "opened_at")),
    "proposals": (
        CaseProposal,
        (
            *("kind", "reason", "change", "proposed_by", "proposed_at", "expires_at", "status"),
            *("decided_by", "decided_at"),
        ),
    ),
    "recusals": (Recusal, ("at",)),
    "clocks": (CaseClock, ("state", "stage", "term", "extension", "started_at", "due_at", "stopped_at")),
}
Stored = Mapping[UUID, Mapping[str, Any]]  # rows by id
_PERSONAL = frozenset(  # not printed
    {
        *("data", "outcome", "grounds", "name", "correlation", "number", "applicant", "representative"),
        *("business_key", "secret", "reference", "terms", "text", "versions", "message", "reason", "change"),
    }
)
# What rebuilding and comparing may raise for a row that somebody wrote by hand: any type of JSON is in it.
FORGED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_CASES = any_(cast(bindparam("cases", type_=Text), ARRAY(Uuid)))  # as one text: quicker to send than a list
_EVENTS = Prepared(
    select(
        *(Event.case_id, Event.seq, Event.at, Event.kind, Event.element, Event.task_id),
        *(Event.actor_id, Event.actor_unit, cast(Event.facts, Text), cast(Event.payload, Text)),
        *(Event.payload_hash, Event.version_id),
    )
    .where(Event.case_id == _CASES)
    .order_by(Event.case_id, Event.seq)
)


def _row_id(model: Any) -> Any:
    """Returns what names a row in its case: a case has one clock, and a recusal is that of an account."""
    return model.user_id if model is Recusal else getattr(model, "id", model.case_id)


def _selected(column: Any) -> Any:
    """Returns a column; amounts as texts, because the driver's own rows are used."""
    return cast(column, Text).label(column.key) if isinstance(column.type, Numeric) else column


_ROWS = {
    name: Prepared(
        select(
            _row_id(model).label("row_id"),
            model.case_id,
            *(_selected(getattr(model, column)) for column in columns),
            *([model.term] if model in (Task, Wait) else []),
            *([_VERSIONS] if model is Document else []),
        ).where(
            model.case_id == _CASES,
            # Until a clock begins, no event speaks of it.
            *([CaseClock.term.is_not(None)] if model is CaseClock else []),
        )
    )
    for name, (model, columns) in _TABLES.items()
}


def compared_columns() -> Mapping[str, frozenset[str]]:
    """Returns the columns that are compared, by table."""
    found = {model.__tablename__: {*columns} for model, columns in _TABLES.values()}
    versions = {"number", "title", "name", "size", "task_id", "sha256", "media_type", "uploaded_by"}
    found |= {"cases": {*_CASE, "unit_id"}, "document_versions": versions | {"uploaded_at"}}
    return {name: frozenset(columns) for name, columns in found.items()}


class _Logged(NamedTuple):
    """An event, as `Rebuilt` reads it."""

    case_id: UUID
    seq: int
    at: datetime
    kind: str
    element: str | None
    task_id: UUID | None
    actor_id: UUID
    actor_unit: str | None
    facts: Any
    payload: Any
    payload_hash: bytes | None
    version_id: UUID


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


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases with their events and rows. `last` is as in `Compared`."""

    cases: Sequence[RowMapping]
    logs: Mapping[UUID, Sequence[Sequence[Any]]]
    stored: Mapping[str, Mapping[UUID, Stored]]
    stops: Mapping[str, Sequence[tuple[datetime, datetime]]]
    recounted: datetime
    last: UUID | None


def compare(session: Session, after: UUID | None = None, case_id: UUID | None = None) -> Compared:
    """Compares up to `BATCH` cases, those after the named one; or one case alone.

    Call it in a transaction with a snapshot.
    """
    return judge(read(session, after, case_id))


def read(session: Session, after: UUID | None = None, case_id: UUID | None = None) -> Batch:
    """Reads what `compare` judges."""
    wanted = select(Case.id, Case.number, *(getattr(Case, name) for name in _CASE)).order_by(Case.id)
    if case_id is not None:
        wanted = wanted.where(Case.id == case_id)
    elif after is not None:
        wanted = wanted.where(Case.id > after)
    wanted = wanted.add_columns(DefinitionVersion.key, Unit.key.label("unit"))
    wanted = wanted.join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
    wanted = wanted.join(Unit, Unit.id == Case.unit_id)
    rows = connection(session).execute(wanted.limit(BATCH)).mappings().all()
    ids = [row["id"] for row in rows]
    bound, listed = connection(session), f"{{{','.join(map(str, ids))}}}"
    events = _EVENTS.rows(bound, {"cases": listed})
    logs = {case: list(log) for case, log in groupby(events, itemgetter(0))}
    stored = {name: _rows(bound, name, listed) for name in _ROWS}
    stops = _stops(session, {row["key"] for row in rows})
    last = ids[-1] if len(ids) == BATCH and case_id is None else None
    return Batch(rows, logs, stored, stops, _last_change(bound), last)


def judge(batch: Batch) -> Compared:
    """Compares the cases of a batch. Those that an earlier release has begun are only counted: their first
    event has no facts.
    """
    found = Compared(last=batch.last)
    for row in batch.cases:
        rows_of = {name: batch.stored[name].get(row["id"], {}) for name in _TABLES}
        try:
            log = [_logged(event) for event in batch.logs.get(row["id"], ())]
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


def _logged(event: Sequence[Any]) -> _Logged:
    *before, facts, payload, digest, version = event
    texts = (facts and orjson.loads(facts), payload and orjson.loads(payload))
    return _Logged._make((*before, *texts, digest, version))


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
    for name in _TABLES:
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


def _stops(session: Session, keys: Collection[str]) -> Mapping[str, Sequence[tuple[datetime, datetime]]]:
    """Returns for which times definitions were suspended, oldest first."""
    key = OrganisationRecord.payload["definition"].as_string().label("key")
    wanted = select(key, OrganisationRecord.kind, OrganisationRecord.at).order_by(OrganisationRecord.seq)
    wanted = wanted.where(OrganisationRecord.kind.in_(("definition.suspended", "definition.resumed")))
    found = connection(session).execute(wanted.where(key.in_(keys)))
    return events.suspensions((key_of, kind, at) for key_of, kind, at in found)


def _last_change(bound: Connection) -> datetime:
    """Returns until when what was opened may be counted by another calendar now than at first."""
    kinds = ("unit.made", "unit.changed", *(f"calendar.{what}" for what in _CHANGES))
    last = select(func.max(OrganisationRecord.at)).where(OrganisationRecord.kind.in_(kinds))
    at = bound.execute(last).scalar()
    return _NEVER if at is None else at + _BATCHES


def _rows(bound: Connection, table: str, cases: str) -> Mapping[UUID, Stored]:
    """Returns the rows of a table, by case and id."""
    found: dict[UUID, dict[UUID, Mapping[str, Any]]] = {}
    for row in _ROWS[table].mappings(bound, {"cases": cases}):
        found.setdefault(row["case_id"], {})[row["row_id"]] = attachments.seen(table, row)
    return found


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
