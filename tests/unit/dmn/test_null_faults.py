"""Nulls that come of a wrong type or a missing input are faults; nulls that FEEL reckons with are none."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.dmn.evaluation import decisions
from tests.unit.dmn.models import asked, decision, definitions, inputs, invocation, literal, parts, table

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def faults(text: str, **values: Any) -> list[str]:
    """The codes of what an expression over x and y records."""
    file = definitions(inputs("x", "y") + decision("d", literal(text), "x", "y"))
    return [each.code for each in asked(file, "d", values)[1].faults]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x + y", "operand-types"),
        ("y - 1", "operand-types"),
        ("x = y", "operand-types"),
        ("x < y", "operand-types"),
        ("x / 0", "no-result"),
        ("y between 1 and 2", "operand-types"),
        ("y in [1..2]", "operand-types"),
        ("-y", "operand-types"),
        ("x and true", "operand-types"),
        ("sqrt(-1)", "no-result"),
        ("sqrt(y)", "argument-type"),
        ("sqrt(null)", "null-argument"),
        ("sqrt(1, 2)", "argument-type"),
        ("x(1)", "unknown-function"),
        ("nothing", "unknown-name"),
        ("{a: x}.b", "unknown-member"),
        ("if x then 1 else 2", "condition-type"),
        ("for i in null return i", "not-a-list"),
        ("every i in [1] satisfies i", "condition-type"),
        ("[5..1]", "invalid-range"),
        ("(< null)", "invalid-range"),
        ("[] instance of list", "invalid-type"),
        ("{a: 1, a: 2}", "duplicate-key"),
        ('function(a) external {java: {class: "A", method signature: "a()"}}', "external-function"),
    ],
)
def test_null_that_comes_of_a_fault_is_recorded(text: str, code: str) -> None:
    assert faults(text, x=1, y="a") == [code]


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "x != null and x > 1",
        "x = null or x > 1",
        "if null then 1 else 2",
        "true and null",
        "string(null)",
        "[{a: 1}, {b: 2}][a > 0]",
        "[1][2]",
        '1 in ["a", 1]',
        'get value({a: null}, "a")',
        "{a: null}.a",
    ],
)
def test_null_that_is_an_answer_is_none(text: str) -> None:
    assert faults(text, x=None, y=None) == []


def test_what_follows_from_a_recorded_null_is_not_recorded_again() -> None:
    assert faults("(x + y) * 2 > 3", x=1, y="a") == ["operand-types"]


def test_fault_names_the_place_and_types_and_no_value() -> None:
    file = definitions(inputs("x") + decision("d", literal('1 + (x - "secret")'), "x"))
    (fault,) = asked(file, "d", {"x": "private"})[1].faults
    assert (fault.element, fault.expression, fault.at) == ("line-1", '1 + (x - "secret")', 8)
    assert "string" in fault.reason
    assert "private" not in fault.reason


def test_missing_input_is_recorded_and_null_is_not_missing() -> None:
    assert faults("x + y > 10", x=100) == ["missing-input", "null-operand"]
    assert faults("x", x=None, y=None) == []


def test_place_is_recorded_once_and_a_hundred_leave_room_for_grave_faults() -> None:
    assert faults('for i in 1..500 return i + "a"', x=1, y=1) == ["operand-types"]
    many = ", ".join(['1 + "a"'] * 150)
    clashing = decision("d", table(["x"], ["o"], [["1", f"[{many}]"], ["1", "2"]], policy="ANY"), "x")
    found = asked(definitions(inputs("x") + clashing), "d", {"x": 1})[1].faults
    assert [each.code for each in found[:-1]] == ["operand-types"] * 100
    assert found[-1].grave


def test_input_of_another_type_than_the_tests_is_recorded_once_for_its_column() -> None:
    file = definitions(
        inputs("x", "y")
        + decision(
            "d",
            table(["x", "y"], ["o"], [["< 1", "-", "1"], ["2", "-", "2"], ["-", "-", "3"]], "FIRST"),
            "x",
            "y",
        )
    )
    value, run = asked(file, "d", {"x": "a", "y": 1})
    assert value == 3
    assert [(each.code, each.expression) for each in run.faults] == [("test-type", "x")]
    assert "rule 1" in run.faults[0].reason
    assert asked(file, "d", {"x": None, "y": 1})[1].faults == []


def test_boxed_expressions_record_their_nulls() -> None:
    boxed = [
        parts("filter", in_=literal("[1, 2]"), match=literal('"a"')),
        parts("filter", in_=literal("[1, 2]"), match=literal("if item = 1 then true else 3")),
        parts("some", ' iteratorVariable="i"', in_=literal("[1]"), satisfies=literal("i")),
        invocation(literal("sqrt"), number=literal('"a"')),
    ]
    found = [asked(definitions(decision("d", each)), "d") for each in boxed]
    assert [value for value, _ in found] == [None] * 4
    assert [[each.code for each in run.faults] for _, run in found] == [["condition-type"]] * 3 + [
        ["argument-type"]
    ]


def test_result_that_is_null_for_such_a_fault_is_given() -> None:
    file = decisions({"a.dmn": definitions(inputs("x") + decision("d", literal("x + 1"), "x"))})
    evaluation = file.ask(file.offered[0], {}, NOW)
    assert (evaluation.result, evaluation.unusable) == (None, [])
    assert evaluation.why["faults"][0]["code"] == "missing-input"
