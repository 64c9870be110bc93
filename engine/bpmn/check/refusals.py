"""Which other BPMN is rejected: the variant of its text in the findings, by element or attribute."""

from collections.abc import Mapping
from types import MappingProxyType

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "adHocSubProcess": "ad-hoc",
        "complexGateway": "complex-gateway",
        "complexBehaviorDefinition": "single-instance",
        "ioSpecification": "io-specification",
        **dict.fromkeys(
            ("eventDefinition", "eventDefinitionRef"),
            "event-definition",
        ),
        "ioBinding": "operation",
        "dataInput": "data-input",
        "dataOutput": "data-output",
        "inputSet": "input-set",
        "outputSet": "output-set",
        "transformation": "transformation",
        "assignment": "data-assignment",
        "dataStore": "data-store",
        "dataStoreReference": "data-store-read",
        **dict.fromkeys(
            ("performer", "humanPerformer", "potentialOwner", "resourceRole"),
            "performer",
        ),
        "import": "import",
        "script": "script",
        **dict.fromkeys(
            ("correlationProperty", "correlationKey", "correlationSubscription"),
            "correlation",
        ),
        **dict.fromkeys(
            (
                "choreography",
                "choreographyTask",
                "subChoreography",
                "callChoreography",
                "globalChoreographyTask",
            ),
            "choreography",
        ),
        **dict.fromkeys(
            ("conversation", "subConversation", "callConversation", "globalConversation", "conversationLink"),
            "conversation",
        ),
        **dict.fromkeys(
            (
                "globalTask",
                "globalUserTask",
                "globalManualTask",
                "globalScriptTask",
                "globalBusinessRuleTask",
            ),
            "global-task",
        ),
        "childLaneSet": "child-lane-set",
    }
)

REFUSED_ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "default": "default",
        "isForCompensation": "true-false",
        "method": "method",
        "triggeredByEvent": "true-false",
        "startQuantity": "start-quantity",
        "completionQuantity": "completion-quantity",
        "implementation": "implementation",
        "oneBehaviorEventRef": "single-instance",
        "noneBehaviorEventRef": "single-instance",
        "behavior": "behavior",
        "operationRef": "operation",
        "isExecutable": "true-false",
        "isSequential": "true-false",
        "instantiate": "instantiate",
        "minimum": "pool-instances",
        "maximum": "pool-instances",
        "parallelMultiple": "parallel-multiple",
        "eventGatewayType": "event-gateway-type",
    }
)
