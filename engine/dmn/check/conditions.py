"""Reads conditions of a table's cell that only depend on constants: comparisons, and their logic."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.dmn.errors import TooMuch
from engine.dmn.feel import tree
from engine.dmn.feel.building import build
from engine.dmn.feel.frames import Frame, Run
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.matching import INPUT
from engine.dmn.feel.values import Range
from engine.platform.findings import Value

_STEPS = 10_000
_OPEN = (tree.For, tree.Quantified, tree.FunctionOf, tree.Filter)  # define names of their own
_CHANGING = {"now", "today"}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


class Unclear(Exception):
    """Raised for a cell that depends on more than its input and constants: the cause, with values."""

    def __init__(self, cause: str, /, **values: Value) -> None:
        super().__init__(cause)
        self.cause, self.values = cause, values


@dataclass(frozen=True, slots=True)
class Comparison:
    """The input compared with a constant: `= != < <= > >=`; `is` is `=` without null logic."""

    sign: str
    value: Any


@dataclass(frozen=True, slots=True)
class Some:
    """True if any of them is true; false without any."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Every:
    """True if all of them are true; also without any."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Opposite:
    """True if the condition is false."""

    of: "Condition"


Condition = Comparison | Some | Every | Opposite
ANYTHING = Every(())
NOTHING = Some(())


def constant(node: tree.Node) -> Any:
    """Returns the value of a constant expression. Raises Unclear."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        varies = isinstance(part, tree.Name) and (part.name not in BUILT_IN or part.name in _CHANGING)
        if varies or isinstance(part, _OPEN):
            if isinstance(part, tree.Name):
                raise Unclear("name", name=part.name)
            raise Unclear("expression")
        waiting += tree.children(part)
    run = Run(steps=_STEPS)
    try:
        return build(node)(Frame(run, {}, Frame(run, BUILT_IN)))
    except (TooMuch, RecursionError):
        raise Unclear("too-much") from None


def condition(tests: tree.Tests) -> Condition:
    """Returns the condition of a cell. Raises Unclear."""
    if not tests.tests:
        return ANYTHING
    try:
        found = Some(tuple(_test(test) for test in tests.tests))
    except RecursionError:
        raise Unclear("deep") from None
    return Opposite(found) if tests.negated else found


def _test(node: tree.Node) -> Condition:
    if isinstance(node, tree.Compared):
        return Comparison(node.sign, constant(node.operand))
    if isinstance(node, tree.RangeOf):
        return _between(node.low, node.high, node.low_included, node.high_included)
    if tree.mentions(node, INPUT):
        return _self_condition(node)
    return _expected(constant(node))


def _between(low: tree.Node, high: tree.Node, low_included: bool, high_included: bool) -> Condition:
    above = Comparison(">=" if low_included else ">", constant(low))
    below = Comparison("<=" if high_included else "<", constant(high))
    return Every((above, below))


def _expected(value: Any) -> Condition:
    """Returns the condition for a value that the input equals, lies in or is a member of."""
    if isinstance(value, list):
        return Some(tuple(_among(item) for item in value))
    if isinstance(value, bool):
        return Comparison("is", value)
    return _among(value)


def _among(value: Any) -> Condition:
    if not isinstance(value, Range):
        return Comparison("=", value)
    ends = []
    if value.low is not None:
        ends.append(Comparison(">=" if value.low_included else ">", value.low))
    if value.high is not None:
        ends.append(Comparison("<=" if value.high_included else "<", value.high))
    return Every(tuple(ends))


def _self_condition(node: tree.Node) -> Condition:
    """Returns the condition in an expression that refers to the input itself."""
    condition = _TOLD.get(type(node))
    if condition is None:
        raise Unclear("about-input")
    return condition(node)


def _operation(node: tree.Binary) -> Condition:
    if node.sign == "and":
        return Every((_self_condition(node.left), _self_condition(node.right)))
    if node.sign == "or":
        return Some((_self_condition(node.left), _self_condition(node.right)))
    if node.sign in _MIRRORED:
        if _is_input(node.left):
            return Comparison(node.sign, constant(node.right))
        if _is_input(node.right):
            return Comparison(_MIRRORED[node.sign], constant(node.left))
    raise Unclear("about-input")


def _in(node: tree.In) -> Condition:
    if not _is_input(node.operand):
        raise Unclear("about-input")
    return Some(tuple(_test(test) for test in node.tests))


def _inside(node: tree.Between) -> Condition:
    if not _is_input(node.operand):
        raise Unclear("about-input")
    return _between(node.low, node.high, True, True)


def _called(node: tree.Call) -> Condition:
    """Returns the condition of `not(...)` with one argument."""
    negates = isinstance(node.function, tree.Name) and node.function.name == "not"
    if not negates or len(node.arguments) != 1:
        raise Unclear("function")
    return Opposite(_self_condition(node.arguments[0]))


def _is_input(node: tree.Node) -> bool:
    return isinstance(node, tree.Name) and node.name == INPUT


_TOLD: Mapping[type[tree.Node], Callable[[Any], Condition]] = {
    tree.Binary: _operation,
    tree.In: _in,
    tree.Between: _inside,
    tree.Call: _called,
}


def values(of: Condition) -> Iterator[Any]:
    """Yields the constants that the input is compared with, except null."""
    match of:
        case Comparison(_, value):
            if value is not None:
                yield value
        case Some(parts) | Every(parts):
            for part in parts:
                yield from values(part)
        case Opposite(part):
            yield from values(part)


def orders(of: Condition) -> bool:
    """Whether it compares by order, not only for equality."""
    match of:
        case Comparison(sign, _):
            return sign not in ("=", "!=", "is")
        case Opposite(part):
            return orders(part)
        case Some(parts) | Every(parts):
            return any(map(orders, parts))


def both(conditions: Sequence[Condition]) -> Condition:
    """Combines several conditions of the same input."""
    return conditions[0] if len(conditions) == 1 else Every(tuple(conditions))
