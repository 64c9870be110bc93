"""The log: append-only, one chain of hashes per case. What it does not hold can never be reported.

An event's hash covers the hash before it and the event in canonical JSON (RFC 8785). Personal data stand in
the payload, which enters only as a salted hash: erasing payload and salt leaves the chain whole.
docs/events.md lists the kinds.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.values import plain
from engine.db import UnitOfWork, recordset, table
from engine.models import Case, Event

Kind = Literal[
    "case.started",
    "case.completed",
    "case.cancelled",
    "element.entered",
    "element.passed",
    "element.cancelled",
    "task.created",
    "task.claimed",
    "task.released",
    "task.completed",
    "task.cancelled",
    "incident.opened",
    "incident.retried",
    "incident.closed",
    "incident.skipped",
    "data.repaired",
    "timer.fired",
    "message.received",
    "message.sent",
    "signal.received",
    "signal.sent",
    "call.made",
    "call.answered",
    "call.failed",
    "case.suspended",
    "case.resumed",
    "case.moved",
    "document.added",
    "document.replaced",
]

GENESIS = bytes(32)  # the hash before a case's first event
APPEND = recordset(table(Event), "events")  # with the parameter that `stored` gives


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a case's chain: how many events it has and the hash of the last."""

    case_id: UUID
    version_id: UUID
    length: int = 0
    hash: bytes = GENESIS


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, about to be written. `payload` holds all that is personal."""

    kind: Kind
    element: str | None = None
    task_id: UUID | None = None
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain does not hold."""

    case_id: UUID
    seq: int
    reason: str


def chain(uow: UnitOfWork, head: Head, facts: Iterable[Fact]) -> tuple[Head, list[dict[str, Any]]]:
    """The rows of these facts, chained to `head`, and the new head. `APPEND` writes them."""
    actor = uow.actor
    shared = {
        "case_id": str(head.case_id),
        "at": _text(uow.now),
        "actor_id": str(actor.id),
        "actor_role": actor.role,
        "actor_unit": actor.unit,
        "purpose": actor.purpose,
        "version_id": str(head.version_id),
    }
    rows = []
    for fact in facts:
        row = _row(shared, head, fact, actor.on_behalf_of)
        head = Head(head.case_id, head.version_id, row["seq"], bytes.fromhex(row["hash"]))
        rows.append(row)
    return head, rows


def stored(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows made by `chain`, as `APPEND` takes them. Whoever appends stores the new head with the case."""
    return [{**row, **{name: _bytea(row[name]) for name in ("hash", "payload_hash", "salt")}} for row in rows]


def _bytea(value: str | None) -> str | None:
    return None if value is None else "\\x" + value


def _row(shared: Mapping[str, Any], head: Head, fact: Fact, on_behalf_of: str | None) -> dict[str, Any]:
    """An event as texts, the form in which it is hashed."""
    payload = dict(plain(fact.payload)) if fact.payload else {}
    if on_behalf_of:
        payload["on_behalf_of"] = on_behalf_of
    salt = os.urandom(16) if payload else None
    row = {
        **shared,
        "seq": head.length + 1,
        "kind": fact.kind,
        "element": fact.element,
        "task_id": str(fact.task_id) if fact.task_id else None,
        "payload_hash": _payload_hash(salt, payload).hex() if salt else None,
    }
    hashed = _hash(head.hash, row).hex()
    return {**row, "hash": hashed, "payload": payload or None, "salt": salt.hex() if salt else None}


def _payload_holds(event: Mapping[Any, Any]) -> bool:
    """Whether the payload is the one that was written, or was erased together with its salt."""
    payload, salt = event["payload"], event["salt"]
    if payload is None and salt is None:
        return True
    return salt is not None and _payload_hash(salt, payload) == event["payload_hash"]


def _payload_hash(salt: bytes, payload: Any) -> bytes:
    return hashlib.sha256(salt + orjson.dumps(payload)).digest()


def _hash(before: bytes, row: Mapping[str, Any]) -> bytes:
    """Texts and whole numbers only, keys in ASCII: orjson's sorted output is RFC 8785's canonical form."""
    return hashlib.sha256(before + orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).digest()


def _text(value: Any) -> str | int | None:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.hex() if isinstance(value, bytes) else str(value)


_CHAINED = (
    Event.case_id,
    Event.seq,
    Event.at,
    Event.kind,
    Event.element,
    Event.task_id,
    Event.actor_id,
    Event.actor_role,
    Event.actor_unit,
    Event.purpose,
    Event.version_id,
    Event.payload_hash,
)


def verify(session: Session, case_id: UUID | None = None) -> list[Break]:
    """Check the chain of one case or of all: every change, gap and missing end is told, first per case."""
    cases = select(Case.id, Case.log_length, Case.log_hash).order_by(Case.id)
    if case_id is not None:
        cases = cases.where(Case.id == case_id)
    breaks = (_verify_case(session, *row) for row in session.execute(cases.execution_options(yield_per=500)))
    return [broken for broken in breaks if broken]


def _verify_case(session: Session, case_id: UUID, length: int, last: bytes) -> Break | None:
    before, seq = GENESIS, 0
    events = select(*_CHAINED, Event.hash, Event.payload, Event.salt).where(Event.case_id == case_id)
    for event in session.execute(events.order_by(Event.seq)).mappings():
        seq += 1
        if event["seq"] != seq:
            return Break(case_id, seq, "an event is missing")
        if _hash(before, {column.key: _text(event[column.key]) for column in _CHAINED}) != event["hash"]:
            return Break(case_id, seq, "the event was changed")
        if not _payload_holds(event):
            return Break(case_id, seq, "the payload was changed")
        before = event["hash"]
    if (seq, before) != (length, last):
        return Break(case_id, seq + 1, "the end of the log is missing")
    return None
