"""No figure from 1 to 4 can be computed by somebody who knows the rules, as all small months show.

For each kind of month every one is tried. Those of which exactly the same is published are one group:
whatever a reader does, any of them could be the true one. So each small figure must have several values in
its group.
"""

from collections.abc import Iterable
from itertools import chain

from tests.worlds import World, of_terms, of_volumes, parts, prove, service

ONE = (("a", "1"), ("a", "2"), ("a", "3"))
TWO = (("a", "1"), ("a", "2"), ("b", "1"))
THREE = (("a", "1"), ("b", "1"), ("c", "1"))
PAIRS = (("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"))


def volumes() -> Iterable[tuple[str, Iterable[World]]]:
    for places in (ONE, TWO, THREE):
        few = range(1, 17)  # nothing is published of those with less than 15
        yield f"{places}, few", chain.from_iterable(of_volumes(places, total) for total in few)
        for total in (19, 22, 25):
            yield f"{places} {total}", of_volumes(places, total)
    yield f"{PAIRS}", of_volumes(PAIRS, 20)
    for started, closed in ((10, 11), (13, 20), (21, 10)):
        yield f"two {started} {closed}", of_volumes(ONE[:2], started, closed)


def breakdowns() -> Iterable[tuple[str, Iterable[World]]]:
    for closed in (5, 6, 9, 12):
        yield f"one {closed}", of_terms(ONE[:1], [closed], 4)
    for places, several in (
        (ONE[:2], ((7, 14), (14, 7), (9, 40))),
        (ONE, ((7, 14, 20), (12, 12, 12), (5, 8, 26))),
        (TWO, ((9, 12, 20), (22, 9, 10), (7, 18, 19))),
        (THREE, ((9, 12, 20), (7, 18, 19))),
        (PAIRS, ((11, 6, 6, 6),)),
    ):
        for chosen in several:
            yield f"{places} {chosen}", of_terms(places, chosen, 2)
    yield "three ways", of_terms(ONE[:2], (9, 11), 3)


def grounds() -> Iterable[World]:
    for refused in range(13):
        for stated in parts(refused, 3):
            yield [service(ONE[0], 9, (40,), (40 - refused, refused), stated)]


def new_services() -> Iterable[World]:
    """Which can't close more cases than they have started."""
    for world in of_volumes(ONE[:2], 14, 13):
        if all(one.counts["closed"] <= one.counts["started"] for one in world):
            yield world


def every() -> list[tuple[str, Iterable[World]]]:
    return [*volumes(), *breakdowns(), ("grounds", grounds()), ("new services", new_services())]


def test_each_small_figure_could_be_another_number() -> None:
    tried = 0
    for what, worlds in every():
        found = prove(worlds)
        assert not found.exact, (what, found.exact[:2])
        tried += found.small
    assert tried > 100_000


def test_a_pooled_volume_is_never_known_to_be_small() -> None:
    """It could be that of any service of its pool."""
    assert [prove(of_volumes(ONE, total)).within for total in (16, 19, 22)] == [0, 0, 0]


def test_without_complementary_suppression_they_are_known() -> None:
    found = [
        prove(of_volumes(ONE, 12), complementary=False),
        prove(of_terms(TWO, (9, 12, 20), 2), complementary=False),
    ]
    assert all(len(one.exact) > 20 for one in found)
