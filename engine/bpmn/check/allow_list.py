"""The supported BPMN, as data: which element may occur where, with which attributes.

Anything not listed is rejected. docs/bpmn-support.md is the same list for designers.
"""

from collections.abc import Mapping
from types import MappingProxyType

from engine.bpmn.notation.vocabulary import RUNNING, TIMES

# Definitions outside of processes. Unused ones are harmless.
UNUSED_DEFINITIONS = frozenset({
    "message", "signal", "error", "escalation", "itemDefinition", "interface", "resource", "partnerRole",
    "partnerEntity", "endPoint", "import",
    "globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask",
})  # fmt: skip

_BASE = frozenset({"documentation", "extensionElements"})
_NODE = _BASE | {"incoming", "outgoing"}
_ACTIVITY = _NODE | {
    "standardLoopCharacteristics", "multiInstanceLoopCharacteristics", "property", "dataInputAssociation",
    "dataOutputAssociation",
}  # fmt: skip
_ARTIFACTS = frozenset({"textAnnotation", "association", "group"})
_SCOPE = RUNNING | _ARTIFACTS | {"sequenceFlow", "laneSet", "dataObject", "dataObjectReference"}

_NONE: frozenset[str] = frozenset()


def _definitions(*kinds: str) -> frozenset[str]:
    return frozenset(f"{kind}EventDefinition" for kind in kinds)


CHILDREN: Mapping[str, frozenset[str]] = MappingProxyType({
    "definitions": _BASE | UNUSED_DEFINITIONS | {"process", "collaboration", "category"},
    "process": _BASE | _SCOPE,
    "startEvent": _NODE | _definitions(
        "timer", "message", "signal", "conditional", "error", "escalation", "compensate"
    ),
    "endEvent": _NODE | _definitions(
        "message", "signal", "error", "escalation", "terminate", "compensate", "cancel"
    ),
    "intermediateCatchEvent": _NODE | _definitions("timer", "message", "signal", "conditional", "link"),
    "intermediateThrowEvent": _NODE | _definitions("message", "signal", "escalation", "link", "compensate"),
    "boundaryEvent": _NODE | _definitions(
        "timer", "message", "signal", "conditional", "error", "escalation", "compensate", "cancel"
    ),
    "task": _ACTIVITY,
    "userTask": _ACTIVITY,
    "manualTask": _ACTIVITY,
    "scriptTask": _ACTIVITY | {"script"},
    "businessRuleTask": _ACTIVITY,
    "serviceTask": _ACTIVITY,
    "sendTask": _ACTIVITY,
    "receiveTask": _ACTIVITY,
    "callActivity": _ACTIVITY,
    "subProcess": _ACTIVITY | _SCOPE,
    "transaction": _ACTIVITY | _SCOPE,
    "exclusiveGateway": _NODE,
    "parallelGateway": _NODE,
    "inclusiveGateway": _NODE,
    "eventBasedGateway": _NODE,
    "sequenceFlow": _BASE | {"conditionExpression"},
    "multiInstanceLoopCharacteristics": _BASE | {
        "loopCardinality", "loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem",
        "completionCondition",
    },
    "inputDataItem": _BASE | {"dataState"},
    "outputDataItem": _BASE | {"dataState"},
    "property": _BASE | {"dataState"},
    "dataObject": _BASE | {"dataState"},
    "dataObjectReference": _BASE | {"dataState"},
    "dataState": _BASE,
    "dataInputAssociation": _BASE | {"sourceRef", "targetRef"},
    "dataOutputAssociation": _BASE | {"sourceRef", "targetRef"},
    "laneSet": _BASE | {"lane"},
    "childLaneSet": _BASE | {"lane"},
    "lane": _BASE | {"flowNodeRef", "childLaneSet"},
    "timerEventDefinition": _BASE | frozenset(TIMES),
    "conditionalEventDefinition": _BASE | {"condition"},
    "linkEventDefinition": _BASE | {"source", "target"},
    "standardLoopCharacteristics": _BASE | {"loopCondition"},
    **dict.fromkeys(
        (
            "messageEventDefinition", "signalEventDefinition", "errorEventDefinition",
            "escalationEventDefinition", "terminateEventDefinition", "compensateEventDefinition",
            "cancelEventDefinition", "message", "signal", "error",
            "escalation", "messageFlow",
        ),
        _BASE,
    ),
    "collaboration": _BASE | _ARTIFACTS | {"participant", "messageFlow"},
    "participant": _BASE | {"participantMultiplicity"},
    "category": _BASE | {"categoryValue"},
    "categoryValue": _BASE,
    "textAnnotation": _BASE | {"text"},
    "association": _BASE,
    "group": _BASE,
    **dict.fromkeys(
        (
            "documentation", "extensionElements", "incoming", "outgoing", "script", "conditionExpression",
            "condition", "loopCardinality", "loopDataInputRef", "loopDataOutputRef", "completionCondition",
            "sourceRef", "targetRef", "flowNodeRef", "text", "source", "target", "loopCondition",
            "participantMultiplicity", *TIMES,
        ),
        _NONE,
    ),
})  # fmt: skip

# Attributes by element: None allows any value, a set only its members.
Values = frozenset[str] | None
_YES_NO: Values = frozenset({"true", "false"})
_NO: Values = frozenset({"false"})
_ONE: Values = frozenset({"1"})
_NAMED: dict[str, Values] = {"id": None, "name": None}
_WORK: dict[str, Values] = _NAMED | {
    "startQuantity": _ONE,
    "completionQuantity": _ONE,
    "isForCompensation": _YES_NO,
    "default": None,
}
_GATEWAY: dict[str, Values] = _NAMED | {"gatewayDirection": None}
_ITEM: dict[str, Values] = _NAMED | {"itemSubjectRef": None, "isCollection": _YES_NO}
_EXPRESSION: dict[str, Values] = {"id": None, "language": None}
# The product's own attributes define the implementation: what other tools write here by default has no
# meaning.
_UNSPECIFIED: Values = frozenset({"##unspecified", "unspecified", "##WebService", "webService", "WebService"})
_MESSAGE_TASK: dict[str, Values] = _WORK | {"messageRef": None, "implementation": _UNSPECIFIED}

ATTRIBUTES: Mapping[str, Mapping[str, Values]] = MappingProxyType({
    "definitions": _NAMED | dict.fromkeys(
        ("targetNamespace", "exporter", "exporterVersion", "expressionLanguage", "typeLanguage")
    ),
    "process": _NAMED | {
        "isExecutable": _YES_NO, "processType": None, "isClosed": _YES_NO,
        "definitionalCollaborationRef": None,
    },
    "startEvent": _NAMED | {"isInterrupting": _YES_NO, "parallelMultiple": _NO},
    "endEvent": _NAMED,
    "intermediateCatchEvent": _NAMED | {"parallelMultiple": _NO},
    "intermediateThrowEvent": _NAMED,
    "boundaryEvent": _NAMED | {
        "attachedToRef": None, "cancelActivity": _YES_NO, "parallelMultiple": _NO,
    },
    "task": _WORK,
    "userTask": _WORK | {"implementation": _UNSPECIFIED},
    "manualTask": _WORK,
    **dict.fromkeys(("serviceTask", "businessRuleTask"), _WORK | {"implementation": _UNSPECIFIED}),
    "sendTask": _MESSAGE_TASK,
    "receiveTask": _MESSAGE_TASK | {"instantiate": _NO},
    "scriptTask": _WORK | {"scriptFormat": None},
    "callActivity": _WORK | {"calledElement": None},
    "subProcess": _WORK | {"triggeredByEvent": _YES_NO},
    "transaction": _WORK | {"triggeredByEvent": _NO, "method": frozenset({"##Compensate"})},
    "exclusiveGateway": _GATEWAY | {"default": None},
    "inclusiveGateway": _GATEWAY | {"default": None},
    "parallelGateway": _GATEWAY,
    "eventBasedGateway": _GATEWAY | {"instantiate": _NO, "eventGatewayType": frozenset({"Exclusive"})},
    "sequenceFlow": _NAMED | {"sourceRef": None, "targetRef": None, "isImmediate": _YES_NO},
    **dict.fromkeys(("conditionExpression", "condition", *TIMES), _EXPRESSION),
    "loopCardinality": _EXPRESSION,
    "completionCondition": _EXPRESSION,
    "multiInstanceLoopCharacteristics": {
        "id": None, "isSequential": _YES_NO, "behavior": frozenset({"All"}),
    },
    "inputDataItem": _ITEM,
    "outputDataItem": _ITEM,
    "property": _ITEM,
    "dataObject": _ITEM,
    "dataObjectReference": _NAMED | {"itemSubjectRef": None, "dataObjectRef": None},
    "dataState": _NAMED,
    "dataInputAssociation": {"id": None},
    "dataOutputAssociation": {"id": None},
    "laneSet": _NAMED,
    "childLaneSet": _NAMED,
    "lane": _NAMED,
    "timerEventDefinition": {"id": None},
    "conditionalEventDefinition": {"id": None},
    "messageEventDefinition": {"id": None, "messageRef": None},
    "signalEventDefinition": {"id": None, "signalRef": None},
    "errorEventDefinition": {"id": None, "errorRef": None},
    "escalationEventDefinition": {"id": None, "escalationRef": None},
    "terminateEventDefinition": {"id": None},
    "compensateEventDefinition": {"id": None, "activityRef": None, "waitForCompletion": _YES_NO},
    "cancelEventDefinition": {"id": None},
    "linkEventDefinition": _NAMED,
    "standardLoopCharacteristics": {"id": None, "testBefore": _YES_NO, "loopMaximum": None},
    "loopCondition": _EXPRESSION,
    "message": _NAMED | {"itemRef": None},
    "signal": _NAMED | {"structureRef": None},
    "error": _NAMED | {"errorCode": None, "structureRef": None},
    "escalation": _NAMED | {"escalationCode": None, "structureRef": None},
    "messageFlow": _NAMED | {"sourceRef": None, "targetRef": None, "messageRef": None},
    "collaboration": _NAMED | {"isClosed": _YES_NO},
    "participant": _NAMED | {"processRef": None},
    "participantMultiplicity": {"id": None, "minimum": frozenset({"0", "1"}), "maximum": _ONE},
    "category": _NAMED,
    "categoryValue": {"id": None, "value": None},
    "textAnnotation": {"id": None, "textFormat": None},
    "documentation": {"id": None, "textFormat": None},
    "association": {"id": None, "sourceRef": None, "targetRef": None, "associationDirection": None},
    "group": {"id": None, "categoryValueRef": None},
    "script": {"id": None},
})  # fmt: skip
