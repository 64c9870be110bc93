"""The vocabulary of BPMN files: namespaces, and elements by their kinds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
PARVANDEH = "https://parvandeh.org/bpmn"
OURS = f"{{{PARVANDEH}}}"  # before the names of the product's own attributes and elements
_BPMN_TAG = f"{{{BPMN}}}"


def local(element: Any) -> str:
    """Returns the name of a BPMN element without its namespace; empty for other elements."""
    tag: str = element.tag
    return tag.removeprefix(_BPMN_TAG) if tag.startswith(_BPMN_TAG) else ""


def bpmn(name: str) -> str:
    """Returns the qualified name of a BPMN element."""
    return _BPMN_TAG + name


TASKS = frozenset({
    "task", "userTask", "manualTask", "scriptTask", "businessRuleTask", "serviceTask", "sendTask",
    "receiveTask",
})  # fmt: skip
HUMAN = frozenset({"task", "userTask", "manualTask"})  # work for people: the only list of it
SUBPROCESSES = frozenset({"subProcess", "transaction"})
ACTIVITIES = TASKS | SUBPROCESSES | {"callActivity"}
EVENTS = frozenset({
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
})  # fmt: skip
CONDITIONAL = frozenset({"exclusiveGateway", "inclusiveGateway"})
GATEWAYS = CONDITIONAL | {"parallelGateway", "eventBasedGateway"}
RUNNING = ACTIVITIES | GATEWAYS | EVENTS  # the flow nodes that run

# Flow nodes that don't run but have flows: known, so that one finding doesn't cause others.
REFUSED_NODES = frozenset({
    "adHocSubProcess", "complexGateway", "callChoreography", "choreographyTask", "subChoreography",
})  # fmt: skip
FLOW_NODES = RUNNING | REFUSED_NODES

# Elements that a designer can select; a finding inside one of them is reported for the element.
OWNERS = FLOW_NODES | {
    "process", "sequenceFlow", "dataObject", "dataObjectReference", "dataStoreReference", "lane",
    "participant", "messageFlow", "message", "signal", "error", "escalation", "dataStore", "association",
    "textAnnotation", "group",
}  # fmt: skip

# Event definitions, by name.
TRIGGERS: Mapping[str, str] = MappingProxyType(
    {
        f"{kind}EventDefinition": kind
        for kind in ("timer", "message", "signal", "error", "escalation", "terminate", "link", "cancel")
    }
    | {"conditionalEventDefinition": "condition", "compensateEventDefinition": "compensate"}
)
THROWN = frozenset({"error", "escalation"})  # triggers from within the case
TIMES = ("timeDate", "timeDuration", "timeCycle")
NAMED_BY_EVENTS = frozenset({"message", "signal", "error", "escalation"})
