"""A system that fails repeatedly isn't called for a while."""

import asyncio

import pytest

from engine.connectors import CallFailed, CircuitOpen
from engine.connectors.breaker import Breaker


class Clock:
    """A clock that stops until a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    """Open after three failures, for ten seconds."""
    return Breaker(3, 10, clock)


def fail(breaker: Breaker, *, retriable: bool = True) -> str:
    """One call that fails; the code that the caller sees."""
    with pytest.raises(CallFailed) as caught, breaker.guard():
        raise CallFailed("timeout", "it did", retriable=retriable)
    return caught.value.code


def succeed(breaker: Breaker) -> None:
    with breaker.guard():
        pass


def test_calls_fail_at_once_after_failures_in_a_row(breaker: Breaker) -> None:
    assert [fail(breaker) for _ in range(4)] == ["timeout", "timeout", "timeout", "circuit-open"]


def test_open_circuit_may_be_tried_again_later(breaker: Breaker) -> None:
    for _ in range(3):
        fail(breaker)
    with pytest.raises(CallFailed) as caught, breaker.guard():
        pass
    assert caught.value.retriable


def test_open_circuit_names_the_rest_of_its_pause(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now += 4
    with pytest.raises(CircuitOpen) as caught, breaker.guard():
        pass
    assert caught.value.seconds == 6
    clock.now += 6
    with breaker.guard(), pytest.raises(CircuitOpen) as caught, breaker.guard():
        pass
    assert caught.value.seconds == 1, "the probe may end at any time"


def test_a_success_in_between_starts_the_count_anew(breaker: Breaker) -> None:
    fail(breaker)
    fail(breaker)
    succeed(breaker)
    fail(breaker)
    assert fail(breaker) == "timeout"


def test_refusals_do_not_count(breaker: Breaker) -> None:
    assert {fail(breaker, retriable=False) for _ in range(5)} == {"timeout"}


def test_one_probe_goes_through_after_the_pause(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now += 10
    with breaker.guard():
        assert fail(breaker) == "circuit-open"
    succeed(breaker)


def test_failed_probe_opens_the_circuit_for_another_pause(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now += 10
    assert fail(breaker) == "timeout"
    clock.now += 9
    assert fail(breaker) == "circuit-open"


def test_cancelled_probe_leaves_the_place_to_another(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now += 10
    with pytest.raises(asyncio.CancelledError), breaker.guard():
        raise asyncio.CancelledError
    succeed(breaker)
    assert fail(breaker) == "timeout"
