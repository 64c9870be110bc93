"""Decision tables by DMN 1.5 §8 and §10.3.2.10: hit policies, outputs, defaults, allowed values."""

from typing import Any

import pytest

from tests.unit.dmn.models import asked, decision, definitions, evaluated, flaws, inputs, table

RATES = [
    ["< 18", '"child"', "1"],
    ["[18..65]", '"adult"', "3"],
    ["> 60", '"senior"', "2"],
    ["> 60", '"senior"', "2"],
]
GRADES = ['group: "senior", "adult", "child"', "fee"]


def given(policy: str, results: list[str], rules: list[list[str]], age: Any, more: str = "") -> Any:
    logic = table(["age"], results, rules, policy, more)
    return evaluated(definitions(inputs("age") + decision("d", logic, "age")), "d", {"age": age})


def first(rules: list[list[str]], at: int) -> list[list[str]]:
    return [[rule[0], rule[at]] for rule in rules]


@pytest.mark.parametrize(
    ("policy", "more", "age", "result"),
    [
        ("UNIQUE", "", 20, 3),
        ("UNIQUE", "", 70, None),
        ("ANY", "", 70, 2),
        ("ANY", "", 62, None),
        ("FIRST", "", 62, 3),
        ("RULE ORDER", "", 62, [3, 2, 2]),
        ("COLLECT", "", 62, [3, 2, 2]),
        ("COLLECT", ' aggregation="SUM"', 62, 7),
        ("COLLECT", ' aggregation="MIN"', 62, 2),
        ("COLLECT", ' aggregation="MAX"', 62, 3),
        ("COLLECT", ' aggregation="COUNT"', 62, 3),
        ("COLLECT", "", None, None),
        ("COLLECT", ' aggregation="SUM"', None, None),
        ("RULE ORDER", "", None, None),
    ],
)
def test_a_hit_policy_makes_one_result_of_the_rules_that_match(
    policy: str, more: str, age: Any, result: Any
) -> None:
    assert given(policy, ["fee"], first(RATES, 2), age, more) == result


@pytest.mark.parametrize("other", ['"3"', "null", "[3]", "false"])
def test_under_any_results_that_cannot_be_compared_differ(other: str) -> None:
    assert given("ANY", ["fee"], [["> 0", "3"], ["> 0", other]], 20) is None


@pytest.mark.parametrize(
    ("policy", "result"),
    [("PRIORITY", "senior"), ("OUTPUT ORDER", ["senior", "senior", "adult"])],
)
def test_the_order_of_the_output_values_is_that_of_the_results(policy: str, result: Any) -> None:
    assert given(policy, GRADES[:1], first(RATES, 1), 62) == result


def test_several_outputs_are_a_context_ordered_by_the_first_that_has_values() -> None:
    wanted = [{"group": "senior", "fee": 2}, {"group": "senior", "fee": 2}, {"group": "adult", "fee": 3}]
    assert given("OUTPUT ORDER", GRADES, RATES, 62) == wanted
    assert given("PRIORITY", GRADES, RATES, 62) == wanted[0]
    assert given("UNIQUE", GRADES, RATES, 17) == {"group": "child", "fee": 1}


def test_later_outputs_decide_where_the_earlier_are_alike() -> None:
    rules = [["> 0", '"a"', '"low"'], ["> 0", '"a"', '"high"'], ["> 0", '"b"', '"high"']]
    results = ['kind: "b", "a"', 'risk: "high", "low"']
    wanted = [{"kind": "b", "risk": "high"}, {"kind": "a", "risk": "high"}, {"kind": "a", "risk": "low"}]
    assert given("OUTPUT ORDER", results, rules, 1) == wanted


def test_priorities_may_be_ranges() -> None:
    assert given("PRIORITY", ["fee: > 100, [1..100]"], [["> 0", "5"], ["> 0", "500"]], 1) == 500


def test_two_matches_of_a_unique_table_are_a_grave_fault() -> None:
    logic = table(["age"], ["fee"], first(RATES, 2), "UNIQUE")
    value, run = asked(definitions(inputs("age") + decision("d", logic, "age")), "d", {"age": 70})
    assert value is None
    assert [(fault.grave, "3, 4" in fault.reason) for fault in run.faults] == [(True, True)]


def test_defaults_are_given_where_no_rule_matches() -> None:
    assert given("UNIQUE", ["fee = 9"], first(RATES, 2), None) == 9
    assert given("COLLECT", ["fee = 9"], first(RATES, 2), None) == 9
    assert given("UNIQUE", ['group = "none"', "fee"], RATES, None) == {"group": "none", "fee": None}


def test_an_input_that_is_not_allowed_gives_no_result_but_a_fault() -> None:
    logic = table(["age: [0..150]"], ["fee"], [["-", "1"]])
    file = definitions(inputs("age") + decision("d", logic, "age"))
    assert evaluated(file, "d", {"age": 20}) == 1
    value, run = asked(file, "d", {"age": 151})
    assert value is None
    assert "not among those allowed" in run.faults[0].reason


def test_a_result_that_is_not_allowed_is_none_and_a_fault() -> None:
    logic = table(["age"], ['group: "a", "b"'], [["-", '"c"']])
    value, run = asked(definitions(inputs("age") + decision("d", logic, "age")), "d", {"age": 1})
    assert value is None
    assert "not among those allowed" in run.faults[0].reason


def test_of_a_list_each_item_has_to_be_allowed() -> None:
    logic = table(['x: "a", "b"'], ['r: "a", "b"'], [["-", "x"]])
    file = definitions(inputs("x") + decision("d", logic, "x"))
    assert evaluated(file, "d", {"x": ["a", "b"]}) == ["a", "b"]
    assert evaluated(file, "d", {"x": ["a", "c"]}) is None


@pytest.mark.parametrize(
    ("test", "value", "matches"),
    [
        ("-", None, True),
        ("", 5, True),
        ("not(5)", 5, False),
        ("not(5, 6)", 7, True),
        ("not(< 5)", None, False),
        ("null", None, True),
        ("not(null)", 5, True),
        ("? > 4 and ? < 6", 5, True),
        ("5, > 10", 11, True),
        ("[1..3], 5", 5, True),
        ("other", 7, True),
        ("> other", 8, True),
        ("list", 2, True),
        ('"5"', 5, False),
        ("count(list)", 3, True),
        ("{a: 1}", {"a": 1}, True),
        ("list", [1, 2, 3], True),
        ("list contains(?, 2)", [1, 2], True),
    ],
)
def test_cells_are_unary_tests(test: str, value: Any, matches: bool) -> None:
    logic = table(["x"], ["r"], [[test, "1"]])
    file = definitions(inputs("x", "other", "list") + decision("d", logic, "x", "other", "list"))
    found = evaluated(file, "d", {"x": value, "other": 7, "list": [1, 2, 3]})
    assert found == (1 if matches else None)


def test_a_table_without_inputs_is_its_rule() -> None:
    assert evaluated(definitions(decision("d", table([], ["r"], [["42"]]))), "d") == 42


def test_first_does_not_look_behind_its_first_match() -> None:
    rules = [["> 0", "1"], ["x(", "2"]]
    assert given("FIRST", ["r"], rules, 1) == 1


@pytest.mark.parametrize(
    "logic",
    [
        table(["x"], ["r"], [["-"]]),
        table(["x"], ["r"], [["-", "1", "2"]]),
        table(["x"], [], [["-"]]),
        table(["x"], ["r"], [["-", "1"]], policy="LAST"),
        table(["x"], ["r"], [["-", "1"]], policy="COLLECT", more=' aggregation="MEDIAN"'),
    ],
)
def test_a_table_that_is_not_well_formed_is_told(logic: str) -> None:
    file = definitions(inputs("x") + decision("d", logic, "x"))
    assert len(flaws(file)) == 1
    assert evaluated(file, "d", {"x": 1}) is None


def test_every_cell_that_cannot_be_read_is_told() -> None:
    file = definitions(decision("d", table(["1"], ["r"], [["((", "1 +"], ["((", "1 +"]])))
    assert len(flaws(file)) == 4
