"""What events and tasks leave unsaid of their messages and errors, and other engines take for granted."""

from typing import Any

from lxml import etree

from engine.bpmn.translate.told import BPMN, Told, short

_NAMED = {
    "error": ("errorCode", "translated-error"),
    "escalation": ("escalationCode", "translated-escalation"),
}  # by what an event is about: the attribute that holds its code, and the note


def translate_references(root: Any, told: Told) -> None:
    """Receive tasks without a message, and codes that are named without a definition."""
    for task in root.iter(f"{BPMN}receiveTask"):
        if task.get("messageRef") is None and task.get("id"):
            task.set("messageRef", _define(root, "message", "name", task.get("id")))
            told(
                task,
                "translated-message",
                f"It does not say which message it awaits: it awaits one named {short(task.get('id'))!r}.",
            )
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
