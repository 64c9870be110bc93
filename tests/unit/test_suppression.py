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
    Counted,
    is_small,
    smallest,
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
    known = attacking.solve([*attacking.equations(0, shown.rows, shown.grounds)])
    for row, figures in true_figures(world).items():
        for name, value in figures.items():
            yield from _learned(known, (0, *row, name), value)
    for one in world:
        for code, value in one.grounds.items():
            yield from _learned(known, (0, one.unit, one.service, "ground", code), value)


def _learned(known: Mapping[Any, tuple[int, int | None]], one: Any, value: int) -> Iterator[str]:
    least, most = known.get(one, (0, None))
    assert least <= value, one
    assert most is None or value <= most, one
    if is_small(value) and (least > 0 or (most is not None and most < FEWEST)):
        yield f"{one}: {value} is between {least} and {most}"


@pytest.mark.parametrize("seed", range(6))
def test_sums_of_twelve_months_reveal_no_small_figure(seed: int) -> None:
    rng = Random(seed)
    for _ in range(12):
        assert [*revealed(a_world(rng))] == []


def test_without_complementary_suppression_they_do() -> None:
    found = [line for seed in range(5) for line in revealed(a_world(Random(seed)), complementary=False)]
    assert len(found) > 20


def test_no_figure_of_small_worlds_has_fewer_than_six_values() -> None:
    """By trying every possible month, which no reasoning of the attacker can miss."""
    tried = 0
    for seed in range(60):
        rng = Random(seed)
        world = [a_service(rng, "u", f"s{number}", (0, 0, 1, 4, 6)) for number in range(1 + seed % 2)]
        if not 0 < sum(one.counts["closed"] for one in world) <= 14:
            continue
        shown = suppress(world)
        for parts in (TERM, RESULT):
            found = [*attacking.equations(0, _only(shown.rows, ("closed", *parts)), {})]
            found = [(terms, total) for terms, total in found if not _foreign(terms, parts)]
            possible = attacking.search(found, 14)
            tried += bool(possible)
            for row, figures in true_figures(world).items():
                for name in parts:
                    if is_small(figures[name]) and (0, *row, name) in possible:
                        assert possible[0, *row, name] >= {*range(FEWEST + 1)}, (seed, row, name)
    assert tried > 10


def _only(rows: Any, names: Sequence[str]) -> Any:
    return {row: {name: figures[name] for name in names} for row, figures in rows.items()}


def _foreign(terms: Mapping[Any, int], parts: Sequence[str]) -> bool:
    return any(one[-1] not in ("closed", *parts) for one in terms)


def test_hidden_parts_of_a_sum_are_two_and_five_at_least() -> None:
    assert smallest({"a": 3, "b": 9, "c": 40}) == {"a", "b"}
    assert smallest({"a": 3, "b": 0, "c": 40}) == {"a", "b", "c"}, "0 and 3 are too few together"
    assert smallest({"a": 3, "b": 2, "c": 40}) == {"a", "b"}
    assert smallest({"a": 0, "b": 5}) == set(), "0 is shown where nothing is small"


def test_a_service_with_four_cases_shows_none_of_them() -> None:
    small = Counted("u", "s", {**dict.fromkeys(COUNTS, 0), "closed": 4, "late": 4, "refused": 4}, {"a": 4})
    rng = Random(1)
    shown = suppress([small, a_service(rng, "u", "t", (20,)), a_service(rng, "u", "v", (30,))])
    own = shown.rows["u", "s"]
    assert {name for name, value in own.items() if value is not None} == {"started"}
    assert shown.grounds["s"] == {"a": None}


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
        row[1]: {ground["code"]: ground["count"] for ground in one["grounds"]}
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
