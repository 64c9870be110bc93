"""Decisions of DMN for business rule tasks: what a case's data give, and why."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from lxml import etree

from engine.bpmn.expressions.feel import Unfit, as_data, as_feel
from engine.bpmn.notation.requirements import OURS
from engine.bpmn.values import Unportable, plain, portable
from engine.dmn.asking import SUFFIX, Decisions, Ruling
from engine.dmn.errors import TooMuch
from engine.dmn.feel import Run

# What a business rule task says: which decision it asks for, the variable of its result, what is made of it.
DECISION, RESULT, MAPPING = (OURS + name for name in ("decisionRef", "resultVariable", "mapDecisionResult"))
# What is made of a result, as Camunda has it; without a word, it is what DMN says it is.
RESULTS = ("singleEntry", "singleResult", "collectEntries", "resultList")
# On a business rule task or its process: whether an expression that is null because of a wrong
# type or a missing input, is only recorded with the result or opens an incident.
NULL_FAULTS = OURS + "nullFaults"
INCIDENT = "incident"
ON_NULL = ("record", INCIDENT)
NO_DECISIONS = Decisions([])
_MOST_TOLD = 10  # faults in the message of an incident


class RuleFailed(Exception):
    """A decision that gave no result that may be used: the reasons, with the numbers of rules."""


def is_strict(task: Any) -> bool:
    """Whether a business rule task, or else its process, wants incidents for nulls."""
    process = next(task.iterancestors("{*}process"), task)
    return bool(task.get(NULL_FAULTS, process.get(NULL_FAULTS)) == INCIDENT)


def decide(
    rules: Decisions, name: str, data: Mapping[str, Any], now: datetime, *, strict: bool = False
) -> Ruling:
    """What a decision gives for a case's data, its result as case data, too. Raises RuleFailed.

    A null by FEEL's rules is a failure only if that is `strict`.
    """
    asked = next(iter(rules.named(name)), None)
    if asked is None:
        raise RuleFailed("there is no such decision")
    try:
        given = {each: as_feel(data[each]) for each in sorted(rules.reads(name)) if each in data}
        ruling = rules.decide(asked, given, now)
        ruling = replace(ruling, result=as_data(ruling.result), rows=as_data(ruling.rows))
    except (TooMuch, Unfit) as error:
        raise RuleFailed(str(error)) from error
    # What has no value for a fault would go on as nothing, and rules decide by nothing, too.
    stopping = [fault for fault in ruling.faults if strict or not fault.is_null]
    if stopping:
        raise RuleFailed(" ".join([*dict.fromkeys(map(str, stopping))][:_MOST_TOLD]))
    return ruling


def mapped(ruling: Ruling, how: str | None) -> Any:
    """What Camunda makes of a result. Raises RuleFailed."""
    if how is None:
        return ruling.result
    if how == "resultList":
        return list(ruling.rows)
    if how == "collectEntries":
        return [_entry(row) for row in ruling.rows]
    if len(ruling.rows) > 1:
        raise RuleFailed(f"it gives {len(ruling.rows)} results, and {how} takes one at most")
    row = next(iter(ruling.rows), None)
    return row if row is None or how == "singleResult" else _entry(row)


def _entry(row: Mapping[str, Any]) -> Any:
    if len(row) != 1:
        raise RuleFailed(f"it gives {', '.join(row)}, where one entry is to be taken")
    return next(iter(row.values()))


def told(ruling: Ruling) -> dict[str, Any]:
    """A ruling as the log keeps it. Raises RuleFailed for what cannot be kept."""
    kept = Run()  # which counts what all of it comes to
    try:
        return {
            "decision": ruling.of.id,
            "name": ruling.of.name,
            "file": ruling.of.file,
            "digest": ruling.digest,
            "inputs": _plain(ruling.inputs, kept),
            "tables": [
                {**each, "inputs": _plain(each["inputs"], kept), "result": _plain(each["result"], kept)}
                for each in ruling.tables
            ],
            "required": [{**each, "value": _plain(each["value"], kept)} for each in ruling.required],
            "faults": [asdict(each) for each in ruling.faults],
            "result": plain(ruling.result),
        }
    except (TooMuch, Unportable) as error:
        raise RuleFailed(str(error)) from error


def _plain(value: Any, kept: Run) -> Any:
    """A value of FEEL as the log keeps it."""
    try:
        return plain(portable(as_data(value, kept)))
    except Unfit as error:
        return str(error)


def fingerprint(files: Mapping[str, bytes], decision: str | None) -> str | None:
    """What tells the rules behind a decision from others: its whole file, but for the drawing."""
    for name, content in files.items() if decision is not None else ():
        if name.endswith(SUFFIX):
            root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, remove_blank_text=True))
            if any(decision in (each.get("id"), each.get("name")) for each in root):
                for drawing in root.findall("{*}DMNDI"):
                    root.remove(drawing)
                return sha256(etree.tostring(root, method="c14n")).hexdigest()
    return None
