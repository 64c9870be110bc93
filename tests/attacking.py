"""Somebody who adds and subtracts published statistics to find what is hidden in them.

Knows which sums there are, that all figures are whole numbers from 0 on, that a hidden service has cases,
that a new one can't close more than it has started, and that one which a later edition did not change is the
same in both. What follows from the rules themselves is in `tests/worlds.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

TERM = ("on_time", "late", "silent", "no_term")
RESULT = ("granted", "refused", "withdrawn", "other")
Variable = tuple[Any, ...]
Equation = tuple[Mapping[Variable, int], int]  # the sum of these, with signs, is a number
Table = Mapping[tuple[str, str], Mapping[str, int | None]]  # by agency and service; ("", "") is all
Grounds = Mapping[str, Mapping[str, int] | None]


def equations(edition: int, rows: Table, grounds: Grounds) -> Iterator[Equation]:
    """Every sum of an edition, and every figure that it shows."""
    services = [row for row in rows if row[1]]
    for row, figures in rows.items():
        shown = {(edition, *row, name): value for name, value in figures.items()}
        yield from _shown(shown)
        for parts in (TERM, RESULT):
            yield _sum((edition, *row, "closed"), [(edition, *row, name) for name in parts])
    for unit, service in rows:
        if not service:
            below = [row for row in services if unit in ("", row[0])]
            for name in rows[unit, service]:
                yield _sum((edition, unit, "", name), [(edition, *row, name) for row in below])
    for row in services:
        own = {(edition, *row, "ground", code): value for code, value in (grounds.get(row[1]) or {}).items()}
        if own:
            yield _sum((edition, *row, "refused"), [*own])
        yield from _shown(own)


def active(edition: int, rows: Table) -> Iterator[Equation]:
    """That services whose volumes are hidden have cases: those without any show it."""
    for row, figures in rows.items():
        if figures["started"] is None:
            yield (
                {(edition, *row, "started"): 1, (edition, *row, "closed"): 1, (edition, *row, "more"): -1},
                1,
            )


def new(months: int, rows: Sequence[tuple[str, str]]) -> Iterator[Equation]:
    """That services which began with the first month have not closed more cases than started until any."""
    for row in rows:
        for last in range(months):
            terms = {(month, *row, "started"): 1 for month in range(last + 1)}
            terms |= {(month, *row, "closed"): -1 for month in range(last + 1)}
            yield {**terms, (last, *row, "open"): -1}, 0


def _shown(figures: Mapping[Variable, int | None]) -> Iterator[Equation]:
    return (({one: 1}, value) for one, value in figures.items() if value is not None)


def _sum(whole: Variable, parts: Sequence[Variable]) -> Equation:
    return {whole: -1, **dict.fromkeys(parts, 1)}, 0


def unchanged(editions: int, rows: Sequence[tuple[str, str]], names: Sequence[str]) -> Iterator[Equation]:
    """That these services are the same in all editions: the worst that somebody could know."""
    for edition in range(1, editions):
        for row in rows:
            for name in names:
                yield {(0, *row, name): 1, (edition, *row, name): -1}, 0


def solve(found: Sequence[Equation]) -> dict[Variable, tuple[int, int | None]]:
    """The smallest and the greatest value of each figure, as far as equations say it."""
    reduced = _eliminate(found)
    known: dict[Variable, tuple[int, int | None]] = {one: (0, None) for terms, _ in found for one in terms}
    usable: list[tuple[Mapping[Variable, Any], Any]] = [*found, *reduced]
    narrowed = True
    while narrowed:
        narrowed = False
        for terms, total in usable:
            for one, factor in terms.items():
                narrowed |= _narrow(known, terms, total, one, factor)
    return known


def _narrow(
    known: dict[Variable, tuple[int, int | None]],
    terms: Mapping[Variable, Any],
    total: Any,
    one: Variable,
    factor: Any,
) -> bool:
    """Narrows what one variable of an equation can be, by what the others can be."""
    least: Any = total
    most: Any = total
    for other, by in terms.items():
        if other == one:
            continue
        low, high = known[other]
        small, great = (low, high) if by > 0 else (high, low)
        most = None if most is None or small is None else most - by * small
        least = None if least is None or great is None else least - by * great
    bounds = (least, most) if factor > 0 else (most, least)
    low, high = known[one]
    if bounds[0] is not None:
        low = max(low, -((-bounds[0] / Fraction(factor)).__floor__()))
    if bounds[1] is not None:
        top = (bounds[1] / Fraction(factor)).__floor__()
        high = top if high is None else min(high, top)
    if (low, high) == known[one]:
        return False
    known[one] = low, high
    return True


def _eliminate(found: Sequence[Equation]) -> list[tuple[dict[Variable, Fraction], Fraction]]:
    """The equations in reduced row echelon form, exactly."""
    rows: dict[Variable, tuple[dict[Variable, Fraction], Fraction]] = {}
    for terms, total in found:
        left = {one: Fraction(value) for one, value in terms.items()}
        right = Fraction(total)
        for pivot in [one for one in left if one in rows]:
            left, right = _subtract((left, right), rows[pivot], left.get(pivot, Fraction(0)))
        if not left:
            assert right == 0, "published figures contradict each other"
            continue
        pivot = min(left, key=str)
        factor = left[pivot]
        own = {one: value / factor for one, value in left.items()}, right / factor
        for other, row in rows.items():
            if pivot in row[0]:
                rows[other] = _subtract(row, own, row[0][pivot])
        rows[pivot] = own
    return list(rows.values())


def _subtract(
    row: tuple[dict[Variable, Fraction], Fraction],
    other: tuple[dict[Variable, Fraction], Fraction],
    factor: Fraction,
) -> tuple[dict[Variable, Fraction], Fraction]:
    left = dict(row[0])
    for one, value in other[0].items():
        left[one] = left.get(one, Fraction(0)) - factor * value
    return {one: value for one, value in left.items() if value}, row[1] - factor * other[1]
