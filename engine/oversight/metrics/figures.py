"""A figure: its value, or why there is none. What wasn't measured is never 0."""

from dataclasses import dataclass
from typing import Literal

FEWEST = 5  # people, or cases: what says how long people worked is not shown of fewer
Status = Literal["measured", "not_measured", "no_data", "too_few"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, with the number of cases from which it comes.

    `not_measured`: there are cases, but none has what it is computed from. `no_data`: there are no cases.
    `too_few`: it would say something about few people.
    """

    value: int | float | None
    cases: int
    status: Status = "measured"


NO_DATA = Figure(None, 0, "no_data")


def number(value: int, *, known: bool) -> Figure:
    """Returns a count, which can be 0 if anything is known of the time."""
    return Figure(value, value) if known else NO_DATA


def ratio(part: int, whole: int, cases: int) -> Figure:
    """Returns a part of a whole, which `cases` cases may have."""
    if not cases:
        return NO_DATA
    if not whole:
        return Figure(None, 0, "not_measured")
    return Figure(round(part / whole, 6), whole)


def duration(value: int | None, cases: int) -> Figure:
    """Returns milliseconds."""
    return NO_DATA if value is None else Figure(value, cases)
