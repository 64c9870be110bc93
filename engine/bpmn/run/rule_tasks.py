"""DMN decisions for business rule tasks: the result for a case's data, and its reasons."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from engine.bpmn.expressions.feel import Unfit, as_data, as_feel
from engine.bpmn.values import Unportable, plain, portable
from engine.dmn import Decisions, Evaluation, Run, TooMuch

_MOST_TOLD = 10  # faults in the message of an incident


class RuleFailed(Exception):
    """Raised for a decision without a usable result: contains the reasons, with the numbers of rules."""


def decide(
    rules: Decisions, name: str, data: Mapping[str, Any], now: datetime, *, strict: bool = False
) -> Evaluation:
    """Evaluates a decision over a case's data; the result is also case data. Raises RuleFailed.

    A null by FEEL's rules is a failure only if the evaluation is `strict`.
    """
    asked = next(iter(rules.named(name)), None)
    if asked is None:
        raise RuleFailed("there is no such decision")
    try:
        given = {each: as_feel(data[each]) for each in sorted(rules.reads(name)) if each in data}
        evaluation = rules.decide(asked, given, now)
        evaluation = replace(evaluation, result=as_data(evaluation.result), rows=as_data(evaluation.rows))
    except (TooMuch, Unfit) as error:
        raise RuleFailed(str(error)) from error
    # A value missing because of a fault would be treated as null, and rules also decide by null.
    stopping = [fault for fault in evaluation.faults if strict or not fault.is_null]
    if stopping:
        raise RuleFailed(" ".join([*dict.fromkeys(map(str, stopping))][:_MOST_TOLD]))
    return evaluation


def mapped(evaluation: Evaluation, how: str | None) -> Any:
    """Maps a result as Camunda does. Raises RuleFailed."""
    if how is None:
        return evaluation.result
    if how == "resultList":
        return list(evaluation.rows)
    if how == "collectEntries":
        return [_entry(row) for row in evaluation.rows]
    if len(evaluation.rows) > 1:
        raise RuleFailed(f"it gives {len(evaluation.rows)} results, and {how} takes one at most")
    row = next(iter(evaluation.rows), None)
    return row if row is None or how == "singleResult" else _entry(row)


def _entry(row: Mapping[str, Any]) -> Any:
    if len(row) != 1:
        raise RuleFailed(f"it gives {', '.join(row)}, where one entry is to be taken")
    return next(iter(row.values()))


def payload_of(evaluation: Evaluation) -> dict[str, Any]:
    """Returns an evaluation as the log stores it. Raises RuleFailed if it can't be stored."""
    kept = Run()  # which counts the total size
    try:
        return {
            "decision": evaluation.of.id,
            "name": evaluation.of.name,
            "file": evaluation.of.file,
            "digest": evaluation.digest,
            "inputs": _plain(evaluation.inputs, kept),
            "tables": [
                {**each, "inputs": _plain(each["inputs"], kept), "result": _plain(each["result"], kept)}
                for each in evaluation.tables
            ],
            "required": [{**each, "value": _plain(each["value"], kept)} for each in evaluation.required],
            "faults": [asdict(each) for each in evaluation.faults],
            "result": plain(evaluation.result),
        }
    except (TooMuch, Unportable) as error:
        raise RuleFailed(str(error)) from error


def _plain(value: Any, kept: Run) -> Any:
    """Returns a value of FEEL as the log stores it."""
    try:
        return plain(portable(as_data(value, kept)))
    except Unfit as error:
        return str(error)
