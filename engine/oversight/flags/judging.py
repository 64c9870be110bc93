"""Whether what one account did is so unusual in its queues that somebody should ask about it.

An account is compared with everybody else in the same queues, queue by queue, never with a norm for people,
and never across patterns: there is no sum or score of a person. Pure: no database.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from math import exp, lgamma
from typing import NamedTuple
from uuid import UUID

from engine.models import Pattern
from engine.oversight.flags.rows import Finding, Seen
from engine.platform.red_flags import Thresholds

# A pattern is only reported if chance alone would cause it twice in a thousand months of an official; less
# often by what was measured (measured.py), since a pattern has thresholds, too.
CHANCE = 0.002
FURTHER = 10  # things at most, and as many as were counted of others, that the expectation adds to theirs
EXPECTED = 80  # how many things the expectation of a pattern counts for, where there is nobody else
FAR = 3  # times the odds of the others: a small difference isn't remarkable, however certain it is


class Queue(NamedTuple):
    """What was counted in one queue: of one account, and of all others."""

    numerator: int
    base: int
    others: int
    others_base: int


class Compared(NamedTuple):
    """What an account's own numbers are compared with.

    `expected` is how many it would be with the share of the others in each queue, or with the expectation of
    the pattern where there are no others.
    """

    numerator: int
    base: int
    usual: tuple[int, int]
    expected: float
    queues: Sequence[Queue]


def compare(queues: Iterable[Queue], limits: Thresholds) -> Compared:
    """Returns the sums over the queues in which an account has done something."""
    own = [queue for queue in queues if queue.base]
    expected = sum(
        queue.base * (queue.others / queue.others_base if queue.others_base else limits["usual"])
        for queue in own
    )
    numerator, base, *usual = (sum(column) for column in zip(*own, strict=True)) if own else (0, 0, 0, 0)
    return Compared(numerator, base, (usual[0], usual[1]), expected, own)


def is_unusual(own: Compared, limits: Thresholds, tries: int = 1, usual: float | None = None) -> bool:
    """Returns whether it exceeds the thresholds of a pattern, and chance doesn't explain it.

    `tries` is how many things were looked at, one of which would be unusual by chance sooner or later.
    `usual` is the expectation that explains it; None: only the others do.
    """
    numerator, base = own.numerator, own.base
    return (
        numerator >= limits["least"]
        and numerator >= limits["share"] * base
        and numerator * (base - own.expected) >= FAR * own.expected * (base - numerator)
        and numerator > own.expected
        and surprise(own, usual) < CHANCE / tries
    )


def surprise(own: Compared, usual: float | None) -> float:
    """Returns how probable it is that chance alone leads to so many: to more, and half of just as many.

    In each queue, what was counted is drawn for the account from all that is known of it: how often it
    happened there at all is given, so a queue in which all do the same surprises nobody, and neither does
    one that is slower than another. Where little was counted of others, the expectation `usual` adds to it;
    where there are no others, it is known as well as `EXPECTED` things would show it.
    """
    found = [1.0]
    if usual is not None:
        found = _expected(sum(queue.base for queue in own.queues if not queue.others_base), usual)
    for queue in own.queues:
        if queue.others_base:
            found = _sum_of(found, _drawn(queue, usual))
    return sum(found[own.numerator + 1 :]) + found[own.numerator] / 2


def judge(
    pattern: Pattern, seen: Iterable[Seen], begin: int, limits: Thresholds, *, alone: bool = True
) -> Iterator[Finding]:
    """Yields the accounts of whom a pattern was seen since `begin` by far more often than of all others.

    What was before doesn't count: where everybody begins to work in another manner, nobody is unusual.
    `alone`: a queue that one account has alone counts, too, and is compared with the expectation.
    """
    hits: dict[UUID, list[Seen]] = defaultdict(list)
    own: dict[UUID, dict[Hashable, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    total: dict[Hashable, list[int]] = defaultdict(lambda: [0, 0])
    for one in seen:
        if one.at < begin:
            continue
        for count in (own[one.person][one.queue], total[one.queue]):
            count[0] += one.hit
            count[1] += 1
        if one.hit:
            hits[one.person].append(one)
    for person, found in hits.items():
        queues = {
            queue: Queue(yes, base, total[queue][0] - yes, total[queue][1] - base)
            for queue, (yes, base) in own[person].items()
            if alone or total[queue][1] > base
        }
        compared = compare(queues.values(), limits)
        tries, usual = (1, limits["usual"]) if alone else (2, None)  # without expectation, chance is exact
        if is_unusual(compared, limits, tries, usual):
            yield Finding(pattern, person, *compared[:4], _cases(one for one in found if one.queue in queues))


def _cases(hits: Iterable[Seen]) -> Mapping[UUID, int]:
    """Returns when a pattern was first seen in each case."""
    found: dict[UUID, int] = {}
    for one in hits:
        found[one.case] = min(one.at, found.get(one.case, one.at))
    return found


def _drawn(queue: Queue, usual: float | None) -> list[float]:
    """Returns how probable each number is if `base` things are drawn from all: hypergeometric."""
    further = 0 if usual is None else min(FURTHER, queue.others_base)
    hits = queue.numerator + queue.others + round(further * (usual or 0))
    own, others = queue.base, queue.others_base + further
    together = _log_choose(own + others, hits)
    return [
        exp(_log_choose(own, number) + _log_choose(others, hits - number) - together)
        if 0 <= hits - number <= others
        else 0.0
        for number in range(min(own, hits) + 1)
    ]


def _expected(base: int, usual: float) -> list[float]:
    """Returns how probable each number of `base` is by the expectation: a beta-binomial distribution."""
    yes, no = EXPECTED * usual, EXPECTED * (1 - usual)
    together = _log_beta(yes, no)
    return [
        exp(_log_choose(base, number) + _log_beta(yes + number, no + base - number) - together)
        for number in range(base + 1)
    ]


def _sum_of(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """Returns how probable each sum of two independent numbers is."""
    found = [0.0] * (len(one) + len(other) - 1)
    for number, chance in enumerate(one):
        for more, further in enumerate(other):
            found[number + more] += chance * further
    return found


def _log_choose(whole: int, part: int) -> float:
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)


def _log_beta(yes: float, no: float) -> float:
    return lgamma(yes) + lgamma(no) - lgamma(yes + no)
