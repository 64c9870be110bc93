"""Completes messages of events and tasks: a missing reference or a missing name."""

from collections.abc import Iterator
from typing import Any

from engine.bpmn.translate.references import Definitions
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short
from engine.bpmn.translate.work import says_who

_DEFINITION = f"{BPMN}messageEventDefinition"
_TASKS = (f"{BPMN}sendTask", f"{BPMN}receiveTask")
_THROWING = frozenset(BPMN + name for name in ("sendTask", "intermediateThrowEvent", "endEvent"))
_NAMES = {"messageRef": "message", "signalRef": "signal"}


def translate_messages(root: Any, told: Told) -> None:
    """Names messages and signals without a name, and adds missing references to messages."""
    _names(root, told)
    unsaid = {node.get("id"): (node, at) for node, at in _speaking(root) if at.get("messageRef") is None}
    if not unsaid:
        return
    said = {node.get("id"): at.get("messageRef") for node, at in _speaking(root) if at.get("messageRef")}
    partners = _partners(root)
    messages = Definitions(root, "message", "name")
    for name, (node, at) in unsaid.items():
        if name is None or at.get("operationRef") is not None:
            continue
        message = next((said[other] for other in partners.get(name, ()) if other in said), None)
        if message is None:
            message = messages.define(name)
        said[name] = message  # elements connected by a message flow have the same message
        at.set("messageRef", message)
        known = messages.words.get(message.rpartition(":")[2]) or message
        variant = "sends" if node.tag in _THROWING else "awaits"
        told(
            node,
            f"translated-message.{variant}",
            message=short(known),
        )


def _speaking(root: Any) -> Iterator[tuple[Any, Any]]:
    """Yields the elements that send or receive messages, each with the element that has the reference."""
    for task in root.iter(*_TASKS):
        if not says_who(task):
            yield task, task
    for definition in root.iter(_DEFINITION):
        event = definition.getparent()
        implemented = any(name.startswith(CAMUNDA) for name in definition.attrib)
        if str(event.tag).endswith("Event") and not implemented and not len(definition):
            yield event, definition


def _partners(root: Any) -> dict[str, list[str]]:
    """Returns which elements are connected by message flows, in both directions."""
    found: dict[str, list[str]] = {}
    for flow in root.iterfind(f"{BPMN}collaboration/{BPMN}messageFlow"):
        source, target = ((flow.get(end) or "").rpartition(":")[2] for end in ("sourceRef", "targetRef"))
        found.setdefault(source, []).append(target)
        found.setdefault(target, []).append(source)
    return found


def _names(root: Any, told: Told) -> None:
    used = {
        (kind, element.get(name).rpartition(":")[2])
        for element in root.iter(f"{BPMN}*")
        for name, kind in _NAMES.items()
        if element.get(name)
    }
    for kind in _NAMES.values():
        for item in root.iterchildren(f"{BPMN}{kind}"):
            if (kind, item.get("id")) in used and not (item.get("name") or "").strip():
                item.set("name", item.get("id"))
                told(item, "translated-name", what=kind)
