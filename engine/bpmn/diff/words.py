"""Differences in words: an English sentence for each code.

A page that speaks another language goes by code and parameters.
"""

import re
from collections.abc import Mapping
from typing import Any

from engine.bpmn.diff.facts import ALWAYS, OTHERWISE

# What a step is called by its kind, behind what it is about.
KINDS: Mapping[str, str] = {
    "task": "task",
    "userTask": "user task",
    "manualTask": "in-person step",
    "serviceTask": "service task",
    "scriptTask": "script",
    "businessRuleTask": "business rule task",
    "sendTask": "send task",
    "receiveTask": "receive task",
    "callActivity": "call",
    "subProcess": "sub-process",
    "transaction": "transaction",
    "startEvent": "start event",
    "endEvent": "end event",
    "boundaryEvent": "boundary event",
    "intermediateCatchEvent": "intermediate event",
    "intermediateThrowEvent": "throwing event",
    "exclusiveGateway": "exclusive gateway",
    "inclusiveGateway": "inclusive gateway",
    "parallelGateway": "parallel gateway",
    "eventBasedGateway": "event-based gateway",
}

# What is said of one step: the code's beginning, and how a person calls it. `-changed` ends the code.
FACTS: Mapping[str, str] = {
    "scope": "sub-process",
    "host": "step on whose border it stands",
    "role": "role",
    "unit": "unit",
    "assignee": "assignee",
    "users": "candidates",
    "deadline": "deadline",
    "follow-up": "follow-up date",
    "priority": "priority",
    "sod": "four-eyes group",
    "assignment": "way of assignment",
    "acr": "assurance level",
    "decision": "field for the decision",
    "presence": "applicant's presence",
    "legal-basis": "legal basis",
    "timer": "time",
    "message": "message",
    "signal": "signal",
    "error": "error",
    "escalation": "escalation",
    "condition": "condition",
    "compensate": "activity to compensate",
    "handler": "compensation handler",
    "link": "link",
    "service": "connector or topic",
    "request": "request",
    "result": "variable for the result",
    "correlation": "message's keys",
    "data": "content to send",
    "called": "called process",
    "bill": "declaration of a bill",
    "asked": "decision that is asked",
    "outcome": "outcome",
    "outcomes": "list of declared outcomes",
    "starter": "variable for who starts the case",
    "code-variable": "variable for the error's code",
    "detail-variable": "variable for the error's detail",
}
# The same of a process.
RULES: Mapping[str, str] = {
    "appeal": "process for appeals",
    "appeal-within": "time for appeals",
    "party": "list of parties",
    "searchable": "list of what is searched",
    "subject": "subject of cases",
    "outcomes": "list of declared outcomes",
    "null-faults": "handling of null values in decisions",
}
# What is too long for a sentence.
LONG_FACTS: Mapping[str, str] = {
    "script": "script",
    "decided-by": "rules of the decision",
    "inputs": "inputs",
    "outputs": "outputs",
    "repetition": "repetition",
    "documentation": "description",
    "other": "other properties",
}

SENTENCES: Mapping[str, str] = {
    "process-added": "The process {name} was added.",
    "process-removed": "The process {name} was removed.",
    "process-renamed": "The process {before} is called {after}.",
    "business-key-changed": "A business key may run {after}, no longer {before}.",
    **{f"{rule}-changed": "" for rule in RULES},  # see `sentence`
    "role-added": "The role {name} was added.",
    "role-removed": "The role {name} was removed.",
    "role-renamed": "The role {before} is called {after}.",
    "message-renamed": "The message {before} is called {after}.",
    "step-removed": "The {kind} {name} was removed.",
    "step-added": "The {kind} {name} was added.",
    "step-renamed": "{before} is called {after}.",
    "kind-changed": "{name}: {after} instead of {before}.",
    "interrupting": "{name} interrupts what it stands on or in.",
    "not-interrupting": "{name} interrupts nothing any more.",
    "form-added": "{name} has a form.",
    "form-removed": "{name} has no form any more.",
    "field-added": "The form of {name} has the field {field} in addition.",
    "field-removed": "The form of {name} has no field {field} any more.",
    "field-required": "The form of {name} requires the field {field}.",
    "field-optional": "The form of {name} does not require the field {field} any more.",
    "field-changed": "The field {field} in the form of {name} changed ({what}).",
    "form-changed": "The form of {name} changed beside its fields.",
    "way-removed": "From {from} no way leads to {to} any more.",
    "way-added": "From {from} a way leads to {to}, {condition}.",
    "way-changed": "From {from} to {to}: {after} instead of {before}.",
    "order-changed": "At {name} the conditions are asked in another order.",
    **{f"{fact}-changed": "" for fact in (*FACTS, *LONG_FACTS)},  # see `sentence`
}

_PLAIN = {"process-renamed", "role-renamed", "message-renamed", "step-renamed"}
_NAMES = frozenset({"name", "from", "to", "field"})
_DURATION = re.compile(
    r"'?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?'?"
)
_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")


def sentence(code: str, parameters: Mapping[str, Any]) -> str:
    """The sentence of a difference."""
    fact = code.removesuffix("-changed")
    if fact in LONG_FACTS and code != fact:
        return f"The {LONG_FACTS[fact]} of {_quoted(parameters['name'])} changed."
    if fact in {**FACTS, **RULES} and code != fact:
        return _changed({**FACTS, **RULES}[fact], parameters)
    if code == "field-changed":
        differing = keywords(parameters["before"], parameters["after"])
        parameters = {**parameters, "what": "all of it" if differing is None else ", ".join(differing)}
    return SENTENCES[code].format_map(
        {name: _spoken(code, name, value) for name, value in parameters.items()}
    )


def _changed(what: str, parameters: Mapping[str, Any]) -> str:
    name, before, after = (parameters[key] for key in ("name", "before", "after"))
    if before is None:
        return f"The {what} of {_quoted(name)} is {value(after)}; before, it had none."
    if after is None:
        return f"The {what} of {_quoted(name)} was {value(before)}; now it has none."
    return f"The {what} of {_quoted(name)} is {value(after)} instead of {value(before)}."


def keywords(before: Any, after: Any) -> list[str] | None:
    """In which keywords two schemas differ; None if in all."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return None
    return sorted(word for word in {**before, **after} if before.get(word) != after.get(word))


def _spoken(code: str, name: str, found: Any) -> str:
    if name in _NAMES or code in _PLAIN:
        return _quoted(found)
    if code in ("way-changed", "way-added"):
        return guard(found)
    if code == "business-key-changed":
        return "once at a time" if found == "unique" else "any number of times"
    return kind(found) if code in ("step-added", "step-removed", "kind-changed") else value(found)


def kind(found: str) -> str:
    """A kind of step, as people call it."""
    *about, last = found.split(" ")
    return " ".join([*about, KINDS.get(last, last)])


def guard(found: Any) -> str:
    """When a way is taken. Several, if flows lead the same way."""
    if isinstance(found, list | tuple):
        return " or ".join(map(guard, found))
    return {ALWAYS: "always", OTHERWISE: "otherwise"}.get(found, f"if {found}")


def value(found: Any) -> str:
    """A fact, as a sentence has it."""
    if isinstance(found, Mapping):
        return ", ".join(map(value, found.values()))
    if isinstance(found, list | tuple):
        return " and ".join(map(_quoted, found))
    parts = [f"{number} {unit}{'s' * (number != 1)}" for unit, number in duration(str(found))]
    return " and ".join(parts) or str(found)


def duration(text: str) -> list[tuple[str, int]]:
    """The parts of an ISO 8601 duration: unit and number. None of what is no duration."""
    match = _DURATION.fullmatch(text)
    numbers = match.groups() if match else ()
    return [(unit, int(number)) for unit, number in zip(_UNITS, numbers, strict=False) if number]


def _quoted(name: Any) -> str:
    return f"‘{name}’"
