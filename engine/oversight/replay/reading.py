"""Reads cases with their events and rows, in batches."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
TABLES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
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
    for name, (model, columns) in TABLES.items()
}


def compared_columns() -> Mapping[str, frozenset[str]]:
    """Returns the columns that are compared, by table."""
    found = {model.__tablename__: {*columns} for model, columns in TABLES.values()}
    versions = {"number", "title", "name", "size", "task_id", "sha256", "media_type", "uploaded_by"}
    found |= {"cases": {*_CASE, "unit_id"}, "document_versions": versions | {"uploaded_at"}}
    return {name: frozenset(columns) for name, columns in found.items()}


class Logged(NamedTuple):
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
class Batch:
    """Cases with their events and rows. `last` is as in `Compared`."""

    cases: Sequence[RowMapping]
    logs: Mapping[UUID, Sequence[Sequence[Any]]]
    stored: Mapping[str, Mapping[UUID, Stored]]
    stops: Mapping[str, Sequence[tuple[datetime, datetime]]]
    recounted: datetime
    last: UUID | None


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


def logged(event: Sequence[Any]) -> Logged:
    *before, facts, payload, digest, version = event
    texts = (facts and orjson.loads(facts), payload and orjson.loads(payload))
    return Logged._make((*before, *texts, digest, version))


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
