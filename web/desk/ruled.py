"""Why a decision by rules came to its result, as a timeline tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from web import texts
from web.desk.data import Datum, Labels


def decided(payload: Mapping[str, Any], labels: Labels) -> list[Datum]:
    """What was given, which rules matched, what was decided before, and the result."""
    return list(_parts(payload, labels))


def _parts(payload: Mapping[str, Any], labels: Labels) -> Iterator[Datum]:
    yield _named("decision", text=labels.reader.half(payload["name"]))
    yield _named("inputs", parts=labels.data(payload["inputs"]))
    rules = [_rule(rule, labels) for table in payload["tables"] for rule in table["rules"]]
    yield _named("rules", text=labels.reader.both(rules) if rules else texts.say("desk.nothing"))
    if payload["required"]:
        before = [labels.datum(each["name"], each["value"], None) for each in payload["required"]]
        yield _named("required", parts=before)
    result = labels.datum("result", payload["result"], None)
    yield replace(result, label=texts.say("desk.ruling.result"), known=True)
    yield replace(_named("file", text=payload["file"]), latin=True)


def _rule(rule: Mapping[str, Any], labels: Labels) -> str:
    """Its number, with what its authors remarked on it, else its id."""
    remark = labels.reader.half(rule.get("remark") or "") or rule["id"]
    return texts.say("desk.ruling.rule", number=rule["number"], remark=remark)


def _named(what: str, **more: Any) -> Datum:
    return Datum(what, texts.say(f"desk.ruling.{what}"), known=True, **more)
