"""Reads the events of a file for running. Assumes that the check has passed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.bpmn.notation import bills
from engine.bpmn.notation.bills import Paid
from engine.bpmn.notation.vocabulary import OURS, TIMES, bpmn

STARTER = f"{OURS}starter"
MAX_TOLD = 200  # characters of a condition that are shown with its wait
# Triggers that come from within the case, so that nothing waits for them.
THROWN = frozenset({"error", "escalation", "cancel", "compensate"})
Kind = Literal["timer", "message", "signal", "condition", "error", "escalation", "cancel", "compensate"]
TimerKind = Literal["timeDate", "timeDuration", "timeCycle"]


@dataclass(frozen=True, slots=True)
class Trigger:
    """What an event waits for or throws.

    `name` is that of the message or signal, or the code of the error or escalation (None: any), or the
    activity to compensate (None: all); `named` is an expression that computes it. `timer` and `text` are the
    time and the condition. `correlation` and `data` are expressions for a message's keys and content.
    Received data are stored in variables: `result` takes all of them, `code` and `detail` those of an error
    or escalation. `paid` means that the message confirms the payment of a bill.
    """

    kind: Kind
    name: str | None = None
    named: str | None = None
    timer: TimerKind | None = None
    text: str = ""
    correlation: str | None = None
    data: str | None = None
    result: str | None = None
    code: str | None = None
    detail: str | None = None
    paid: Paid | None = None

    def taken(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the received data as variables. An error's data need variables named for them."""
        if self.result:
            variables: dict[str, Any] = {self.result: dict(data)}
        else:
            variables = {} if self.kind in THROWN else dict(data)
        for name, variable in (("code", self.code), ("detail", self.detail)):
            if variable:
                variables[variable] = data.get(name)
        return variables


def trigger(node: Any) -> Trigger | None:
    """Returns the trigger of an event, or of a send or receive task; None for a plain event."""
    for name, read in _READERS.items():
        definition = node.find(bpmn(name))
        if definition is not None:
            return read(node, definition)
    if node.get("messageRef"):
        return _message(node, node)
    return None


def _timer(_: Any, definition: Any) -> Trigger:
    for name in TIMES:
        text = definition.find(bpmn(name))
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
    text = definition.findtext(bpmn("condition"), "").strip()
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
    """Returns the name or code of the message, signal, error or escalation that a definition refers to."""
    wanted = definition.get(reference)
    if wanted is None:
        return None
    wanted = wanted.rpartition(":")[2]  # a prefix refers to the namespace of this file
    root = definition.getroottree().getroot()
    found = next(item for item in root.iterchildren(bpmn(kind)) if item.get("id") == wanted)
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
