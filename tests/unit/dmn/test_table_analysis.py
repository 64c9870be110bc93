"""Overlaps, hidden rules and gaps, as they are computed and as going through all values finds them."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dmn.check import check
from engine.dmn.check.axes import Axis
from engine.dmn.check.conditions import Unclear, condition, orders, values
from engine.dmn.check.sweep import Box, Sweep
from engine.dmn.feel.building import Building
from engine.dmn.feel.frames import Frame, Run
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.matching import build_tests
from engine.dmn.feel.names import Names
from engine.dmn.feel.notation import read_moment
from engine.dmn.feel.parser import parse_tests
from engine.dmn.model.graph import Graph
from engine.dmn.model.reader import read_file
from tests.unit.dmn.checking import data, decision, definitions, table

NUMBERS = [None, *(Decimal(n) / 2 for n in range(-1, 10))]
TEXTS = [None, "", "a", "a ", "b", "c", "zz"]
TRUTHS = [None, True, False]
DAYS = [None, *(read_moment(f"2026-03-{day:02}") for day in range(1, 7))]


def unary(text: str) -> Any:
    return parse_tests(text, Names(BUILT_IN), {})


def passes(text: str, value: Any) -> bool:
    return build_tests(unary(text), Building(None))(value, Frame(Run(), BUILT_IN)) is True


def axis(column: Sequence[str]) -> tuple[Axis, list[int]]:
    said = [condition(unary(text)) for text in column]
    made = Axis([value for each in said for value in values(each)], ordered=any(map(orders, said)))
    return made, [made.truth(each)[0] for each in said]


def part_of(made: Axis, value: Any) -> int:
    """The part in which a value lies, by asking whether it equals or exceeds the points."""
    if value is None:
        return made.null
    below = sum(1 for point in made.points if _less(point, value))
    equal = any(not _less(point, value) and not _less(value, point) for point in made.points)
    return 1 << 2 * below + equal


def _less(one: Any, other: Any) -> bool:
    return one.ordinal < other.ordinal if hasattr(one, "ordinal") else bool(one < other)


numbers = st.integers(0, 4).map(str)


def comparisons(points: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["<", "<=", ">", ">=", "=", "!="])
    ends = st.tuples(points, points).map(sorted)
    return st.one_of(
        points,
        st.tuples(signs, points).map(" ".join),
        st.tuples(st.sampled_from("[("), ends, st.sampled_from("])")).map(
            lambda each: f"{each[0]}{each[1][0]}..{each[1][1]}{each[2]}"
        ),
        st.tuples(signs, points).map(lambda each: f"? {each[0]} {each[1]}"),
        st.tuples(points, signs).map(lambda each: f"{each[0]} {each[1]} ?"),
        ends.map(lambda each: f"? between {each[0]} and {each[1]}"),
        ends.map(lambda each: f"[{each[0]}, {each[1]}]"),
        st.tuples(points, points).map(lambda each: f"? < {each[0]} or ? > {each[1]}"),
        st.just("null"),
    )


def cells(points: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(comparisons(points), min_size=1, max_size=2).map(", ".join)
    return st.one_of(st.just("-"), several, several.map(lambda each: f"not({each})"))


number_cells = cells(numbers)
text_cells = st.lists(st.sampled_from(["a", "b", "c"]).map('"{}"'.format), min_size=1, max_size=2).map(
    ", ".join
)
text_cells = st.one_of(st.just("-"), text_cells, text_cells.map(lambda each: f"not({each})"), st.just("null"))
truth_cells = st.sampled_from(["-", "true", "false", "not(true)", "null", "true, false"])
day_cells = cells(st.integers(1, 6).map(lambda day: f'@"2026-03-{day:02}"'))


@pytest.mark.parametrize(
    ("cell", "among"),
    [
        (number_cells, NUMBERS),
        (cells(st.sampled_from(['"a"', '"b"'])), TEXTS),
        (truth_cells, TRUTHS),
        (day_cells, DAYS),
    ],
    ids=["numbers", "texts", "booleans", "days"],
)
@settings(max_examples=120)
@given(data=st.data())
def test_parts_are_those_values_that_pass(cell: Any, among: list[Any], data: st.DataObject) -> None:
    column = data.draw(st.lists(cell, min_size=1, max_size=4))
    made, masks = axis(column)
    if not made.points:
        return
    for text, mask in zip(column, masks, strict=True):
        for value in among:
            assert bool(mask & part_of(made, value)) == passes(text, value), (text, value)
        for part in range(2 * len(made.points) + 1):
            if made.live >> part & 1:
                example = made.example(part)
                assert part_of(made, example) == 1 << part
                assert bool(mask >> part & 1) == passes(text, example), (text, example)


COLUMNS: list[tuple[st.SearchStrategy[str], list[Any]]] = [
    (number_cells, NUMBERS),
    (text_cells, TEXTS),
    (truth_cells, TRUTHS),
    (number_cells, NUMBERS),
]


@settings(max_examples=250)
@given(data=st.data())
def test_overlaps_hidden_rules_and_gaps_are_those_of_all_values(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3))
    size = data.draw(st.integers(1, 6))
    rules = [[data.draw(cell) for cell, _ in chosen] for _ in range(size)]
    made = [axis([rule[at] for rule in rules]) for at in range(len(chosen))]
    sweep = Sweep([masks for _, masks in made], [each.live for each, _ in made], size)
    grid = list(product(*(among for _, among in chosen)))
    passed = {
        (text, value): passes(text, value)
        for rule in rules
        for (_, among), text in zip(chosen, rule, strict=True)
        for value in among
    }
    hits = {
        values: [all(passed[pair] for pair in zip(rule, values, strict=True)) for rule in rules]
        for values in grid
    }
    for one in range(size):
        met = {other for found in hits.values() if found[one] for other in range(size) if found[other]}
        told = {other for other in range(size) if sweep.meeting(one) >> other & 1} if met else set()
        assert told == met
        earlier = (1 << one) - 1
        if met:
            only = any(found[one] and not any(found[:one]) for found in hits.values())
            assert sweep.hidden(one, earlier, live_only=False) is not only
    gaps = sweep.gaps()
    for values_, found in hits.items():
        if None not in values_:
            missed = any(_inside(box, [each for each, _ in made], values_) for box in gaps)
            assert missed is not any(found), values_


def _inside(box: Box, axes: Sequence[Axis], values_: Sequence[Any]) -> bool:
    return all(
        mask & (part_of(each, value) if each.points else 1)
        for mask, each, value in zip(box, axes, values_, strict=True)
    )


@settings(max_examples=60)
@given(
    rules=st.lists(st.tuples(number_cells, text_cells), min_size=1, max_size=5),
    policy=st.sampled_from(["UNIQUE", "FIRST"]),
)
def test_findings_foresee_what_the_evaluation_of_all_values_meets(
    rules: list[tuple[str, str]], policy: str
) -> None:
    rows = [f"{number} | {text} | {at}" for at, (number, text) in enumerate(rules)]
    logic = table(policy, ["n", 'k = "a", "b", "c"'], rows)
    content = definitions(data("n", "number"), data("k", "string"), decision("D", logic, ["n", "k"]))
    found = check({"a.dmn": content}).findings
    graph = Graph([read_file("a.dmn", content)])
    key = graph.find("D")
    assert key is not None
    met, given, missed = False, set(), False
    for n, k in product(NUMBERS, [None, "a", "b", "c"]):
        run = Run()
        result = graph.evaluate(key, {"n": n, "k": k}, run)
        met = met or any(fault.grave for fault in run.faults)
        given.add(result)
        missed = missed or (result is None and not run.faults and None not in (n, k))
    codes = {each.code for each in found}
    assert ("overlapping-rules" in codes) is met
    assert ("uncovered-values" in codes) is missed
    if policy == "FIRST":
        never = {at + 1 for at in range(len(rules)) if Decimal(at) not in given}
        told = [each for each in found if each.code == "unreachable-rule"]
        sure = {each.values["rule"] for each in told if each.variant != "unless-null"}
        assert sure == never


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        (["[18..65)", "< 18"], ">= 65", ">= 65"),
        (["1", "3"], "not(1, 3)", "< 1, (1..3), > 3"),
        (['"a"', '"b"'], 'not("b")', 'not("b")'),
        (['"a"', '"b"'], '"b"', '"b"'),
        (["true"], "false", "false"),
        (['@"2026-03-01"', '@"2026-03-02"'], '[@"2026-03-01"..@"2026-03-02"]', "[2026-03-01..2026-03-02]"),
        (['< duration("P1Y")'], '>= duration("P1Y")', ">= P1Y"),
    ],
)
def test_parts_are_told_as_a_cell_would(column: list[str], cell: str, told: str) -> None:
    made, masks = axis([*column, cell])
    assert made.format(masks[-1] & made.live) == told


@pytest.mark.parametrize(
    "text", ["x", "< today()", "count(?) > 1", "? + 1 > 2", "[x..3]", "some y in [1] satisfies y = ?"]
)
def test_cells_that_depend_on_more_are_unclear(text: str) -> None:
    with pytest.raises(Unclear):
        condition(unary(text))


@pytest.mark.parametrize("column", [["1", '"a"'], ['@"10:00:00"', '@"10:00:00Z"'], ["{a: 1}"]])
def test_columns_without_an_order_are_unclear(column: list[str]) -> None:
    with pytest.raises(Unclear):
        axis(column)
