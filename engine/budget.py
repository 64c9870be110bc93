"""Limits the work of checking uploaded files. Work is counted in steps, so that every machine gives one verdict.

A step takes about a microsecond. Code that parses or analyses uploaded text spends steps; where no budget is
set, nothing is counted. The code that sets a budget decides what happens to files that exceed it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

WHOLE = 15_000_000  # steps for the check of one upload
AT_ONCE = 400_000  # while somebody waits for the answer
UNSHARED = 60_000  # of these before it has to be the only such check

GUARD = 1.0  # seconds after which the answer does not wait any longer, however few the steps


class Exhausted(Exception):
    """More steps than the budget allows; `where` is the file that was being looked at, if it is known."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


def _nobody() -> bool:
    return True


@dataclass(slots=True)
class Budget:
    """Steps that are left.

    From the step on at which only `reserve` are left, `may_continue` has to agree, once. `seconds` bound the
    time as well: only for checks that are done again from the start elsewhere, for it makes them uncertain.
    """

    steps: int = WHOLE
    reserve: int = 0
    may_continue: Callable[[], bool] = _nobody
    seconds: float | None = None
    where: str = ""
    _until: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.seconds is not None:
            self._until = time.monotonic() + self.seconds

    def spend(self, steps: int) -> None:
        """Raises Exhausted."""
        self.steps -= steps
        late = self._until is not None and time.monotonic() > self._until
        if self.steps < 0 or late:
            raise Exhausted(self.where)
        if self.steps < self.reserve:
            if not self.may_continue():
                raise Exhausted(self.where)
            self.reserve = 0


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def limited(budget: Budget) -> Iterator[Budget]:
    """Count what is done meanwhile; within another budget, that one goes on."""
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    token = _current.set(budget)
    try:
        yield budget
    finally:
        _current.reset(token)


def is_limited() -> bool:
    """Whether a budget is in force."""
    return _current.get() is not None


def spend(steps: int = 1) -> None:
    """Count so many steps. Raises Exhausted."""
    budget = _current.get()
    if budget is not None:
        budget.spend(steps)


def look_at(where: str) -> None:
    """Say which file the next steps are spent on."""
    budget = _current.get()
    if budget is not None:
        budget.where = where
