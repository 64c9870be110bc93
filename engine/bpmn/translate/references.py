"""What events and tasks leave unsaid of their messages and errors, and how they name what comes."""

from typing import Any

from lxml import etree

from engine.bpmn.translate.juel import Untranslatable, is_juel, translated
from engine.bpmn.translate.told import BPMN, CAMUNDA, OURS, Told, short

_NAMED = {
    "error": ("errorCode", "translated-error"),
    "escalation": ("escalationCode", "translated-escalation"),
}  # by what an event is about: the attribute that holds its code, and the note
_VARIABLES = {
    ("error", "errorCodeVariable"): "code",
    ("error", "errorMessageVariable"): "detail",
    ("escalation", "escalationCodeVariable"): "code",
}
_TASKS = (f"{BPMN}sendTask", f"{BPMN}receiveTask")
_CATCHING = (f"{BPMN}boundaryEvent", f"{BPMN}startEvent")


def translate_references(root: Any, told: Told) -> None:
    """Receive tasks without a message, codes that are named without a definition, and variables for codes."""
    _messages(root, told)
    _codes(root, told)
    _variables(root, told)


def translate_names(root: Any, told: Told) -> None:
    """Names of messages and signals that are computed when they are thrown or awaited."""
    for kind in ("message", "signal"):
        codes = {item.get("id"): item.get("name") or "" for item in root.iterchildren(f"{BPMN}{kind}")}
        for at in root.iter(f"{BPMN}{kind}EventDefinition", *(_TASKS if kind == "message" else ())):
            event = at.getparent() if at.tag not in _TASKS else at
            text = codes.get((at.get(f"{kind}Ref") or "").rpartition(":")[2], "")
            if is_juel(text) and not _starts_case(event):
                _name(event, text, told)


def _name(event: Any, text: str, told: Told) -> None:
    try:
        event.set(f"{OURS}name", translated(text).code)
    except Untranslatable:
        return
    told(event, "translated-expression", f"{short(text)!r} is read as {short(event.get(f'{OURS}name'))!r}.")


def _starts_case(event: Any) -> bool:
    return bool(event.tag == f"{BPMN}startEvent" and event.getparent().get("triggeredByEvent") != "true")


def _messages(root: Any, told: Told) -> None:
    for task in root.iter(f"{BPMN}receiveTask"):
        if task.get("messageRef") is None and task.get("id"):
            task.set("messageRef", _define(root, "message", "name", task.get("id")))
            told(
                task,
                "translated-message",
                f"It does not say which message it awaits: it awaits one named {short(task.get('id'))!r}.",
            )


def _codes(root: Any, told: Told) -> None:
    for kind, (attribute, note) in _NAMED.items():
        known = {item.get("id") for item in root.iterchildren(f"{BPMN}{kind}")}
        for definition in root.iter(f"{BPMN}{kind}EventDefinition"):
            code = definition.get(f"{kind}Ref")
            if code and ":" not in code and code not in known:
                definition.set(f"{kind}Ref", _define(root, kind, attribute, code))
                told(
                    definition,
                    note,
                    f"The {kind} {short(code)!r} is defined nowhere: that is taken as its code.",
                )


def _variables(root: Any, told: Told) -> None:
    for (kind, attribute), ours in _VARIABLES.items():
        for definition in root.iter(f"{BPMN}{kind}EventDefinition"):
            event = definition.getparent()
            if event.tag in _CATCHING and CAMUNDA + attribute in definition.attrib:
                name = definition.attrib.pop(CAMUNDA + attribute)
                event.set(OURS + ours, name)
                told(
                    definition,
                    "translated-variable",
                    f"The variable {short(name)!r} takes the {ours} of the {kind}.",
                )


def _define(root: Any, kind: str, attribute: str, word: str) -> str:
    """Define a message, error or escalation beside the process; its id."""
    taken = {item.get("id") for item in root.iterchildren(etree.Element)}
    name = f"{kind}_{word}"
    while name in taken:
        name += "_"
    for item in root.iterchildren(f"{BPMN}{kind}"):
        if item.get(attribute) == word:
            return str(item.get("id"))
    etree.SubElement(root, f"{BPMN}{kind}", {"id": name, attribute: word})
    return name
