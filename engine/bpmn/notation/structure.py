"""Questions about elements of a diagram: compensation handlers, implicit starts, optional flows."""

from typing import Any

from engine.bpmn.notation.vocabulary import RUNNING, bpmn

FLOW_NODE_TAGS = frozenset(map(bpmn, RUNNING))


def flow_nodes(root: Any) -> list[Any]:
    """Returns the flow nodes of all processes. Definitions that nothing uses are not checked."""
    return [node for process in root.iterchildren(bpmn("process")) for node in process.iter(*FLOW_NODE_TAGS)]


def handlers(root: Any) -> dict[str, str]:
    """Returns the compensation handlers of a document, by the events that associations connect to them."""
    activities = {node.get("id") for node in root.iter(*FLOW_NODE_TAGS) if is_handler(node)}
    ends = [(item.get("sourceRef"), item.get("targetRef")) for item in root.iter(bpmn("association"))]
    return {
        event: activity for pair in ends for event, activity in (pair, pair[::-1]) if activity in activities
    }


def is_handler(node: Any) -> bool:
    """Whether an activity compensates another one; no flow leads to it."""
    return bool(node.get("isForCompensation") == "true") and node.get("triggeredByEvent") != "true"


def begins_alone(node: Any) -> bool:
    """Whether an element starts without an incoming flow, in a scope without a start event."""
    apart = node.get("triggeredByEvent") == "true" or node.get("isForCompensation") == "true"
    if node.tag == bpmn("intermediateCatchEvent") and node.find(bpmn("linkEventDefinition")) is not None:
        return False  # a link leads to it
    return node.tag in FLOW_NODE_TAGS - {bpmn("boundaryEvent"), bpmn("startEvent")} and not apart


def only_bare(flows: list[Any]) -> Any:
    """Returns the only one of several flows that has no condition; None if there isn't exactly one."""
    bare = [flow for flow in flows if flow.find(bpmn("conditionExpression")) is None]
    return bare[0] if len(bare) == 1 < len(flows) else None


def is_asked(node: Any, flow: Any) -> bool:
    """Whether a flow out of an activity or event is conditional."""
    default = node.get("default")
    return flow.find(bpmn("conditionExpression")) is not None or (
        default is not None and flow.get("id") == default
    )
