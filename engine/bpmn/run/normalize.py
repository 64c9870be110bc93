"""What is rewritten in a checked file before SpiffWorkflow parses it, so that it runs as drawn."""

from typing import Any

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
FLOW_NODES = frozenset(
    f"{{{BPMN}}}{name}"
    for name in (
        *("startEvent", "endEvent", "task", "userTask", "manualTask", "scriptTask", "businessRuleTask"),
        "callActivity",
        *("subProcess", "exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"),
        *("intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
        *("receiveTask", "sendTask", "serviceTask", "transaction"),
    )
)

_GATEWAYS = frozenset(tag_ for tag_ in FLOW_NODES if tag_.endswith("Gateway"))
PLAIN = FLOW_NODES - _GATEWAYS - {f"{{{BPMN}}}endEvent"}  # what one flow leads out of, in SpiffWorkflow

# SpiffWorkflow names its own elements so; one of the designer's with the same id would replace it.
RESERVED = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
_RESERVED_ENDS = (".EndJoin", " [child]", ".BoundaryEventSplit")
HANDLER = "{https://parvandeh.org/bpmn}handler"  # an activity's attribute: what compensates it
OURS = " ours"  # no XML id contains a space: what carries this is renamed, or is not on the diagram at all


def tag(name: str) -> str:
    """The qualified name of a BPMN element."""
    return f"{{{BPMN}}}{name}"


def normalize(root: Any) -> None:
    """Rewrite a document in place."""
    _keep_processes(root)
    for number, flow in enumerate(root.iter(tag("sequenceFlow"))):
        # SpiffWorkflow would not see a flow without an id.
        flow.set("id", flow.get("id") or f"flow{OURS} {number}")
    for transaction in root.iter(tag("transaction")):
        transaction.tag = tag("subProcess")
    _rename_reserved(root)
    _link_handlers(root)
    for scope in [*root.iter(tag("process")), *root.iter(tag("subProcess"))]:
        _begin_everywhere(scope)
        _fall_back(scope)
        _take_always(scope)
        _join_links(scope)
        _tell_apart(scope)
        _part_flows(scope)
        _end_everywhere(scope)


def _keep_processes(root: Any) -> None:
    """Leave out what nobody has looked into, because nothing here reads it."""
    for drawing in list(root.iter(f"{{{BPMNDI}}}*")):  # wherever it stands
        # Without positions, flows are taken in the document's order and not by where they happen to be drawn.
        drawing.getparent().remove(drawing)
    for process in root.findall(tag("process")):
        if process.get("isExecutable") == "false":
            root.remove(process)
    for definition in root.iterchildren(etree.Element):
        if definition.tag not in (tag("process"), tag("collaboration")):
            definition[:] = []  # only its attributes are read


def flow_nodes(root: Any) -> list[Any]:
    """The flow nodes of all processes: nobody has looked into definitions that nothing uses."""
    return [node for process in root.iterchildren(tag("process")) for node in process.iter(*FLOW_NODES)]


def original(name: str) -> str:
    """The designer's id of an element that `normalize` renamed."""
    return name.removesuffix(OURS)


def drawn_before(name: str) -> str:
    """The id of the element behind which `normalize` has put another one."""
    return name.partition(OURS + " ")[0]


def _rename_reserved(root: Any) -> None:
    for element in flow_nodes(root):
        if element.get("id") in RESERVED or element.get("id").endswith(_RESERVED_ENDS):
            _rename(root, element.get("id"), element.get("id") + OURS)


def _rename(root: Any, old: str, new: str) -> None:
    for element in root.iter(f"{{{BPMN}}}*"):
        for attribute in ("id", "sourceRef", "targetRef", "attachedToRef", "activityRef"):
            if element.get(attribute) == old:
                element.set(attribute, new)
        if element.tag == tag("flowNodeRef") and (element.text or "").strip() == old:
            element.text = new


def handlers(root: Any) -> dict[str, str]:
    """The compensation handlers of a document, by the events from which associations lead to them."""
    activities = {node.get("id") for node in root.iter(*FLOW_NODES) if is_handler(node)}
    ends = [(item.get("sourceRef"), item.get("targetRef")) for item in root.iter(tag("association"))]
    return {
        event: activity for pair in ends for event, activity in (pair, pair[::-1]) if activity in activities
    }


def _link_handlers(root: Any) -> None:
    """Let activities name their compensation handlers, and leave out the events between."""
    handler = handlers(root)
    for event in list(root.iter(tag("boundaryEvent"))):
        if event.find(tag("compensateEventDefinition")) is not None:
            scope = event.getparent()
            host = next(node for node in scope if node.get("id") == event.get("attachedToRef"))
            host.set(HANDLER, handler[event.get("id")])
            scope.remove(event)


def is_handler(node: Any) -> bool:
    """Whether it is an activity that compensates another one, to which no flow leads."""
    return bool(node.get("isForCompensation") == "true") and node.get("triggeredByEvent") != "true"


def _begin_everywhere(scope: Any) -> None:
    """Give a scope without start event one that leads to all that nothing leads to (BPMN 2.0.2 §10.5.2)."""
    if scope.find(tag("startEvent")) is not None or scope.get("triggeredByEvent") == "true":
        return
    targets = {flow.get("targetRef") for flow in scope.findall(tag("sequenceFlow"))}
    first = [node for node in scope if begins_alone(node) and node.get("id") not in targets]
    start = f"{scope.get('id')}{OURS} start"
    etree.SubElement(scope, tag("startEvent"), id=start)
    for number, node in enumerate(first):
        _flow(scope, f"{start} {number}", start, node.get("id"))


def begins_alone(node: Any) -> bool:
    """Whether a token comes to an element because no flow leads to it, in a scope without start event."""
    apart = node.get("triggeredByEvent") == "true" or node.get("isForCompensation") == "true"
    if node.tag == tag("intermediateCatchEvent") and node.find(tag("linkEventDefinition")) is not None:
        return False  # a link leads to it
    return node.tag in FLOW_NODES - {tag("boundaryEvent"), tag("startEvent")} and not apart


def _fall_back(scope: Any) -> None:
    """The only flow without condition out of an exclusive gateway is its default."""
    for gateway in scope.findall(tag("exclusiveGateway")):
        meant = only_bare(_outgoing(scope, gateway))
        if meant is not None and gateway.get("default") is None:
            gateway.set("default", meant.get("id"))


def only_bare(flows: list[Any]) -> Any:
    """The one among several flows that has no condition, if it is the only one."""
    bare = [flow for flow in flows if flow.find(tag("conditionExpression")) is None]
    return bare[0] if len(bare) == 1 < len(flows) else None


def _outgoing(scope: Any, node: Any) -> list[Any]:
    return [flow for flow in scope.findall(tag("sequenceFlow")) if flow.get("sourceRef") == node.get("id")]


def _take_always(scope: Any) -> None:
    """A flow without condition out of an inclusive gateway is taken each time."""
    for gateway in scope.findall(tag("inclusiveGateway")):
        flows = _outgoing(scope, gateway)
        for flow in flows if len(flows) > 1 else []:
            if flow.get("id") != gateway.get("default") and flow.find(tag("conditionExpression")) is None:
                etree.SubElement(flow, tag("conditionExpression")).text = "True"


def _join_links(scope: Any) -> None:
    """Let flows lead from where a link is thrown to where it is caught; both are passed like milestones."""
    caught = {}
    for event in scope.findall(tag("intermediateCatchEvent")):
        link = event.find(tag("linkEventDefinition"))
        if link is not None:
            caught[link.get("name")] = event.get("id")
            event.remove(link)
            event.tag = tag("intermediateThrowEvent")
    for event in scope.findall(tag("intermediateThrowEvent")):
        link = event.find(tag("linkEventDefinition"))
        if link is not None:
            event.remove(link)
            _flow(scope, f"{event.get('id')}{OURS} link", event.get("id"), caught[link.get("name")])


def _tell_apart(scope: Any) -> None:
    """Put a milestone into each further flow between two elements: SpiffWorkflow goes by pairs of these."""
    seen = set()
    kinds = {node.get("id"): node.tag for node in scope}
    for flow in scope.findall(tag("sequenceFlow")):
        source, target = ends = flow.get("sourceRef"), flow.get("targetRef")
        one_is_chosen = kinds[source] == tag("exclusiveGateway") and kinds[target] != tag("parallelGateway")
        if ends in seen and not one_is_chosen:
            way = f"{flow.get('id')}{OURS} way"
            etree.SubElement(scope, tag("intermediateThrowEvent"), id=way)
            _flow(scope, f"{way} flow", way, target)
            flow.set("targetRef", way)
        seen.add(ends)


def _part_flows(scope: Any) -> None:
    """Put gateways behind activities and events with several flows, or with conditions on them.

    All flows without a condition are taken, and those whose condition is true; if none is, the default one
    (BPMN 2.0.2 §13.3.2).
    """
    flows: dict[str, list[Any]] = {}
    for flow in scope.findall(tag("sequenceFlow")):
        flows.setdefault(flow.get("sourceRef"), []).append(flow)
    for node in [child for child in scope if child.tag in PLAIN]:
        found = flows.get(node.get("id"), [])
        asked = [flow for flow in found if is_asked(node, flow)]
        always = [flow for flow in found if flow not in asked]
        default = node.attrib.pop("default", None)
        if len(always) > 1 or (asked and always):
            _split(scope, node.get("id"), "parallelGateway", always, chosen=bool(asked))
        if asked:
            source = f"{node.get('id')}{OURS} split" if always else node.get("id")
            _choose(scope, node, source, asked, default, stays=bool(always))


def is_asked(node: Any, flow: Any) -> bool:
    """Whether a flow out of an activity or event is taken only by choice."""
    default = node.get("default")
    return flow.find(tag("conditionExpression")) is not None or (
        default is not None and flow.get("id") == default
    )


def _split(scope: Any, source: str, kind: str, flows: list[Any], *, chosen: bool) -> None:
    gateway = f"{source}{OURS} split"
    etree.SubElement(scope, tag(kind), id=gateway)
    _flow(scope, f"{gateway} flow", source, gateway)
    for flow in flows:
        flow.set("sourceRef", gateway)
    if chosen:
        _flow(scope, f"{gateway} choice", gateway, f"{source}{OURS} choice")


def _choose(
    scope: Any, node: Any, source: str, flows: list[Any], default: str | None, *, stays: bool
) -> None:
    """`stays`: other flows are taken anyway, so that none of these may be."""
    gateway = f"{node.get('id')}{OURS} choice"
    choice = etree.SubElement(scope, tag("inclusiveGateway"), id=gateway)
    if default is not None:
        choice.set("default", default)
    elif stays:
        nothing = f"{gateway} none"
        etree.SubElement(scope, tag("endEvent"), id=nothing)
        _flow(scope, f"{nothing} flow", gateway, nothing)
        choice.set("default", f"{nothing} flow")
    if not stays:
        _flow(scope, f"{gateway} flow", source, gateway)
    for flow in flows:
        flow.set("sourceRef", gateway)


def _flow(scope: Any, name: str, source: str, target: str) -> None:
    etree.SubElement(scope, tag("sequenceFlow"), id=name, sourceRef=source, targetRef=target)


def _end_everywhere(scope: Any) -> None:
    """Give every node without outgoing flow an end event: the branch ends there (BPMN 2.0.2 §10.5.3)."""
    sources = {flow.get("sourceRef") for flow in scope.findall(tag("sequenceFlow"))}
    for node in [child for child in scope if child.tag in FLOW_NODES and child.tag != tag("endEvent")]:
        if node.get("id") not in sources and not is_handler(node):
            end = f"{node.get('id')}{OURS} end"
            etree.SubElement(scope, tag("endEvent"), id=end)
            _flow(scope, f"{end} flow", node.get("id"), end)
    if scope.find(tag("endEvent")) is None:  # only an event leads out of it; SpiffWorkflow wants one
        etree.SubElement(scope, tag("endEvent"), id=f"{scope.get('id')}{OURS} end")
