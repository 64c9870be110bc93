"""Checks message flows between pools: only drawings, as messages are delivered by name and correlation."""

from collections.abc import Collection
from typing import Any

from lxml import etree

from engine.bpmn.model.diagram import definitions, trigger
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.vocabulary import FLOW_NODES, bpmn, local

_THROW = frozenset({"sendTask", "intermediateThrowEvent", "endEvent"})
_CATCH = frozenset({"receiveTask", "intermediateCatchEvent", "boundaryEvent", "startEvent"})


def check_message_flows(file: str, root: Any, passed_over: Collection[Any], notes: Notes) -> None:
    """Checks the flows of a file's collaborations. `passed_over` are processes that don't run."""
    flows = root.findall(f"{bpmn('collaboration')}/{bpmn('messageFlow')}")
    if not flows:
        return
    running = [process for process in root.iterchildren(bpmn("process")) if process not in passed_over]
    nodes = {node.get("id"): node for process in running for node in process.iter(*map(bpmn, FLOW_NODES))}
    drawn = {element.get("id") for element in root.iter(etree.Element) if element.get("id")}
    for flow in flows:
        ends = [(flow.get(end) or "").rpartition(":")[2] for end in ("sourceRef", "targetRef")]
        missing = [end for end in ends if end not in drawn]
        if missing:
            notes.error(place(file, flow), "dangling-flow", name=missing[0][:80])
            continue
        _judge(file, flow, [nodes.get(end) for end in ends], notes)


def _judge(file: str, flow: Any, ends: list[Any], notes: Notes) -> None:
    source, target = ends
    thrown, caught = _message(source, _THROW), _message(target, _CATCH)
    awaited = _about_messages(target, _CATCH)
    if source is not None and target is not None and (awaited or _wrong_way(source, target)):
        if thrown is None or thrown != caught:
            notes.error(
                place(file, flow),
                "message-flow",
            )
    elif (
        (source is not None and target is not None)
        or (source is not None and not _speaks(source, thrown))
        or (target is not None and not _speaks(target, caught))
    ):
        notes.warn(
            place(file, flow),
            "message-flow-drawn",
        )


def _wrong_way(source: Any, target: Any) -> bool:
    return _about_messages(source, _CATCH) or _about_messages(target, _THROW)


def _about_messages(node: Any, kinds: Collection[str]) -> bool:
    return node is not None and local(node) in kinds and trigger(node) == "message"


def _speaks(node: Any, message: str | None) -> bool:
    return message is not None or local(node) == "serviceTask"


def _message(node: Any, kinds: Collection[str]) -> str | None:
    """Returns the id of the message that a node throws or catches."""
    if not _about_messages(node, kinds):
        return None
    named = node if local(node).endswith("Task") else definitions(node)[0]
    reference: str | None = named.get("messageRef")
    return reference and reference.rpartition(":")[2]
