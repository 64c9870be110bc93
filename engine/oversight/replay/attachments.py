"""What the events of a case say of how it began, and of what is attached to it.

Bills, comments, documents, incidents, calls, proposals and recusals, as rows by id. What only the payload
has is `UNKNOWN` once that is erased, and where an earlier release did not write it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from engine.events import mark
from engine.oversight.replay.unknown import UNKNOWN

Row = dict[str, Any]
PERSONS = ("applicant", "representative", "business_key")  # erased with the case, as is its secret


def _said(event: Any, name: str) -> Any:
    payload = event.payload
    return UNKNOWN if payload is None else payload.get(name, UNKNOWN)


def _started(case: Any, event: Any) -> None:
    facts = event.facts
    case.begun = {
        "number": _said(event, "case_number"),
        **{name: _said(event, name) for name in PERSONS},
        "secret": _said(event, "secret"),
        "channel": facts.get("channel"),
        "unit": facts.get("unit"),
        "appeal_of": None,
        "representation_ended_at": None,
        "started_by": event.actor_id,
        "started_at": event.at,
    }


def appealing(case: Any, event: Any) -> None:
    """Applies the event that says which case this one appeals: the next after its start."""
    if "appeal_of" in event.facts:
        case.begun["appeal_of"] = UUID(event.facts["appeal_of"])


def _representation_ended(case: Any, event: Any) -> None:
    case.begun["representation_ended_at"] = event.at


def _secret_issued(case: Any, event: Any) -> None:
    case.begun["secret"] = _said(event, "secret")


def _billed(case: Any, event: Any) -> None:
    facts = event.facts
    case.bills[UUID(facts["bill"])] = {
        "element": event.element,
        "reference": _said(event, "reference"),
        "amount": Decimal(facts["amount"]),
        "currency": facts["currency"],
        "terms": _said(event, "terms"),
        "status": "open",
        "issued_at": event.at,
        **dict.fromkeys(("paid_at", "closed_at", "late_at", "late_amount", "late_currency")),
    }


def _paid(case: Any, event: Any) -> None:
    _change(case.bills, event, "bill", status="paid", paid_at=event.at, closed_at=None)


def _unpaid(status: str) -> Callable[[Any, Any], None]:
    return lambda case, event: _change(case.bills, event, "bill", status=status, closed_at=event.at)


def _paid_late(case: Any, event: Any) -> None:
    amount, currency = Decimal(event.facts["amount"]), event.facts["currency"]
    _change(case.bills, event, "bill", late_at=event.at, late_amount=amount, late_currency=currency)


def _commented(case: Any, event: Any) -> None:
    case.comments[UUID(event.facts["comment"])] = {
        "task_id": event.task_id,
        "author_id": event.actor_id,
        "text": _said(event, "text"),
        "visible": event.facts["visible"],
        "at": event.at,
    }


def _documented(case: Any, event: Any) -> None:
    """Adds a version; those before it remain."""
    facts, payload = event.facts, event.payload or {}
    document = case.documents.setdefault(
        UUID(facts["document"]), {"field": payload.get("field"), "added_by": True, "versions": []}
    )
    document["newest"] = facts["version"]
    document["shared"] = facts.get("visible", document.get("shared", UNKNOWN))
    version = {name: payload.get(name) for name in ("version", "title", "name", "size", "sha256")}
    task = event.task_id and str(event.task_id)
    document["versions"] = [*document["versions"], {**version, "task": task, "mark": payload.get("mark")}]


def _document_shared(case: Any, event: Any) -> None:
    _change(case.documents, event, "document", shared=True)


def _failed(case: Any, event: Any) -> None:
    case.incidents[UUID(event.facts["incident"])] = {
        "element": event.element,
        "code": event.facts.get("code", UNKNOWN),
        "message": _said(event, "message"),
        "status": "open",
        "opened_at": event.at,
        "resolved_at": None,
    }


def _resolved(case: Any, event: Any) -> None:
    _change(case.incidents, event, "incident", status="resolved", resolved_at=event.at)


def _called(case: Any, event: Any) -> None:
    facts, call = event.facts, UUID(event.facts["call"])
    case.calls[call] = {
        "element": event.element,
        "opened_at": case.calls[call]["opened_at"] if call in case.calls else event.at,  # again: a retry
        **{name: facts.get(name) for name in ("connector", "topic", "operation")},
    }


def _proposed(case: Any, event: Any) -> None:
    facts = event.facts
    case.proposals[UUID(facts["proposal"])] = {
        "kind": facts["what"],
        "reason": _said(event, "reason"),
        "change": _said(event, "mark"),
        "proposed_by": event.actor_id,
        "proposed_at": event.at,
        "expires_at": datetime.fromisoformat(facts["expires_at"]),
        "status": "open",
        "decided_by": None,
        "decided_at": None,
    }


def _decided(status: str) -> Callable[[Any, Any], None]:
    def apply(case: Any, event: Any) -> None:
        values = {"status": status, "decided_by": event.actor_id, "decided_at": event.at}
        _change(case.proposals, event, "proposal", **values)

    return apply


def _recused(case: Any, event: Any) -> None:
    case.recusals.setdefault(event.actor_id, {"at": event.at})


def _change(rows: dict[UUID, Row], event: Any, named: str, **values: Any) -> None:
    """Changes a row that an event of its own has begun; another is a difference anyway."""
    row = rows.get(UUID(event.facts[named]))
    if row is not None:
        row.update(values)


def erase(case: Any) -> None:
    """Applies an erasure: what was deleted, and what may change without an event from now on."""
    case.begun.update(dict.fromkeys((*PERSONS, "secret")))
    case.comments.clear()
    case.documents.clear()
    for bill in case.bills.values():
        bill.update(dict.fromkeys(("reference", "terms", "late_at", "late_amount", "late_currency"), UNKNOWN))
    for incident in case.incidents.values():
        incident["message"] = ""
    for proposal in case.proposals.values():
        proposal.update(reason="", change=UNKNOWN)
        if proposal["status"] == "open":
            proposal.update(dict.fromkeys(("status", "decided_by", "decided_at"), UNKNOWN))


def seen(table: str, row: Mapping[str, Any]) -> Row:
    """Returns a stored row as the events describe it: what they only have a mark of, as that mark."""
    shown = dict(row)
    if table == "bills":
        shown["terms"] = mark(*(shown.pop(name) for name in BILL_TERMS))
        shown |= {name: shown[name] and Decimal(shown[name]) for name in ("amount", "late_amount")}
    elif table == "proposals":
        shown["change"] = mark(shown["change"])
    elif table == "documents":
        stored = shown["versions"] or []
        shown["added_by"] = bool(stored) and stored[0]["uploaded_by"] == str(shown["added_by"])
        shown["versions"] = [_version(one) for one in stored]
    return shown


def _version(stored: Mapping[str, Any]) -> Row:
    marked = mark(stored["media_type"], stored["uploaded_by"], datetime.fromisoformat(stored["uploaded_at"]))
    shown = {name: stored[name] for name in ("version", "title", "name", "size", "task")}
    return {**shown, "sha256": stored["sha256"].removeprefix("\\x"), "mark": marked}


ENDS = ("confirmed", "rejected", "withdrawn", "expired")  # of a proposal
BILL_TERMS = ("purpose", "due_on", "link", "message", "paid_amount", "paid_currency")
APPLIED: Mapping[str, Callable[[Any, Any], None]] = MappingProxyType(
    {
        "case.started": _started,
        "secret.issued": _secret_issued,
        "representation.ended": _representation_ended,
        "bill.issued": _billed,
        "bill.paid": _paid,
        "bill.late": _paid_late,
        "bill.expired": _unpaid("expired"),
        "bill.cancelled": _unpaid("cancelled"),
        "comment.added": _commented,
        **dict.fromkeys(("document.added", "document.replaced"), _documented),
        "document.shared": _document_shared,
        "incident.opened": _failed,
        **dict.fromkeys(
            ("incident.retried", "incident.closed", "incident.skipped", "data.repaired"), _resolved
        ),
        "call.made": _called,
        "change.proposed": _proposed,
        **{
            f"change.{status}": _decided(status)
            for status in ("confirmed", "rejected", "withdrawn", "expired")
        },
        "task.recused": _recused,
    }
)
