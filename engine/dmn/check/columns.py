"""The columns of a table for analysis: each input once, with the tests of every rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.dmn.check.axes import Axis
from engine.dmn.check.conditions import Condition, Unclear, both, condition, orders, values
from engine.dmn.feel import tree
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.types import Type

MAX_COLUMNS = 40
MAX_RULES = 5_000
_ANY = ("", "Any")


@dataclass(frozen=True, slots=True)
class Read:
    """An input as it was read: its text and tree, its type, its allowed values, and a test for each rule."""

    label: str
    text: str
    expression: tree.Node | None
    type: Type
    allowed: tuple[tree.Tests, ...]
    tests: tuple[tree.Tests, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """An input under analysis: its axis, the parts that each rule matches, and all allowed parts."""

    label: str
    axis: Axis
    cells: tuple[int, ...]
    live: int


def columns(inputs: Sequence[Read]) -> list[Column]:
    """Returns all inputs; those with the same expression are merged. Raises Unclear with the cell."""
    alike: dict[str, list[Read]] = {}
    for each in inputs:
        alike.setdefault(" ".join(each.text.split()), []).append(each)
    if len(alike) > MAX_COLUMNS:
        raise Unclear("inputs", limit=MAX_COLUMNS)
    if any(len(each.tests) > MAX_RULES for each in inputs):
        raise Unclear("rules", limit=MAX_RULES)
    return [_column(same) for same in alike.values()]


def _column(same: Sequence[Read]) -> Column:
    first = same[0]
    known: dict[int, Condition] = {}
    rules = [
        both([_condition_of(each, at, each.tests[at], known) for each in same])
        for at in range(len(first.tests))
    ]
    allowed = [_allowed(first.label, tests) for each in same for tests in each.allowed]
    said = {id(each): each for each in (*rules, *allowed)}
    try:
        axis = Axis(
            [value for each in said.values() for value in values(each)],
            ordered=any(map(orders, said.values())),
        )
        if axis.kind not in _ANY and first.type.name not in (*_ANY, axis.kind):
            raise Unclear("kind", found=axis.kind, wanted=first.type.name)
        true = {key: axis.truth(each)[0] for key, each in said.items()}
    except Unclear as unclear:
        raise Unclear(unclear.cause, **unclear.values, at_column=first.label) from None
    live = axis.live
    for each in allowed:
        live &= true[id(each)]
    inside = live | axis.null
    return Column(first.label, axis, tuple(true[id(each)] & inside for each in rules), live)


def _condition_of(of: Read, at: int, tests: tree.Tests, known: dict[int, Condition]) -> Condition:
    if id(tests) not in known:  # equal trees may differ in true and 1
        try:
            known[id(tests)] = condition(tests)
        except Unclear as unclear:
            raise Unclear(unclear.cause, **unclear.values, at_rule=at + 1, at_column=of.label) from None
    return known[id(tests)]


def _allowed(label: str, tests: tree.Tests) -> Condition:
    try:
        return condition(tests)
    except Unclear as unclear:
        raise Unclear(unclear.cause, **unclear.values, at_allowed=label) from None


def independent(inputs: Sequence[Read]) -> bool:
    """Whether all inputs read different data, so that their values are independent."""
    seen: set[str] = set()
    for text in {" ".join(each.text.split()): each.expression for each in inputs}.values():
        named = set(_data(text)) if text is not None else set()
        if any(
            one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
            for one in named
            for other in seen
        ):
            return False
        seen |= named
    return True


def _data(node: tree.Node) -> list[str]:
    """Returns the names in an expression, with the members that are read: `applicant.age`."""
    if isinstance(node, tree.Name):
        return [node.name] if node.name not in BUILT_IN else []
    if isinstance(node, tree.Path):
        inside = _data(node.source)
        plain = isinstance(node.source, tree.Name | tree.Path) and inside
        return [f"{inside[0]}.{node.name}"] if plain else inside
    return [name for child in tree.children(node) for name in _data(child)]
