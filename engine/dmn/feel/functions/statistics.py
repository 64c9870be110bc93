"""Statistics of lists (DMN 1.5 table 77)."""

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

from engine.dmn.feel.arithmetic import plus
from engine.dmn.feel.comparing import order
from engine.dmn.feel.functions.registry import built_in
from engine.dmn.feel.values import ARITHMETIC, number


@built_in("min", "list: list", "c*: Any?")
def minimum(items: list[Any]) -> Any:
    """Returns the smallest item."""
    return _extreme(items, -1)


@built_in("max", "list: list", "c*: Any?")
def maximum(items: list[Any]) -> Any:
    """Returns the largest item."""
    return _extreme(items, 1)


def _extreme(items: list[Any], sign: int) -> Any:
    if not items or order(items[0], items[0]) is None:
        return None
    found = items[0]
    for item in items[1:]:
        compared = order(item, found)
        if compared is None:
            return None
        found = item if compared * sign > 0 else found
    return found


@built_in("sum", "list: list", "n*: Any?")
def total(items: list[Any]) -> Any:
    """Returns the sum."""
    return reduce(plus, items) if items and None not in items else None


def _numbers(items: Sequence[Any]) -> bool:
    return bool(items) and all(isinstance(item, Decimal) for item in items)


@built_in("product", "list: list", "n*: Any?")
def product(items: list[Any]) -> Decimal | None:
    """Returns the product."""
    return reduce(ARITHMETIC.multiply, items) if _numbers(items) else None


@built_in("mean", "list: list", "n*: Any?")
def mean(items: list[Any]) -> Decimal | None:
    """Returns the average."""
    return ARITHMETIC.divide(reduce(ARITHMETIC.add, items), number(len(items))) if _numbers(items) else None


@built_in("median", "list: list", "n*: Any?")
def median(items: list[Any]) -> Decimal | None:
    """Returns the middle item, or the average of the two middle ones."""
    if not _numbers(items):
        return None
    ordered = sorted(items)
    middle = len(ordered) // 2
    found: Decimal | None = ordered[middle] if len(ordered) % 2 else mean(ordered[middle - 1 : middle + 1])
    return found


@built_in("stddev", "list: list", "n*: Any?")
def deviation(items: list[Any]) -> Decimal | None:
    """Returns the standard deviation of a sample."""
    average = mean(items)
    if average is None or len(items) < 2:
        return None
    squares = [ARITHMETIC.power(ARITHMETIC.subtract(item, average), 2) for item in items]
    return ARITHMETIC.sqrt(ARITHMETIC.divide(reduce(ARITHMETIC.add, squares), number(len(items) - 1)))


@built_in("mode", "list: list", "n*: Any?")
def mode(items: list[Any]) -> list[Decimal] | None:
    """Returns the most frequent items, sorted."""
    if not items:
        return []
    if not _numbers(items):
        return None
    counts: dict[Decimal, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values())
    return sorted(item for item, times in counts.items() if times == most)
