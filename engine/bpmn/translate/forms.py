"""Activiti's form properties, which Camunda still reads: fields of a form."""

from typing import Any

from lxml import etree

from engine.bpmn.translate.told import BPMN, CAMUNDA, Told

_HOLDERS = (f"{BPMN}userTask", f"{BPMN}startEvent")
_TYPES = {"int": "long", "integer": "long", "": "string"}
_READ = {"id", "name", "type", "required", "readable", "writable", "variable", "default", "datePattern"}


def translate_forms(root: Any, told: Told) -> None:
    """The form properties of user tasks and start events."""
    for element in root.iter(*_HOLDERS):
        _referred(element)
        around = element.find(f"{BPMN}extensionElements")
        found = [] if around is None else around.findall(f"{CAMUNDA}formProperty")
        if not found or around.find(f"{CAMUNDA}formData") is not None:
            continue
        if any(set(item.attrib) - _READ for item in found):
            continue  # one that is computed
        data = etree.SubElement(around, f"{CAMUNDA}formData")
        for item in found:
            if item.get("writable") != "false":
                _field(data, item)
            around.remove(item)
        if not len(data):
            around.remove(data)
        told(element, "translated-form", f"Its {len(found)} form properties are the fields of its form.")


def _referred(element: Any) -> None:
    """A form that is deployed by itself is one by its key; its version is nobody's here."""
    name = element.attrib.pop(f"{CAMUNDA}formRef", None)
    if name is None:
        return
    for how in ("formRefBinding", "formRefVersion"):
        element.attrib.pop(f"{CAMUNDA}{how}", None)
    if element.get(f"{CAMUNDA}formKey") is None:
        element.set(f"{CAMUNDA}formKey", name)


def _field(data: Any, item: Any) -> None:
    kind = item.get("type", "string")
    field = etree.SubElement(
        data,
        f"{CAMUNDA}formField",
        id=item.get("variable") or item.get("id") or "",
        label=item.get("name") or item.get("id") or "",
        type=_TYPES.get(kind, kind),
    )
    if item.get("default") is not None:
        field.set("defaultValue", item.get("default"))
    for value in item.findall(f"{CAMUNDA}value"):
        etree.SubElement(field, f"{CAMUNDA}value", id=value.get("id") or "", name=value.get("name") or "")
    if item.get("required") == "true":
        rules = etree.SubElement(field, f"{CAMUNDA}validation")
        etree.SubElement(rules, f"{CAMUNDA}constraint", name="required")
