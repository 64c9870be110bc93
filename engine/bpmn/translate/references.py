"""Completes error references of events, and the names of received data."""

from typing import Any

from lxml import etree

from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate.juel import Untranslatable, expression, is_juel
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short

_NAMED = {
    "error": ("errorCode", "translated-error"),
    "escalation": ("escalationCode", "translated-escalation"),
}  # by event definition: the attribute for its code, and the note
_VARIABLES = {
    ("error", "errorCodeVariable"): "code",
    ("error", "errorMessageVariable"): "detail",
    ("escalation", "escalationCodeVariable"): "code",
}
_TASKS = (f"{BPMN}sendTask", f"{BPMN}receiveTask")
_CATCHING = (f"{BPMN}boundaryEvent", f"{BPMN}startEvent")


def translate_references(root: Any, told: Told) -> None:
    """Defines codes that have no definition, and names variables for codes."""
    _codes(root, told)
    _variables(root, told)


def translate_names(root: Any, told: Told) -> None:
    """Translates names of messages and signals that are computed at run time."""
    for kind in ("message", "signal"):
        codes = {item.get("id"): item.get("name") or "" for item in root.iterchildren(f"{BPMN}{kind}")}
        for at in root.iter(f"{BPMN}{kind}EventDefinition", *(_TASKS if kind == "message" else ())):
            event = at.getparent() if at.tag not in _TASKS else at
            text = codes.get((at.get(f"{kind}Ref") or "").rpartition(":")[2], "")
            if is_juel(text) and not _starts_case(event):
                _name(event, text, told)


def _name(event: Any, text: str, told: Told) -> None:
    try:
        event.set(f"{OURS}name", expression(text))
    except Untranslatable:
        return
    told(event, "translated-expression", text=short(text))


def _starts_case(event: Any) -> bool:
    return bool(event.tag == f"{BPMN}startEvent" and event.getparent().get("triggeredByEvent") != "true")


def _codes(root: Any, told: Told) -> None:
    for kind, (attribute, note) in _NAMED.items():
        known = Definitions(root, kind, attribute)
        for definition in root.iter(f"{BPMN}{kind}EventDefinition"):
            code = definition.get(f"{kind}Ref")
            if code and ":" not in code and code not in known.words:
                definition.set(f"{kind}Ref", known.define(code))
                told(
                    definition,
                    note,
                    code=short(code),
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
                    f"translated-variable.{ours}",
                    variable=short(name),
                    what=kind,
                )


class Definitions:
    """The messages, errors or escalations of a document; `attribute` is their public name."""

    def __init__(self, root: Any, kind: str, attribute: str) -> None:
        self._root = root
        self._kind = kind
        self._attribute = attribute
        self._taken = {item.get("id") for item in root.iterchildren(etree.Element)}
        items = [item for item in root.iterchildren(f"{BPMN}{kind}") if item.get("id") is not None]
        self.words: dict[str, str | None] = {item.get("id"): item.get(attribute) for item in items}  # by id
        self._ids: dict[str | None, str] = {word: name for name, word in reversed(self.words.items())}

    def define(self, word: str) -> str:
        """Returns the id of the definition with this name or code; adds one if there is none."""
        if word not in self._ids:
            name = f"{self._kind}_{word}"
            while name in self._taken:
                name += "_"
            self._taken.add(name)
            self.words[name], self._ids[word] = word, name
            etree.SubElement(self._root, f"{BPMN}{self._kind}", {"id": name, self._attribute: word})
        return self._ids[word]
