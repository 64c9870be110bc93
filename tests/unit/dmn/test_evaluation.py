"""Decisions evaluated from outside: JSON as the declared values, and what is reported about them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from engine.dmn.errors import TooMuch
from engine.dmn.evaluation import Decisions, Input, Wrong, decisions
from engine.dmn.feel.moments import Date, DateTime, Days, Months, Time
from engine.dmn.inputs import as_declared
from engine.dmn.serialization import LONGEST, read_json, write_json
from tests.dmn_files import data, dmn, table

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ADDRESS = (
    '<itemDefinition id="t" name="address"><itemComponent id="s" name="street"><typeRef>string</typeRef>'
    '</itemComponent><itemComponent id="c" name="since"><typeRef>date</typeRef></itemComponent>'
    '</itemDefinition><itemDefinition id="u" name="addresses" isCollection="true"><typeRef>address</typeRef>'
    '</itemDefinition><itemDefinition id="k" name="colour"><typeRef>string</typeRef><allowedValues id="v">'
    '<text>"red","blue"</text></allowedValues></itemDefinition>'
    '<itemDefinition id="z" name="colours" isCollection="true"><typeRef>colour</typeRef></itemDefinition>'
)


def literal(text: str, *needs: str, name: str = "d") -> str:
    """A decision by an expression."""
    required = "".join(
        f'<informationRequirement id="n{at}"><requiredInput href="#{each}"/></informationRequirement>'
        for at, each in enumerate(needs)
    )
    return (
        f'<decision id="{name}" name="{name}"><variable name="{name}"/>{required}'
        f'<literalExpression id="l-{name}"><text>{text}</text></literalExpression></decision>'
    )


def made(*parts: str, **others: bytes) -> Decisions:
    files = {f"{name}.dmn": content for name, content in others.items()}
    return decisions({"a.dmn": dmn("".join(parts)), **files, "a.bpmn": b"no DMN"})


def ask(decided: Decisions, values: dict[str, Any], name: str = "d") -> Any:
    (offered,) = (each for each in decided.offered if each.id == name)
    return decided.ask(offered, values, NOW)


def echo(of: str) -> Decisions:
    """A decision that gives what it is given."""
    return made(ADDRESS, data("x", of), literal("x", "x"))


@pytest.mark.parametrize(
    ("of", "value", "expected"),
    [
        ("number", 0.1, Decimal("0.1")),
        ("number", Decimal("1e40"), Decimal("1e40")),
        ("boolean", False, False),
        ("string", "2026-01-02", "2026-01-02"),
        ("date", "2026-01-02", Date(2026, 1, 2)),
        ("time", "11:30:00Z", Time(41_400_000_000_000, 0)),
        ("dateTime", "2026-01-02T00:00:00", DateTime(Date(2026, 1, 2), Time(0))),
        ("dayTimeDuration", "P1D", Days(86_400_000_000_000)),
        ("yearMonthDuration", "P1Y", Months(12)),
        ("Any", {"a": [1]}, {"a": [Decimal(1)]}),
        ("addresses", [{"street": "x", "since": "2026-01-02"}], [{"street": "x", "since": Date(2026, 1, 2)}]),
        ("colour", "red", "red"),
        ("number", None, None),
    ],
)
def test_json_becomes_what_is_declared(of: str, value: Any, expected: Any) -> None:
    assert ask(echo(of), {"x": value}).result == expected


@pytest.mark.parametrize(
    ("of", "value", "places"),
    [
        ("number", "1", ["/x type"]),
        ("number", True, ["/x type"]),
        ("number", Decimal("1e9999"), ["/x type"]),
        ("string", 1, ["/x type"]),
        ("date", "2026-02-30", ["/x type"]),
        ("date", "2026-02-20T00:00:00", ["/x type"]),
        ("dayTimeDuration", "P1Y", ["/x type"]),
        ("time", 11, ["/x type"]),
        ("addresses", [{"street": 1}], ["/x/0/since missing", "/x/0/street type"]),
        ("address", "x", ["/x type"]),
        ("colour", "green", ["/x not-allowed"]),
        ("colours", ["red", "green"], ["/x not-allowed"]),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(of: str, value: Any, places: list[str]) -> None:
    with pytest.raises(Wrong) as wrong:
        ask(echo(of), {"x": value})
    assert sorted(f"{each.pointer} {each.code}" for each in wrong.value.misfits) == places


def test_unknown_input_is_refused() -> None:
    with pytest.raises(Wrong, match=r"/y~1z is no input of the decision\. There are: x"):
        ask(echo("number"), {"y/z": 1})


def test_data_of_other_decisions_are_left_aside() -> None:
    decided = made(data("x"), data("y"), literal("x", "x"))
    answer = ask(decided, {"x": 1, "y": "no number"})
    assert (answer.result, answer.inputs) == (1, {"x": 1})


def test_data_that_nobody_drew_are_inputs() -> None:
    decided = made(table(drawn=False))
    assert [each.inputs for each in decided.offered] == [(Input("amount", "number"),)]
    assert ask(decided, {"amount": 3}, "route").result["route"] == "auto"


def test_inputs_of_required_decisions_are_inputs() -> None:
    needs = '<informationRequirement id="q"><requiredDecision href="#route"/></informationRequirement>'
    above = literal("route.days * 2").replace("<literal", f"{needs}<literal")
    decided = made(data("amount"), table(), above)
    answer = ask(decided, {"amount": 3})
    assert answer.result == 6
    assert [each["decision"] for each in answer.required] == ["route"]
    assert answer.tables[0]["rules"] == [{"number": 1, "id": "route-1", "remark": ""}]


def test_imported_data_are_given_below_the_name_of_their_import() -> None:
    called = '<import name="m" namespace="other" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>'
    main = made(
        called,
        literal("m.n + 1").replace(
            "<literal",
            '<informationRequirement id="q"><requiredInput href="other#n"/></informationRequirement><literal',
        ),
        other=dmn(data("n"), "other"),
    )
    assert [each.inputs for each in main.offered] == [(Input("m.n", "number"),)]
    assert ask(main, {"m": {"n": 2}}).result == 3
    with pytest.raises(Wrong, match="/m/n is no number"):
        ask(main, {"m": {"n": "2"}})


def test_service_takes_what_it_says_itself() -> None:
    service = (
        '<decisionService id="s" name="s"><variable name="s"/><outputDecision href="#d"/>'
        '<inputDecision href="#route"/></decisionService>'
    )
    needs = '<informationRequirement id="q"><requiredDecision href="#route"/></informationRequirement>'
    above = literal("route").replace("<literal", f"{needs}<literal")
    decided = made(data("amount"), table(), above, service)
    assert [each.inputs for each in decided.offered if each.id == "s"] == [(Input("route", None),)]
    assert ask(decided, {"route": "x"}, "s").result == "x"


def test_grave_fault_is_told_as_such() -> None:
    answer = ask(
        made(data("amount"), table(rules=[("-", "1", "1"), ("&lt; 3", "2", "2")])), {"amount": 1}, "route"
    )
    assert answer.unusable == ["The rules 1, 2 match, but only one may."]
    assert answer.why["faults"][0]["element"] == "route-table"


def test_result_that_is_missing_for_a_fault_is_none_that_may_be_used() -> None:
    declared = literal("x", "x").replace('<variable name="d"/>', '<variable name="d" typeRef="number"/>')
    decided = made(data("x", "Any"), declared)
    assert ask(decided, {"x": 1}).unusable == []
    assert ask(decided, {"x": "a"}).result is None
    assert ask(decided, {"x": "a"}).unusable == ["The value is no number as was declared."]


def test_no_rule_that_matches_is_no_fault() -> None:
    answer = ask(made(data("amount"), table(rules=[("&lt; 3", "1", "1")])), {"amount": 5}, "route")
    assert (answer.result, answer.unusable) == (None, [])


def test_expressions_that_cannot_be_read_are_told_with_their_lines() -> None:
    ((file, line, reason),) = made(data("x"), literal("x +", "x")).unread
    assert (file, line) == ("a.dmn", 1)
    assert reason


def test_numbers_are_written_with_all_of_their_digits() -> None:
    text = "[1.234567890123456789012345678901234, 0.1, 100, 1E+6000, -7]"
    assert write_json(read_json(text)) == text


plain = st.none() | st.booleans() | st.text() | st.decimals(allow_nan=False, allow_infinity=False, places=4)
nested = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given_any(nested)
def test_json_comes_back_as_it_was_written(value: Any) -> None:
    assert read_json(write_json(value)) == value


def test_values_that_json_has_not_are_texts() -> None:
    told = write_json({"a": Date(2026, 1, 2), "b": [Months(14), None, True], 'c"': "\ud800ی"})
    assert told == '{"a": "2026-01-02", "b": ["P1Y2M", null, true], "c\\"": "\\ud800\\u06cc"}'


def test_value_that_shares_its_parts_is_not_written_without_end() -> None:
    value: list[Any] = ["x"]
    for _ in range(64):
        value = [value, value]
    with pytest.raises(TooMuch):
        write_json(value)
    assert LONGEST < 10_000_000


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", ""])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|line"):
        read_json(text)


def test_nothing_is_given_where_nothing_is_wanted() -> None:
    assert as_declared({}, {}) == {}


@pytest.mark.parametrize("value", [float("inf"), float("nan"), Decimal("1e9999")])
def test_number_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(Wrong, match="is no number"):
        ask(echo("number"), {"x": value})


def test_data_that_are_nested_too_deeply_are_refused() -> None:
    nest: Any = []
    for _ in range(5000):
        nest = [nest]
    with pytest.raises(TooMuch):
        ask(echo("Any"), {"x": nest})
