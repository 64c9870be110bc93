"""The facts of each kind of event: chained, never erased, and never personal (docs/events.md, "Facts").

A fact that is also in the payload is taken from there. Reports count facts only, so that they give the same
numbers after all payloads are erased.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from engine.events.hash_chain import text

Value = str | int | bool
WORK_NOTED = "work.noted"  # of interest to its person alone, except for sums (docs/work-time.md)
_BILL = {"bill": str, "amount": str, "currency": str}
_DOCUMENT = {"document": str, "version": int, "size": int, "visible": bool}
_INCIDENT = {"incident": str, "code": str}
_WAIT = {"wait": str, "kind": str, "due_at": str, "party": str}
_TAKEN = {"message": str}
_CHANGE = {"proposal": str, "what": str}

# By kind of event; kinds that are not listed have none.
VOCABULARY: Mapping[str, Mapping[str, type[Value]]] = MappingProxyType(
    {
        "case.started": {
            **{"unit": str, "channel": str, "represented": bool, "appeal_of": str},
            **{"begun_at": str, "sent_at": str, "awaited": str},
        },
        # By a person, by rule, or by the silence of the office.
        "case.completed": {"outcome": str, "effect": str, "by": str},
        "case.suspended": {"reason_code": str},
        "case.moved": {"move": str, "from": int, "to": int},
        "case.blocked": {"reason": str},
        "case.erased": {"legal_basis": str},
        "task.created": {
            **{"kind": str, "side": str, "role": str, "unit": str, "delegation": str},
            **{
                "presence": str,
                "channel": str,
                "assignment": str,
                "due_at": str,
                "follow_up_at": str,
                "priority": int,
            },
        },
        "task.assigned": {"account": str, "unit": str, "how": str, "reason": str, "assignment": str},
        "task.delegated": {"delegation": str, "unit": str, "how": str},
        "task.returned": {"delegation": str, "unit": str, "reason": str},
        "task.released": {"reason": str, "assignment": str},
        "task.blocked": {"reason": str, "at": str},
        "decision.evaluated": {"decision": str, "file": str, "digest": str},
        "decision.made": {"decision": str, "outcome": str, "effect": str, "grounds": str},
        "incident.opened": _INCIDENT,
        "incident.retried": _INCIDENT,
        "incident.closed": _INCIDENT,
        "incident.skipped": _INCIDENT,
        "data.repaired": _INCIDENT,
        "data.prefilled": {
            **{"source": str, "fields": str, "type": str, "evidence": str},
            **{"connector": str, "operation": str, "agency": str, "agency_name": str},
            **{"legal_basis": str, "fetched_at": str},
        },
        "wait.opened": _WAIT,
        "wait.closed": _WAIT,
        "timer.fired": {"due_at": str, "lateness": int, "missed": int},
        "message.received": _TAKEN,
        "message.sent": _TAKEN,
        "message.unmatched": {"message": str, "sent_by": str, "sent_at": str},
        "signal.received": _TAKEN,
        "signal.sent": _TAKEN,
        "call.made": {
            **{"call": str, "connector": str, "topic": str, "operation": str},
            **{"party": str, "agency": str, "purpose": str, "legal_basis": str},
            **{"agency_name": str, "price": str, "currency": str},
        },
        "call.tried": {"call": str, "code": str, "attempt": int, "ms": int},
        "call.answered": {"call": str, "seconds": str, "attempts": int},
        "call.failed": {"call": str, "code": str, "seconds": str, "attempts": int},
        "bill.issued": _BILL,
        "bill.paid": _BILL,
        "bill.mismatch": _BILL,
        "bill.late": _BILL,
        "bill.expired": _BILL,
        "bill.cancelled": _BILL,
        "document.added": _DOCUMENT,
        "document.replaced": _DOCUMENT,
        "document.shared": _DOCUMENT,
        "comment.added": {"comment": str, "visible": bool},
        "opinion.asked": {
            **{"parent": str, "side": str, "unit": str, "role": str},
            **{"account": str, "due_at": str},
        },
        "correction.asked": {"parent": str, "side": str, "due_at": str},
        "appeal.filed": {"decision": str, "appeal": str, "appeal_of": str},
        "appeal.decided": {"appeal": str},
        "clock.started": {"term": str, "code": str, "started_at": str, "due_at": str, "calendar": str},
        "clock.paused": {"side": str, "code": str},
        "clock.resumed": {"paused_at": str, "due_at": str},
        "clock.extended": {"code": str, "term": str, "before_at": str, "due_at": str},
        "clock.stopped": {"code": str, "due_at": str},
        "clock.recomputed": {
            **{"code": str, "before_at": str, "due_at": str},
            **{"calendar": str, "days": str},
        },
        "clock.warned": {"due_at": str},
        "clock.breached": {"due_at": str, "units": str},
        "clock.deemed": {"decision": str, "outcome": str, "due_at": str, "units": str},
        "visit.recorded": {
            **{"visit": str, "reason": str, "planned": bool, "channel": str, "occurred_at": str},
        },
        "visit.corrected": {"visit": str, "reason": str, "occurred_at": str, "withdrawn": bool},
        "rating.given": {"stars": int, "visited": bool, "visit_reason": str},
        "delay.explained": {"code": str, "ms": int},
        "change.proposed": {**_CHANGE, "expires_at": str},
        "change.confirmed": {**_CHANGE, "proposed_by": str, "proposed_at": str},
        "change.rejected": _CHANGE,
        "change.withdrawn": _CHANGE,
        "change.expired": _CHANGE,
        "work.noted": {"from_at": str, "to_at": str, "source": str},
    }
)


def facts_of(kind: str, payload: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Value]:
    """Returns the facts of an event: those in its payload, and `more`. None counts as absent.

    Raises ValueError for a name that the kind does not have, TypeError for a value of another type.
    """
    known = VOCABULARY.get(kind, {})
    if unknown := more.keys() - known.keys():
        raise ValueError(f"{kind} has no facts {sorted(unknown)}")
    given = {**{name: payload[name] for name in known.keys() & payload.keys()}, **more}
    found = {name: _plain(value) for name, value in given.items() if value is not None}
    if wrong := [name for name, value in found.items() if type(value) is not known[name]]:
        raise TypeError(f"{kind}: facts of a wrong type: {sorted(wrong)}")
    return found


def _plain(value: Any) -> Any:
    """Returns a value as it is hashed: numbers with fractions, ids and instants as text."""
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, UUID | datetime):
        return text(value)
    return value
