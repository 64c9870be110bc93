"""Checks compensation and transactions: handlers, events and sub-processes belong together (BPMN 10.7)."""

from collections.abc import Collection, Iterator
from typing import Any

from engine.bpmn.check.concurrency import Concurrency
from engine.bpmn.model.diagram import Diagram, Node, Scope, by_event, handlers
from engine.bpmn.model.notes import Notes, Rules, place
from engine.bpmn.notation.structure import is_handler
from engine.bpmn.notation.vocabulary import ACTIVITIES, bpmn, local
from engine.bpmn.translate.vendors import of_camunda

THROWING = frozenset({"endEvent", "intermediateThrowEvent"})
_MARKERS = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")


def check_compensation(diagram: Diagram, notes: Notes) -> None:
    """Checks every compensation handler, compensation event, transaction and cancel event of a process."""
    rules = _Rules(diagram, notes)
    for scope in diagram.scopes:
        rules.handler_events(scope)
        for node in scope.nodes:
            rules.node(node, scope)
    rules.never()


class _Rules(Rules):
    def __init__(self, diagram: Diagram, notes: Notes) -> None:
        super().__init__(diagram.file, notes)
        self.diagram = diagram
        self.homes = {node.element: (node, scope) for scope in diagram.scopes for node in scope.nodes}
        self.drawn = {node.element.get("id"): (node, scope) for node, scope in self.homes.values()}
        self.linked = _links(diagram)
        self.serving = {handler for found in self.linked.values() for handler in found}
        self.starts = {node: start for scope in diagram.scopes for node, start in handlers(scope)}
        # Sub-processes with a compensation event sub-process, and transactions with a cancel event.
        self.by_event = {
            node.element.getparent() for node, start in self.starts.items() if start.trigger == "compensate"
        }
        self.cancelled = {event.element.get("attachedToRef") for event in diagram.nodes() if _cancels(event)}
        self.compensable = _compensable(diagram, self.by_event)
        self.homes_of_them = {self.homes[node.element][1].element for node in self.compensable}

    def node(self, node: Node, scope: Scope) -> None:
        if node.element.get("isForCompensation") == "true":
            self.handler(node)
        if node.kind == "boundaryEvent" and node.trigger == "compensate":
            self.boundary(node, scope)
        elif node.kind == "boundaryEvent" and node.trigger == "cancel":
            self.cancel_boundary(node)
        elif node.trigger == "compensate" and node.kind in THROWING:
            self.throw(node, scope)
        elif node.trigger == "cancel" and node.kind == "endEvent":
            self.cancel_end(node, scope)
        events = [event for event in node.boundaries if event.trigger in ("compensate", "cancel")]
        for event in events:
            if event is not next(other for other in events if other.trigger == event.trigger):
                self.twice(event)

    def twice(self, event: Node) -> None:
        """Reports a second event of its kind on one boundary."""
        code = "cancel-boundary" if event.trigger == "cancel" else "compensation-boundary"
        self.error(event.element, f"{code}.several")

    def handler(self, node: Node) -> None:
        """Checks an activity marked as a handler."""
        if by_event(node.element):
            start = self.starts.get(node)
            if start is not None and start.trigger != "compensate":
                self.error(node.element, "compensation-handler.event-sub-process")
            return
        for flow in node.incoming + node.outgoing:
            self.error(flow.element, "compensation-flow.handler")
        for event in node.boundaries:
            self.error(event.element, "compensation-handler.boundary")
        if node not in self.serving:
            self.error(node.element, "compensation-handler.unlinked")

    def boundary(self, event: Node, scope: Scope) -> None:
        """Checks a compensation boundary event of an activity."""
        for flow in event.outgoing:
            self.error(flow.element, "compensation-flow.boundary")
        found = [node for node in self.linked.get(event, ()) if is_handler(node.element)]
        unmarked = [node for node in self.linked.get(event, ()) if not is_handler(node.element)]
        if unmarked and not found:
            self.error(
                event.element, "compensation-boundary", handler=str(unmarked[0].element.get("id"))[:100]
            )
        elif len(found) != 1:
            self.error(event.element, "compensation-boundary", count=len(found))
        elif self.homes[found[0].element][1] is not scope:
            self.error(event.element, "compensation-boundary.elsewhere")
        host = event.host
        if host is None:
            return  # reported as boundary-host
        if is_handler(host.element) and not by_event(host.element):
            return  # reported there
        if host.element in self.by_event:
            self.error(event.element, "compensation-boundary.two-ways")

    def handler_events(self, scope: Scope) -> None:
        """Checks the compensation event sub-processes of a scope."""
        found = [start for _, start in handlers(scope) if start.trigger == "compensate"]
        for start in found:
            if local(scope.element) == "process":
                self.error(start.element, "compensation-start.process")
            elif by_event(scope.element):
                self.error(start.element, "compensation-start.event-sub-process")
            elif is_handler(scope.element):
                self.error(start.element, "compensation-start.handler")
            elif start is not found[0]:
                self.error(start.element, "compensation-start.several")
            if start.element.get("isInterrupting") == "false":
                self.error(start.element, "compensation-start.not-interrupting")

    def throw(self, event: Node, scope: Scope) -> None:
        """Checks an event that throws compensation."""
        definition = event.element.find(bpmn("compensateEventDefinition"))
        if definition.get("waitForCompletion") == "false":
            self.error(
                event.element,
                "compensation-not-awaited",
            )
        reached = [scope, *self.around(scope)]
        if len(reached) > 2:
            self.error(event.element, "compensation-throw.nested")
        name = definition.get("activityRef")
        if name is not None:
            self.target(event, name.rpartition(":")[2], reached)
            return
        if not any(found.element in self.homes_of_them for found in reached):
            self.warn(event.element, "compensation-nothing")
        if scope.element in self.homes_of_them and len(reached) > 1 and _runs_beside(scope):
            self.error(event.element, "compensation-throw.parallel")

    def around(self, scope: Scope) -> Iterator[Scope]:
        """Yields the scopes of an event sub-process, nearest first."""
        while by_event(scope.element) and scope.element in self.homes:
            scope = self.homes[scope.element][1]
            yield scope

    def target(self, event: Node, name: str, reached: list[Scope]) -> None:
        """Checks the activity to compensate."""
        node, home = self.drawn.get(name, (None, None))
        if node is None or node.kind not in ACTIVITIES:
            self.error(event.element, "compensation-target", activity=name[:100])
        elif home not in reached:
            self.error(event.element, "compensation-target", outside=name[:100])
        elif node not in self.compensable:
            self.error(event.element, "compensation-target", bare=name[:100])

    def cancel_boundary(self, event: Node) -> None:
        """Checks a cancel boundary event."""
        host = event.host
        if host is None:
            return  # reported as boundary-host
        if host.kind != "transaction":
            self.error(event.element, "cancel-boundary.no-transaction")
        elif any(host.element.find(bpmn(marker)) is not None for marker in _MARKERS):
            self.error(event.element, "cancel-boundary.marker")
        if event.element.get("cancelActivity") == "false":
            self.error(event.element, "cancel-boundary.not-interrupting")

    def cancel_end(self, event: Node, scope: Scope) -> None:
        """Checks a cancel end event."""
        if local(scope.element) != "transaction":
            self.error(event.element, "cancel-outside")
            return
        if scope.element.get("id") not in self.cancelled:
            self.error(event.element, "cancel-boundary.missing")
        if of_camunda(scope.element):
            self.inner(event, scope)

    def inner(self, event: Node, scope: Scope) -> None:
        """Reports work alongside a cancel end event that has handlers inside: Camunda leaves it as it is."""
        for pair in Concurrency(scope).pairs():
            other = next((node for node in pair if node is not event), event)
            if event in pair and other in self.compensable and other.element in self.homes_of_them:
                at = place(self.file, event.element)
                self.notes.translated(
                    at,
                    "transaction-compensates-inside",
                    inner=str(other.element.get("name") or other.element.get("id"))[:80],
                )

    def never(self) -> None:
        """Reports handlers in a process that never throws compensation."""
        nodes = list(self.diagram.nodes())
        thrown = any(node.trigger in ("compensate", "cancel") and node.kind in THROWING for node in nodes)
        first = next((node for node in nodes if node.element.get("isForCompensation") == "true"), None)
        if first is not None and not thrown:
            self.warn(
                first.element,
                "compensation-never",
            )


def _runs_beside(scope: Scope) -> bool:
    """Whether an event sub-process runs in parallel with the other work of its scope."""
    starts = (node.element for node in scope.nodes if node.kind == "startEvent")
    return any(start.get("isInterrupting") == "false" for start in starts)


def _cancels(event: Node) -> bool:
    return event.kind == "boundaryEvent" and event.trigger == "cancel"


def _compensable(diagram: Diagram, by_event: Collection[Any]) -> set[Node]:
    """Returns the activities that can be compensated: by their own handlers, or by handlers inside them."""
    found: set[Node] = set()
    inside = set(by_event)  # the sub-processes that contain such activities
    for scope in reversed(diagram.scopes):  # inner scopes follow outer ones
        for node in scope.nodes:
            own = any(event.trigger == "compensate" for event in node.boundaries)
            if (own or node.element in inside) and not is_handler(node.element):
                found.add(node)
                inside.add(scope.element)
    return found


def _links(diagram: Diagram) -> dict[Node, dict[Node, None]]:
    """Returns the activities that associations from compensation boundary events lead to."""
    drawn = {node.element.get("id"): node for node in diagram.nodes()}
    found: dict[Node, dict[Node, None]] = {}
    for association in diagram.element.getroottree().getroot().iter(bpmn("association")):
        ends = (drawn.get(association.get("sourceRef")), drawn.get(association.get("targetRef")))
        for event, handler in (ends, ends[::-1]):
            if (
                event is not None
                and event.trigger == "compensate"
                and event.kind == "boundaryEvent"
                and handler is not None
                and handler.kind in ACTIVITIES
                and not by_event(handler.element)
            ):
                found.setdefault(event, {})[handler] = None
    return found
