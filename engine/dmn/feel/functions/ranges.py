"""Functions that compare ranges and points (DMN 1.5 table 78), and ranges from texts."""

from collections.abc import Callable
from typing import Any

from engine.dmn.errors import Unreadable
from engine.dmn.feel import tree
from engine.dmn.feel.building import build
from engine.dmn.feel.comparing import order
from engine.dmn.feel.frames import COSTLY, Frame, Run
from engine.dmn.feel.functions.registry import BUILT_IN, built_in
from engine.dmn.feel.names import Names
from engine.dmn.feel.parser import parse
from engine.dmn.feel.values import Range

_MADE = {"date", "time", "date and time", "duration"}


def _order(one: Any, other: Any) -> int:
    """Returns the order of two ends. Raises ValueError if there is none."""
    found = order(one, other)
    if found is None:
        raise ValueError("no order")
    return found


def _related(name: str, *ways: str) -> Callable[[Callable[[Any, Any], bool]], Callable[[Any, Any], bool]]:
    """Registers a relation; it has no value where ends can't be ordered, or are missing."""

    def register(relation: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
        def guarded(one: Any, other: Any) -> bool | None:
            try:
                return relation(one, other)
            except ValueError:
                return None

        built_in(name, *ways)(guarded)
        return relation

    return register


_POINTS = (
    "point1: Any, point2: Any",
    "point: Any, range: range",
    "range: range, point: Any",
    "range1: range, range2: range",
)
_RANGES = ("range1: range, range2: range",)
_POINT_FIRST = ("point: Any, range: range", *_RANGES)
_RANGE_FIRST = ("range: range, point: Any", *_RANGES)


def _ends(value: Any) -> Range:
    """Returns a point as a range."""
    return value if isinstance(value, Range) else Range(value, value, True, True)


@_related("before", *_POINTS)
def before(one: Any, other: Any) -> bool:
    """Whether all of one is before all of the other."""
    left, right = _ends(one), _ends(other)
    found = _order(left.high, right.low)
    return found < 0 or (found == 0 and not (left.high_included and right.low_included))


@_related("after", *_POINTS)
def after(one: Any, other: Any) -> bool:
    """The inverse of `before`."""
    return before(other, one)


@_related("meets", *_RANGES)
def meets(one: Range, other: Range) -> bool:
    """Whether one ends where the other starts, and both include that point."""
    return one.high_included and other.low_included and _order(one.high, other.low) == 0


@_related("met by", *_RANGES)
def met_by(one: Range, other: Range) -> bool:
    """The inverse of `meets`."""
    return meets(other, one)


@_related("overlaps", *_RANGES)
def overlaps(one: Range, other: Range) -> bool:
    """Whether two ranges have a common point."""
    return not before(one, other) and not before(other, one)


def _begins(one: Range, other: Range) -> int:
    """Returns the order of two starts."""
    return _order(one.low, other.low) or other.low_included - one.low_included


def _finishes(one: Range, other: Range) -> int:
    """Returns the order of two ends."""
    return _order(one.high, other.high) or one.high_included - other.high_included


@_related("overlaps before", *_RANGES)
def overlaps_before(one: Range, other: Range) -> bool:
    """Whether one starts before the other, and ends in it."""
    return _begins(one, other) < 0 and not before(one, other) and _finishes(one, other) <= 0


@_related("overlaps after", *_RANGES)
def overlaps_after(one: Range, other: Range) -> bool:
    """The inverse of `overlaps_before`."""
    return overlaps_before(other, one)


@_related("finishes", *_POINT_FIRST)
def finishes(one: Any, other: Range) -> bool:
    """Whether one is the end of the other."""
    left = _ends(one)
    return _finishes(left, other) == 0 and _begins(left, other) >= 0


@_related("finished by", *_RANGE_FIRST)
def finished_by(one: Range, other: Any) -> bool:
    """The inverse of `finishes`."""
    return finishes(other, one)


@_related("includes", *_RANGE_FIRST)
def includes(one: Range, other: Any) -> bool:
    """Whether one contains all of the other."""
    right = _ends(other)
    return _begins(one, right) <= 0 and _finishes(one, right) >= 0


@_related("during", *_POINT_FIRST)
def during(one: Any, other: Range) -> bool:
    """The inverse of `includes`."""
    return includes(other, one)


@_related("starts", *_POINT_FIRST)
def starts(one: Any, other: Range) -> bool:
    """Whether one is the start of the other."""
    left = _ends(one)
    return _begins(left, other) == 0 and _finishes(left, other) <= 0


@_related("started by", *_RANGE_FIRST)
def started_by(one: Range, other: Any) -> bool:
    """The inverse of `starts`."""
    return starts(other, one)


@_related("coincides", "point1: Any, point2: Any", *_RANGES)
def coincides(one: Any, other: Any) -> bool:
    """Whether both are equal."""
    if isinstance(one, Range) != isinstance(other, Range):
        raise ValueError("a point and a range")
    left, right = _ends(one), _ends(other)
    return _begins(left, right) == 0 and _finishes(left, right) == 0


@built_in("range", "from: string", with_run=True)
def to_range(run: Run, text: str) -> Range | None:
    """Parses a range such as `[1..5)`, whose ends are literals."""
    run.spend(COSTLY + len(text))
    try:
        node = parse(text, Names(_MADE), {})
    except Unreadable:
        return None
    if not isinstance(node, tree.RangeOf) or not all(_is_literal(end) for end in (node.low, node.high)):
        return None
    found = build(node)(Frame(run, BUILT_IN))
    return found if isinstance(found, Range) else None


def _is_literal(node: tree.Node) -> bool:
    match node:
        case tree.Constant():
            return True
        case tree.Negative():
            return _is_literal(node.operand)
        case tree.Call(function=tree.Name(name=name), arguments=arguments):
            return name in _MADE and all(isinstance(argument, tree.Constant) for argument in arguments)
    return False
