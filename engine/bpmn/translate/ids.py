"""Adds ids to elements that have none: nothing refers to them, but they run."""

from collections import Counter
from typing import Any

from engine.bpmn.translate.translations import BPMN, Told

_NODES = tuple(
    BPMN + name
    for name in (
        *("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
        *("task", "userTask", "manualTask", "scriptTask", "serviceTask", "sendTask", "receiveTask"),
        *("businessRuleTask", "callActivity", "subProcess", "transaction", "exclusiveGateway"),
        *("parallelGateway", "inclusiveGateway", "eventBasedGateway"),
    )
)


def translate_ids(root: Any, told: Told) -> None:
    """Names flow nodes by their kind and line, so that a file always gets the same ids."""
    taken = {element.get("id") for element in root.iter(f"{BPMN}*")}
    alike: Counter[str] = Counter()
    for element in root.iter(*_NODES):
        if element.get("id") is None:
            name = called = f"{element.tag.removeprefix(BPMN)}_{element.sourceline}"
            while name in taken:
                alike[called] += 1
                name = f"{called}_{alike[called]}"
            taken.add(name)
            element.set("id", name)
            told(element, "translated-id", name=name)
