"""Translates Camunda's collections of multi-instance activities."""

from typing import Any

from lxml import etree

from engine.bpmn.expressions.juel import tree
from engine.bpmn.translate.juel import Untranslatable, expression, is_juel, read
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short

_COLLECTION, _VARIABLE = f"{CAMUNDA}collection", f"{CAMUNDA}elementVariable"


def translate_markers(root: Any, told: Told) -> None:
    """Translates collections and their item variables."""
    for marker in root.iter(f"{BPMN}multiInstanceLoopCharacteristics"):
        _collection(marker, told)
        for name in ("inputDataItem", "outputDataItem"):
            for item in marker.findall(f"{BPMN}{name}"):
                # Activiti and Camunda read the name, other engines the id.
                if item.get("id") is None and item.get("name"):
                    item.set("id", item.attrib.pop("name"))
        for reference in marker.findall(f"{BPMN}loopDataInputRef"):
            reference.text = _list(reference.text or "") or reference.text


def _collection(marker: Any, told: Told) -> None:
    text = marker.get(_COLLECTION)
    name = None if text is None else _list(text)
    if name is None or marker.find(f"{BPMN}loopDataInputRef") is not None:
        return
    del marker.attrib[_COLLECTION]
    etree.SubElement(marker, f"{BPMN}loopDataInputRef").text = name
    told_too: dict[str, Any] = {}
    item = marker.attrib.pop(_VARIABLE, None)
    if item is not None:
        etree.SubElement(marker, f"{BPMN}inputDataItem", id=item)
        told_too = {"item": short(item)}
    told(marker, "translated-marker", name=name, **told_too)


def _list(text: str) -> str | None:
    """Returns the variable that a text names, or an expression for a list; None for anything else."""
    if not is_juel(text):
        return text.strip() if text.strip().isidentifier() else None
    try:
        found = read(text, whole=True).tree
        if isinstance(found, tree.Name) and found.name.isidentifier():
            return found.name
        return expression(text, whole=True)
    except Untranslatable:
        return None
