"""Functions of lists (DMN 1.5 tables 77 and 83)."""

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from engine.dmn.feel.calling import call
from engine.dmn.feel.comparing import equal
from engine.dmn.feel.frames import Run
from engine.dmn.feel.functions.registry import built_in
from engine.dmn.feel.types import Function
from engine.dmn.feel.values import number


def index(items: list[Any], position: Decimal) -> int | None:
    """Converts a position, from 1 or negative from the end, to an index of Python's list."""
    at = int(position)
    if at == 0 or abs(at) > len(items):
        return None
    return at - 1 if at > 0 else len(items) + at


def same(one: Any, other: Any, run: Run) -> bool:
    """Whether two items are considered equal."""
    return equal(one, other, run) is True


@built_in("list contains", "list: list, element: Any?", with_run=True)
def list_contains(run: Run, items: list[Any], element: Any) -> bool:
    """Whether a list contains an item."""
    return any(same(item, element, run) for item in items)


@built_in("count", "list: list")
def count(items: list[Any]) -> Decimal:
    """Returns the number of items."""
    return number(len(items))


@built_in("all", "list: list", "b*: Any?")
def every(items: list[Any]) -> bool | None:
    """Whether all items are true."""
    return _judged(items, decisive=False)


@built_in("any", "list: list", "b*: Any?")
def some(items: list[Any]) -> bool | None:
    """Whether any item is true."""
    return _judged(items, decisive=True)


def _judged(items: list[Any], *, decisive: bool) -> bool | None:
    if any(item is decisive for item in items):
        return decisive
    return not decisive if all(isinstance(item, bool) for item in items) else None


@built_in("sublist", "list: list, start position: number, length?: number")
def sublist(items: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any] | None:
    """Returns a part of a list."""
    begin = index(items, start)
    if begin is None:
        return None
    if length is None:
        return items[begin:]
    if length < 1 or begin + int(length) > len(items):
        return None
    return items[begin : begin + int(length)]


@built_in("append", "list: list, item*: Any?")
def append(items: list[Any], more: list[Any]) -> list[Any]:
    """Returns the list with items added at its end."""
    return [*items, *more]


@built_in("concatenate", "list*: Any?")
def concatenate(lists: list[Any]) -> list[Any]:
    """Joins lists."""
    return [item for each in lists for item in (each if isinstance(each, list) else [each])]


@built_in("insert before", "list: list, position: number, newItem: Any?")
def insert_before(items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    """Returns the list with an item inserted before a position."""
    at = index(items, position)
    return None if at is None else [*items[:at], item, *items[at:]]


@built_in("remove", "list: list, position: number")
def remove(items: list[Any], position: Decimal) -> list[Any] | None:
    """Returns the list without the item at a position."""
    at = index(items, position)
    return None if at is None else [*items[:at], *items[at + 1 :]]


@built_in(
    "list replace",
    "list: list, position: number, newItem: Any?",
    "list: list, match: function, newItem: Any?",
    with_run=True,
)
def list_replace(run: Run, items: list[Any], where: Decimal | Function, item: Any) -> list[Any] | None:
    """Returns the list with an item replaced at a position, or all that match."""
    if isinstance(where, Decimal):
        at = index(items, where)
        return None if at is None else [*items[:at], item, *items[at + 1 :]]
    found = []
    for old in items:
        matches = call(run, where, [old, item])
        if not isinstance(matches, bool):
            return None
        found.append(item if matches else old)
    return found


@built_in("reverse", "list: list")
def reverse(items: list[Any]) -> list[Any]:
    """Returns the list in reverse order."""
    return items[::-1]


@built_in("index of", "list: list, match: Any?", with_run=True)
def index_of(run: Run, items: list[Any], match: Any) -> list[Decimal]:
    """Returns all positions of an item."""
    return [number(at + 1) for at, item in enumerate(items) if same(item, match, run)]


@built_in("union", "list*: Any?", with_run=True)
def union(run: Run, lists: list[Any]) -> list[Any]:
    """Joins lists without duplicates."""
    found: list[Any] = distinct_values(run, concatenate(lists))
    return found


@built_in("distinct values", "list: list", with_run=True)
def distinct_values(run: Run, items: list[Any]) -> list[Any]:
    """Returns the list without duplicates."""
    found: list[Any] = []
    for item in items:
        run.spend(1 + len(found) // 10)
        if not any(same(item, known, run) for known in found):
            found.append(item)
    return found


@built_in("flatten", "list: list", with_run=True)
def flatten(run: Run, items: list[Any]) -> list[Any]:
    """Returns the items of all nested lists."""
    found: list[Any] = []
    for item in items:
        run.spend()
        found += flatten(run, item) if isinstance(item, list) else [item]
    return found


@built_in("sort", "list: list, precedes: function", with_run=True)
def sort(run: Run, items: list[Any], precedes: Function) -> list[Any] | None:
    """Sorts by a function that returns whether its first argument precedes its second."""
    if any(len(way) != 2 for way in precedes.ways):
        return None
    return sorted(items, key=cmp_to_key(_by(run, precedes)))


def _by(run: Run, precedes: Function) -> Callable[[Any, Any], int]:
    def compared(one: Any, other: Any) -> int:
        if call(run, precedes, [one, other]) is True:
            return -1
        return 1 if call(run, precedes, [other, one]) is True else 0

    return compared
