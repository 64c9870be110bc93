"""Why other BPMN is rejected, and what to draw instead: (reason, fix) by name, as data."""

from collections.abc import Mapping
from types import MappingProxyType

Why = tuple[str, str]

REFUSED: Mapping[str, Why] = MappingProxyType({
    "adHocSubProcess": (
        "Ad-hoc sub-processes do not run.",
        "Draw the possible orders with gateways, or use one user task for the whole.",
    ),
    "complexGateway": (
        "Complex gateways do not run: their conditions have no agreed meaning.",
        "Use exclusive, inclusive and parallel gateways.",
    ),
    "complexBehaviorDefinition": ("Events of single instances do not run.", "Remove it."),
    "ioSpecification": (
        "Inputs and outputs are not mapped where expressions name them or where they get other names: each"
        " element sees all data of the case.",
        "Remove the ioSpecification; use the case's variables by their names."
        " parvandeh:inputs=\"{'fee': amount}\" gives a task a name of its own.",
    ),
    **dict.fromkeys(
        ("eventDefinition", "eventDefinitionRef"),
        ("Definitions outside an event are not read.", "Put the definition into the event."),
    ),
    "ioBinding": ("Operations do not run.", "Remove it."),
    "dataInput": ("Inputs of a process are not mapped: it gets all data.", "Remove it."),
    "dataOutput": ("Outputs of an event are not mapped: it has all data.", "Remove it."),
    "inputSet": ("Inputs are not mapped.", "Remove it."),
    "outputSet": ("Outputs are not mapped.", "Remove it."),
    "transformation": (
        "Transformations of data associations do not run.",
        "Use a script task that sets the variable.",
    ),
    "assignment": ("Assignments of data do not run.", "Use a script task that sets the variable."),
    "dataStore": (
        "Data stores do not run.",
        "Keep what the case needs in its variables; remove the data store or draw a text annotation.",
    ),
    "dataStoreReference": (
        "Data stores do not run; this one is more than a drawing, since expressions name it.",
        "Keep what the case needs in its variables; remove the data store or draw a text annotation.",
    ),
    **dict.fromkeys(
        ("performer", "humanPerformer", "potentialOwner", "resourceRole"),
        (
            "Assigning people in the diagram does not run yet.",
            "Remove it; the lane tells who works on the task. Assignment comes with a later release.",
        ),
    ),
    "import": ("Definitions of other files are not imported.", "Put what is needed into this file."),
    "script": ("A script belongs into a script task.", "Put it into a script task of its own."),
    **dict.fromkeys(
        ("correlationProperty", "correlationKey", "correlationSubscription"),
        (
            "Correlation is not read from here.",
            "Remove it, and write on each event that throws or catches the message which names and values"
            " belong together: parvandeh:correlation=\"{'order': number}\".",
        ),
    ),
    **dict.fromkeys(
        (
            "choreography", "choreographyTask", "subChoreography", "callChoreography",
            "globalChoreographyTask",
        ),
        ("Choreographies describe several parties and do not run.", "Draw the process of one party."),
    ),
    **dict.fromkeys(
        ("conversation", "subConversation", "callConversation", "globalConversation", "conversationLink"),
        ("Conversations describe several parties and do not run.", "Draw the process of one party."),
    ),
    **dict.fromkeys(
        (
            "globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask",
        ),
        ("Global tasks do not run.", "Make it a process with one task and call that."),
    ),
    "childLaneSet": ("Lanes stand in a lane set.", "Draw the lanes again."),
})  # fmt: skip

OTHERWISE: Why = (
    "This element does not run here.",
    "Remove it, or draw it with the elements of docs/bpmn-support.md.",
)

REFUSED_ATTRIBUTES: Mapping[str, Why] = MappingProxyType({
    "default": (
        "Only activities, exclusive and inclusive gateways have a default flow.",
        "Put an exclusive gateway behind the element and make the flow its default.",
    ),
    "isForCompensation": ("Only true and false are understood.", 'Write isForCompensation="true".'),
    "method": (
        "A transaction that is cancelled is compensated; other protocols do not run.",
        'Remove the attribute, or write method="##Compensate".',
    ),
    "triggeredByEvent": ("Only true and false are understood.", 'Write triggeredByEvent="true".'),
    "startQuantity": ("An activity starts for one token.", "Remove it; join with a parallel gateway."),
    "completionQuantity": (
        "An activity gives out one token.",
        "Remove it, and part the flow with a parallel gateway.",
    ),
    "implementation": ("Other implementations do not run.", "Remove the attribute."),
    "oneBehaviorEventRef": ("Events of single instances do not run.", "Remove it."),
    "noneBehaviorEventRef": ("Events of single instances do not run.", "Remove it."),
    "behavior": ("Events of single instances do not run.", "Remove it: all instances are awaited."),
    "operationRef": ("Operations do not run.", "Remove it."),
    "isExecutable": ("Only true and false are understood.", 'Write isExecutable="true".'),
    "isSequential": ("Only true and false are understood.", 'Write isSequential="true" or "false".'),
    "instantiate": (
        "A task or gateway starts no case.",
        "Use a start event with a message, timer or signal, and remove the attribute.",
    ),
    **dict.fromkeys(
        ("minimum", "maximum"), ("Several instances of a pool do not run.", "Remove it, or write 1.")
    ),
    "parallelMultiple": ("Events that wait for several things do not run.", "Draw one event for each."),
    "eventGatewayType": ("Only exclusive event-based gateways run.", "Remove the attribute."),
})  # fmt: skip

OTHERWISE_ATTRIBUTE: Why = ("This attribute, or this value of it, is not understood here.", "Remove it.")
