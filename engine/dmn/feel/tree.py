"""The syntax tree of a FEEL text. Each node has its position in the text (`at`)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from engine.dmn.feel.types import Type
from engine.platform.budget import spend


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of an expression."""

    at: int


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A literal value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, a parameter or a built-in function."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextOf(Node):
    """`{a: 1, b: a + 1}`."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class RangeOf(Node):
    """`[low..high)`."""

    low: Node
    high: Node
    low_included: bool
    high_included: bool


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two operands and the operator: `or and = != < <= > >= + - * / **`."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """`-x`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`x between low and high`."""

    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """`x in (tests)`."""

    operand: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compared(Node):
    """`< x` without a left side: a test, or as a value the range of all that match it."""

    sign: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """The cell of a decision table: any of the tests must match; `-` has no tests, and matches."""

    tests: tuple[Node, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """`x instance of type`."""

    operand: Node
    type: Type


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if a then b else c`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Iteration(Node):
    """`name in source`, or `name in source..end`."""

    name: str
    source: Node
    end: Node | None


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for iterations return body`."""

    iterations: tuple[Iteration, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """`some` or `every` of the iterations satisfies a condition."""

    kind: Literal["some", "every"]
    iterations: tuple[Iteration, ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class FunctionOf(Node):
    """`function(a: type, b) body`; without a body it is external."""

    parameters: tuple[tuple[str, Type], ...]
    body: Node | None


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`f(a, b)` or `f(x: a, y: b)`."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """`list[condition or position]`."""

    source: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`context.member`, also of each item of a list, and properties of times."""

    source: Node
    name: str


def children(node: Node) -> Iterator[Node]:
    """Returns the direct children of a node."""
    for field in node.__dataclass_fields__:
        value = getattr(node, field)
        parts = value if isinstance(value, tuple) else (value,)
        for part in parts:
            found = part[1] if isinstance(part, tuple) and len(part) == 2 else part
            if isinstance(found, Node):
                yield found


@dataclass(frozen=True, slots=True)
class _Bound:
    """From here on a name is bound (1), or no longer bound (-1)."""

    name: str
    change: int


def free_names(node: Node, *, filters: bool = True) -> frozenset[str]:
    """Returns the free variables: those that it reads and doesn't bind.

    In the condition of a filter, a name may be a member of the filtered items: `filters` defines whether it
    counts.
    """
    found: set[str] = set()
    bound: dict[str, int] = {}
    waiting: list[Node | _Bound] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, _Bound):
            bound[part.name] = bound.get(part.name, 0) + part.change
        elif isinstance(part, Name):
            if not bound.get(part.name):
                found.add(part.name)
        else:
            spend()
            waiting += reversed(_in_turn(part, filters))
    return frozenset(found)


def _in_turn(node: Node, filters: bool) -> list[Node | _Bound]:
    """Returns the direct children of a node in order, with markers where names are bound and unbound."""
    match node:
        case ContextOf(entries=entries):
            return _within((), entries, ())
        case For(iterations=iterations, body=body) | Quantified(iterations=iterations, condition=body):
            return _within(("partial",), ((each.name, each) for each in iterations), (body,))
        case FunctionOf(parameters=parameters):
            return _within((name for name, _ in parameters), (), children(node))
        case Filter(source=source, condition=condition):
            return _within(("item",), (), (source, condition) if filters else (source,))
    return [*children(node)]


def _within(
    names: Iterable[str], parts: Iterable[tuple[str, Node]], after: Iterable[Node]
) -> list[Node | _Bound]:
    """Returns children in a scope with `names`: each part after the previous ones, the others last."""
    known = [*names]
    found: list[Node | _Bound] = [_Bound(name, 1) for name in known]
    for name, part in parts:
        found += (part, _Bound(name, 1))
        known.append(name)
    return [*found, *after, *(_Bound(name, -1) for name in known)]


def values_named(node: Node) -> set[str]:
    """Returns the names that occur anywhere in it, except as the called function."""
    called = {id(part.function) for part in descendants(node) if isinstance(part, Call)}
    return {part.name for part in descendants(node) if isinstance(part, Name) and id(part) not in called}


def descendants(node: Node) -> Iterator[Node]:
    """Yields a node and all its descendants."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        spend()
        yield part
        waiting += children(part)


def mentions(node: Node, name: str) -> bool:
    """Whether a variable of that name occurs anywhere in it."""
    return any(isinstance(part, Name) and part.name == name for part in descendants(node))


def size(node: Node) -> int:
    """Returns the number of nodes."""
    return sum(1 for _ in descendants(node))
