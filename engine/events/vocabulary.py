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
_DOCUMENT = {"document": str, "version": int, "size": int}
_INCIDENT = {"incident": str, "code": str}
_TAKEN = {"message": str}

# By kind of event; kinds that are not listed have none.
VOCABULARY: Mapping[str, Mapping[str, type[Value]]] = MappingProxyType(
    {
        "case.started": {"unit": str, "channel": str, "represented": bool, "appeal_of": str},
        "case.completed": {"outcome": str, "effect": str},
        "case.moved": {"move": str, "from": int, "to": int},
        "case.blocked": {"reason": str},
        "case.erased": {"legal_basis": str},
        "task.created": {
            **{"side": str, "role": str, "unit": str, "assignment": str},
            **{"due_at": str, "follow_up_at": str, "priority": int},
        },
        "task.assigned": {"account": str, "how": str, "reason": str, "assignment": str},
        "task.released": {"reason": str, "assignment": str},
        "task.blocked": {"reason": str, "at": str},
        "decision.evaluated": {"decision": str, "file": str, "digest": str},
        "decision.made": {"decision": str, "outcome": str, "effect": str, "grounds": str},
        "incident.opened": _INCIDENT,
        "incident.retried": _INCIDENT,
        "incident.closed": _INCIDENT,
        "incident.skipped": _INCIDENT,
        "data.repaired": _INCIDENT,
        "timer.fired": {"missed": int},
        "message.received": _TAKEN,
        "message.sent": _TAKEN,
        "signal.received": _TAKEN,
        "signal.sent": _TAKEN,
        "call.made": {"call": str, "connector": str, "topic": str, "operation": str},
        "call.answered": {"call": str, "seconds": str, "attempts": int},
        "call.failed": {"call": str, "code": str, "attempts": int},
        "bill.issued": _BILL,
        "bill.paid": _BILL,
        "bill.mismatch": _BILL,
        "bill.late": _BILL,
        "bill.expired": _BILL,
        "bill.cancelled": _BILL,
        "document.added": _DOCUMENT,
        "document.replaced": _DOCUMENT,
        "comment.added": {"comment": str, "visible": bool},
        "opinion.asked": {"parent": str, "unit": str, "role": str, "due_at": str},
        "correction.asked": {"parent": str, "due_at": str},
        "appeal.filed": {"decision": str, "appeal": str, "appeal_of": str},
        "appeal.decided": {"appeal": str},
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
