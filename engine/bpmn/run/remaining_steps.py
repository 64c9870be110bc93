"""Counts the remaining steps of people in a case: the longest path through the diagram, each step once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.bpmn.notation.vocabulary import HUMAN
from engine.bpmn.run.spec import Spec

STARTS = "startEvent"

_Ways = Mapping[str, Sequence[str]]


def steps_ahead(spec: Spec, at: Iterable[str] | None = None) -> int | None:
    """Returns the maximum number of steps of people from these elements, included, to an end.

    Counts from the start unless elements are named. Passed steps aren't counted again, so loops add nothing.
    None where the number would be misleading: if steps are in sub-processes or called processes, whose paths
    this function doesn't follow.
    """
    steps = {path for path, element in spec.elements.items() if element.kind in HUMAN}
    ways = _next_elements(spec)
    begin = [one.element.path for one in _drawn(spec) if one.element.kind == STARTS]
    longest = _longest(ways, steps, begin)
    if not steps <= longest.keys():
        return None
    if at is not None:
        begin = list(at)
        longest = _longest(ways, steps, begin)
    return max((longest[path] for path in begin if path in longest), default=None)


def _next_elements(spec: Spec) -> _Ways:
    """Returns the next elements of each element of the process itself: by flows and boundary events."""
    found: dict[str, list[str]] = {}
    for flow in spec.flows.values():
        if "/" not in flow.path:
            found.setdefault(flow.source, []).append(flow.target)
    for one in _drawn(spec):
        borders = [event.element.path for event in one.boundaries if event.element]
        found.setdefault(one.element.path, []).extend(borders)
    return found


def _drawn(spec: Spec) -> list[Any]:
    """Returns the elements drawn in the process itself."""
    return [one for one in spec.process.task_specs.values() if getattr(one, "element", None) is not None]


def _longest(ways: _Ways, steps: set[str], begin: Sequence[str]) -> dict[str, int]:
    """Returns the maximum number of steps after each element. Not recursive: paths may be long."""
    found: dict[str, int] = {}
    for first in begin:
        waiting, seen = [(first, False)], set(found)
        while waiting:
            path, left = waiting.pop()
            if left:
                # A loop leads to an element without a result yet, and counts as nothing.
                rest = max((found[target] for target in ways.get(path, ()) if target in found), default=0)
                found[path] = rest + (path in steps)
            elif path not in seen:
                seen.add(path)
                waiting.append((path, True))
                waiting += [(target, False) for target in ways.get(path, ()) if target not in seen]
    return found
