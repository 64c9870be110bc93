"""From a tree to something that runs: every node becomes a Python function of a frame, built once."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.budget import spend
from engine.decisions.errors import Unreadable
from engine.decisions.feel import arithmetic, comparing, looping, tree
from engine.decisions.feel.calling import call
from engine.decisions.feel.frames import COSTLY, Frame, Run
from engine.decisions.feel.matching import Test, build_test
from engine.decisions.feel.operators import BINARY, EQUALITY, Operation
from engine.decisions.feel.properties import member
from engine.decisions.feel.types import ANY, is_bare, is_instance
from engine.decisions.feel.values import Function, Parameter, Range

Code = Callable[[Frame], Any]
KEPT = 5  # steps that a function costs, as it keeps all around it


def build(node: tree.Node) -> Code:
    """What an expression does: a function that gives its value; None also for what has no value.

    Raises Unreadable.
    """
    try:
        return _built(node)
    except RecursionError:
        raise Unreadable("It is nested too deeply", "", node.at) from None


def _built(node: tree.Node) -> Code:
    spend(3)
    return _BUILDERS[type(node)](node)


def lookup(frame: Frame | None, name: str) -> Any:
    """What a name stands for; None if for nothing."""
    while frame is not None:
        if name in frame.values:
            return frame.values[name]
        frame = frame.parent
    return None


def _constant(node: tree.Constant) -> Code:
    value = node.value
    return lambda _: value


def _name(node: tree.Name) -> Code:
    name = node.name
    return lambda frame: lookup(frame, name)


def _list(node: tree.ListOf) -> Code:
    items = [_built(item) for item in node.items]
    return lambda frame: frame.run.made([item(frame) for item in items])


def _context(node: tree.ContextOf) -> Code:
    entries = [(name, _built(entry)) for name, entry in node.entries]
    if len({name for name, _ in entries}) < len(entries):
        return lambda _: None

    def made(frame: Frame) -> Any:
        values: dict[str, Any] = {}
        inside = frame.within(values)
        for name, entry in entries:
            values[name] = entry(inside)
        return frame.run.made(values)

    return made


def _range(node: tree.RangeOf) -> Code:
    low, high = _built(node.low), _built(node.high)

    def made(frame: Frame) -> Any:
        frame.run.spend(2)
        return interval(low(frame), high(frame), node.low_included, node.high_included)

    return made


def interval(low: Any, high: Any, low_included: bool, high_included: bool) -> Range | None:
    """A range of ends that have an order, the lower first."""
    if low is not None and high is not None and (comparing.order(low, high) or 0) > 0:
        return None
    if low is not None and high is not None and comparing.order(low, high) is None:
        return None
    ends = [end for end in (low, high) if end is not None]
    return Range(low, high, low_included, high_included) if ends else None


def _binary(node: tree.Binary) -> Code:
    """An operation; many in a row, such as `a or b or c`, are one loop instead of a deep nest."""
    if isinstance(node.left, tree.Binary):
        return _chain(node)
    return _joined(node.sign, _built(node.left), _built(node.right))


def _chain(node: tree.Binary) -> Code:
    parts = [node]
    while isinstance(parts[-1].left, tree.Binary):
        parts.append(parts[-1].left)
    first = _built(parts[-1].left)
    rest = [_applied(part.sign, _built(part.right)) for part in reversed(parts)]

    def chained(frame: Frame) -> Any:
        value = first(frame)
        for apply in rest:
            value = apply(value, frame)
        return value

    return chained


def _joined(sign: str, left: Code, right: Code) -> Code:
    apply = _applied(sign, right)
    return lambda frame: apply(left(frame), frame)


def _applied(sign: str, right: Code) -> Callable[[Any, Frame], Any]:
    """What an operation makes of its left side in a frame."""
    if sign == "and":
        return lambda left, frame: False if left is False else comparing.conjunction(left, right(frame))
    if sign == "or":
        return lambda left, frame: True if left is True else comparing.disjunction(left, right(frame))
    if sign in EQUALITY:
        equality = EQUALITY[sign]
        return lambda left, frame: equality(left, right(frame), frame.run)
    operation = BINARY[sign]
    if sign in ("+", "-"):
        return lambda left, frame: frame.run.made(operation(left, right(frame)))
    if sign == "**":
        return lambda left, frame: _costly(frame.run, operation, left, right(frame))
    return lambda left, frame: operation(left, right(frame))


def _costly(run: Run, operation: Operation, left: Any, right: Any) -> Any:
    """An operation that takes long."""
    run.spend(COSTLY)
    return operation(left, right)


def _negative(node: tree.Negative) -> Code:
    operand = _built(node.operand)
    return lambda frame: arithmetic.negative(operand(frame))


def _between(node: tree.Between) -> Code:
    operand, low, high = _built(node.operand), _built(node.low), _built(node.high)

    def between(frame: Frame) -> bool | None:
        value = operand(frame)
        return comparing.conjunction(
            comparing.at_least(value, low(frame)), comparing.at_most(value, high(frame))
        )

    return between


def _in(node: tree.In) -> Code:
    operand = _built(node.operand)
    tests: list[Test] = [build_test(test, _built) for test in node.tests]

    def passes(frame: Frame) -> bool | None:
        value = operand(frame)
        found: bool | None = False
        for test in tests:
            found = comparing.disjunction(found, test(value, frame))
            if found is True:
                break
        return found

    return passes


def _compared(node: tree.Compared) -> Code:
    operand = _built(node.operand)

    def made(frame: Frame) -> Any:
        end = operand(frame)
        if end is None or comparing.order(end, end) is None:
            return None
        return {
            "<": Range(None, end, False, False, "<"),
            "<=": Range(None, end, False, True, "<="),
            ">": Range(end, None, False, False, ">"),
            ">=": Range(end, None, True, False, ">="),
            "=": Range(end, end, True, True, "="),
        }.get(node.sign)

    return made


def _instance_of(node: tree.InstanceOf) -> Code:
    operand, of = _built(node.operand), node.type
    if is_bare(of):
        return lambda _: None
    return lambda frame: is_instance(operand(frame), of, frame.run)


def _if(node: tree.If) -> Code:
    condition, then, otherwise = _built(node.condition), _built(node.then), _built(node.otherwise)
    return lambda frame: then(frame) if condition(frame) is True else otherwise(frame)


def _function(node: tree.FunctionOf) -> Code:
    if node.body is None:
        return lambda _: None
    way = tuple(Parameter(name, of) for name, of in node.parameters)
    names = [name for name, _ in node.parameters]
    body = looping.repeated(node.body, _built)

    def made(frame: Frame) -> Function:
        frame.run.spend(KEPT)

        def run_body(_: Run, arguments: list[Any]) -> Any:
            return body(frame.within(dict(zip(names, arguments, strict=True))))

        return Function((way,), ANY, run_body)

    return made


def _call(node: tree.Call) -> Code:
    function = _built(node.function)
    arguments = [_built(argument) for argument in node.arguments]
    names = node.names

    def called(frame: Frame) -> Any:
        of = function(frame)
        if not isinstance(of, Function):
            return None
        values = [argument(frame) for argument in arguments]
        return call(frame.run, of, dict(zip(names, values, strict=True)) if names else values)

    return called


def _path(node: tree.Path) -> Code:
    source, name = _built(node.source), node.name
    return lambda frame: member(source(frame), name, frame.run)


_BUILDERS: Mapping[type[tree.Node], Callable[[Any], Code]] = {
    tree.Constant: _constant,
    tree.Name: _name,
    tree.ListOf: _list,
    tree.ContextOf: _context,
    tree.RangeOf: _range,
    tree.Binary: _binary,
    tree.Negative: _negative,
    tree.Between: _between,
    tree.In: _in,
    tree.Compared: _compared,
    tree.InstanceOf: _instance_of,
    tree.If: _if,
    tree.FunctionOf: _function,
    tree.Call: _call,
    tree.Path: _path,
    tree.For: lambda node: looping.build_for(node, _built),
    tree.Quantified: lambda node: looping.build_quantified(node, _built),
    tree.Filter: lambda node: looping.build_filter(node, _built),
}
