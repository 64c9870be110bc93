"""A file's processes as a graph of flow nodes: read once and used by all rules. Checks nothing itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lxml import etree

from engine.bpmn.notation.vocabulary import (
    ACTIVITIES,
    FLOW_NODES,
    REFUSED_NODES,
    SUBPROCESSES,
    TRIGGERS,
    bpmn,
    local,
)

# The attribute that identifies what an event refers to.
NAMES: Mapping[str, str] = MappingProxyType(
    {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}
)
_COMPENSATION = bpmn("compensateEventDefinition")


@dataclass(eq=False, slots=True)
class Flow:
    """A sequence flow; `source` and `target` are None where it dangles or leaves its scope."""

    element: Any
    source: "Node | None" = None
    target: "Node | None" = None

    @property
    def id(self) -> str | None:
        """Returns its id, or None."""
        name: str | None = self.element.get("id")
        return name

    @property
    def condition(self) -> Any:
        """Returns its condition element, or None."""
        return self.element.find(bpmn("conditionExpression"))


@dataclass(eq=False, slots=True)
class Node:
    """A flow node, including those that don't run.

    `host` is the activity of a boundary event, `boundaries` are the boundary events of an activity.
    """

    element: Any
    kind: str
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    boundaries: "list[Node]" = field(default_factory=list)
    host: "Node | None" = None

    @property
    def trigger(self) -> str | None:
        """Returns what it waits for or throws."""
        return trigger(self.element)

    @property
    def interrupting(self) -> bool:
        """Whether a boundary event or event sub-process ends the work that it interrupts."""
        if self.element.find(_COMPENSATION) is not None:
            return False  # the work is complete by then
        said = "cancelActivity" if self.kind == "boundaryEvent" else "isInterrupting"
        return bool(self.element.get(said, "true") != "false")

    @property
    def empty(self) -> bool:
        """Whether it is a sub-process without content."""
        return self.kind == "subProcess" and not any(local(part) in FLOW_NODES for part in self.element)

    @property
    def handles(self) -> bool:
        """Whether it is the start event of an event sub-process."""
        return self.kind == "startEvent" and by_event(self.element.getparent())


def by_event(element: Any) -> bool:
    """Whether an element is an event sub-process: no flow leads to it."""
    return bool(element.get("triggeredByEvent") == "true")


def definitions(event: Any) -> list[Any]:
    """Returns the definitions of an event that are of supported kinds."""
    return [child for child in event.iterchildren(etree.Element) if local(child) in TRIGGERS]


def trigger(element: Any) -> str | None:
    """Returns the trigger of an event, or of a send or receive task.

    One of timer, message, signal, error, escalation, link, terminate, compensate or cancel; None for a plain
    event.
    """
    if local(element) in ("sendTask", "receiveTask"):
        return "message"
    return next((TRIGGERS[local(child)] for child in definitions(element)), None)


@dataclass(eq=False, slots=True)
class Scope:
    """A process or an embedded sub-process: the nodes and flows directly in it."""

    element: Any
    depth: int
    nodes: list[Node] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    @property
    def of_case(self) -> bool:
        """Whether it is the process itself, or an event sub-process directly in it."""
        element = self.element
        while by_event(element):
            element = element.getparent()
        return local(element) == "process"


def handlers(scope: Scope) -> Iterator[tuple[Node, Node]]:
    """Yields the event sub-processes directly in a scope, each with its start event."""
    for node in scope.nodes:
        start = node.element.find(bpmn("startEvent")) if by_event(node.element) else None
        if start is not None:
            yield node, Node(start, "startEvent")


@dataclass(eq=False, slots=True)
class Diagram:
    """A process with all its scopes, the process itself first.

    `homes` are those of its variables, once they are known (`engine.bpmn.model.homes`).
    """

    file: str
    element: Any
    scopes: list[Scope]
    homes: Any = None

    @property
    def key(self) -> str | None:
        """Returns the process's id, or None."""
        name: str | None = self.element.get("id")
        return name

    def nodes(self) -> Iterator[Node]:
        """Yields the flow nodes of all scopes."""
        for scope in self.scopes:
            yield from scope.nodes


def read_diagram(file: str, process: Any) -> Diagram:
    """Reads the graph of a process."""
    scopes = []
    waiting = [(process, 0)]
    while waiting:
        element, depth = waiting.pop()
        scope = _scope(element, depth)
        scopes.append(scope)
        waiting += [(node.element, depth + 1) for node in reversed(scope.nodes) if _has_inside(node)]
    return Diagram(file, process, scopes)


def _has_inside(node: Node) -> bool:
    return node.kind in SUBPROCESSES


def _scope(element: Any, depth: int) -> Scope:
    scope = Scope(element, depth)
    by_id: dict[str | None, Node] = {}
    for child in element.iterchildren(etree.Element):
        kind = local(child)
        if kind in FLOW_NODES:
            node = Node(child, kind)
            scope.nodes.append(node)
            if child.get("id"):
                by_id.setdefault(child.get("id"), node)
        elif kind == "sequenceFlow":
            scope.flows.append(Flow(child))
    _attach(scope.nodes, by_id)
    for flow in scope.flows:
        flow.source = by_id.get(flow.element.get("sourceRef"))
        flow.target = by_id.get(flow.element.get("targetRef"))
        if flow.source and flow.target:
            flow.source.outgoing.append(flow)
            flow.target.incoming.append(flow)
    _join_links(scope)
    return scope


def named(diagram: Diagram) -> dict[str, dict[str, Any]]:
    """Returns the definitions that events of a diagram refer to, by kind and id."""
    root = diagram.element.getroottree().getroot()
    return {kind: {item.get("id"): item for item in root.iterchildren(bpmn(kind))} for kind in NAMES}


def known_as(node: Node, defined: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Returns the name or code that an event refers to."""
    definition = definitions(node.element)[0]
    kind = local(definition).removesuffix("EventDefinition")
    found = defined[kind].get((definition.get(f"{kind}Ref") or "").rpartition(":")[2])
    name: str | None = None if found is None else found.get(NAMES[kind])
    return name


def _join_links(scope: Scope) -> None:
    """Adds flows from where a link is thrown to where it is caught."""
    caught = {link_name(node): node for node in scope.nodes if node.kind == "intermediateCatchEvent"}
    for node in scope.nodes:
        target = caught.get(link_name(node)) if node.kind == "intermediateThrowEvent" else None
        if target is not None and node.trigger == "link":
            flow = Flow(node.element, node, target)
            node.outgoing.append(flow)
            target.incoming.append(flow)


def link_name(node: Node) -> str | None:
    """Returns the name of the link that an event throws or catches; None for other events."""
    definition = node.element.find(bpmn("linkEventDefinition"))
    name: str | None = None if definition is None else definition.get("name")
    return name


def _attach(nodes: list[Node], by_id: Mapping[str | None, Node]) -> None:
    for node in nodes:
        host = by_id.get(node.element.get("attachedToRef")) if node.kind == "boundaryEvent" else None
        if host is not None and host.kind in ACTIVITIES | REFUSED_NODES:
            node.host = host
            host.boundaries.append(node)


def runs(node: Node) -> bool:
    """Whether the node's kind is supported."""
    return node.kind not in REFUSED_NODES


def keys_called(diagrams: Iterable[Diagram]) -> set[str]:
    """Returns the keys of the processes that others call."""
    calls = (call for one in diagrams for call in one.element.iter(bpmn("callActivity")))
    return {call.get("calledElement") for call in calls}
