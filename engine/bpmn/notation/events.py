"""What a file says of its events and service tasks, read for running. The check has judged it before."""

from typing import Any

from engine.bpmn.notation.candidate_roles import Bindings, Posting
from engine.bpmn.run import bills
from engine.bpmn.run.activity_scope import ASSIGNMENT, NOTHING, Own
from engine.bpmn.run.elements.calls import Service
from engine.bpmn.run.elements.events import Trigger
from engine.bpmn.run.normalize import tag

OURS = "{https://parvandeh.org/bpmn}"
STARTER = f"{OURS}starter"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
MAX_TOLD = 200  # characters of a condition that are told with what waits for it
TIMERS = ("timeDate", "timeDuration", "timeCycle")


def trigger(node: Any) -> Trigger | None:
    """The trigger of an event, or of a task that sends or receives; None for a plain event."""
    for name, read in _READERS.items():
        definition = node.find(tag(name))
        if definition is not None:
            return read(node, definition)
    if node.get("messageRef"):
        return _message(node, node)
    return None


def service(node: Any) -> Service:
    """Whom a service task asks."""
    return Service(
        connector=node.get(f"{OURS}connector"),
        topic=node.get(f"{OURS}topic") or node.get(f"{CAMUNDA}topic"),
        operation=node.get(f"{OURS}operation"),
        request=node.get(f"{OURS}request"),
        result=node.get(f"{OURS}result"),
        bill=_terms(node),
    )


def _terms(node: Any) -> bills.Terms | None:
    """What a service task declares of its bill: how its payment is confirmed, what awaits it says."""
    reference = node.get(f"{OURS}{bills.BILL}")
    if reference is None:
        return None
    process = next(around for around in node.iterancestors(tag("process")))
    awaiting = next(one for one in process.iter() if bills.paid(one) is not None)
    confirmed = trigger(awaiting)
    if confirmed is None or confirmed.name is None or confirmed.paid is None:
        raise ValueError("a bill whose payment nothing awaits")
    amount, currency, due, link, purpose = (node.get(f"{OURS}{name}") for name in bills.PARTS)
    return bills.Terms(reference, amount, currency, due, link, purpose, confirmed.name, confirmed.paid)


def own(node: Any, bindings: Bindings) -> Own:
    """What an activity has of its own; `bindings` say what the names of its groups mean."""
    people = {name: node.get(f"{OURS}{name}") for name in ASSIGNMENT if node.get(f"{OURS}{name}") is not None}
    inputs, outputs = node.get(f"{OURS}inputs"), node.get(f"{OURS}outputs")
    posting = Posting(node.get(f"{OURS}role"), node.get(f"{OURS}unit"), bindings)
    if not (people or inputs or outputs or posting.role or posting.unit):
        return NOTHING
    if node.tag == tag("callActivity"):
        return Own(outputs=outputs, handed=inputs, apart=True)
    exact = node.tag == tag("businessRuleTask")
    return Own(inputs, outputs, exact=exact, people=people, posting=posting)


def _timer(_: Any, definition: Any) -> Trigger:
    for name in TIMERS:
        text = definition.find(tag(name))
        if text is not None:
            return Trigger("timer", timer=name, text=text.text or "")  # type: ignore[arg-type]  # one of three
    raise ValueError("a timer without a time")


def _message(node: Any, definition: Any) -> Trigger:
    return Trigger(
        "message",
        name=_named(definition, "messageRef", "message", "name"),
        named=node.get(f"{OURS}name"),
        correlation=node.get(f"{OURS}correlation"),
        data=node.get(f"{OURS}data"),
        result=node.get(f"{OURS}result"),
        paid=bills.paid(node),
    )


def _signal(node: Any, definition: Any) -> Trigger:
    return Trigger(
        "signal",
        name=_named(definition, "signalRef", "signal", "name"),
        named=node.get(f"{OURS}name"),
        data=node.get(f"{OURS}data"),
        result=node.get(f"{OURS}result"),
    )


def _condition(_: Any, definition: Any) -> Trigger:
    text = definition.findtext(tag("condition"), "").strip()
    return Trigger("condition", name=text[:MAX_TOLD], text=text)


def _error(node: Any, definition: Any) -> Trigger:
    return Trigger(
        "error",
        name=_named(definition, "errorRef", "error", "errorCode"),
        result=node.get(f"{OURS}result"),
        code=node.get(f"{OURS}code"),
        detail=node.get(f"{OURS}detail"),
    )


def _escalation(node: Any, definition: Any) -> Trigger:
    return Trigger(
        "escalation",
        name=_named(definition, "escalationRef", "escalation", "escalationCode"),
        result=node.get(f"{OURS}result"),
        code=node.get(f"{OURS}code"),
    )


def _compensate(_: Any, definition: Any) -> Trigger:
    activity = definition.get("activityRef")
    return Trigger("compensate", name=activity and activity.rpartition(":")[2])


def _cancel(_node: Any, _definition: Any) -> Trigger:
    return Trigger("cancel")


def _named(definition: Any, reference: str, kind: str, attribute: str) -> str | None:
    """The name or code of the message, signal, error or escalation that a definition refers to."""
    wanted = definition.get(reference)
    if wanted is None:
        return None
    wanted = wanted.rpartition(":")[2]  # a prefix names the namespace of this very file
    root = definition.getroottree().getroot()
    found = next(item for item in root.iterchildren(tag(kind)) if item.get("id") == wanted)
    name: str | None = found.get(attribute)
    return name


_READERS = {
    "timerEventDefinition": _timer,
    "messageEventDefinition": _message,
    "signalEventDefinition": _signal,
    "conditionalEventDefinition": _condition,
    "errorEventDefinition": _error,
    "escalationEventDefinition": _escalation,
    "compensateEventDefinition": _compensate,
    "cancelEventDefinition": _cancel,
}
