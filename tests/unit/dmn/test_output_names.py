"""A required decision's result by the name of its output, as Camunda, Operaton and Flowable have it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.dmn.evaluation import Decisions, Evaluation, decisions
from tests.unit.dmn import checking
from tests.unit.dmn.models import decision, definitions, inputs, literal, table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SEASON = decision(
    "Time of year", table(["warmth"], ["season"], [["> 20", '"Summer"'], ["-", '"Fall"']], "FIRST")
)


def ask(*elements: str, of: str = "d", **values: Any) -> Evaluation:
    made = read(*elements)
    (offered,) = made.named(of)
    return made.ask(offered, values, NOW)


def read(*elements: str) -> Decisions:
    return decisions({"a.dmn": definitions("".join(elements))})


def test_table_reads_what_a_required_decision_gives() -> None:
    dish = decision(
        "d", table(["season", "guests"], ["dish"], [['"Summer"', "> 8", '"Salad"']]), "@Time of year"
    )
    evaluation = ask(SEASON, dish, warmth=32, guests=9)
    assert (evaluation.result, evaluation.faults) == ("Salad", [])
    assert [each.name for each in read(SEASON, dish).named("d")[0].inputs] == ["guests", "warmth"]


@pytest.mark.parametrize(
    ("policy", "expected"), [("UNIQUE", "a1"), ("COLLECT", ["a1"]), ("RULE ORDER", ["a1"])]
)
def test_each_of_several_outputs_is_known(policy: str, expected: Any) -> None:
    both = decision("both", table(["x"], ["p", "q"], [["1", '"a1"', '"b1"'], ["2", '"a2"', '"b2"']], policy))
    assert ask(both, decision("d", literal("p"), "@both"), x=1).result == expected


def test_list_of_a_table_with_one_output_is_its_result() -> None:
    found = decision("all of them", table(["x"], ["n"], [["> 0", "1"], ["> 1", "2"]], "COLLECT"))
    assert ask(found, decision("d", literal("sum(n)"), "@all of them"), x=5).result == 3


def test_name_that_is_drawn_means_what_is_drawn() -> None:
    season = decision("season", literal('"the decision"'))
    needs = decision("d", literal("season"), "@season", "@Time of year")
    assert ask(SEASON, season, needs, warmth=1).result == "the decision"


def test_output_is_known_beside_drawn_input_data() -> None:
    drawn = inputs("warmth") + SEASON.replace("<decisionTable", _needs("warmth") + "<decisionTable", 1)
    assert ask(drawn, decision("d", literal("season"), "@Time of year"), warmth=30).result == "Summer"


def _needs(name: str) -> str:
    return f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'


def test_what_a_required_decision_requires_is_known_behind_its_own_outputs() -> None:
    middle = decision(
        "middle", table(["season"], ["fee"], [['"Summer"', "1"], ["-", "2"]], "FIRST"), "@Time of year"
    )
    both = decision("d", literal('season + " " + string(fee)'), "@middle")
    assert ask(SEASON, middle, both, warmth=30).result == "Summer 1"


def test_output_of_a_decision_that_is_not_required_is_a_datum() -> None:
    assert ask(SEASON, decision("d", literal("season")), season="x").result == "x"


def test_output_name_of_two_required_decisions_is_an_error() -> None:
    other = SEASON.replace("Time of year", "Other").replace("Timeofyear", "Other")
    file = definitions(SEASON + other + decision("d", literal("season"), "@Time of year", "@Other"))
    found = checking.check({"a.dmn": file}).findings
    assert [each.code for each in found if each.severity == "error"] == ["ambiguous-output"]


def test_number_in_persian_digits_is_no_datum() -> None:
    made = read(decision("d", table(["age"], ["adult"], [[">= ۱۸", '"yes"'], ["-", '"no"']], "FIRST")))
    (offered,) = made.offered
    assert [each.name for each in offered.inputs] == ["age"]
    assert made.ask(offered, {"age": 20}, NOW).result == "yes"
