"""The nodes of an expression. `at` is the position in the text where a node begins."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: null, true, false, a number or a text."""

    at: int
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """execution.getVariable('x'), which is null without the variable, or execution.hasVariable('x')."""

    at: int
    name: str
    exists: bool


@dataclass(frozen=True, slots=True)
class Member:
    """`.name` or `[key]` after a value."""

    key: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """`.method(arguments)` after a value."""

    method: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A value followed by members and calls."""

    at: int
    base: "Node"
    steps: tuple[Member | Call, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the engine without arguments."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """`-`, `!` or `empty` before a value."""

    at: int
    operator: str
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Chain:
    """Operators of one precedence between values, applied from left to right."""

    at: int
    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`a ? b : c ? d : e`: conditions with their values, and the last value."""

    at: int
    cases: tuple[tuple["Node", "Node"], ...]
    otherwise: "Node"


@dataclass(frozen=True, slots=True)
class Joined:
    """A text that contains expressions."""

    at: int
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list in the syntax of EL 3.0. Only the engine writes these."""

    at: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map in the syntax of EL 3.0. Only the engine writes these."""

    at: int
    entries: tuple[tuple["Node", "Node"], ...] = field(default=())


Node = Constant | Name | Asked | Path | Function | Unary | Chain | Choice | Joined | ListOf | MapOf


def _of_path(node: Path) -> Iterator[Node]:
    yield node.base
    for step in node.steps:
        yield from (step.key,) if isinstance(step, Member) else step.arguments


_CHILDREN: Mapping[type, Callable[[Any], Iterable[Node]]] = {
    Path: _of_path,
    Unary: lambda node: (node.operand,),
    Chain: lambda node: (node.first, *(operand for _, operand in node.rest)),
    Choice: lambda node: (*(part for case in node.cases for part in case), node.otherwise),
    Joined: lambda node: node.parts,
    ListOf: lambda node: node.items,
    MapOf: lambda node: (part for entry in node.entries for part in entry),
}


def children(node: Node) -> Iterable[Node]:
    """Returns the children of a node."""
    find = _CHILDREN.get(type(node))
    return () if find is None else find(node)


def walk(node: Node) -> Iterator[Node]:
    """Yields a node and all its descendants."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += children(part)
