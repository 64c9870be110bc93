"""Case numbers: each appears once, and none shows how many there are."""

from datetime import UTC, datetime
from statistics import correlation

import pytest

from engine.cases.case_numbers import Numbering

KEYS = (b"k" * 32, b"\0" * 32)
NOW = datetime(2026, 12, 3, tzinfo=UTC)


@pytest.mark.parametrize("first", [1, 372, 998_000, 999_998])
@pytest.mark.parametrize("key", KEYS)
def test_no_number_is_given_twice_nor_one_that_was_given_before(key: bytes, first: int) -> None:
    """Those of six digits; of the whole range where it is small, else of its ends."""
    numbering = Numbering(key, first)
    counters = [*range(first, min(first + 3000, 10**6)), *range(max(first, 997_000), 10**6)]
    found = {counter: numbering.permuted(counter) for counter in counters}
    assert len(set(found.values())) == len(found)
    assert all(first <= number < 10**6 for number in found.values())
    if first >= 997_000:
        assert set(found.values()) == set(range(first, 10**6)), "a bijection"


@pytest.mark.parametrize("first", [1, 10**6 + 5])
def test_numbers_become_longer_when_the_short_ones_are_used_up(first: int) -> None:
    numbering = Numbering(KEYS[0], first)
    for length in (7, 8, 12):
        low = max(first, 10 ** (length - 1))
        found = [numbering.permuted(counter) for counter in (low, low + 1, 10**length - 1)]
        assert len(set(found)) == 3
        assert all(low <= number < 10**length for number in found)


def test_number_has_a_year_and_six_digits() -> None:
    found = Numbering(KEYS[0], 1).number(NOW, 1)
    year, digits = found.split("-")
    assert (year, len(digits)) == ("1405", 6)


@pytest.mark.parametrize("begin", [1, 100_000])
def test_a_thousand_numbers_tell_no_volume(begin: int) -> None:
    """Of a new installation and one with a hundred thousand cases: spread alike, in no order.

    The bounds are those that one in some thousand random samples exceeds.
    """
    numbers = [Numbering(KEYS[0], 1).permuted(begin + count) for count in range(1000)]
    assert max(numbers) > 990_000
    assert min(numbers) < 10_000
    deciles = [
        sum(place * 10**5 <= number < (place + 1) * 10**5 for number in numbers) for place in range(10)
    ]
    assert all(65 < count < 140 for count in deciles)
    assert abs(correlation(numbers[:-1], numbers[1:])) < 0.11
    assert abs(correlation(range(1000), numbers)) < 0.11


def test_another_key_gives_other_numbers() -> None:
    one, other = (Numbering(key, 1) for key in KEYS)
    same = sum(one.permuted(counter) == other.permuted(counter) for counter in range(1, 1000))
    assert same < 5
