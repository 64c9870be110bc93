"""Normalises a checked file before SpiffWorkflow parses it, so that it runs as drawn."""

from typing import Any

from lxml import etree

from engine.bpmn.notation.structure import (
    FLOW_NODE_TAGS,
    begins_alone,
    flow_nodes,
    handlers,
    is_asked,
    is_handler,
    only_bare,
)
from engine.bpmn.notation.vocabulary import BPMN, BPMNDI, OURS, bpmn

_GATEWAYS = frozenset(tag for tag in FLOW_NODE_TAGS if tag.endswith("Gateway"))
PLAIN = FLOW_NODE_TAGS - _GATEWAYS - {bpmn("endEvent")}  # elements with one outgoing flow in SpiffWorkflow

# SpiffWorkflow's own names of elements; an element of the designer with the same id would be lost.
RESERVED = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
_RESERVED_ENDS = (".EndJoin", " [child]", ".BoundaryEventSplit")
HANDLER = f"{OURS}handler"  # an activity's attribute: its compensation handler
ADDED = " ours"  # no XML id contains a space: ids with it are renamed, or not in the diagram


def normalize(root: Any) -> None:
    """Normalises a document in place."""
    _keep_processes(root)
    for number, flow in enumerate(root.iter(bpmn("sequenceFlow"))):
        # SpiffWorkflow ignores a flow without an id.
        flow.set("id", flow.get("id") or f"flow{ADDED} {number}")
    for transaction in root.iter(bpmn("transaction")):
        transaction.tag = bpmn("subProcess")
    _rename_reserved(root)
    _link_handlers(root)
    for scope in [*root.iter(bpmn("process")), *root.iter(bpmn("subProcess"))]:
        _begin_everywhere(scope)
        _fall_back(scope)
        _take_always(scope)
        _join_links(scope)
        _tell_apart(scope)
        _part_flows(scope)
        _end_everywhere(scope)


def _keep_processes(root: Any) -> None:
    """Removes unchecked elements, which nothing here reads."""
    for drawing in list(root.iter(f"{{{BPMNDI}}}*")):  # wherever it occurs
        # Without positions, flows are in document order, not in the order of their positions.
        drawing.getparent().remove(drawing)
    for process in root.findall(bpmn("process")):
        if process.get("isExecutable") == "false":
            root.remove(process)
    for definition in root.iterchildren(etree.Element):
        if definition.tag not in (bpmn("process"), bpmn("collaboration")):
            definition[:] = []  # only its attributes are read


def original(name: str) -> str:
    """Returns the designer's id of an element that `normalize` renamed."""
    return name.removesuffix(ADDED)


def drawn_before(name: str) -> str:
    """Returns the id of the element after which `normalize` added another one."""
    return name.partition(ADDED + " ")[0]


def _rename_reserved(root: Any) -> None:
    for element in flow_nodes(root):
        if element.get("id") in RESERVED or element.get("id").endswith(_RESERVED_ENDS):
            _rename(root, element.get("id"), element.get("id") + ADDED)


def _rename(root: Any, old: str, new: str) -> None:
    for element in root.iter(f"{{{BPMN}}}*"):
        for attribute in ("id", "sourceRef", "targetRef", "attachedToRef", "activityRef"):
            if element.get(attribute) == old:
                element.set(attribute, new)
        if element.tag == bpmn("flowNodeRef") and (element.text or "").strip() == old:
            element.text = new


def _link_handlers(root: Any) -> None:
    """Adds references from activities to their compensation handlers, and removes the events between."""
    handler = handlers(root)
    for event in list(root.iter(bpmn("boundaryEvent"))):
        if event.find(bpmn("compensateEventDefinition")) is not None:
            scope = event.getparent()
            host = next(node for node in scope if node.get("id") == event.get("attachedToRef"))
            host.set(HANDLER, handler[event.get("id")])
            scope.remove(event)


def _begin_everywhere(scope: Any) -> None:
    """Adds a start event to a scope without one, before all elements without incoming flows (§10.5.2)."""
    if scope.find(bpmn("startEvent")) is not None or scope.get("triggeredByEvent") == "true":
        return
    targets = {flow.get("targetRef") for flow in scope.findall(bpmn("sequenceFlow"))}
    first = [node for node in scope if begins_alone(node) and node.get("id") not in targets]
    start = f"{scope.get('id')}{ADDED} start"
    etree.SubElement(scope, bpmn("startEvent"), id=start)
    for number, node in enumerate(first):
        _flow(scope, f"{start} {number}", start, node.get("id"))


def _fall_back(scope: Any) -> None:
    """Makes the only flow without a condition out of an exclusive gateway its default flow."""
    for gateway in scope.findall(bpmn("exclusiveGateway")):
        meant = only_bare(_outgoing(scope, gateway))
        if meant is not None and gateway.get("default") is None:
            gateway.set("default", meant.get("id"))


def _outgoing(scope: Any, node: Any) -> list[Any]:
    return [flow for flow in scope.findall(bpmn("sequenceFlow")) if flow.get("sourceRef") == node.get("id")]


def _take_always(scope: Any) -> None:
    """Makes a flow without a condition out of an inclusive gateway unconditional."""
    for gateway in scope.findall(bpmn("inclusiveGateway")):
        flows = _outgoing(scope, gateway)
        for flow in flows if len(flows) > 1 else []:
            if flow.get("id") != gateway.get("default") and flow.find(bpmn("conditionExpression")) is None:
                etree.SubElement(flow, bpmn("conditionExpression")).text = "True"


def _join_links(scope: Any) -> None:
    """Adds flows from where a link is thrown to where it is caught; both become milestones."""
    caught = {}
    for event in scope.findall(bpmn("intermediateCatchEvent")):
        link = event.find(bpmn("linkEventDefinition"))
        if link is not None:
            caught[link.get("name")] = event.get("id")
            event.remove(link)
            event.tag = bpmn("intermediateThrowEvent")
    for event in scope.findall(bpmn("intermediateThrowEvent")):
        link = event.find(bpmn("linkEventDefinition"))
        if link is not None:
            event.remove(link)
            _flow(scope, f"{event.get('id')}{ADDED} link", event.get("id"), caught[link.get("name")])


def _tell_apart(scope: Any) -> None:
    """Adds a milestone to further flows between two elements: SpiffWorkflow identifies flows by them."""
    seen = set()
    kinds = {node.get("id"): node.tag for node in scope}
    for flow in scope.findall(bpmn("sequenceFlow")):
        source, target = ends = flow.get("sourceRef"), flow.get("targetRef")
        one_is_chosen = kinds[source] == bpmn("exclusiveGateway") and kinds[target] != bpmn("parallelGateway")
        if ends in seen and not one_is_chosen:
            way = f"{flow.get('id')}{ADDED} way"
            etree.SubElement(scope, bpmn("intermediateThrowEvent"), id=way)
            _flow(scope, f"{way} flow", way, target)
            flow.set("targetRef", way)
        seen.add(ends)


def _part_flows(scope: Any) -> None:
    """Adds gateways after activities and events with several outgoing flows, or with conditions on them.

    All flows without a condition are taken, and those whose condition is true; if none is, the default flow
    (BPMN 2.0.2 §13.3.2).
    """
    flows: dict[str, list[Any]] = {}
    for flow in scope.findall(bpmn("sequenceFlow")):
        flows.setdefault(flow.get("sourceRef"), []).append(flow)
    for node in [child for child in scope if child.tag in PLAIN]:
        found = flows.get(node.get("id"), [])
        asked = [flow for flow in found if is_asked(node, flow)]
        always = [flow for flow in found if flow not in asked]
        default = node.attrib.pop("default", None)
        if len(always) > 1 or (asked and always):
            _split(scope, node.get("id"), "parallelGateway", always, chosen=bool(asked))
        if asked:
            source = f"{node.get('id')}{ADDED} split" if always else node.get("id")
            _choose(scope, node, source, asked, default, stays=bool(always))


def _split(scope: Any, source: str, kind: str, flows: list[Any], *, chosen: bool) -> None:
    gateway = f"{source}{ADDED} split"
    etree.SubElement(scope, bpmn(kind), id=gateway)
    _flow(scope, f"{gateway} flow", source, gateway)
    for flow in flows:
        flow.set("sourceRef", gateway)
    if chosen:
        _flow(scope, f"{gateway} choice", gateway, f"{source}{ADDED} choice")


def _choose(
    scope: Any, node: Any, source: str, flows: list[Any], default: str | None, *, stays: bool
) -> None:
    """`stays`: other flows are always taken, so that possibly none of these is."""
    gateway = f"{node.get('id')}{ADDED} choice"
    choice = etree.SubElement(scope, bpmn("inclusiveGateway"), id=gateway)
    if default is not None:
        choice.set("default", default)
    elif stays:
        nothing = f"{gateway} none"
        etree.SubElement(scope, bpmn("endEvent"), id=nothing)
        _flow(scope, f"{nothing} flow", gateway, nothing)
        choice.set("default", f"{nothing} flow")
    if not stays:
        _flow(scope, f"{gateway} flow", source, gateway)
    for flow in flows:
        flow.set("sourceRef", gateway)


def _flow(scope: Any, name: str, source: str, target: str) -> None:
    etree.SubElement(scope, bpmn("sequenceFlow"), id=name, sourceRef=source, targetRef=target)


def _end_everywhere(scope: Any) -> None:
    """Adds an end event to every node without outgoing flows: the branch ends there (BPMN 2.0.2 §10.5.3)."""
    sources = {flow.get("sourceRef") for flow in scope.findall(bpmn("sequenceFlow"))}
    for node in [child for child in scope if child.tag in FLOW_NODE_TAGS and child.tag != bpmn("endEvent")]:
        if node.get("id") not in sources and not is_handler(node):
            end = f"{node.get('id')}{ADDED} end"
            etree.SubElement(scope, bpmn("endEvent"), id=end)
            _flow(scope, f"{end} flow", node.get("id"), end)
    if scope.find(bpmn("endEvent")) is None:  # only an event leads out of it; SpiffWorkflow requires one
        etree.SubElement(scope, bpmn("endEvent"), id=f"{scope.get('id')}{ADDED} end")
