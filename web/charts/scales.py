"""Scales of charts: where an axis has its marks."""

from collections.abc import Sequence
from math import ceil, floor, log10

_NICE = (1, 2, 5, 10)


def ticks(most: float, wanted: int = 4, *, whole: bool = False) -> Sequence[float]:
    """Returns about as many marks from 0 to at least `most`, at 1, 2 or 5 times a power of ten.

    `whole`: between whole numbers, such as those of cases.
    """
    if most <= 0:
        return (0, 1)
    rough = most / wanted
    power = 10 ** floor(log10(rough))
    step = next(nice * power for nice in _NICE if nice * power >= rough * (1 - 1e-9))
    if whole:
        step = max(1, round(step))
    return tuple(round(number * step, 10) for number in range(ceil(most / step - 1e-9) + 1))
