"""Iterations over lists and ranges, quantifiers and filters (DMN 1.5 §10.3.2.5, §10.3.2.14)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from engine.dmn.feel import tree
from engine.dmn.feel.faults import Place
from engine.dmn.feel.frames import NODES, Frame
from engine.dmn.feel.moments import Date, from_ordinal
from engine.dmn.feel.parts import Build, Code
from engine.dmn.feel.values import Range, kind, number

Domain = Callable[[Frame], Iterable[Any] | None]
Domains = Sequence[tuple[str, Domain]]
PARTIAL = "partial"


def repeated(node: tree.Node, build: Build) -> Code:
    """Compiles an expression that may be evaluated repeatedly, counted by its size."""
    code, weight = build(node), tree.size(node) // NODES
    if not weight:
        return code

    def weighed(frame: Frame) -> Any:
        frame.run.spend(weight)
        return code(frame)

    return weighed


def build_for(node: tree.For, build: Build) -> Code:
    """Compiles `for`: the list of results for each combination; `partial` is the list so far."""
    domains = _domains(node.iterations, build)
    body = repeated(node.body, build)
    tells = tree.mentions(node.body, PARTIAL)
    place = build.place(node)
    return lambda frame: collected(domains, body, frame, place, tells=tells)


def collected(
    domains: Domains, body: Code, frame: Frame, place: Place | None, *, tells: bool
) -> list[Any] | None:
    """Collects the results of a body for each combination; `tells` if it uses the previous ones."""
    results: list[Any] = []
    for inside in _each(domains, frame):
        if inside is None:
            frame.run.note(place, "not-a-list")
            return None
        known = inside.within({PARTIAL: frame.run.made(list(results))}) if tells else inside
        results.append(body(known))
    return results


def build_quantified(node: tree.Quantified, build: Build) -> Code:
    """Compiles `some` and `every`."""
    domains = _domains(node.iterations, build)
    condition = repeated(node.condition, build)
    decisive = node.kind == "some"
    place = build.place(node)
    return lambda frame: quantified(domains, condition, frame, place, decisive=decisive)


def quantified(
    domains: Domains, condition: Code, frame: Frame, place: Place | None, *, decisive: bool
) -> bool | None:
    """Returns true or false as soon as one item decides; null if an unknown one might have decided."""
    found: bool | None = not decisive
    for inside in _each(domains, frame):
        if inside is None:
            frame.run.note(place, "not-a-list")
            return None
        result: bool | None = condition(inside)
        if result is decisive:
            return result
        if not isinstance(result, bool):
            if result is not None:
                frame.run.note(place, "condition-type", kind(result))
                return None
            found = None
    return found


def _domains(iterations: Sequence[tree.Iteration], build: Build) -> Domains:
    return [(each.name, _domain(each, build)) for each in iterations]


def _domain(node: tree.Iteration, build: Build) -> Domain:
    source = build(node.source)
    if node.end is None:
        return lambda frame: items(source(frame))
    end = build(node.end)
    return lambda frame: _steps(source(frame), end(frame))


def _each(domains: Domains, frame: Frame) -> Iterator[Frame | None]:
    """Yields a frame for each combination, the last name varying fastest; None for an invalid domain."""
    (name, domain), *rest = domains
    found = domain(frame)
    if found is None:
        yield None
        return
    for item in found:
        frame.run.spend()
        inside = frame.within({name: item})
        if rest:
            yield from _each(rest, inside)
        else:
            yield inside


def items(value: Any) -> Iterable[Any] | None:
    """Returns the items of an iteration."""
    if value is None:
        return None
    if isinstance(value, list):
        return value
    if isinstance(value, Range):
        return _of_range(value)
    return [value]


def _of_range(value: Range) -> Iterable[Any] | None:
    """Returns the whole numbers or days in a range that has both ends."""
    if type(value.low) is not type(value.high):
        return None
    steps = _steps(value.low, value.high)
    if steps is None:
        return None
    return (
        step
        for step in steps
        if (value.low_included or step != value.low) and (value.high_included or step != value.high)
    )


def _steps(first: Any, last: Any) -> Iterable[Any] | None:
    """Returns the steps from one number or day to another, up or down."""
    if isinstance(first, Decimal) and isinstance(last, Decimal):
        return _counted(first, last)
    if isinstance(first, Date) and isinstance(last, Date):
        one, other = first.ordinal, last.ordinal
        step = 1 if one <= other else -1
        return (from_ordinal(day) for day in range(one, other + step, step))
    return None


def _counted(first: Decimal, last: Decimal) -> Iterable[Decimal] | None:
    if first != first.to_integral_value() or last != last.to_integral_value():
        return None
    one, other = int(first), int(last)
    step = 1 if one <= other else -1
    return map(number, range(one, other + step, step))


def build_filter(node: tree.Filter, build: Build) -> Code:
    """Compiles `list[2]`, `list[-1]`, `list[item > 3]`; other values are lists of one item."""
    source, condition = build(node.source), repeated(node.condition, build.of_items())
    return lambda frame: filtered(frame, source(frame), condition)


def matching(frame: Frame, value: Any, condition: Code, place: Place) -> list[Any] | None:
    """Returns the items that match a boxed condition; None, with a fault, if it isn't a boolean."""
    kept: list[Any] = []
    for item in value if isinstance(value, list) else [] if value is None else [value]:
        frame.run.spend()
        found = condition(_of_item(frame, item))
        if found is True:
            kept.append(item)
        elif found is not False and found is not None:
            frame.run.note(place, "condition-type", kind(found))
            return None
    return None if value is None else kept


def filtered(frame: Frame, value: Any, condition: Code) -> Any:
    """Returns the items that match a condition, or the one at the position that it returns."""
    items_ = value if isinstance(value, list) else [value] if value is not None else []
    if not items_:
        return None if value is None or isinstance(condition(frame), Decimal) else []
    kept: list[Any] = []
    for item in items_:
        frame.run.spend()
        found = condition(_of_item(frame, item))
        if isinstance(found, Decimal):
            return at_position(items_, found)
        if found is True:
            kept.append(item)
    return kept


def _of_item(frame: Frame, item: Any) -> Frame:
    inside = frame.within({"item": item})
    return inside.within(item) if isinstance(item, dict) else inside


def at_position(items: Sequence[Any], position: Decimal) -> Any:
    """Returns the item at a position, from 1 or negative from the end."""
    at = int(position)
    if at != position or at == 0 or abs(at) > len(items):
        return None
    return items[at - 1 if at > 0 else at]
