"""The history of a case in plain words: the key of an event's text, and its values."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from engine.identity.accounts import SYSTEM

_PAID = {name: name for name in ("reference", "amount", "currency")}

# Variants of texts for payloads with all these fields: the end of the key, and the names of the
# fields in the text. The first match counts; none does if the payload is missing or erased.
_FULLER: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]] = {
    "case.completed": [("with-outcome", {"outcome": "outcome"})],
    "case.cancelled": [("because", {"reason": "reason"})],
    "case.withdrawn": [("because", {"reason": "reason"})],
    "representation.ended": [("because", {"reason": "reason"})],
    "case.suspended": [
        ("coded", {"code": "reason_code", "reason": "reason"}),
        ("because", {"reason": "reason"}),
        ("because", {"reason": "reason_code"}),
    ],
    "case.erased": [("because", {"reason": "legal_basis"})],
    "case.moved": [("between", {"before": "from", "after": "to"})],
    "timer.fired": [("late", {"count": "missed"})],
    "message.received": [("named", {"message": "name"})],
    "message.sent": [("named", {"message": "name"})],
    "message.unmatched": [("named", {"message": "name"})],
    "signal.received": [("named", {"message": "name"})],
    "signal.sent": [("named", {"message": "name"})],
    "call.made": [("of-connector", {"system": "connector"}), ("of-topic", {"system": "topic"})],
    "wait.opened": [("for", {"party": "party"})],
    "call.tried": [("ended", {"attempt": "attempt", "code": "code"})],
    "call.failed": [("after", {"count": "attempts", "code": "code"})],
    **{
        f"bill.{what}": [("numbered", {"reference": "reference"})]
        for what in ("issued", "paid", "expired", "cancelled")
    },
    "bill.mismatch": [
        ("numbered", _PAID | {"billed_amount": "billed_amount", "billed_currency": "billed_currency"})
    ],
    "bill.late": [("numbered", _PAID)],
    "decision.made": [("as", {"outcome": "outcome"})],
    "appeal.filed": [("here", {"appeal_of": "appeal_of"}), ("under", {"case_number": "case_number"})],
    "appeal.decided": [("as", {"case_number": "case_number", "outcome": "outcome"})],
    "incident.retried": [("because", {"reason": "reason"})],
    "incident.skipped": [("because", {"reason": "reason"})],
    "data.repaired": [("because", {"reason": "reason"})],
    "change.proposed": [("because", {"reason": "reason"})],
    "change.confirmed": [("because", {"reason": "reason"})],
    "document.added": [("called", {"title": "title"})],
    "document.replaced": [("called", {"title": "title", "version": "version"})],
    "document.shared": [("called", {"title": "title"})],
}
# Kinds whose texts have values from the facts.
_BY_FACTS = frozenset({"call.tried", "wait.opened", "wait.closed", "data.prefilled"})
# Kinds whose text depends on a value in the payload, or in the facts.
_BY_WORD: Mapping[str, tuple[str, frozenset[str]]] = {
    "task.assigned": ("how", frozenset({"named", "random", "least-loaded", "given"})),
    "task.blocked": ("reason", frozenset({"four-eyes", "conflict-of-interest", "first-decider"})),
    "case.blocked": ("reason", frozenset({"conflict-of-interest"})),
    "wait.opened": ("party", frozenset({"applicant"})),
    "data.prefilled": ("source", frozenset({"login", "portal", "registry"})),
}


def describe(
    event: Mapping[str, Any], names: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, dict[str, Any]]:
    """Return the text of an event from `cases.log`; `names` are those of elements by their paths."""
    kind, payload, element = event["kind"], event["payload"] or {}, event["element"] or ""
    if kind in _BY_FACTS:
        payload = {**(event.get("facts") or {}), **payload}
    values = {"actor": event["actor_name"], "name": names.get(element) or element}
    by_rules = kind == "decision.evaluated"
    ending, more = _by_rules(payload) if by_rules else _fuller(event, payload)
    return ".".join(["events", kind, *ending]), {**values, **more}


def _by_rules(payload: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Return the rules that decided, if there is one table."""
    tables: Sequence[Mapping[str, Any]] = payload.get("tables") or ()
    rules: Sequence[Mapping[str, Any]] = tables[0]["rules"] if len(tables) == 1 else ()
    if len(rules) == 1:
        return ["rule"], {"rule": rules[0]["number"]}
    return (["rules"], {"count": len(rules)}) if rules else ([], {})


def _fuller(event: Mapping[str, Any], payload: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Return the end of the key for a more detailed text, and the values that it needs."""
    kind = event["kind"]
    if kind == "case.started" and event["actor"] == SYSTEM:
        return ["by-itself"], {}
    if kind == "comment.added" and payload.get("visible"):
        return ["visible"], {}
    if kind == "correction.asked" and payload.get("fields"):
        return ["fields"], {"count": len(payload["fields"])}
    field, words = _BY_WORD.get(kind, ("", frozenset()))
    if payload.get(field) in words:
        return [payload[field]], {"receiver": event.get("receiver_name") or payload.get("name")}
    for ending, fields in _FULLER.get(kind, ()):
        found = {said: payload.get(field) for said, field in fields.items()}
        if None not in found.values():
            return [ending], found
    return [], {}
