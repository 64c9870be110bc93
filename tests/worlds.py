"""Small months, all of a kind, and what somebody who knows the rules finds out from what is published."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from engine.oversight.publication.suppression import COUNTS, RESULT, TERM, Counted, is_small, suppress

World = Sequence[Counted]
Place = tuple[str, str]  # an agency and its service


@dataclass(frozen=True)
class Proof:
    """How many small figures there were, how many a reader knows, and how many are known to be small."""

    small: int
    exact: Sequence[str]
    within: int


def parts(total: int, count: int) -> Iterator[tuple[int, ...]]:
    """Every way to divide a number of cases."""
    if count == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in parts(total - first, count - 1):
            yield (first, *rest)


def service(
    at: Place, started: int, term: Sequence[int], result: Sequence[int] = (), grounds: Sequence[int] = ()
) -> Counted:
    """A service of a month; everything was granted unless results are given."""
    counts = {**dict.fromkeys(COUNTS, 0), "started": started, "closed": sum(term), "granted": sum(term)}
    counts |= dict(zip(TERM, term, strict=False)) | dict(zip(RESULT, result, strict=False))
    return Counted(*at, counts, dict(zip("abcd", grounds, strict=False)))


def of_volumes(places: Sequence[Place], started: int, closed: int | None = None) -> Iterator[World]:
    """Every month with these sums; without `closed` each service closes as many cases as it starts."""
    for begun in parts(started, len(places)):
        for ended in [begun] if closed is None else parts(closed, len(places)):
            yield [service(*one) for one in zip(places, begun, [(count,) for count in ended], strict=True)]


def of_terms(places: Sequence[Place], volumes: Sequence[int], columns: int) -> Iterator[World]:
    """Every month in which these services have closed so many cases, all decided in so many ways."""
    for chosen in product(*(parts(volume, columns) for volume in volumes)):
        yield [service(at, 30, term) for at, term in zip(places, chosen, strict=True)]


def prove(worlds: Iterable[World], **how: Any) -> Proof:
    """Groups months by all that is published of them: within a group nobody knows which one is true."""
    groups: dict[Any, list[Mapping[Any, int]]] = defaultdict(list)
    for world in worlds:
        groups[_published(world, how)].append(_figures(world))
    small = within = 0
    exact = []
    for said, alike in groups.items():
        for one in alike[0]:
            possible = {figures[one] for figures in alike}
            count = sum(is_small(figures[one]) for figures in alike)
            small += count
            if count and len(possible) == 1:
                exact.append(f"{one} is {possible} in {said}")
            within += count if all(map(is_small, possible)) else 0
    return Proof(small, exact, within)


def _published(world: World, how: Mapping[str, Any]) -> Any:
    shown = suppress(world, **how)
    grounds = [None if one is None else tuple(sorted(one.items())) for one in shown.grounds.values()]
    return tuple(tuple(figures.values()) for figures in shown.rows.values()), tuple(grounds)


def _figures(world: World) -> Mapping[Any, int]:
    """All true figures: of services, their grounds, agencies and all."""
    found: dict[Any, int] = defaultdict(int)
    for one in world:
        for row in ((one.unit, one.service), (one.unit, ""), ("", "")):
            for name, value in one.counts.items():
                found[row, name] += value
        for code, value in one.grounds.items():
            found[(one.unit, one.service), code] = value
    return found
