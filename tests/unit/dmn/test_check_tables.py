"""What the check says of a table's rules: which of them meet, which are never reached, what none covers."""

import random
import time
from collections.abc import Sequence

import pytest

from engine.dmn.check import check
from engine.dmn.check.tables import MOST
from engine.platform.findings import Finding
from tests.unit.dmn.checking import data, decision, definitions, item, of_table, table


def told(found: Sequence[Finding], code: str) -> list[str]:
    return [each.reason for each in found if each.code == code]


def kinds(found: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(each.severity, each.code) for each in found]


def test_rules_that_share_no_value_and_leave_none_are_fine() -> None:
    assert (
        of_table("UNIQUE", ["age: number"], ['< 18 | "child"', '[18..65) | "adult"', '>= 65 | "old"']) == []
    )


def test_two_rules_of_a_unique_table_that_match_both_are_an_error_with_numbers_and_values() -> None:
    (one,) = of_table(
        "UNIQUE",
        ["age: number", "here: boolean"],
        ["<= 18 | true | 1", ">= 18 | - | 2", "< 18 | false | 3"],
    )
    assert (one.severity, one.code, one.element, one.name) == ("error", "overlapping-rules", "D", "D")
    assert one.reason == "Rules 1 and 2 both match, for example where age = 18, here = true."
    assert one.line == 6  # of the second rule


def test_rules_meet_only_where_all_inputs_do() -> None:
    rules = ["< 10 | true | 1", "> 5 | false | 2", "<= 5 | false | 3", ">= 10 | true | 4"]
    assert of_table("UNIQUE", ["age: number", "here: boolean"], rules) == []


@pytest.mark.parametrize(
    ("of", "rules", "example"),
    [
        ("number", ["[1..3] | 1", "[3..5] | 2"], "x = 3"),
        ("number", ["(1..3) | 1", "(2..5) | 2"], "x = 2.5"),
        ("date", ['<= date("2026-03-20") | 1', '> date("2026-03-19") | 2'], "x = 2026-03-20"),
        ("string", ['"a", "b" | 1', '"b", "c" | 2'], 'x = "b"'),
        ("string", ['not("a") | 1', 'not("b") | 2'], 'x = "…"'),
        ("boolean", ["true | 1", "not(false) | 2"], "x = true"),
        ("days and time duration", ['> duration("P1D") | 1', '<= duration("P2D") | 2'], "x = P2D"),
        ("time", ['< time("10:00:00") | 1', '>= time("09:59:59") | 2'], "x = 09:59:59"),
        ("number", ["- | 1", "null | 2"], "x = null"),
        ("number", ["? > 1 and ? < 3 | 1", "? in [2..4] | 2"], "x = 2"),
    ],
)
def test_overlaps_of_every_type_have_an_example(of: str, rules: list[str], example: str) -> None:
    (reason,) = told(of_table("UNIQUE", [f"x: {of}"], rules), "overlapping-rules")
    assert reason == f"Rules 1 and 2 both match, for example where {example}."


def test_rules_meet_only_in_what_is_allowed() -> None:
    rules = ['not("a") | 1', 'not("b") | 2']
    for allowed, severity in (('"a", "b", "c"', "error"), ('"a", "b"', "warning")):
        (one,) = of_table("UNIQUE", [f"x: string = {allowed}"], rules)
        assert (one.severity, one.code) == (severity, "overlapping-rules")
    assert one.reason.endswith("where x = null.")  # which is neither, and may be given all the same


def test_an_error_is_told_also_behind_many_warnings() -> None:
    rules = [
        'not("a") | 0',
        *(f'not("b") | {n}' for n in range(MOST + 5)),
    ]  # the first meets all others in null
    found = of_table("UNIQUE", ['x: string = "a", "b"'], rules)
    severities = [each.severity for each in found if each.code == "overlapping-rules"]
    assert sorted(severities) == ["error"] * MOST + ["warning"] * MOST


def test_an_input_that_stands_in_two_columns_is_one() -> None:
    assert not told(
        of_table("UNIQUE", ["x: number", "x"], ["< 5 | - | 1", "- | >= 5 | 2"]), "overlapping-rules"
    )
    (reason,) = told(
        of_table("UNIQUE", ["x: number", "x"], ["< 5 | - | 1", "- | > 3 | 2"]), "overlapping-rules"
    )
    assert reason.endswith("where x = 4.")


def test_overlaps_of_inputs_that_depend_on_each_other_are_only_possible() -> None:
    found = of_table("UNIQUE", ["x: number", "x * 2"], ["< 5 | - | 1", "- | > 20 | 2"])
    (overlap,) = [each for each in found if each.code == "overlapping-rules"]
    assert overlap.severity == "warning"
    assert "may both match" in overlap.reason


def test_rules_that_match_both_under_any_have_to_agree() -> None:
    rules = ['< 10 | "a"', '> 5 | "b"', '>= 20 | "b"']
    found = of_table("ANY", ["x: number"], rules)
    assert kinds(found) == [("error", "different-results")]
    assert found[0].reason == ("Rules 1 and 2 both match with different results, for example where x = 6.")
    assert of_table("ANY", ["x: number"], ["< 10 | 1", "> 5 | 1.0"]) == []


def test_results_that_may_differ_are_a_warning() -> None:
    found = of_table("ANY", ["x: number"], ["< 10 | x", "> 5 | x + 1"])
    assert kinds(found) == [("warning", "different-results")]


@pytest.mark.parametrize("policy", ["FIRST"])
def test_a_rule_that_others_before_it_hide_together_is_told(policy: str) -> None:
    rules = ["< 10 | 1", ">= 5 | 2", "[3..20] | 3", "null | 4"]
    (reason,) = told(of_table(policy, ["x: number"], rules), "unreachable-rule")
    assert reason == "Rule 3 is never reached: earlier rules match everything that it matches (1, 2)."


def test_a_last_rule_for_everything_is_told_if_only_null_is_left_for_it() -> None:
    (reason,) = told(of_table("FIRST", ["x: number"], ["< 10 | 1", ">= 10 | 2", "- | 3"]), "unreachable-rule")
    assert "only reached if an input has no value" in reason


def test_a_rule_for_everything_hides_all_behind_it() -> None:
    found = told(
        of_table("FIRST", ["x: number", "y: boolean"], ["- | - | 1", "< 1 | true | 2", "- | - | 3"]),
        "unreachable-rule",
    )
    assert [reason.split(" is")[0] for reason in found] == ["Rule 2", "Rule 3"]


def test_rules_are_hidden_by_those_whose_result_has_priority() -> None:
    rules = ['< 10 | "low"', '< 5 | "high"', '< 8 | "low"', '< 20 | "high"']
    found = told(of_table("PRIORITY", ["x: number"], rules, output='= "high", "low"'), "unreachable-rule")
    assert [reason.split(" is")[0] for reason in found] == ["Rule 1", "Rule 3"]


def test_a_rule_that_no_value_passes_is_told() -> None:
    found = of_table(
        "COLLECT", ['x: string = "a", "b"', "y: number"], ['not("a", "b") | - | 1', "- | > 5 and < 3 | 2"]
    )
    assert "unreadable-feel" in [each.code for each in found]
    (reason,) = told(of_table("COLLECT", ["y: number"], ["? > 5 and ? < 3 | 2"]), "unreachable-rule")
    assert reason == "Rule 1 is never reached: no value passes its test in the columns y."


@pytest.mark.parametrize("policy", ["ANY", "COLLECT", "RULE ORDER"])
def test_a_rule_that_is_said_twice_is_told(policy: str) -> None:
    (reason,) = told(
        of_table(policy, ["x: number"], ["< 5 | 1", ">= 5 | 2", "not(>= 5) | 1"]), "duplicate-rule"
    )
    assert reason == "Rule 3 is the same as rule 1."


def test_what_no_rule_covers_is_told_as_a_rule_would_with_an_example() -> None:
    rules = ["< 18 | - | 1", '[18..65] | "a" | 2', '[18..65] | "b" | 3']
    found = of_table("UNIQUE", ["age: number", 'kind: string = "a", "b", "c"'], rules)
    assert kinds(found) == [("warning", "uncovered-values")] * 2
    assert sorted(told(found, "uncovered-values")) == [
        'No rule matches these values: age: > 65. For example: age = 66, kind = "a".',
        'No rule matches these values: age: [18..65], kind: "c". For example: age = 18, kind = "c".',
    ]


def test_days_that_follow_each_other_leave_no_gap() -> None:
    rules = ['<= date("2026-03-19") | 1', '>= date("2026-03-20") | 2']
    assert of_table("UNIQUE", ["day: date"], rules) == []
    assert told(of_table("UNIQUE", ["n: number"], ["<= 1 | 1", ">= 2 | 2"]), "uncovered-values") == [
        "No rule matches these values: n: (1..2). For example: n = 1.5."
    ]


def test_values_of_a_types_definition_are_all_that_there_are() -> None:
    kind = item("Kind", "string", '"a", "b"')
    assert of_table("UNIQUE", ["x: Kind"], ['"a" | 1', '"b" | 2'], kind) == []
    (reason,) = told(of_table("UNIQUE", ["x: Kind"], ['"a" | 1'], kind), "uncovered-values")
    assert 'x: "b"' in reason


@pytest.mark.parametrize("policy", ["COLLECT", "RULE ORDER"])
def test_lists_may_be_empty(policy: str) -> None:
    assert of_table(policy, ["x: number"], ["< 5 | 1"]) == []


def test_a_default_covers_everything_else() -> None:
    logic = table("UNIQUE", ["x"], ["< 5 | 1"]).replace(
        '<output name="out">', '<output name="out"><defaultOutputEntry><text>0</text></defaultOutputEntry>'
    )
    content = definitions(data("x", "number"), decision("D", logic, ["x"]))
    assert check({"a.dmn": content}).findings == ()


@pytest.mark.parametrize("cell", ["< y", "count([?]) > 1", "today()"])
def test_a_table_whose_cells_depend_on_more_is_not_analysed_and_says_so(cell: str) -> None:
    found = of_table("UNIQUE", ["x", "y"], [f"{cell} | - | 1", "- | - | 2"])
    assert kinds(found) == [("note", "table-not-analysed")]
    assert (found[0].values["at_rule"], found[0].values["at_column"]) == (1, "x")


def test_a_table_without_rules_is_told() -> None:
    assert kinds(of_table("UNIQUE", ["x"], [])) == [("warning", "no-rules")]


def test_of_very_many_findings_some_are_told_and_the_rest_counted() -> None:
    found = of_table("UNIQUE", ["x: number"], [f"{n} | {n}" for n in range(30)] * 2)
    assert len(told(found, "overlapping-rules")) == MOST
    assert told(found, "more-of-table") == [
        "There are 10 more findings of the kind overlapping-rules in this table."
    ]


def _many(cells: int, seed: int, policy: str) -> bytes:
    made = random.Random(seed)
    rules = []
    for _ in range(1_000):
        begins = [made.randint(0, 10_000) for _ in range(cells)]
        rules.append(" | ".join(f"[{at}..{at + made.randint(1, 3_000)})" for at in begins) + " | 1")
    names = [f"in{at}" for at in range(cells)]
    given = [data(name, "number") for name in names]
    return definitions(*given, decision("D", table(policy, names, rules), names))


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST"])
def test_a_thousand_rules_of_five_inputs_are_looked_through_in_a_second(policy: str) -> None:
    content = _many(5, 7, policy)
    begun = time.process_time()
    found = check({"a.dmn": content}).findings
    assert time.process_time() - begun < 3  # about 0.7 alone; machines differ
    assert {each.code for each in found} >= {"uncovered-values"}


def test_a_table_that_is_too_large_is_given_up_with_a_note() -> None:
    made = random.Random(3)
    rules = [" | ".join(f"< {made.randint(0, 1_000)}" for _ in range(6)) + f" | {n}" for n in range(700)]
    names = [f"in{at}" for at in range(6)]
    begun = time.process_time()
    found = of_table("UNIQUE", [f"{name}: number" for name in names], rules)
    assert time.process_time() - begun < 10
    assert "analysis-stopped" in [each.code for each in found if each.severity == "note"]
