"""A token may make so many requests in a minute, whichever worker answers them."""

import os

import pytest

from api import quota
from api.quota import WINDOW, Quota
from engine.platform.errors import QuotaExceeded


class Clock:
    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


def refused(counted: Quota, token: str = "one") -> int:
    with pytest.raises(QuotaExceeded) as found:
        counted.take(token)
    return found.value.seconds


def test_requests_beyond_the_limit_are_refused_until_the_minute_is_over() -> None:
    clock = Clock()
    counted = Quota(2, clock)
    counted.take("one")
    clock.now += 20.5
    counted.take("one")
    assert refused(counted) == 40
    clock.now += 39.5
    counted.take("one")


def test_each_token_has_its_own_quota() -> None:
    counted = Quota(1, Clock())
    for number in range(1_000):
        counted.take(f"token {number}")
    assert all(refused(counted, f"token {number}") for number in range(1_000))


def test_workers_count_together() -> None:
    counted = Quota(2, Clock())
    if (child := os.fork()) == 0:
        counted.take("one")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    counted.take("one")
    assert refused(counted) == WINDOW


def test_slots_are_used_again_in_a_later_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "SLOTS", 8)
    clock = Clock()
    counted = Quota(1, clock)
    for minute in range(3):
        clock.now = 600.0 + WINDOW * minute
        for number in range(8):
            counted.take(f"{minute} {number}")
            assert refused(counted, f"{minute} {number}")


def test_limit_of_none_counts_nothing() -> None:
    counted = Quota(0, Clock())
    for _ in range(10):
        counted.take("one")
