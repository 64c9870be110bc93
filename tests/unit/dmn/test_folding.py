"""Texts in Persian spelling: where an input says so, keyboards and half-spaces do not count."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.dmn.check import check
from engine.dmn.evaluation import Evaluation, decisions
from engine.platform import persian
from engine.platform.findings import Finding
from tests.unit.dmn.models import DMN_15, decision, definitions, inputs, table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPACES = f'xmlns="{DMN_15}" xmlns:parvandeh="https://parvandeh.org/bpmn"'
RULES = [['"کم‌درآمد"', "1"], ['"یک ۲"', "2"]]
COLUMN = table(["x"], ["o"], RULES).replace("<input>", '<input parvandeh:fold="true">')
DATUM = inputs("x").replace("<inputData", '<inputData parvandeh:fold="true"')


def file(data: str, logic: str) -> bytes:
    return definitions(data + decision("d", logic, "x"), attributes=SPACES)


def ask(content: bytes, value: Any) -> Evaluation:
    made = decisions({"a.dmn": content})
    return made.ask(made.offered[0], {"x": value}, NOW)


def found(content: bytes) -> list[Finding]:
    return [each for each in check({"a.dmn": content}).findings if each.code != "uncovered-values"]


@pytest.mark.parametrize("content", [file(inputs("x"), COLUMN), file(DATUM, table(["x"], ["o"], RULES))])
@pytest.mark.parametrize(
    ("text", "expected"),
    [("کم‌درآمد", 1), ("كم درآمد", 1), ("كمدرآمد", 1), ("يک ٢", 2), ("يک  2", 2), ("کم-درآمد", None)],
)
def test_text_is_compared_in_its_folded_form(content: bytes, text: str, expected: int | None) -> None:
    assert ask(content, text).result == expected


def test_without_a_word_each_character_counts() -> None:
    assert ask(file(inputs("x"), table(["x"], ["o"], RULES)), "كم‌درآمد").result is None


def test_reasons_keep_what_was_given_and_what_was_compared() -> None:
    (why,) = ask(file(inputs("x"), COLUMN), "كم درآمد").tables
    assert (why["inputs"], why["folded"]) == ({"x": "كم درآمد"}, {"x": "کمدرآمد"})
    assert "folded" not in ask(file(inputs("x"), COLUMN), "کمدرآمد").tables[0]


def test_rules_that_are_alike_when_folded_overlap() -> None:
    alike = table(["x"], ["o"], [['"علي"', "1"], ['"علی"', "2"]])
    assert found(file(inputs("x"), alike)) == []
    (overlap,) = found(file(DATUM, alike))
    assert overlap.code == "overlapping-rules"


def test_allowed_values_of_the_column_are_folded() -> None:
    allowed = table(['x: "علی"'], ["o"], [['"علي"', "1"]]).replace("<input>", '<input parvandeh:fold="true">')
    assert found(file(inputs("x"), allowed)) == []
    assert ask(file(inputs("x"), allowed), "علي").result == 1


@pytest.mark.parametrize("wrong", ['<output parvandeh:fold="true"', '<output parvandeh:fold="yes"'])
def test_attribute_that_means_nothing_is_an_error(wrong: str) -> None:
    content = file(inputs("x"), COLUMN.replace("<output name", f"{wrong} name"))
    assert [each.code for each in found(content)] == ["invalid-fold"]


def test_folding_keeps_case_marks_and_digits_apart() -> None:
    assert persian.fold("A-1 b") == "A-1 b"
    assert persian.fold("الف ۱ ۲") == "الف 1 2"
    assert persian.fold("آ") == "آ"
