"""Compiles JUEL trees to functions of a case's data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.bpmn.expressions.juel import tree
from engine.bpmn.expressions.juel.coercion import Fault, boolean, text
from engine.bpmn.expressions.juel.methods import call, moment
from engine.bpmn.expressions.juel.operations import BINARY, UNARY, joined, member

WORK = 10_000_000  # the limit of an evaluation's work, in characters of the texts processed
_LONG_TEXT = 1_000  # shorter texts cost nothing
_COLLECTION = 20_000  # the cost of a list or map, whatever its content


@dataclass(slots=True)
class Frame:
    """The context of an evaluation: the data, and the instant that now() returns.

    `left` is the remaining work: operators visit each part of an expression once, but each part may contain
    all data of a case.
    """

    data: Mapping[str, Any]
    now: datetime
    left: int = WORK

    def weigh(self, value: Any) -> Any:
        """Returns the value and counts the work on it. Raises Fault."""
        if isinstance(value, str):
            cost = len(value) if len(value) > _LONG_TEXT else 0
        else:
            cost = _COLLECTION if isinstance(value, list | dict) else 0
        self.left -= cost
        if self.left < 0:
            raise Fault("it works on too much data")
        return value


Run = Callable[[Frame], Any]


def compiled(node: tree.Node) -> Run:
    """Compiles a tree to a function that may raise Fault."""
    return _MAKERS[type(node)](node)


def _constant(node: tree.Constant) -> Run:
    value = node.value
    return lambda _: value


def _name(node: tree.Name) -> Run:
    name = node.name

    def read(frame: Frame) -> Any:
        try:
            return frame.data[name]
        except KeyError:
            raise Fault(f"there is no variable {name!r}") from None

    return read


def _asked(node: tree.Asked) -> Run:
    name = node.name
    return (lambda frame: name in frame.data) if node.exists else (lambda frame: frame.data.get(name))


def _function(node: tree.Function) -> Run:
    return (lambda frame: frame.now) if node.name == "now" else (lambda frame: moment(frame.now))


def _path(node: tree.Path) -> Run:
    base, steps = compiled(node.base), [_step(step) for step in node.steps]

    def read(frame: Frame) -> Any:
        value = base(frame)
        for step in steps:
            value = step(value, frame)
        return value

    return read


def _step(step: tree.Member | tree.Call) -> Callable[[Any, Frame], Any]:
    if isinstance(step, tree.Member):
        key = compiled(step.key)
        return lambda value, frame: None if value is None else member(value, key(frame))
    method, arguments = step.method, [compiled(each) for each in step.arguments]
    return lambda value, frame: call(
        frame.weigh(value), method, [frame.weigh(each(frame)) for each in arguments]
    )


def _unary(node: tree.Unary) -> Run:
    apply, operand = UNARY[node.operator], compiled(node.operand)
    return lambda frame: apply(frame.weigh(operand(frame)))


def _chain(node: tree.Chain) -> Run:
    first, operator = compiled(node.first), node.rest[0][0]
    if operator in ("&&", "||"):
        return _junction([first, *(compiled(part) for _, part in node.rest)], until=operator == "||")
    rest = [(BINARY[mark], compiled(part)) for mark, part in node.rest]
    if len(rest) == 1:
        ((apply, second),) = rest
        return lambda frame: apply(frame.weigh(first(frame)), frame.weigh(second(frame)))

    def calculate(frame: Frame) -> Any:
        value = first(frame)
        for apply, part in rest:
            value = apply(frame.weigh(value), frame.weigh(part(frame)))
        return value

    return calculate


def _junction(parts: list[Run], *, until: bool) -> Run:
    """Evaluates parts only until one decides the result."""

    def decide(frame: Frame) -> bool:
        for part in parts:
            if boolean(frame.weigh(part(frame))) is until:
                return until
        return not until

    return decide


def _choice(node: tree.Choice) -> Run:
    cases = [(compiled(condition), compiled(value)) for condition, value in node.cases]
    otherwise = compiled(node.otherwise)

    def choose(frame: Frame) -> Any:
        for condition, value in cases:
            if boolean(frame.weigh(condition(frame))):
                return value(frame)
        return otherwise(frame)

    return choose


def _joined(node: tree.Joined) -> Run:
    parts = [compiled(part) for part in node.parts]
    return lambda frame: joined(frame.weigh(part(frame)) for part in parts)


def _list(node: tree.ListOf) -> Run:
    items = [compiled(item) for item in node.items]
    return lambda frame: [item(frame) for item in items]


def _map(node: tree.MapOf) -> Run:
    entries = [(compiled(key), _name_faults(key, compiled(value))) for key, value in node.entries]
    return lambda frame: {text(key(frame)): value(frame) for key, value in entries}


def _name_faults(key: tree.Node, value: Run) -> Run:
    """Wraps a function so that its faults name the key, unless that is computed from data."""
    if not isinstance(key, tree.Constant):
        return value

    def read(frame: Frame) -> Any:
        try:
            return value(frame)
        except Fault as error:
            raise Fault(f"{key.value}: {error}") from None

    return read


_MAKERS: Mapping[type, Callable[[Any], Run]] = {
    tree.Constant: _constant,
    tree.Name: _name,
    tree.Asked: _asked,
    tree.Function: _function,
    tree.Path: _path,
    tree.Unary: _unary,
    tree.Chain: _chain,
    tree.Choice: _choice,
    tree.Joined: _joined,
    tree.ListOf: _list,
    tree.MapOf: _map,
}
