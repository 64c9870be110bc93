"""Compiles a tree: every node becomes a Python function of a frame, once."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.dmn.errors import Unreadable
from engine.dmn.feel import comparing, looping, tree
from engine.dmn.feel.calling import binds, call
from engine.dmn.feel.faults import Place
from engine.dmn.feel.frames import Frame, Run
from engine.dmn.feel.matching import Test, build_test
from engine.dmn.feel.notation import described
from engine.dmn.feel.operating import build_between, build_binary, build_negative, is_derived
from engine.dmn.feel.parts import Code
from engine.dmn.feel.properties import has_member, member
from engine.dmn.feel.types import ANY, Function, Parameter, is_bare, is_instance
from engine.dmn.feel.values import Range, kind
from engine.platform.budget import spend

Source = tuple[str, str]  # the text of an expression, and the id of its element
# Functions for which null is a regular result.
MAY_BE_NULL = frozenset({"get value", "string"})
KEPT = 5  # steps that creating a function costs, as it retains its whole scope


def build(node: tree.Node, source: Source | None = None) -> Code:
    """Compiles an expression to a function that returns its value; None also if it has no value.

    Raises Unreadable.
    """
    try:
        return Building(source)(node)
    except RecursionError:
        raise Unreadable("deep", "", node.at) from None


class Building:
    """Compiles the parts of one expression. `source` is its text and element, for faults."""

    def __init__(self, source: Source | None, *, of_items: bool = False) -> None:
        self._source = source
        self._of_items = of_items

    def __call__(self, node: tree.Node) -> Code:
        spend(3)
        return _BUILDERS[type(node)](node, self)

    def place(self, node: tree.Node) -> Place | None:
        """Returns the place of a part."""
        return None if self._source is None else Place(*self._source, node.at, self._of_items)

    def of_items(self) -> "Building":
        """Returns the same for a condition on items, some of which may lack the members that it reads."""
        return Building(self._source, of_items=True)


def _constant(node: tree.Constant, _: "Building") -> Code:
    value = node.value
    return lambda _: value


def _name(node: tree.Name, build: "Building") -> Code:
    name, place = node.name, build.place(node)

    def named(frame: Frame) -> Any:
        scope: Frame | None = frame
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        frame.run.note(place, "unknown-name", name)
        return None

    return named


def _list(node: tree.ListOf, build: "Building") -> Code:
    items = [build(item) for item in node.items]
    return lambda frame: frame.run.made([item(frame) for item in items])


def _context(node: tree.ContextOf, build: "Building") -> Code:
    entries = [(name, build(entry)) for name, entry in node.entries]
    if len({name for name, _ in entries}) < len(entries):
        return _never(build.place(node), "duplicate-key")

    def made(frame: Frame) -> Any:
        values: dict[str, Any] = {}
        inside = frame.within(values)
        for name, entry in entries:
            values[name] = entry(inside)
        return frame.run.made(values)

    return made


def _never(place: Place | None, code: str) -> Code:
    """Returns code that is always null, with a fault."""

    def noted(frame: Frame) -> None:
        frame.run.note(place, code)

    return noted


def _range(node: tree.RangeOf, build: "Building") -> Code:
    low, high, place = build(node.low), build(node.high), build.place(node)

    def made(frame: Frame) -> Any:
        frame.run.spend(2)
        ends = low(frame), high(frame)
        found = interval(*ends, node.low_included, node.high_included)
        if found is None:
            frame.run.note(place, "invalid-range", *map(kind, ends))
        return found

    return made


def interval(low: Any, high: Any, low_included: bool, high_included: bool) -> Range | None:
    """Returns a range, if its ends can be ordered and the lower one is first."""
    if low is not None and high is not None and (comparing.order(low, high) or 0) > 0:
        return None
    if low is not None and high is not None and comparing.order(low, high) is None:
        return None
    ends = [end for end in (low, high) if end is not None]
    return Range(low, high, low_included, high_included) if ends else None


def _in(node: tree.In, build: "Building") -> Code:
    operand, place = build(node.operand), build.place(node)
    tests: list[Test] = [build_test(test, build) for test in node.tests]
    derived = is_derived(node.operand)

    def passes(frame: Frame) -> bool | None:
        value = operand(frame)
        found: bool | None = False
        for test in tests:
            found = comparing.disjunction(found, test(value, frame))
            if found is True:
                return True
        if found is None and not (derived and value is None and frame.run.noted):
            code = "null-operand" if value is None else "operand-types"
            frame.run.note(place, code, "in", kind(value), "test")
        return found

    return passes


def _compared(node: tree.Compared, build: "Building") -> Code:
    operand, place = build(node.operand), build.place(node)

    def made(frame: Frame) -> Any:
        end = operand(frame)
        if end is None or comparing.order(end, end) is None:
            frame.run.note(place, "invalid-range", kind(end), kind(end))
            return None
        return {
            "<": Range(None, end, False, False, "<"),
            "<=": Range(None, end, False, True, "<="),
            ">": Range(end, None, False, False, ">"),
            ">=": Range(end, None, True, False, ">="),
            "=": Range(end, end, True, True, "="),
        }.get(node.sign)

    return made


def _instance_of(node: tree.InstanceOf, build: "Building") -> Code:
    operand, of = build(node.operand), node.type
    if is_bare(of):
        return _never(build.place(node), "invalid-type")

    def judged(frame: Frame) -> bool:
        value = operand(frame)
        return is_instance(value, of, frame.run) and (value is not None or of.name != "Any")

    return judged


def _if(node: tree.If, build: "Building") -> Code:
    condition, then, otherwise = build(node.condition), build(node.then), build(node.otherwise)
    place = build.place(node.condition)

    def chosen(frame: Frame) -> Any:
        decides = condition(frame)
        if decides is True:
            return then(frame)
        if decides is not False and decides is not None:
            frame.run.note(place, "condition-type", kind(decides))
        return otherwise(frame)

    return chosen


def _function(node: tree.FunctionOf, build: "Building") -> Code:
    if node.body is None:
        return _never(build.place(node), "external-function")
    way = tuple(Parameter(name, of) for name, of in node.parameters)
    names = [name for name, _ in node.parameters]
    body = looping.repeated(node.body, build)

    def made(frame: Frame) -> Function:
        frame.run.spend(KEPT)

        def run_body(_: Run, arguments: list[Any]) -> Any:
            return body(frame.within(dict(zip(names, arguments, strict=True))))

        return Function((way,), ANY, run_body)

    return made


def _call(node: tree.Call, build: "Building") -> Code:
    function = build(node.function)
    arguments = [build(argument) for argument in node.arguments]
    derived = any(map(is_derived, node.arguments))
    names, place = node.names, build.place(node)

    def called(frame: Frame) -> Any:
        of = function(frame)
        if not isinstance(of, Function):
            frame.run.note(place, "unknown-function", kind(of))
            return None
        values = [argument(frame) for argument in arguments]
        given = dict(zip(names, values, strict=True)) if names else values
        found = call(frame.run, of, given)
        if found is None:
            note_call(frame.run, place, of, given, derived=derived)
        return found

    return called


def note_call(
    run: Run, place: Place | None, of: Function, given: list[Any] | dict[str, Any], *, derived: bool
) -> None:
    """Records why a function returned null, unless null is a regular result or already recorded."""
    values = list(given.values()) if isinstance(given, dict) else given
    if not binds(run, of, given):
        if None not in values:
            run.note(place, "argument-type", described(of), ", ".join(map(kind, values)) or "none")
        elif not (derived and run.noted):
            run.note(place, "null-argument", described(of), ", ".join(map(kind, values)))
    elif of.name and of.name not in MAY_BE_NULL:
        run.note(place, "no-result", of.name)


def _path(node: tree.Path, build: "Building") -> Code:
    source, name, place = build(node.source), node.name, build.place(node)
    derived = is_derived(node.source)

    def found(frame: Frame) -> Any:
        of = source(frame)
        value = member(of, name, frame.run)
        if value is None and not has_member(of, name) and not (derived and of is None and frame.run.noted):
            frame.run.note(place, "unknown-member", name, kind(of))
        return value

    return found


_BUILDERS: Mapping[type[tree.Node], Callable[[Any, Building], Code]] = {
    tree.Constant: _constant,
    tree.Name: _name,
    tree.ListOf: _list,
    tree.ContextOf: _context,
    tree.RangeOf: _range,
    tree.Binary: build_binary,
    tree.Negative: build_negative,
    tree.Between: build_between,
    tree.In: _in,
    tree.Compared: _compared,
    tree.InstanceOf: _instance_of,
    tree.If: _if,
    tree.FunctionOf: _function,
    tree.Call: _call,
    tree.Path: _path,
    tree.For: looping.build_for,
    tree.Quantified: looping.build_quantified,
    tree.Filter: looping.build_filter,
}
