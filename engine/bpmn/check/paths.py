"""Checks paths: elements that no token reaches, and loops that no token leaves. Ignores data."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from engine.bpmn.model.diagram import Diagram, Node, Scope, by_event, handlers, runs
from engine.bpmn.model.loops import Successors, components, targets
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.structure import is_asked
from engine.bpmn.notation.vocabulary import ACTIVITIES, CONDITIONAL, EVENTS

_WAITING = ACTIVITIES - {"scriptTask", "sendTask"} | {"intermediateCatchEvent", "eventBasedGateway"}


def check_paths(diagram: Diagram, notes: Notes) -> None:
    """Checks every scope of a process."""
    homes = {node.element: (node, scope) for scope in diagram.scopes for node in scope.nodes}
    events = {
        scope: {node: event.interrupting for node, event in handlers(scope)} for scope in diagram.scopes
    }
    ended = {node for node in diagram.nodes() if any(event.interrupting for event in node.boundaries)}
    for scope in diagram.scopes:
        _unreachable(diagram.file, scope, notes)
        _endless(diagram.file, scope, _interrupted(scope, homes, events, ended), notes)


def _interrupted(
    scope: Scope,
    homes: Mapping[Any, tuple[Node, Scope]],
    events: Mapping[Scope, Mapping[Node, bool]],
    ended: Collection[Node],
) -> bool:
    """Whether an event can end the work of a scope.

    It starts an event sub-process, there or in an enclosing scope, or is a boundary event of an enclosing
    sub-process. `events` has the event sub-processes of each scope and whether they interrupt it, `ended` the
    activities with an event that ends them.
    """
    if any(events[scope].values()):
        return True
    while scope.element in homes:
        around, scope = homes[scope.element]
        if around in ended:
            return True
        # An interrupting one leaves no other that could interrupt it.
        found = events[scope]
        if not found.get(around) and any(found.values()):
            return True
    return False


def _unreachable(file: str, scope: Scope, notes: Notes) -> None:
    alone = not any(node.kind == "startEvent" for node in scope.nodes)
    reached: set[Node] = set()
    waiting = [node for node in scope.nodes if _begins(node) or (alone and not node.incoming)]
    if not waiting:
        return  # nothing starts there: reported separately
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += targets(node)
    for node in scope.nodes:
        if node not in reached:
            # A joining gateway would wait forever for a token that can't arrive.
            joined = any(flow.target in reached and _joins(flow.target) for flow in node.outgoing)
            tell = notes.error if joined else notes.warn
            tell(
                place(file, node.element),
                "unreachable",
            )


def _joins(node: Node) -> bool:
    return node.kind == "parallelGateway"


def _begins(node: Node) -> bool:
    """Whether it is a start event, or is entered without a flow; other rules reject the latter."""
    element = node.element
    called = by_event(element) or element.get("isForCompensation") == "true"
    apart = (not runs(node) or node.kind == "boundaryEvent") and node.host is None and not node.incoming
    return node.kind == "startEvent" or called or apart


def _endless(file: str, scope: Scope, interrupted: bool, notes: Notes) -> None:
    if not all(runs(node) for node in scope.nodes):
        return  # it might end the loop, but is rejected anyway
    told: set[Node] = set()
    for loop in _loops([node for node in scope.nodes if not _chooses(node)], _unchosen):
        told.update(loop)
        if not (interrupted and any(map(_waits, loop))):
            _tell(file, scope, loop, "no-gateway", notes)
    ended = any(
        node.kind == "endEvent" and node.trigger in ("terminate", "error", "cancel") for node in scope.nodes
    )
    for loop in [] if ended else _loops(scope.nodes, targets):
        leaves = {target for node in loop for target in targets(node)} - set(loop)
        if leaves or not told.isdisjoint(loop) or (interrupted and any(map(_waits, loop))):
            continue
        _tell(file, scope, loop, "back", notes)


def _tell(file: str, scope: Scope, loop: Iterable[Node], variant: str, notes: Notes) -> None:
    members = set(loop)
    drawn = [node for node in scope.nodes if node in members]
    notes.error(
        place(file, drawn[0].element),
        f"endless-loop.{variant}",
        elements=tuple(str(node.element.get("id")) for node in drawn[:5]),
    )


def _chooses(node: Node) -> bool:
    """Whether the path of a token depends on the case or on an event."""
    several = (node.kind in CONDITIONAL or node.kind == "eventBasedGateway") and len(node.outgoing) > 1
    asked = node.kind in ACTIVITIES | EVENTS and any(
        is_asked(node.element, flow.element) for flow in node.outgoing
    )
    return several or asked or (_waits(node) and any(event.interrupting for event in node.boundaries))


def _waits(node: Node) -> bool:
    """Whether a token may wait there, so that something can happen in the meantime."""
    return node.kind in _WAITING and node.trigger != "link" and not node.empty


def _unchosen(node: Node) -> list[Node]:
    return [flow.target for flow in node.outgoing if flow.target and not _chooses(flow.target)]


def _loops(nodes: Sequence[Node], successors: Successors) -> list[list[Node]]:
    """Returns the strongly connected components that contain a cycle."""
    found = components(nodes, successors)
    return [part for part in found if len(part) > 1 or part[0] in successors(part[0])]
