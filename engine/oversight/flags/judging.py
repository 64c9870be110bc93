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
FAR = 3  # times the odds of the others: a small difference isn't remarkable, however certain it is


def surprise(numerator: int, base: int, usual: tuple[int, int], expected: float) -> float:
    """Returns how probable it is that chance alone leads to at least so many.

    The tail of a beta-binomial distribution: the rate in the place is known only as well as the others and
    the expectation show it, so a small office isn't judged by a few cases.
    """
    yes, no = _known(usual, expected)
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


def is_unusual(numerator: int, base: int, usual: tuple[int, int], limits: Thresholds, tries: int = 1) -> bool:
    """Returns whether it exceeds the thresholds of a pattern, and chance doesn't explain it.

    `tries` is how many things were looked at, one of which would be unusual by chance sooner or later.
    """
    yes, no = _known(usual, limits["usual"])
    return (
        numerator >= limits["least"]
        and numerator >= limits["share"] * base
        and (numerator + 0.5) * no >= FAR * yes * (base - numerator + 0.5)
        and surprise(numerator, base, usual, limits["usual"]) < CHANCE / tries
    )


def judge(pattern: Pattern, seen: Iterable[Seen], begin: int, limits: Thresholds) -> Iterator[Finding]:
    """Yields the accounts of whom a pattern was seen since `begin` by far more often than of all others.

    What was before doesn't count: where everybody begins to work in another manner, nobody is unusual.
    """
    cases: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    own: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    total = [0, 0]
    for person, case, at, hit in seen:
        if at < begin:
            continue
        for count in (own[person], total):
            count[0] += hit
            count[1] += 1
        if hit:
            cases[person][case] = min(at, cases[person].get(case, at))
    for person, found in cases.items():
        numerator, base = own[person]
        usual = total[0] - numerator, total[1] - base
        if is_unusual(numerator, base, usual, limits):
            yield Finding(pattern, person, numerator, base, usual, found)


def _known(usual: tuple[int, int], expected: float) -> tuple[float, float]:
    """Returns what is known of the rate in the place: how many are to be expected, and how many not."""
    others, counted = usual
    weight = min(1.0, MOST / counted) if counted else 0.0
    return expected * EXPECTED + others * weight, (1 - expected) * EXPECTED + (counted - others) * weight


def _log_beta(yes: float, no: float) -> float:
    return lgamma(yes) + lgamma(no) - lgamma(yes + no)
