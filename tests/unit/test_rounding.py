"""No figure from 1 to 4 can be known from what is published, and large ones are near the truth."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from engine.oversight.publication import corrections
from engine.oversight.publication.corrections import Current
from engine.oversight.publication.counting import Measured, Service
from engine.oversight.publication.rounding import (
    COARSE,
    COUNTS,
    FINE,
    MANY,
    RESULT,
    TERM,
    Counted,
    Rounded,
    offset,
    rounded,
    with_offset,
)
from engine.oversight.publication.rows import Rows, published
from tests import rounding
from tests.rounding import TERMED, Kind, counted

ALL_RESULTS = ("granted", "refused", "withdrawn")
KINDS: dict[str, Kind] = {
    "no term": {"term": ("no_term",), "result": ALL_RESULTS},
    "no term, never refused": {"term": ("no_term",), "result": ("granted", "withdrawn")},
    "one way": {"term": ("no_term",), "result": ("granted",)},
    "no silence": {"term": ("on_time", "late"), "result": ("granted", "refused")},
    "never refused": {"term": TERMED, "result": ("granted",)},
    "no decisions": {"term": ("on_time", "late"), "result": ("withdrawn", "other")},
    "all": {"term": TERMED, "result": ("granted", "refused")},
}


def require_several(found: Iterator[tuple[str, int, set[int]]]) -> int:
    tried = 0
    for name, value, values in found:
        assert len(values) >= 3, (name, value, values)
        assert 0 in values or max(values) >= 5, (name, value, values)
        tried += 1
    return tried


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [COARSE, FINE])
def test_each_small_figure_could_be_three_values_one_of_them_not_small(kind: str, step: int) -> None:
    """For every month of a service of the kind; sums and other services say nothing more."""
    most = 16 if len(KINDS[kind]["term"]) * len(KINDS[kind]["result"]) < 5 else 11
    assert require_several(rounding.possible(rounding.every(KINDS[kind], most), step, most)) > 10


@pytest.mark.parametrize("grants", [True, False])
def test_silence_that_decides_says_no_more(grants: bool) -> None:
    """What was decided by silence is a part of what was granted, or refused, and readers know it."""
    result = "granted" if grants else "refused"
    kind: Kind = {"term": TERMED, "result": ("granted", "refused")}
    months = [
        one
        for one in rounding.every(kind, 11, silence_grants=grants)
        if one.counts["silent"] <= one.counts[result]
    ]
    assert require_several(rounding.possible(months, COARSE, 11)) > 40


def test_grounds_add_up_to_refusals_and_say_no_more() -> None:
    months = [
        counted(closed, {"no_term": closed}, result, grounds=dict(zip("abc", grounds, strict=True)))
        for closed in range(13)
        for refused in range(closed + 1)
        for result in [{"refused": refused, "granted": closed - refused}]
        for grounds in rounding.parts(refused, 3)
    ]
    for month in months:
        found = with_offset(month, COARSE, 3)
        assert sum(found.grounds.values()) == found.counts["refused"]
    assert require_several(rounding.possible(months, COARSE, 12)) > 20


def a_month(rng: Random, cases: int, *, termed: bool = True) -> Counted:
    def divided(names: tuple[str, ...], weights: tuple[float, ...]) -> dict[str, int]:
        found = dict.fromkeys(names, 0)
        for name in rng.choices(names, weights, k=cases):
            found[name] += 1
        return found

    late = rng.choice((0.01, 0.05, 0.3))
    term = divided(TERM, (1 - late, late, rng.choice((0, late)), 0) if termed else (0, 0, 0, 1))
    refused = rng.choice((0, 0.05, 0.4))
    result = divided(RESULT, (1 - refused, refused, 0.05, 0.02))
    grounds: dict[str, int] = {}
    for code in rng.choices("abcd", k=result["refused"]):
        grounds[code] = grounds.get(code, 0) + 1
    return counted(max(cases + rng.randint(-5, 5), 0), term, result, grounds=grounds)


@pytest.mark.parametrize("seed", range(4))
def test_figures_add_up_are_near_and_are_never_negative(seed: int) -> None:
    rng = Random(seed)
    for _ in range(300):
        month = a_month(rng, rng.choice((0, 1, 3, 20, 49, 50, 51, 400)), termed=rng.random() < 0.7)
        shown = rounded(month, rng.randbytes(32))
        assert shown.step == (FINE if month.counts["closed"] >= MANY else COARSE)
        for names in (TERM, RESULT):
            assert sum(shown.counts[name] for name in names) == shown.counts["closed"]
        for name in COUNTS:
            value = shown.counts[name]
            assert value >= 0
            assert value % shown.step == 0
            assert abs(value - month.counts[name]) < shown.step
            assert month.counts[name] or not value, "where there was no case, none is shown"


@pytest.mark.parametrize("seed", range(3))
def test_services_of_fifty_cases_are_within_four_points_and_of_five_hundred_within_one(seed: int) -> None:
    """A share is wrong by two cases at most; of fifty that may be a little more than four points."""
    rng = Random(f"large {seed}")
    more = 0
    for _ in range(400):
        month = a_month(rng, round(50 * 40 ** rng.random()))
        shown = rounded(month, rng.randbytes(32))
        closed = month.counts["closed"]
        assert abs(shown.counts["closed"] - closed) <= 2
        for name, of in (("on_time", TERMED), ("refused", ("granted", "refused"))):
            wrong = abs(share(shown.counts, name, of) - share(month.counts, name, of))
            assert wrong <= 2 / sum(shown.counts[one] for one in of) + 1e-9
            assert wrong <= (0.01 if closed >= 500 else 0.05)
            more += wrong > 0.04
    assert more <= 8, "of 800"


def share(counts: Any, name: str, of: tuple[str, ...]) -> float:
    return float(counts[name] / sum(counts[one] for one in of))


def a_poisson(rng: Random, rate: float) -> int:
    left, count = rng.expovariate(1), 0
    while left < rate:
        left, count = left + rng.expovariate(1), count + 1
    return count


def right(seed: str, kind: str, rates: tuple[float, float], *, constant: bool = False) -> tuple[int, int]:
    """How many small figures of many services in 36 months are guessed, and how many there are.

    `kind`: which figure is guessed. Of services that close few cases their volume; of large ones the refused,
    which lie first, or the withdrawn, which lie behind them.
    """
    rng = Random(seed)
    known = small = 0
    for number in range(60):
        rate = rates[0] * (rates[1] / rates[0]) ** rng.random()
        months = []
        for _ in range(36):
            value = round(rate) if constant else a_poisson(rng, rate)
            others = 0 if kind == "closed" else 5 + a_poisson(rng, 70)
            refused = value if kind == "refused" else a_poisson(rng, 6) if others else 0
            withdrawn = value if kind == "withdrawn" else 0
            granted = others if kind != "closed" else value
            result = {"refused": refused, "withdrawn": withdrawn, "granted": granted}
            months.append(counted(value, {"no_term": sum(result.values())}, result))
        secret = rng.randbytes(32)
        shown = [rounded(Counted("u", f"s{number}", one.counts), secret) for one in months]
        found = rounding.guesses(
            [one.counts[kind] for one in shown],
            rounding.steps_of(months),
            constant=constant,
            anchored=kind != "withdrawn",
        )
        for month, guess in zip(months, found, strict=True):
            true = month.counts[kind]
            small += 0 < true < 5
            known += 0 < true < 5 and guess == true
    return known, small


@pytest.mark.parametrize("kind", ["closed", "refused", "withdrawn"])
@pytest.mark.parametrize("rates", [(0.2, 2.0), (1.0, 6.0), (0.3, 40.0)])
def test_the_best_guess_from_36_months_is_right_in_less_than_half(
    kind: str, rates: tuple[float, float]
) -> None:
    known, small = right(f"{kind} {rates}", kind, rates)
    assert small > 200
    assert known / small <= 0.5, known / small


@pytest.mark.parametrize("kind", ["closed", "refused"])
def test_figures_that_never_change_are_not_known_from_their_average(kind: str) -> None:
    """They are the same in each month, as the true ones are."""
    known, small = right(f"constant {kind}", kind, (1.0, 9.0), constant=True)
    assert small > 200
    assert known / small <= 0.5, known / small


def test_the_offset_of_a_service_is_the_same_in_each_month_and_known_by_the_secret_alone() -> None:
    month = counted(3, {"no_term": 3}, {"granted": 3})
    assert rounded(month, b"a") == rounded(month, b"a")
    found = {offset(bytes([number]), COARSE, "service", "s") for number in range(60)}
    assert found == set(range(COARSE))


def measured(*months: Counted) -> Measured:
    said: dict[str, Any] = {"name": {"fa": "خ", "en": "s"}, "fee": None, "versions": [], "grounds": {}}
    return Measured([Service(one, said) for one in months], {one.unit: one.unit for one in months})


def corrected(first: Counted, *then: Counted, secret: bytes = b"x") -> list[Rows]:
    """The editions of a month of one service."""
    row = (first.unit, first.service)
    found, before = [published(measured(first), secret)], {row: first}
    for number, one in enumerate(then, 2):
        made = corrections.correct(found[-1], before, {row: Current(one, {})}, secret, str(number))
        if made is not None:
            found.append(made.rows)
            before = {**made.counted}
    return found


def of_one_way(cases: int) -> Counted:
    return counted(cases, {"no_term": cases}, {"granted": cases})


def test_one_case_one_service_and_two_corrections_leave_several_values() -> None:
    """Even to somebody who knows how many cases each correction added."""
    groups: dict[Any, set[int]] = {}
    for first in range(12):
        for more in (1, 3, 8):
            for number in range(400):
                editions = corrected(
                    of_one_way(first),
                    of_one_way(first + more),
                    of_one_way(first + more + 3),
                    secret=number.to_bytes(2),
                )
                shown = (more, *(tuple(one["u", "s"][name] for name in COUNTS) for one in editions))
                groups.setdefault(shown, set()).add(first)
    small = [values for values in groups.values() if values & {1, 2, 3, 4}]
    assert small
    for values in small:
        assert len(values) >= 3, values
        assert 0 in values or max(values) >= 5, values


def test_a_correction_changes_a_service_its_sums_and_their_margin_alone() -> None:
    first, other = counted(90, {"on_time": 80}, {"granted": 80}), Counted("v", "t", of_one_way(70).counts)
    now = counted(90, {"on_time": 40, "late": 40}, {"granted": 80})
    shown = published(measured(first, other), b"x")
    before = {("u", "s"): first, ("v", "t"): other}
    after = {("u", "s"): Current(now, {}), ("v", "t"): Current(other, {})}
    made = corrections.correct(shown, before, after, b"x", "2")
    assert made is not None
    assert made.replaced == {("u", "s")}
    assert {row for row in shown if shown[row] != made.rows[row]} == {("u", "s"), ("u", ""), ("", "")}
    assert abs(made.rows["u", "s"]["late"] - 40) <= made.rows["u", "s"]["margin"] == 4
    assert made.rows["", ""]["margin"] == 6
    assert corrections.correct(made.rows, made.counted, after, b"x", "3") is None


def test_changes_of_editions_add_up_over_time_and_are_never_less_than_no_case() -> None:
    rng = Random(8)
    for _ in range(200):
        numbers = [rng.choice((0, 1, 4, 9, 60)) for _ in range(4)]
        months = [of_one_way(number) for number in numbers]
        editions = corrected(*months, secret=rng.randbytes(8))
        for before, after in pairwise(editions):
            assert after["u", "s"]["margin"] > before["u", "s"]["margin"]
        last = editions[-1]["u", "s"]
        assert min(last[name] for name in COUNTS) >= 0
        if len(editions) == 4:
            assert abs(last["closed"] - numbers[-1]) <= last["margin"]


def test_grounds_that_fall_to_nothing_are_not_named_any_more() -> None:
    first = counted(60, {"no_term": 60}, {"refused": 60}, grounds={"a": 30, "b": 30})
    now = counted(60, {"no_term": 60}, {"refused": 60}, grounds={"b": 60})
    before, after = (
        {one["code"]: one["count"] for one in rows["u", "s"]["grounds"]} for rows in corrected(first, now)
    )
    assert {*before} == {"a", "b"}
    assert after.get("a", 0) <= 2
    assert all(after.values())


def test_rounding_is_of_figures_alone() -> None:
    shown = rounded(of_one_way(4), b"x")
    assert isinstance(shown, Rounded)
    assert shown.counts["closed"] == shown.counts["no_term"] == shown.counts["granted"]
