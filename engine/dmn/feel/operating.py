"""Compiles operations with two operands to functions of a frame; records nulls with their place."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.dmn.feel import arithmetic, comparing, tree
from engine.dmn.feel.faults import Place
from engine.dmn.feel.frames import COSTLY, Frame, Run
from engine.dmn.feel.operators import BINARY, EQUALITY
from engine.dmn.feel.parts import Build, Code
from engine.dmn.feel.values import kind

Applied = Callable[[Any, Frame], Any]  # applies an operation to its left operand in a frame


# Nodes that record a fault themselves when they are null: an operation on them then records none.
_DERIVED = (
    *(tree.Binary, tree.Negative, tree.Between, tree.In, tree.Call, tree.Path, tree.For, tree.Quantified),
    *(tree.RangeOf, tree.Compared, tree.If, tree.Filter),
)


def is_derived(node: tree.Node) -> bool:
    """Whether it is computed, so that its null may already be recorded."""
    return isinstance(node, _DERIVED)


def build_binary(node: tree.Binary, build: Build) -> Code:
    """Compiles an operation; a long chain, such as `a or b or c`, is one loop instead of deep nesting."""
    if isinstance(node.left, tree.Binary):
        return _chain(node, build)
    left, apply = build(node.left), _applied(node, build)
    return lambda frame: apply(left(frame), frame)


def _chain(node: tree.Binary, build: Build) -> Code:
    parts = [node]
    while isinstance(parts[-1].left, tree.Binary):
        parts.append(parts[-1].left)
    first = build(parts[-1].left)
    rest = [_applied(part, build) for part in reversed(parts)]

    def chained(frame: Frame) -> Any:
        value = first(frame)
        for apply in rest:
            value = apply(value, frame)
        return value

    return chained


def _applied(node: tree.Binary, build: Build) -> Applied:
    right = build(node.right)
    noted = _Noted(build.place(node), node)
    if node.sign in ("and", "or"):
        return _logic(node.sign, right, noted)
    if node.sign in EQUALITY:
        return _equality(node.sign, right, noted)
    if node.sign in ("+", "-", "**"):
        return _counted(node.sign, right, noted)
    operation = BINARY[node.sign]

    def applied(left: Any, frame: Frame) -> Any:
        other = right(frame)
        found = operation(left, other)
        if found is None:
            noted(frame.run, left, other)
        return found

    return applied


def _counted(sign: str, right: Code, noted: "_Noted") -> Applied:
    """Compiles an operation that takes long, or creates large values."""
    operation, cost = BINARY[sign], COSTLY if sign == "**" else 0

    def applied(left: Any, frame: Frame) -> Any:
        other = right(frame)
        if cost:
            frame.run.spend(cost)
        found = operation(left, other)
        if found is None:
            noted(frame.run, left, other)
            return None
        return frame.run.made(found)

    return applied


def _equality(sign: str, right: Code, noted: "_Noted") -> Applied:
    equality = EQUALITY[sign]

    def applied(left: Any, frame: Frame) -> Any:
        other = right(frame)
        found = equality(left, other, frame.run)
        if found is None:
            noted(frame.run, left, other)
        return found

    return applied


def _logic(sign: str, right: Code, noted: "_Noted") -> Applied:
    decisive = sign == "or"
    operation = BINARY[sign]

    def applied(left: Any, frame: Frame) -> Any:
        if left is decisive:
            return decisive
        other = right(frame)
        found = operation(left, other)
        if found is None:
            noted.logic(frame.run, left, other)
        return found

    return applied


class _Noted:
    """Records why an operation is null."""

    def __init__(self, place: Place | None, node: tree.Binary | tree.Between | tree.Negative) -> None:
        self._place = place
        self._sign = node.sign if isinstance(node, tree.Binary) else _SIGNS[type(node)]
        self._derived = tuple(map(is_derived, tree.children(node)))

    def __call__(self, run: Run, *operands: Any) -> None:
        if any(each is None for each in operands):
            self._null(run, operands)
        elif len(operands) == 2 and arithmetic.is_defined(self._sign, *operands):
            run.note(self._place, "no-result", self._sign)
        else:
            run.note(self._place, "operand-types", self._sign, kind(operands[0]), kind(operands[-1]))

    def _null(self, run: Run, operands: tuple[Any, ...]) -> None:
        """Records an operand that is null, unless that was recorded where it was computed."""
        derived = all(
            derived for value, derived in zip(operands, self._derived, strict=False) if value is None
        )
        if not (derived and run.noted):
            run.note(self._place, "null-operand", self._sign, kind(operands[0]), kind(operands[-1]))

    def logic(self, run: Run, *operands: Any) -> None:
        """Records an operand that isn't a boolean; with null, the logic has three values."""
        wrong = [each for each in operands if each is not None and not isinstance(each, bool)]
        if wrong:
            run.note(self._place, "operand-types", self._sign, *map(kind, operands))


_SIGNS: Mapping[type[tree.Node], str] = {tree.Between: "between", tree.Negative: "-"}


def build_negative(node: tree.Negative, build: Build) -> Code:
    """Compiles `-x`."""
    operand, noted = build(node.operand), _Noted(build.place(node), node)

    def negated(frame: Frame) -> Any:
        value = operand(frame)
        found = arithmetic.negative(value)
        if found is None:
            noted(frame.run, value)
        return found

    return negated


def build_between(node: tree.Between, build: Build) -> Code:
    """Compiles `x between low and high`."""
    operand, low, high = build(node.operand), build(node.low), build(node.high)
    noted = _Noted(build.place(node), node)

    def between(frame: Frame) -> bool | None:
        value, least, most = operand(frame), low(frame), high(frame)
        found = comparing.conjunction(comparing.at_least(value, least), comparing.at_most(value, most))
        if found is None:
            noted(frame.run, value, least, most)
        return found

    return between
