"""Sums of work time: no difference of what is shown is the time of fewer than five people."""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from engine.platform.db import Actor, UnitOfWork
from engine.tasks.work_time import of_units
from engine.tasks.work_time.of_units import FEWEST, Cell

Tree = Mapping[UUID | None, list[of_units._Unit]]


def _tree(dice: random.Random, size: int) -> tuple[of_units._Unit, Tree]:
    units = [of_units._Unit(UUID(int=1), "u0", "u0", None)]
    children: dict[UUID | None, list[of_units._Unit]] = {}
    for number in range(1, size):
        above = dice.choice(units)
        units.append(of_units._Unit(UUID(int=number + 1), f"u{number}", "", above.id))
        children.setdefault(above.id, []).append(units[-1])
    return units[0], children


def _below(children: Tree, unit: of_units._Unit) -> list[of_units._Unit]:
    return [unit, *(one for child in children.get(unit.id, ()) for one in _below(children, child))]


def _measured(times: Mapping[str, Mapping[UUID, int]], keys: set[str]) -> Mapping[str, of_units._Rest]:
    return {key: of_units._Rest({**people}, [key]) for key, people in times.items() if key in keys}


def _members(cell: Cell) -> frozenset[str]:
    """The units whose people are in a cell; its own key is also that of a cell without them."""
    return frozenset(cell.includes)


@pytest.mark.parametrize(("minutes", "first"), [(0, 14), (59, 14), (60, 21)])
def test_a_week_is_shown_an_hour_after_its_end(minutes: int, first: int) -> None:
    """Transactions that began in it may still write until then."""
    saturday = datetime(2026, 11, 28, tzinfo=UTC)
    uow = UnitOfWork(cast(Session, None), cast(Actor, None), saturday + timedelta(minutes=minutes))
    assert of_units.last_ended(uow).first == date(2026, 11, first)


@pytest.mark.parametrize("seed", range(200))
def test_all_who_look_get_the_same_disjoint_cells_of_five_people_or_more(seed: int) -> None:
    dice = random.Random(seed)
    root, children = _tree(dice, dice.randint(1, 25))
    staff = [UUID(int=1000 + number) for number in range(40)]
    # Powers of two: a sum shows exactly whose times are in it.
    weight = {person: 1 << number for number, person in enumerate(staff)}
    everybody = _below(children, root)
    homes = {person: dice.choice(everybody).key for person in staff[: dice.randint(0, 40)]}
    times: dict[str, dict[UUID, int]] = {}
    for person, key in homes.items():
        times.setdefault(key, {})[person] = weight[person]
    known: dict[str, Cell] = {}
    for unit in everybody:
        keys = {one.key for one in _below(children, unit)}
        cells, rest = of_units._cells(children, unit, _measured(times, keys))
        for cell in cells:
            assert known.setdefault(cell.unit, cell) == cell
            assert cell.people == cell.seconds.bit_count() >= FEWEST
        inside = sum(weight[person] for person, key in homes.items() if key in keys)
        assert sum(cell.seconds for cell in cells) + sum(rest.people.values()) == inside
        assert len(rest.people) < FEWEST
    shown = [cell.seconds for cell in known.values()]
    assert sum(shown).bit_count() == sum(one.bit_count() for one in shown)  # nobody is in two
