"""Methods of Java's values that have a clear meaning without Java."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.bpmn.expressions.juel.coercion import Fault, integer, kind, text
from engine.bpmn.expressions.juel.operations import joined
from engine.bpmn.notation import timers


class Moment(datetime):
    """The result of dateTime(): an instant that supports arithmetic."""


def plain(value: Any) -> Any:
    """Converts a value to case data."""
    if isinstance(value, Moment):
        return datetime.combine(value.date(), value.timetz(), value.tzinfo)
    return value


def moment(value: datetime) -> Moment:
    """Returns an instant that supports arithmetic."""
    return Moment.combine(value.date(), value.timetz(), value.tzinfo)


def call(base: Any, method: str, arguments: list[Any]) -> Any:
    """Calls a method and returns its result. Raises Fault."""
    if base is None:
        raise Fault(f"{method}() is asked of nothing (null)")
    for types, methods in _METHODS:
        if isinstance(base, types):
            found = methods.get((method, len(arguments)))
            if found is not None:
                return found(base, *arguments)
            break
    raise Fault(f"{kind(base)} has no method {method}() with {len(arguments)} arguments")


def _units(value: str) -> int:
    """Java counts characters outside the Basic Multilingual Plane twice."""
    return len(value) + sum(letter > "\uffff" for letter in value)


def _same_letters(one: str, other: Any) -> bool:
    two = text(other)
    return len(one) == len(two) and all(
        a == b or a.upper() == b.upper() or a.lower() == b.lower() for a, b in zip(one, two, strict=True)
    )


def _part(value: str, start: Any, end: Any = None) -> str:
    first, last = integer(start), len(value) if end is None else integer(end)
    if _units(value) != len(value) or not 0 <= first <= last <= len(value):
        raise Fault("substring() goes beyond the text")
    return value[first:last]


def _within(value: str, part: Any) -> bool:
    if not isinstance(part, str):
        raise Fault(f"contains() looks for a text, and not for {kind(part)}")
    return part in value


def _in_list(value: list[Any], item: Any) -> bool:
    if item is not None and not isinstance(item, bool | str):
        raise Fault("contains() looks for a text, true, false or null: Java tells 1 from 1")
    return any(type(each) is type(item) and each == item for each in value)


def _item(value: list[Any], position: Any) -> Any:
    index = integer(position)
    if not 0 <= index < len(value):
        raise Fault("get() goes beyond the list")
    return value[index]


def _equals(one: Any, other: Any) -> bool:
    """Compares texts, or booleans."""
    return type(one) is type(other) and one == other


def _numbers(_one: Any, _other: Any) -> bool:
    raise Fault("equals() of numbers depends on types of Java: numbers are compared with ==")


def _later(months: int = 0, days: int = 0, seconds: int = 0) -> Callable[[Moment, Any], Moment]:
    def move(value: Moment, count: Any) -> Moment:
        try:
            return moment(timers.Duration(months, days, seconds).after(value, integer(count)))
        except timers.Untimely as error:
            raise Fault(f"the time {error}") from error

    return move


_SPANS = {
    "Years": (12, 0, 0), "Months": (1, 0, 0), "Weeks": (0, 7, 0), "Days": (0, 1, 0),
    "Hours": (0, 0, 3_600), "Minutes": (0, 0, 60), "Seconds": (0, 0, 1),
}  # fmt: skip

_TEXTS: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("equals", 1): _equals,
    ("equalsIgnoreCase", 1): _same_letters,
    ("length", 0): _units,
    ("isEmpty", 0): lambda value: not value,
    ("contains", 1): _within,
    ("startsWith", 1): lambda value, part: value.startswith(text(part)),
    ("endsWith", 1): lambda value, part: value.endswith(text(part)),
    ("concat", 1): lambda value, part: joined((value, part)),
    ("substring", 1): _part,
    ("substring", 2): _part,
    ("toUpperCase", 0): str.upper,
    ("toLowerCase", 0): str.lower,
    ("trim", 0): lambda value: value.strip("".join(map(chr, range(33)))),
    ("toString", 0): str,
}
_LISTS: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("size", 0): len,
    ("isEmpty", 0): lambda value: not value,
    ("contains", 1): _in_list,
    ("get", 1): _item,
    ("toString", 0): text,
}
_MAPS: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("size", 0): len,
    ("isEmpty", 0): lambda value: not value,
    ("containsKey", 1): lambda value, name: isinstance(name, str) and name in value,
    ("get", 1): lambda value, name: value.get(name) if isinstance(name, str) else None,
}
_MOMENTS: Mapping[tuple[str, int], Callable[..., Any]] = {
    **{(f"plus{unit}", 1): _later(*span) for unit, span in _SPANS.items()},
    **{(f"minus{unit}", 1): _later(*(-part for part in span)) for unit, span in _SPANS.items()},
    ("toDate", 0): plain,
}
_METHODS: tuple[tuple[Any, Mapping[tuple[str, int], Callable[..., Any]]], ...] = (
    (str, _TEXTS),
    (bool, {("equals", 1): _equals, ("toString", 0): text}),
    (int | float | Decimal, {("equals", 1): _numbers, ("toString", 0): text}),
    (list, _LISTS),
    (Mapping, _MAPS),
    (Moment, _MOMENTS),
)
KNOWN = frozenset(name for _, methods in _METHODS for name, _ in methods)
