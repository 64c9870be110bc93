"""The reasons of a DMN evaluation, for the history."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from web import texts
from web.desk.data import Datum, Labels


def decided(payload: Mapping[str, Any], labels: Labels) -> list[Datum]:
    """Return the inputs, the matching rules, the required decisions, and the result."""
    return list(_parts(payload, labels))


def _parts(payload: Mapping[str, Any], labels: Labels) -> Iterator[Datum]:
    yield _named("decision", text=labels.reader.half(payload["name"]))
    yield _named("inputs", parts=labels.data(payload["inputs"]))
    rules = [_rule(rule, labels) for table in payload["tables"] for rule in table["rules"]]
    yield _named("rules", text=labels.reader.both(rules) if rules else texts.say("desk.nothing"))
    if payload["required"]:
        before = [labels.datum(each["name"], each["value"], None) for each in payload["required"]]
        yield _named("required", parts=before)
    faults = [_fault(each) for each in payload.get("faults", ())]
    if faults:  # unknown in events from before reasons were recorded
        yield _named("faults", text=labels.reader.both(faults))
    result = labels.datum("result", payload["result"], None)
    yield replace(result, label=texts.say("desk.evaluation.result"), known=True)
    yield replace(_named("file", text=payload["file"]), latin=True)


def _rule(rule: Mapping[str, Any], labels: Labels) -> str:
    """Return its number, with its authors' remark, else its id."""
    remark = labels.reader.half(rule.get("remark") or "") or rule["id"]
    return texts.say("desk.evaluation.rule", number=rule["number"], remark=remark)


def _fault(fault: Mapping[str, Any]) -> str:
    """Return why an expression is null, and where it is."""
    reason = texts.say(f"desk.null.{fault['code']}")
    if not fault["expression"]:
        return reason
    return texts.say("desk.evaluation.fault", reason=reason, text=fault["expression"], at=fault["at"])


def _named(what: str, **more: Any) -> Datum:
    return Datum(what, texts.say(f"desk.evaluation.{what}"), known=True, **more)
