"""Sequence flows as drawn, and how to find them from a token's path between elements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn.notation.vocabulary import bpmn
from engine.bpmn.run.normalize import ADDED, original


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow of the diagram; `path` is built like an element's. `source` and `target` are ids."""

    path: str
    name: str
    source: str
    target: str
    condition: str | None


def drawn(root: Any) -> dict[str, Flow]:
    """Returns the flows of a file by id, before it is normalised for running; omits those without an id."""
    return {
        node.get("id"): Flow(
            node.get("id"),
            node.get("name") or "",
            node.get("sourceRef"),
            node.get("targetRef"),
            _condition(node),
        )
        for process in root.iterchildren(bpmn("process"))
        for node in process.iter(bpmn("sequenceFlow"))
        if node.get("id")
    }


def attach(scope: Any, node: Any, known: Mapping[str, Flow], prefix: str) -> dict[str, Flow]:
    """Adds to a built process its flows by their ends, and its conditions by their elements.

    `node` is what it was built from, `known` are the flows drawn in its file. Returns the flows in it.
    """
    found: dict[str, Flow] = {}
    scope.flows, scope.conditions = {}, {}
    scope.chosen_later = {
        gateway.get("id") for gateway in node.findall(bpmn("eventBasedGateway"))
    }  # all events after it wait at once; the token continues at the one that occurs
    for way in node.findall(bpmn("sequenceFlow")):
        flow = known.get(way.get("id"))
        if flow is None or ADDED in flow.path:
            continue
        path = prefix + flow.path
        found[path] = Flow(path, flow.name, original(flow.source), original(flow.target), flow.condition)
        ends = way.get("sourceRef"), way.get("targetRef")
        scope.flows[ends] = (*scope.flows.get(ends, ()), path)
        if flow.condition is not None:
            asked = way.get("sourceRef"), flow.condition
            scope.conditions[asked] = (*scope.conditions.get(asked, ()), path)
    return found


def _condition(flow: Any) -> str | None:
    text = flow.findtext(bpmn("conditionExpression"))
    return None if text is None or not text.strip() else text.strip()
