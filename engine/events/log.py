"""The log: append-only, one hash chain per case. Reports can only contain what the log contains.

Personal data is in the payload, which can be erased (`engine/events/hash_chain.py`). The kinds are listed in
docs/events.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.values import plain
from engine.events import hash_chain
from engine.events.vocabulary import facts_of
from engine.models import Case, Event
from engine.platform.db import UnitOfWork, recordset, table

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
    "task.assigned",
    "task.blocked",
    "task.recused",
    "task.delegated",
    "task.returned",
    "incident.opened",
    "incident.retried",
    "incident.closed",
    "incident.skipped",
    "data.repaired",
    "wait.opened",
    "wait.closed",
    "timer.fired",
    "message.received",
    "message.sent",
    "message.unmatched",
    "signal.received",
    "signal.sent",
    "call.made",
    "call.tried",
    "call.answered",
    "call.failed",
    "bill.issued",
    "bill.paid",
    "bill.mismatch",
    "bill.late",
    "bill.expired",
    "bill.cancelled",
    "case.suspended",
    "case.resumed",
    "case.moved",
    "case.blocked",
    "document.added",
    "document.replaced",
    "document.shared",
    "decision.made",
    "decision.evaluated",
    "appeal.filed",
    "appeal.decided",
    "case.withdrawn",
    "representation.ended",
    "secret.issued",
    "comment.added",
    "opinion.asked",
    "opinion.given",
    "opinion.expired",
    "opinion.withdrawn",
    "correction.asked",
    "correction.expired",
    "correction.withdrawn",
    "data.corrected",
    "data.changed",
    "data.disputed",
    "data.prefilled",
    "case.erased",
    "clock.started",
    "clock.paused",
    "clock.resumed",
    "clock.extended",
    "clock.stopped",
    "clock.recomputed",
    "clock.warned",
    "clock.breached",
    "clock.deemed",
    "work.noted",
    "visit.recorded",
    "visit.corrected",
    "rating.given",
    "delay.explained",
    "change.proposed",
    "change.confirmed",
    "change.rejected",
    "change.withdrawn",
    "change.expired",
]

APPEND = recordset(table(Event), "events")  # with the parameter that `stored` returns


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a case's chain: the number of its events and the hash of the last."""

    case_id: UUID
    version_id: UUID
    length: int = 0
    hash: bytes = hash_chain.GENESIS


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact to be written. `payload` contains all that is personal.

    `facts` are those of its kind that are not in the payload (`engine.events.vocabulary`).
    """

    kind: Kind
    element: str | None = None
    task_id: UUID | None = None
    payload: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain is broken."""

    case_id: UUID
    seq: int
    reason: str


def chain(
    uow: UnitOfWork, head: Head, facts: Iterable[Fact], *, unit: str | None = None
) -> tuple[Head, list[dict[str, Any]]]:
    """Returns the rows of these facts, chained to `head`, and the new head. `APPEND` writes them.

    `unit` is the one as whose member the actor acts.
    """
    actor = uow.actor
    shared = {
        "case_id": str(head.case_id),
        "at": hash_chain.text(uow.now),
        "actor_id": str(actor.id),
        "actor_role": actor.logged_as or actor.role,
        "actor_unit": unit or actor.unit,
        "purpose": None,  # free text: events of earlier releases have it here, where it can't be erased
        "version_id": str(head.version_id),
    }
    said = {"on_behalf_of": actor.on_behalf_of, "purpose": actor.purpose}
    stated = {name: text for name, text in said.items() if text}
    rows = []
    for fact in facts:
        row = _row(shared, head, fact, stated)
        head = Head(head.case_id, head.version_id, row["seq"], bytes.fromhex(row["hash"]))
        rows.append(row)
    return head, rows


def stored(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns rows made by `chain` as `APPEND` takes them. The caller stores the new head with the case."""
    names = ("hash", "payload_hash", "salt")
    return [{**row, **{name: hash_chain.bytea(row[name]) for name in names}} for row in rows]


def _row(shared: Mapping[str, Any], head: Head, fact: Fact, stated: Mapping[str, str]) -> dict[str, Any]:
    """Returns an event as texts, the form in which it is hashed.

    `stated` is what the actor said of all events.
    """
    payload = dict(plain(fact.payload)) if fact.payload else {}
    sealed = hash_chain.sealed({**payload, **stated})
    row = {
        **shared,
        "seq": head.length + 1,
        "kind": fact.kind,
        "facts": facts_of(fact.kind, fact.payload or {}, fact.facts),
        "element": fact.element,
        "task_id": str(fact.task_id) if fact.task_id else None,
        "payload_hash": sealed["payload_hash"],
    }
    return {**row, **sealed, "hash": hash_chain.digest(head.hash, row).hex()}


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
    """Verifies the chain of one case or of all, within a snapshot.

    Returns the first change, gap or missing end of each case.
    """
    cases = select(Case.id, Case.log_length, Case.log_hash).order_by(Case.id)
    if case_id is not None:
        cases = cases.where(Case.id == case_id)
    breaks = (_verify_case(session, *row) for row in session.execute(cases.execution_options(yield_per=500)))
    return [broken for broken in breaks if broken]


def _verify_case(session: Session, case_id: UUID, length: int, last: bytes) -> Break | None:
    events = select(*_CHAINED, Event.facts, Event.hash, Event.payload, Event.salt)
    events = events.where(Event.case_id == case_id)
    rows = session.execute(events.order_by(Event.seq)).mappings()
    broken = hash_chain.first_break(rows, [column.key for column in _CHAINED], length, last, later=["facts"])
    return Break(case_id, *broken) if broken else None
