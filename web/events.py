"""What happened in a case, told in plain words: the key of an event's text, and the values that it names."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from engine.identity.accounts import SYSTEM

_PAID = {name: name for name in ("reference", "amount", "currency")}

# What an event is told as if its payload has all these: the end of the key, and what the text calls the
# fields. Of several the first that fits; none does where there was no payload, or it was erased.
_FULLER: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]] = {
    "case.completed": [("with-outcome", {"outcome": "outcome"})],
    "case.cancelled": [("because", {"reason": "reason"})],
    "case.withdrawn": [("because", {"reason": "reason"})],
    "case.suspended": [("because", {"reason": "reason"})],
    "case.erased": [("because", {"reason": "legal_basis"})],
    "case.moved": [("between", {"before": "from", "after": "to"})],
    "timer.fired": [("late", {"count": "missed"})],
    "message.received": [("named", {"message": "name"})],
    "message.sent": [("named", {"message": "name"})],
    "signal.received": [("named", {"message": "name"})],
    "signal.sent": [("named", {"message": "name"})],
    "call.made": [("of-connector", {"system": "connector"}), ("of-topic", {"system": "topic"})],
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
    "document.added": [("called", {"title": "title"})],
    "document.replaced": [("called", {"title": "title", "version": "version"})],
}
# What is told by the word that a field of the payload holds.
_BY_WORD: Mapping[str, tuple[str, frozenset[str]]] = {
    "task.assigned": ("how", frozenset({"named", "random", "least-loaded", "given"})),
    "task.blocked": ("reason", frozenset({"four-eyes", "conflict-of-interest", "first-decider"})),
    "case.blocked": ("reason", frozenset({"conflict-of-interest"})),
}


def told(
    event: Mapping[str, Any], names: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, dict[str, Any]]:
    """What is said of an event as `cases.log` gives it; `names` are those of elements by their paths."""
    kind, payload, element = event["kind"], event["payload"] or {}, event["element"] or ""
    values = {"actor": event["actor_name"], "name": names.get(element) or element}
    by_rules = kind == "decision.evaluated"
    ending, more = _by_rules(payload) if by_rules else _fuller(event, payload)
    return ".".join(["events", kind, *ending]), {**values, **more}


def _by_rules(payload: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """By which rules was decided, if by one table."""
    tables: Sequence[Mapping[str, Any]] = payload.get("tables") or ()
    rules: Sequence[Mapping[str, Any]] = tables[0]["rules"] if len(tables) == 1 else ()
    if len(rules) == 1:
        return ["rule"], {"rule": rules[0]["number"]}
    return (["rules"], {"count": len(rules)}) if rules else ([], {})


def _fuller(event: Mapping[str, Any], payload: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The end of the key, if there is more to tell, and the values that this takes."""
    kind = event["kind"]
    if kind == "case.started" and event["actor"] == SYSTEM:
        return ["by-itself"], {}
    if kind == "comment.added" and payload.get("visible"):
        return ["visible"], {}
    if kind == "correction.asked" and payload.get("fields"):
        return ["fields"], {"count": len(payload["fields"])}
    if kind in _BY_WORD:
        field, words = _BY_WORD[kind]
        receiver = event.get("receiver_name") or payload.get("name")
        return ([payload[field]], {"receiver": receiver}) if payload.get(field) in words else ([], {})
    for ending, fields in _FULLER.get(kind, ()):
        found = {said: payload.get(field) for said, field in fields.items()}
        if None not in found.values():
            return [ending], found
    return [], {}
