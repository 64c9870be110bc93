"""Somebody who reads all published statistics and knows how they are made, but not the secret.

What is possible: which true figures could have been published like this, by any offset. What is likely: the
best guess of each figure from all months together.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from engine.oversight.publication.rounding import COUNTS, Counted, Rounded, step_of, with_offset

Kind = Mapping[str, Sequence[str]]  # by which figures of a service can be other than 0
TERMED = ("on_time", "late", "silent")


def parts(total: int, count: int) -> Iterator[tuple[int, ...]]:
    """Every way to divide a number of cases."""
    if count == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in parts(total - first, count - 1):
            yield (first, *rest)


def counted(started: int, term: Mapping[str, int], result: Mapping[str, int], **more: Any) -> Counted:
    """A service of a month."""
    closed = sum(term.values())
    counts = {**dict.fromkeys(COUNTS, 0), "started": started, "closed": closed, **term, **result}
    return Counted("u", "s", counts, **more)


def every(kind: Kind, most: int, **more: Any) -> Iterator[Counted]:
    """Every month of a service of a kind with at most so many cases."""
    for closed in range(most + 1):
        for term, result in product(parts(closed, len(kind["term"])), parts(closed, len(kind["result"]))):
            ways = dict(zip(kind["term"], term, strict=True)), dict(zip(kind["result"], result, strict=True))
            yield counted(closed, *ways, **more)


def possible(months: Iterable[Counted], step: int, most: int) -> Iterator[tuple[str, int, set[int]]]:
    """Yields each small figure with all values that it could have, by everything published of its month.

    `months` are all that have at most so many closed cases; what larger ones could have been is left out.
    """
    groups: dict[Any, list[Mapping[str, int]]] = defaultdict(list)
    for month in months:
        for moved in range(step):
            groups[said(with_offset(month, step, moved))].append(figures(month))
    for (counts, _), alike in groups.items():
        if counts[COUNTS.index("closed")] + step > most:
            continue
        for name in alike[0]:
            values = {one[name] for one in alike}
            yield from ((name, value, values) for value in values if 0 < value < 5)


def said(one: Rounded) -> Any:
    """All that is published of a service in a month."""
    return tuple(one.counts.values()), tuple((code, count) for code, count in one.grounds.items() if count)


def figures(one: Counted) -> Mapping[str, int]:
    """All true figures, those of grounds too."""
    return {**one.counts, **{f"ground {code}": count for code, count in one.grounds.items()}}


RATES = [0.1 * 1.25**power for power in range(36)]
MOST = 500
_CHANCES = [
    [math.exp(count * math.log(rate) - rate - math.lgamma(count + 1)) for count in range(MOST)]
    for rate in RATES
]


def guesses(published: Sequence[int], steps: Sequence[int], *, constant: bool, anchored: bool) -> list[int]:
    """The best guess of a figure in each month: of one with a steady rate, or of one that never changes.

    `anchored`: it is rounded by the offset alone, the same in all months; else by others in each.
    Weighs all rates and all offsets by what was published in all months (Bayes).
    """
    scope = _windows(published, steps, anchored=anchored)
    chances = _points() if constant else _CHANCES
    found: list[dict[int, float]] = [defaultdict(float) for _ in published]
    weights = [(chance, windows, _weight(chance, windows)) for chance in chances for windows in scope]
    best = max(weight for _, _, weight in weights)
    for chance, windows, weight in weights:
        if weight > best - 20:
            _add(found, chance, windows, math.exp(weight - best))
    return [max(values, key=lambda value: values[value]) for values in found]


Windows = Sequence[Mapping[int, float]]  # of each month the values that it may have, with their chances


def _windows(published: Sequence[int], steps: Sequence[int], *, anchored: bool) -> list[Windows]:
    if not anchored:
        return [[_any(value, step) for value, step in zip(published, steps, strict=True)]]
    fine, coarse = min(steps), max(steps)
    return [
        [
            {true: 1.0 for true in range(max(value - moved[step], 0), value - moved[step] + step)}
            for value, step in zip(published, steps, strict=True)
        ]
        for moved in ({fine: one, coarse: other} for one in range(fine) for other in range(coarse))
    ]


def _any(value: int, step: int) -> Mapping[int, float]:
    """The chances of each value if the offset may be any."""
    return {true: 1 - abs(true - value) / step for true in range(max(value - step + 1, 0), value + step)}


def _points() -> list[list[float]]:
    return [[float(count == value) for count in range(MOST)] for value in range(MOST)]


def _weight(chance: Sequence[float], windows: Windows) -> float:
    total = 0.0
    for window in windows:
        likely = sum(chance[value] * weight for value, weight in window.items())
        if likely <= 0:
            return -math.inf
        total += math.log(likely)
    return total


def _add(found: Sequence[dict[int, float]], chance: Sequence[float], windows: Windows, weight: float) -> None:
    for values, window in zip(found, windows, strict=True):
        likely = {value: chance[value] * one for value, one in window.items()}
        whole = sum(likely.values())
        for value, one in likely.items():
            values[value] += weight * one / whole


def steps_of(months: Sequence[Counted]) -> list[int]:
    """The step of each month, which a reader sees."""
    return [step_of(one.counts["closed"]) for one in months]
