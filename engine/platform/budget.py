"""Limits the work of checking uploaded files, counted in steps so that every machine has the same result.

A step takes about a microsecond. Code that parses or analyses uploaded text spends steps; where no budget is
set, nothing is counted. The code that sets a budget decides what happens to files that exceed it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar, cast

from engine.platform.pulse import PULSE

P = ParamSpec("P")
T = TypeVar("T")

WHOLE = 15_000_000  # steps for the check of one upload
AT_ONCE = 400_000  # steps while somebody waits for the answer
SECONDS = 1.5  # seconds that somebody waits at most, regardless of the steps
SMALL = 60_000  # steps up to which any number of checks may run at a time
SMALL_SECONDS = 0.1


class Exhausted(Exception):
    """More steps than the budget allows; `where` is the file that was being checked, if known."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


@dataclass(slots=True)
class Budget:
    """A budget of so many steps."""

    steps: int = WHOLE
    where: str = ""

    def spend(self, steps: int) -> None:
        """Raises Exhausted."""
        self.steps -= steps
        if self.steps < 0:
            raise Exhausted(self.where)


@dataclass(slots=True)
class ShortBudget(Budget):
    """The budget of a check whose answer somebody waits for.

    It also limits the time, so the same files may be within it today and exceed it tomorrow: files that
    exceed it must be checked again from the start, with a Budget. `may_be_long` is called once, when a check
    is no longer small.
    """

    steps: int = AT_ONCE
    may_be_long: Callable[[], bool] = lambda: True
    _begun: float = field(default_factory=time.monotonic)
    _is_small: bool = True

    def spend(self, steps: int) -> None:
        """Raises Exhausted."""
        self.steps -= steps
        seconds = time.monotonic() - self._begun
        if self.steps < 0 or seconds > SECONDS:
            raise Exhausted(self.where)
        PULSE.beat()
        if self._is_small and (self.steps < AT_ONCE - SMALL or seconds > SMALL_SECONDS):
            self._is_small = False
            if not self.may_be_long():
                raise Exhausted(self.where)


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def limited(budget: Budget) -> Iterator[Budget]:
    """Count the steps spent in the block; inside another budget, that one continues to count."""
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    token = _current.set(budget)
    try:
        yield budget
    finally:
        _current.reset(token)


def costed(make: Callable[[], T]) -> tuple[T, int]:
    """Return a value, and the steps of computing it, not spent yet. Raises Exhausted beyond the budget."""
    outer = _current.get()
    inner = Budget(1 << 62) if outer is None else Budget(outer.steps, outer.where)
    before, token = inner.steps, _current.set(inner)
    try:
        value = make()
    finally:
        _current.reset(token)
    return value, before - inner.steps


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """As `functools.lru_cache`, for functions that spend steps: a value from the cache costs as much as a new
    one, so that earlier checks don't change the result.
    """

    def declare(make: Callable[P, T]) -> Callable[P, T]:
        def priced(*arguments: P.args, **named: P.kwargs) -> tuple[T, int]:
            return costed(lambda: make(*arguments, **named))

        cached = cast(Callable[P, tuple[T, int]], lru_cache(most)(priced))

        @wraps(make)
        def found(*arguments: P.args, **named: P.kwargs) -> T:
            value, cost = cached(*arguments, **named)
            spend(cost)
            return value

        return found

    return declare


def is_limited() -> bool:
    """Return whether a budget is active."""
    return _current.get() is not None


def spend(steps: int = 1) -> None:
    """Spend so many steps. Raises Exhausted."""
    budget = _current.get()
    if budget is not None:
        budget.spend(steps)


def look_at(where: str) -> None:
    """Set the file on which the next steps are spent."""
    budget = _current.get()
    if budget is not None:
        budget.where = where
