"""How many steps of people may still come in a case: the longest way through the diagram, each step once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.bpmn.notation.vocabulary import HUMAN
from engine.bpmn.run.spec import Spec

STARTS = "startEvent"

_Ways = Mapping[str, Sequence[str]]


def steps_ahead(spec: Spec, at: Iterable[str] | None = None) -> int | None:
    """The most steps of people on a way from these elements, which count themselves, to an end.

    From the beginning unless any are named. What has been passed is not passed again, so a way back counts
    nothing. None where it cannot be told honestly: if steps lie in sub-processes or called processes, whose
    ways this does not follow.
    """
    steps = {path for path, element in spec.elements.items() if element.kind in HUMAN}
    ways = _ways(spec)
    begin = [one.element.path for one in _drawn(spec) if one.element.kind == STARTS]
    longest = _longest(ways, steps, begin)
    if not steps <= longest.keys():
        return None
    if at is not None:
        begin = list(at)
        longest = _longest(ways, steps, begin)
    return max((longest[path] for path in begin if path in longest), default=None)


def _ways(spec: Spec) -> _Ways:
    """Where one may go from each element of the process itself: along flows, and by events on its border."""
    found: dict[str, list[str]] = {}
    for flow in spec.flows.values():
        if "/" not in flow.path:
            found.setdefault(flow.source, []).append(flow.target)
    for one in _drawn(spec):
        borders = [event.element.path for event in one.boundaries if event.element]
        found.setdefault(one.element.path, []).extend(borders)
    return found


def _drawn(spec: Spec) -> list[Any]:
    """What was drawn in the process itself."""
    return [one for one in spec.process.task_specs.values() if getattr(one, "element", None) is not None]


def _longest(ways: _Ways, steps: set[str], begin: Sequence[str]) -> dict[str, int]:
    """For each element that is reached the most steps from there on. Not recursive: diagrams may be long."""
    found: dict[str, int] = {}
    for first in begin:
        waiting, seen = [(first, False)], set(found)
        while waiting:
            path, left = waiting.pop()
            if left:
                # A way back leads to what is not found yet, and counts nothing.
                rest = max((found[target] for target in ways.get(path, ()) if target in found), default=0)
                found[path] = rest + (path in steps)
            elif path not in seen:
                seen.add(path)
                waiting.append((path, True))
                waiting += [(target, False) for target in ways.get(path, ()) if target not in seen]
    return found
