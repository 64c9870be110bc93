"""The check of hostile uploads ends after a counted number of steps, and never in an exception."""

import sys
from collections.abc import Iterator, Mapping

import pytest

from engine import bpmn
from engine.bpmn.check import bounded
from engine.dmn.check import check
from engine.dmn.feel import evaluate
from engine.platform import budget
from engine.platform.budget import Budget, Exhausted, ShortBudget, limited, spend
from tests import factories
from tests.bpmn import extension, line, node
from tests.unit.dmn.models import decision, definitions, literal

SHALLOW = 400  # calls that may be nested
ZEEBE = b'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
SUMS = {n: {"d.dmn": definitions(decision("d", literal("1+" * n + "1")))} for n in (4_000, 8_000)}


def steps(files: Mapping[str, bytes]) -> int:
    """What the check of decisions spends."""
    with limited(Budget()) as spent:
        assert not check(files).findings
    return budget.WHOLE - spent.steps


def test_sum_of_thousands_of_terms_passes_and_is_evaluated() -> None:
    assert not check(SUMS[8_000]).findings
    assert evaluate("1+" * 8_000 + "1") == 8_001


def zeebe(*sources: str) -> dict[str, bytes]:
    """A task with these inputs in FEEL."""
    inputs = "".join(f"<zeebe:input source='{one}' target='t{n}'/>" for n, one in enumerate(sources))
    task = node("userTask", "a", extension(f"<zeebe:ioMapping>{inputs}</zeebe:ioMapping>"))
    return {"a.bpmn": line(task).replace(b"xmlns:bpmn=", ZEEBE + b" xmlns:bpmn=", 1)}


def test_long_mappings_are_a_finding_and_no_exception() -> None:
    report = bpmn.check(zeebe(*["x" * 6_000] * 5))
    assert {finding.code for finding in report.errors} == {"syntax-error"}


def test_names_of_a_long_expression_are_looked_for_once() -> None:
    def spent(terms: int) -> int:
        with limited(Budget()) as used:
            bpmn.check(zeebe("=" + " + ".join(f"v{n}" for n in range(terms))))
        return budget.WHOLE - used.steps

    assert spent(800) < 2.5 * spent(400)


def test_check_costs_the_same_however_often_it_is_made() -> None:
    files = {**factories.one_task(), **zeebe("=some + other", "=" + "1+" * 300 + "1")}

    def spent() -> int:
        with limited(Budget()) as used:
            report = bpmn.check(files)
            bpmn.cached("digest", "p", lambda: bpmn.Source("digest", factories.one_task(), {}))
        assert report.processes
        return budget.WHOLE - used.steps

    assert spent() == spent() > 1_000


def test_work_grows_with_the_length_of_an_expression_and_no_faster() -> None:
    assert steps(SUMS[8_000]) < 2.1 * steps(SUMS[4_000])


@pytest.fixture
def shallow() -> Iterator[int]:
    """How deep Python nests now: less than usual, since checking a chain takes the square of its length."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(SHALLOW)
    yield SHALLOW
    sys.setrecursionlimit(usual)


def test_chain_of_more_decisions_than_python_nests_passes_in_any_order(shallow: int) -> None:
    length = shallow + 100
    chain = [decision(f"d{n}", literal(f"d{n + 1} + 1"), f"@d{n + 1}") for n in range(length)]
    last = decision(f"d{length}", literal("1"))
    assert not check({"d.dmn": definitions("".join([*chain, last]))}).findings
    assert not check({"d.dmn": definitions("".join([last, *reversed(chain)]))}).findings


def test_types_that_share_their_parts_are_compared_once() -> None:
    ladder = [
        decision(f"{name}{n}", literal(f"{{a: {name}{n + 1}, b: {name}{n + 1}}}"), f"@{name}{n + 1}")
        for name in ("d", "e")
        for n in range(60)
    ]
    ends = decision("d60", literal("{a: 1}")) + decision("e60", literal("{a: 1}"))
    both = decision("both", literal("[d0, e0]"), "@d0", "@e0")
    assert steps({"d.dmn": definitions("".join(ladder) + ends + both)}) < 100_000


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("(", ")"),
        ("[", "]"),
        ("-", ""),
        ("if true then ", " else 1"),
        ("abs(", ")"),
        ("{a:", "}"),
        ("]", "["),
    ],
)
def test_deep_nest_is_a_finding(begin: str, end: str) -> None:
    (found,) = check(
        {"d.dmn": definitions(decision("d", literal(begin * 2_000 + "1" + end * 2_000)))}
    ).findings
    assert (found.code, "nested too deeply" in found.reason) == ("unreadable-feel", True)


def test_upload_that_exceeds_the_budget_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**factories.one_task(), **SUMS[4_000]}
    monkeypatch.setattr(bounded, "Budget", lambda: Budget(100_000))
    report = bpmn.check(files)
    assert [(found.severity, found.code, found.file) for found in report.errors] == [
        ("error", "too-much-to-check", "d.dmn")
    ]
    assert not report.processes


def test_budget_of_the_caller_is_the_callers_to_answer_for() -> None:
    with pytest.raises(Exhausted), limited(Budget(1_000)):
        bpmn.check({**factories.one_task(), **SUMS[4_000]})


def test_recursion_that_nobody_foresaw_is_a_finding() -> None:
    def endless() -> bpmn.Report:
        return endless()

    assert [found.code for found in bounded.check(endless).errors] == ["too-deep-to-check"]


def test_check_asks_once_before_it_is_long() -> None:
    asked = iter([True])  # a second time there is no answer
    with limited(ShortBudget(may_be_long=lambda: next(asked))):
        spend(budget.SMALL)
        spend(1)
        spend(1)
    assert not [*asked]
    with pytest.raises(Exhausted), limited(ShortBudget(may_be_long=lambda: False)):
        spend(budget.SMALL + 1)


def test_whoever_waits_does_not_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "SECONDS", 0.0)
    with pytest.raises(Exhausted), limited(ShortBudget()):
        spend()
