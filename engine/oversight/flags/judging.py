"""Whether what one account did is so unusual in its place that somebody should ask about it.

An account is compared with everybody else in the same place, never with a norm for people, and never across
patterns: there is no sum or score of a person. Pure: no database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import exp, lgamma
from uuid import UUID

from engine.models import Pattern
from engine.oversight.flags.rows import Finding, Seen
from engine.platform.red_flags import Thresholds

# A pattern is only reported if chance alone would cause it once in a thousand offices and months.
CHANCE = 0.001
EXPECTED = 20  # how many things the expectation of a pattern counts for,
MOST = 60  # and the others at most: officials differ, however many things were counted


def surprise(numerator: int, base: int, usual: tuple[int, int], expected: float) -> float:
    """Returns how probable it is that chance alone leads to at least so many.

    The tail of a beta-binomial distribution: the rate in the place is known only as well as the others and
    the expectation show it, so a small office isn't judged by a few cases.
    """
    others, counted = usual
    weight = min(1.0, MOST / counted) if counted else 0.0
    yes = expected * EXPECTED + others * weight
    no = (1 - expected) * EXPECTED + (counted - others) * weight
    together = _log_beta(yes, no)
    return sum(
        exp(
            lgamma(base + 1)
            - lgamma(hits + 1)
            - lgamma(base - hits + 1)
            + _log_beta(yes + hits, no + base - hits)
            - together
        )
        for hits in range(numerator, base + 1)
    )


def is_unusual(numerator: int, base: int, usual: tuple[int, int], limits: Thresholds) -> bool:
    """Returns whether it exceeds the thresholds of a pattern, and chance doesn't explain it."""
    return (
        numerator >= limits["least"]
        and numerator >= limits["share"] * base
        and surprise(numerator, base, usual, limits["usual"]) < CHANCE
    )


def judge(pattern: Pattern, seen: Iterable[Seen], begin: int, limits: Thresholds) -> Iterator[Finding]:
    """Yields the accounts of whom a pattern was seen since `begin` more often than is usual in the place.

    What was seen before counts as usual, if it was others who did it.
    """
    cases: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    now: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    ever: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    total = [0, 0]
    for person, case, at, hit in seen:
        counts = (ever[person], total, now[person]) if at >= begin else (ever[person], total)
        for count in counts:
            count[0] += hit
            count[1] += 1
        if hit and at >= begin:
            cases[person][case] = min(at, cases[person].get(case, at))
    for person, found in cases.items():
        numerator, base = now[person]
        usual = total[0] - ever[person][0], total[1] - ever[person][1]
        if is_unusual(numerator, base, usual, limits):
            yield Finding(pattern, person, numerator, base, usual, found)


def _log_beta(yes: float, no: float) -> float:
    return lgamma(yes) + lgamma(no) - lgamma(yes + no)
