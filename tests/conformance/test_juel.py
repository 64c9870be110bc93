"""A thousand expressions of JUEL with the values that Operaton gives: none has another one here."""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from engine.bpmn.expressions import juel
from engine.bpmn.values import Unportable, portable, same
from tests.conformance.corpus import CORPUS
from tests.driving import NOW, Run, path

KIT = CORPUS.parent / "juel" / "expressions.jsonl"
DATA: dict[str, Any] = {
    "i": 7, "j": 2, "z": 0, "d": 2.5, "s": "abc", "t": "10", "u": "", "b": True, "f": False, "n": None,
    "l": [1, 2, 3], "m": {"k": 5, "w": "x"},
}  # fmt: skip

pytestmark = pytest.mark.skipif(not KIT.exists(), reason=f"no expressions beside the project ({KIT.name})")


@cache
def kit() -> list[dict[str, Any]]:
    return [json.loads(line) for line in KIT.read_text(encoding="utf-8").splitlines()]


def evaluated(code: str, now: datetime = NOW) -> dict[str, Any]:
    try:
        return {"e": code, "r": portable(juel.evaluate(f"${{{code}}}", DATA, now))}
    except (juel.Fault, Unportable):
        return {"e": code, "error": ""}


def test_every_expression_has_the_value_of_operaton_or_an_error_as_there() -> None:
    told = [{**each, "error": ""} if "error" in each else each for each in kit()]
    assert [each for each in told if not same(evaluated(each["e"]), each)] == []


def case(rows: Iterable[dict[str, Any]]) -> Run:
    """A case that goes through service tasks, each with one of the expressions."""
    codes = [quoteattr(f"${{{row['e']}}}") for row in rows]
    tasks = [
        f'<serviceTask id="a{place}" camunda:expression={code} camunda:resultVariable="r{place}"/>'
        for place, code in enumerate(codes)
    ]
    names = ["start", *(f"a{place}" for place in range(len(tasks))), "end"]
    body = f'<startEvent id="start"/>{"".join(tasks)}<userTask id="end"/>{path(*names)}'
    return Run(body, **DATA)


def test_service_tasks_keep_the_values_of_operaton() -> None:
    rows = [row for row in kit() if "r" in row][:150]
    run = case(rows)
    assert run.waiting == ["end"]
    assert {name: run.data[name] for name in DATA} == DATA
    assert [run.data[f"r{place}"] for place in range(len(rows))] == [row["r"] for row in rows]


def test_service_tasks_stop_where_operaton_does() -> None:
    by_reason = {row["error"]: row for row in kit() if "error" in row}
    for row in by_reason.values():
        assert case([row]).failed == [("a0", "script-failed")], row
