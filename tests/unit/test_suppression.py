"""No small figure can be computed from what is published: not by sums, nor by comparing editions."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import pytest

from engine.oversight.publication import corrections
from engine.oversight.publication.corrections import Current
from engine.oversight.publication.counting import Measured, Service
from engine.oversight.publication.rows import Rows, published
from engine.oversight.publication.suppression import (
    COUNTS,
    FEWEST,
    RESULT,
    TERM,
    VOLUMES,
    Counted,
    is_small,
    suppress,
)
from tests import attacking

World = Sequence[Counted]
SIZES = (0, 0, 1, 2, 3, 5, 8, 20, 60)
LARGE = (40, 60, 90)


def a_service(rng: Random, unit: str, key: str, sizes: Sequence[int] = SIZES) -> Counted:
    """A service of a month: its closed cases by term, by result, and its refusals by ground."""
    term = [rng.choice(sizes) for _ in TERM]
    result = dict.fromkeys(RESULT, 0)
    for name in rng.choices(RESULT, (8, 3, 1, 1), k=sum(term)):
        result[name] += 1
    grounds: dict[str, int] = {}
    for code in rng.choices("abcd", k=result["refused"]):
        grounds[code] = grounds.get(code, 0) + 1
    volumes = {"started": rng.choice((0, 1, 2, 4, 5, 30) if 0 in sizes else (30, 50)), "closed": sum(term)}
    return Counted(unit, key, {**volumes, **dict(zip(TERM, term, strict=True)), **result}, grounds)


def a_world(rng: Random, units: int = 4, services: int = 5, large: float = 0) -> World:
    """A month of some services, of which this part have many cases in each cell."""
    return [
        a_service(rng, f"u{unit}", f"u{unit}s{number}", LARGE if rng.random() < large else SIZES)
        for unit in range(rng.randint(1, units))
        for number in range(rng.randint(1, services))
    ]


def true_figures(world: World) -> Mapping[tuple[str, str], Mapping[str, int]]:
    """Every figure that is published or hidden, counted apart from the product."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for one in world:
        for row in ((one.unit, one.service), (one.unit, ""), ("", "")):
            into = found.setdefault(row, dict.fromkeys(COUNTS, 0))
            for name in COUNTS:
                into[name] += one.counts[name]
    return found


def revealed(world: World, **how: Any) -> Iterator[str]:
    """The small figures of a month of which somebody learns more than that they are at most some number."""
    shown = suppress(world, **how)
    found = [*attacking.equations(0, shown.rows, shown.grounds), *attacking.active(0, shown.rows)]
    known = attacking.solve(found)
    for row, figures in true_figures(world).items():
        for name, value in figures.items():
            yield from _learned(known, (0, *row, name), value)


def _learned(known: Mapping[Any, tuple[int, int | None]], one: Any, value: int) -> Iterator[str]:
    least, most = known.get(one, (0, None))
    assert least <= value, one
    assert most is None or value <= most, one
    if is_small(value) and (least > 0 or (most is not None and most < FEWEST)):
        yield f"{one}: {value} is between {least} and {most}"


@pytest.mark.parametrize("seed", range(6))
def test_sums_of_a_month_reveal_no_small_figure(seed: int) -> None:
    rng = Random(seed)
    for _ in range(5):
        assert [*revealed(a_world(rng))] == []


def test_without_complementary_suppression_they_do() -> None:
    found = [line for seed in range(5) for line in revealed(a_world(Random(seed)), complementary=False)]
    assert len(found) > 20


@pytest.mark.parametrize("seed", range(3))
def test_twelve_months_of_new_services_reveal_no_small_figure(seed: int) -> None:
    """Which have never closed more cases than they have started."""
    rng = Random(seed)
    months = a_year(rng)
    rows = [(one.unit, one.service) for one in months[0]]
    found: list[attacking.Equation] = [*attacking.new(12, rows)]
    for month, world in enumerate(months):
        shown = suppress(world)
        only = {row: {name: figures[name] for name in VOLUMES} for row, figures in shown.rows.items()}
        found += [one for one in attacking.equations(month, only, {}) if not _foreign(one)]
        found += attacking.active(month, only)
    known = attacking.solve(found)
    tried = 0
    for month, world in enumerate(months):
        for row, figures in true_figures(world).items():
            for name in VOLUMES:
                if is_small(figures[name]):
                    least, most = known[month, *row, name]
                    assert least <= figures[name]
                    assert most is None or least < most, (month, row, name)
                    tried += 1
    assert tried > 20


def a_year(rng: Random) -> Sequence[World]:
    keys = [(f"u{unit}", f"u{unit}s{number}") for unit in range(2) for number in range(3)]
    usual = {key: rng.choice((2, 4, 8, 30)) for key in keys}
    open_cases = dict.fromkeys(keys, 0)
    months = []
    for _ in range(12):
        world = []
        for key in keys:
            started = rng.randint(0, 2 * usual[key])
            closed = rng.randint(0, open_cases[key] + started)
            open_cases[key] += started - closed
            counts = {**dict.fromkeys(COUNTS, 0), "started": started, "closed": closed, "on_time": closed}
            world.append(Counted(*key, {**counts, "granted": closed}))
        months.append(world)
    return months


def _foreign(equation: attacking.Equation) -> bool:
    return any(one[-1] not in VOLUMES for one in equation[0])


def test_a_breakdown_is_hidden_whole_with_that_of_the_largest_service() -> None:
    def one(key: str, on_time: int, late: int) -> Counted:
        closed = on_time + late
        counts = {"started": 50, "closed": closed, "on_time": on_time, "late": late, "granted": closed}
        return Counted("u", key, {**dict.fromkeys(COUNTS, 0), **counts})

    shown = suppress([one("few-late", 40, 3), one("large", 90, 10), one("usual", 30, 20)]).rows
    for key in ("few-late", "large"):
        assert [shown["u", key][name] for name in TERM] == [None] * 4
        assert shown["u", key]["closed"] is not None
    assert shown["u", "usual"]["late"] == 20
    assert shown["u", ""]["late"] == 33
    assert shown["u", "large"]["granted"] == 100


def test_a_small_service_is_pooled_until_there_are_five_cases_for_each() -> None:
    def one(key: str, cases: int) -> Counted:
        counts = dict.fromkeys(("started", "closed", "on_time", "granted"), cases)
        return Counted("u", key, {**dict.fromkeys(COUNTS, 0), **counts})

    shown = suppress([one("none", 0), one("two", 2), one("six", 6), one("nine", 9), one("many", 60)]).rows
    assert {key: shown["u", key]["closed"] for key in ("none", "two", "six", "nine", "many", "")} == {
        **{"none": 0, "two": None, "six": None, "nine": None},
        **{"many": 60, "": 77},
    }


def test_a_service_with_four_cases_shows_none_of_them() -> None:
    small = Counted("u", "s", {**dict.fromkeys(COUNTS, 0), "closed": 4, "late": 4, "refused": 4}, {"a": 4})
    rng = Random(1)
    shown = suppress([small, a_service(rng, "u", "t", (20,)), a_service(rng, "u", "v", (30,))])
    own = shown.rows["u", "s"]
    assert {*own.values()} == {None}
    assert shown.grounds["s"] is None, "not even its code"


def measured(world: World) -> Measured:
    services = [
        Service(one, {"name": {"fa": "خ", "en": "s"}, "fee": None, "versions": [], "grounds": {}})
        for one in world
    ]
    return Measured(services, {one.unit: one.unit for one in world}, {})


def changed(rng: Random, world: World) -> World:
    """Some services have other figures now: a few cases more or less, or many."""
    return [
        a_service(rng, one.unit, one.service, LARGE) if rng.random() < 0.3 else _grown(rng, one)
        for one in world
    ]


def _grown(rng: Random, one: Counted) -> Counted:
    more = rng.choice((0, 0, 1, 3, 5, 9))
    names = ("closed", rng.choice(TERM), rng.choice(("granted", "withdrawn")))
    return Counted(
        one.unit,
        one.service,
        {name: value + (more if name in names else 0) for name, value in one.counts.items()},
        one.grounds,
    )


def now(world: World) -> Mapping[tuple[str, str], Current]:
    return {(one.unit, one.service): Current(one.counts, one.grounds, {}) for one in world}


def shown_in(rows: Rows) -> tuple[Any, Any]:
    figures = {row: {name: one[name] for name in COUNTS} for row, one in rows.items()}
    grounds = {
        row[1]: {ground["code"]: ground["count"] for ground in one["grounds"] or ()}
        for row, one in rows.items()
        if row[1]
    }
    return figures, grounds


@pytest.mark.parametrize("seed", range(6))
def test_comparing_editions_reveals_no_small_figure_and_no_small_change(seed: int) -> None:
    """Even to somebody who knows which services a correction did not change."""
    rng = Random(seed)
    corrected = 0
    for _ in range(6):
        world = a_world(rng, large=0.8)
        editions: list[Rows] = [published(measured(world))]
        for _ in range(2):
            world_now = changed(rng, world)
            rows = corrections.correct(editions, now(world_now), {})
            if rows is not None:
                editions.append(rows)
        corrected += len(editions) - 1
        found = [
            one for index, rows in enumerate(editions) for one in attacking.equations(index, *shown_in(rows))
        ]
        same = [
            row
            for row in editions[0]
            if row[1] and len({str(shown_in(rows)[0][row]) for rows in editions}) == 1
        ]
        found += attacking.unchanged(len(editions), same, COUNTS)
        known = attacking.solve(found)
        for row, figures in true_figures(world).items():
            for name, value in figures.items():
                assert [*_learned(known, (0, *row, name), value)] == []
        for row in editions[0]:
            if row[1]:
                _require_great_changes([edition[row] for edition in editions])
    assert corrected


def _require_great_changes(figures: Sequence[Mapping[str, Any]]) -> None:
    for first in figures:
        for second in figures:
            for name in COUNTS:
                assert (first[name] is None) == (second[name] is None), "a pattern has changed"
                assert first[name] is None or not is_small(abs(first[name] - second[name]))


def test_a_correction_replaces_a_service_and_its_sums_or_nothing() -> None:
    rng = Random(3)
    world = [_with(a_service(rng, "u", key, (40, 60)), started=100) for key in ("s", "t")]
    first = published(measured(world))
    assert all(value is not None for name, value in first["u", "s"].items() if name in TERM)
    few = [_with(world[0], late=3, on_time=-3), world[1]]
    assert corrections.correct([first], now(few), {}) is None, "three cases would be seen"
    assert corrections.correct([first], now(world), {}) is None
    many = [_with(world[0], late=6, on_time=-6), world[1]]
    second = corrections.correct([first], now(many), {})
    assert second is not None
    for row in (("u", "s"), ("u", ""), ("", "")):
        assert second[row]["late"] == first[row]["late"] + 6
        assert second[row]["on_time"] == first[row]["on_time"] - 6
    assert second["u", "t"] == first["u", "t"]


def _with(one: Counted, **more: int) -> Counted:
    counts = {name: value + more.get(name, 0) for name, value in one.counts.items()}
    return Counted(one.unit, one.service, counts, one.grounds)
