"""Why other BPMN is refused, and what to draw instead: (reason, mend) by name, as data."""

from collections.abc import Mapping
from types import MappingProxyType

Why = tuple[str, str]

_LATER = "Timers, messages, signals and errors come with a later release."

REFUSED: Mapping[str, Why] = MappingProxyType({
    "serviceTask": (
        "Calls to other systems do not run yet.",
        "Use a script task to calculate, or a user task; service tasks come with a later release.",
    ),
    "sendTask": (
        "Sending messages does not run yet.",
        "Use a user or manual task for whoever sends it; messages come with a later release.",
    ),
    "receiveTask": (
        "Waiting for messages does not run yet.",
        "Use a user task in which the message's content is entered; messages come with a later release.",
    ),
    "businessRuleTask": (
        "Decision tables (DMN) do not run yet.",
        "Use a script task that sets the result; decisions come with a later release.",
    ),
    "transaction": (
        "A transaction needs compensation, which does not run.",
        "Use an embedded sub-process and draw the way back as ordinary tasks.",
    ),
    "adHocSubProcess": (
        "Ad-hoc sub-processes do not run.",
        "Draw the possible orders with gateways, or use one user task for the whole.",
    ),
    "intermediateCatchEvent": ("Intermediate events do not run yet.", f"{_LATER} Use a user task to wait."),
    "intermediateThrowEvent": (
        "Intermediate events do not run yet.",
        f"{_LATER} Remove the event: a milestone can be an end of a task or a script task.",
    ),
    "boundaryEvent": (
        "Events on the border of an activity do not run yet.",
        f"{_LATER} Let the task's form offer the choice and put an exclusive gateway behind it.",
    ),
    "eventBasedGateway": (
        "Event-based gateways do not run yet.",
        f"{_LATER} Use a user task and an exclusive gateway on its answer.",
    ),
    "complexGateway": (
        "Complex gateways do not run: their conditions have no agreed meaning.",
        "Use exclusive, inclusive and parallel gateways.",
    ),
    "messageEventDefinition": ("Message events do not run yet.", f"{_LATER} Use a plain start or end event."),
    "timerEventDefinition": ("Timer events do not run yet.", f"{_LATER} Use a plain start event."),
    "signalEventDefinition": ("Signal events do not run yet.", f"{_LATER} Use a plain start or end event."),
    "errorEventDefinition": (
        "Error events do not run yet.",
        f"{_LATER} Set a variable and put an exclusive gateway behind the sub-process.",
    ),
    "escalationEventDefinition": ("Escalations do not run yet.", f"{_LATER} Use a user task for them."),
    "conditionalEventDefinition": (
        "Conditional events do not run yet.",
        f"{_LATER} Use an exclusive gateway where the condition is to be asked.",
    ),
    "compensateEventDefinition": ("Compensation does not run.", "Draw the way back as ordinary tasks."),
    "cancelEventDefinition": ("Cancel events need transactions, which do not run.", "Use a plain end event."),
    "linkEventDefinition": ("Link events do not run.", "Draw a sequence flow from the one to the other."),
    "standardLoopCharacteristics": (
        "The standard loop marker does not run yet.",
        "Draw the loop with an exclusive gateway, or use a multi-instance marker for a list.",
    ),
    "complexBehaviorDefinition": ("Events of single instances do not run.", "Remove it."),
    "ioSpecification": (
        "Inputs and outputs of an activity are not mapped: it sees all data of the case.",
        "Remove the ioSpecification; use the case's variables by their names.",
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
        "Data stores do not run.",
        "Keep what the case needs in its variables; remove the data store or draw a text annotation.",
    ),
    **dict.fromkeys(
        ("performer", "humanPerformer", "potentialOwner", "resourceRole"),
        (
            "Assigning people in the diagram does not run yet.",
            "Remove it; the lane tells who works on the task. Assignment comes with a later release.",
        ),
    ),
    "messageFlow": (
        "Messages between pools do not run yet.",
        "Remove the message flow, or draw it as an association to a text annotation.",
    ),
    "participantMultiplicity": ("Several instances of a pool do not run.", "Remove it."),
    "import": ("Definitions of other files are not imported.", "Put what is needed into this file."),
    "script": ("A script belongs into a script task.", "Put it into a script task of its own."),
    **dict.fromkeys(
        ("correlationProperty", "correlationKey", "correlationSubscription"),
        ("Correlation of messages does not run yet.", f"{_LATER} Remove it."),
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
        "Only exclusive and inclusive gateways have a default flow.",
        "Put an exclusive gateway behind the element and make the flow its default.",
    ),
    "isForCompensation": ("Compensation does not run.", "Draw the way back as an ordinary task."),
    "triggeredByEvent": (
        "Event sub-processes do not run yet.",
        f"{_LATER} Draw the way with gateways.",
    ),
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
    "instantiate": ("Starting a case by a message does not run yet.", "Use a plain start event."),
})  # fmt: skip

OTHERWISE_ATTRIBUTE: Why = ("This attribute, or this value of it, is not understood here.", "Remove it.")
