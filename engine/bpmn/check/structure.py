"""Checks start and end events, sequence flows and gateways: lost, unconditional or duplicate paths."""

from collections.abc import Collection, Sequence
from typing import Any

from engine.bpmn.model.diagram import Diagram, Flow, Node, Scope, by_event
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.structure import begins_alone, is_asked, only_bare
from engine.bpmn.notation.vocabulary import ACTIVITIES, CONDITIONAL, EVENTS, THROWN, local
from engine.platform.findings import Value

MAX_NODES = 300
_PLAIN = ACTIVITIES | EVENTS - {"endEvent"}  # may have one outgoing flow


def check_structure(diagram: Diagram, ids: Collection[str], notes: Notes) -> None:
    """Checks every scope of a process; `ids` are those of all flow nodes of the file."""
    count = sum(len(scope.nodes) for scope in diagram.scopes)
    if count > MAX_NODES:
        notes.error(place(diagram.file, diagram.element), "too-many-nodes", count=count, limit=MAX_NODES)
    for scope in diagram.scopes:
        rules = _Rules(diagram.file, notes)
        rules.events(scope)
        rules.flows(scope, ids)
        for node in scope.nodes:
            rules.node(node)


class _Rules:
    def __init__(self, file: str, notes: Notes) -> None:
        self.file = file
        self.notes = notes

    def error(self, at: Any, code: str, /, **values: Value) -> None:
        self.notes.error(place(self.file, at), code, **values)

    def events(self, scope: Scope) -> None:
        what = local(scope.element)
        starts = [node for node in scope.nodes if node.kind == "startEvent"]
        if not scope.nodes and scope.depth and not by_event(scope.element):
            self.notes.warn(
                place(self.file, scope.element),
                "empty-sub-process",
            )
        elif not scope.nodes:
            self.error(scope.element, "empty-process", kind=what)
        elif not starts:
            self.no_start(scope, what)
        for node in [node for node in starts if scope.depth or node.trigger is None][1:]:
            self.error(node.element, "several-starts", kind=what)
        self.triggers(scope, starts)

    def triggers(self, scope: Scope, starts: Sequence[Node]) -> None:
        """Checks the triggers of start events."""
        for node in starts:
            if not scope.depth and node.trigger in (*THROWN, "condition", "compensate"):
                self.error(
                    node.element,
                    "trigger-outside.condition" if node.trigger == "condition" else "trigger-outside",
                    **({} if node.trigger == "condition" else {"trigger": node.trigger}),
                )
            elif scope.depth and node.trigger and not by_event(scope.element):
                self.error(node.element, "trigger-inside", trigger=node.trigger)

    def no_start(self, scope: Scope, what: str) -> None:
        first = [node for node in scope.nodes if begins_alone(node.element) and not node.incoming]
        if not first or by_event(scope.element):
            self.error(scope.element, "no-start", kind=what)
            return
        self.notes.translated(
            place(self.file, scope.element),
            "translated-start",
            kind=what,
            elements=tuple(str(node.element.get("id")) for node in first[:5]),
        )

    def flows(self, scope: Scope, ids: Collection[str]) -> None:
        for flow in scope.flows:
            for end, node in (("sourceRef", flow.source), ("targetRef", flow.target)):
                if node is None:
                    self.loose_end(flow, end, ids)

    def loose_end(self, flow: Flow, end: str, ids: Collection[str]) -> None:
        name = flow.element.get(end)
        if name in ids:
            self.error(flow.element, "flow-crosses-border", end=end, name=str(name)[:100])
        else:
            self.error(flow.element, "dangling-flow", end=end, name=str(name)[:100])

    def node(self, node: Node) -> None:
        if node.kind in CONDITIONAL:
            self.choice(node)
        elif node.kind in _PLAIN:
            self.parting(node)
        else:
            self.no_choice(node)
        if by_event(node.element):
            self.handler(node)
        if node.kind == "startEvent" and node.incoming:
            self.error(
                node.element,
                "flow-to-start",
            )
        if node.kind == "boundaryEvent" and node.incoming:
            self.error(
                node.element,
                "flow-to-boundary",
            )
        if node.kind == "endEvent" and node.outgoing:
            self.error(node.element, "flow-from-end")

    def parting(self, node: Node) -> None:
        """Checks several flows out of an activity or event, or conditions on them."""
        self.default(node)
        asked = any(is_asked(node.element, flow.element) for flow in node.outgoing)
        if len(node.outgoing) > 1 or asked:
            self.notes.translated(
                place(self.file, node.element),
                "translated-flows.conditions" if asked else "translated-flows.all",
                kind=node.kind,
                count=len(node.outgoing),
            )

    def handler(self, node: Node) -> None:
        """Checks an event sub-process: only its event starts it, and no flow leaves it."""
        for flow in node.incoming + node.outgoing:
            self.error(
                flow.element,
                "flow-to-handler",
            )
        for event in node.boundaries:
            self.error(
                event.element,
                "boundary-host.event-sub-process",
            )

    def no_choice(self, node: Node) -> None:
        for flow in node.outgoing:
            if flow.condition is not None:
                self.error(flow.element, "condition-ignored", kind=node.kind)

    def default(self, node: Node) -> str | None:
        """Checks the default flow out of a node and returns it."""
        default: str | None = node.element.get("default")
        if default is not None and default not in {flow.id for flow in node.outgoing}:
            self.error(node.element, "invalid-default", flow=default[:100])
        for flow in node.outgoing:
            if default is not None and flow.id == default and flow.condition is not None:
                self.error(
                    flow.element,
                    "condition-on-default",
                )
        return default

    def choice(self, node: Node) -> None:
        default = self.default(node)
        alone = node.kind == "exclusiveGateway" and default is None
        meant = only_bare([flow.element for flow in node.outgoing]) if alone else None
        if meant is not None:
            self.notes.translated(
                place(self.file, meant),
                "translated-default",
            )
            return
        for flow in node.outgoing:
            taken = default is not None and flow.id == default
            if taken or flow.condition is not None or len(node.outgoing) < 2:
                continue
            if node.kind == "inclusiveGateway":
                self.notes.warn(
                    place(self.file, flow.element),
                    "always-taken",
                )
            else:
                self.error(flow.element, "missing-condition", kind=node.kind)
        if default is None and any(flow.condition is not None for flow in node.outgoing):
            self.notes.warn(
                place(self.file, node.element),
                "no-default",
            )
