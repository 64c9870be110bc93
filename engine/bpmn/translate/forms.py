"""Translates Activiti's form properties, which Camunda still reads, to fields; and formats of dates."""

import re
from datetime import date
from typing import Any

from lxml import etree

from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, short

_HOLDERS = (f"{BPMN}userTask", f"{BPMN}startEvent")
_TYPES = {"int": "long", "integer": "long", "": "string"}
# Nothing reads the value.
_READ = {
    *(
        "id",
        "name",
        "type",
        "required",
        "readable",
        "writable",
        "variable",
        "default",
        "datePattern",
        "value",
    ),
}
_YES_NO = {
    **dict.fromkeys(("on", "yes", "true", "enabled", "active"), True),
    **dict.fromkeys(("off", "no", "false", "disabled", "inactive"), False),
}
_ASKED = {"required": "false", "readable": "true", "writable": "true"}
_DAY, _TIME = frozenset("yMd"), frozenset("HhkK")  # letters of Java's date patterns
_LETTERS = re.compile(r"[yMdEHhkKmsSaZXz]|[^A-Za-z]")


def translate_forms(root: Any, told: Told) -> None:
    """Translates the form properties of user tasks and start events, and their date fields."""
    for element in root.iter(*_HOLDERS):
        _referred(element)
        _properties(element, told)
        for field in element.iterfind(f"{BPMN}extensionElements/{CAMUNDA}formData/{CAMUNDA}formField"):
            _dated(element, field, told)


def _properties(element: Any, told: Told) -> None:
    """Translates the form properties of one element."""
    around = element.find(f"{BPMN}extensionElements")
    found = [] if around is None else around.findall(f"{CAMUNDA}formProperty")
    if not found or around.find(f"{CAMUNDA}formData") is not None:
        return
    if not all(_understood(item) for item in found):
        return
    data = etree.SubElement(around, f"{CAMUNDA}formData")
    for item in found:
        if _is(item, "writable") or _is(item, "readable"):
            _field(data, item)
        around.remove(item)
    if not len(data):
        around.remove(data)
    told(element, "translated-form", count=len(found))


def _understood(item: Any) -> bool:
    """Whether a property is not computed."""
    return set(item.attrib) <= _READ and all(item.get(name, "true") in _YES_NO for name in _ASKED)


def _is(item: Any, name: str) -> bool:
    return _YES_NO[item.get(name, _ASKED[name])]


def _dated(element: Any, field: Any, told: Told) -> None:
    """Makes a date field use ISO 8601, with the time if the pattern has one."""
    pattern = field.get("datePattern")
    if pattern is None or field.get("type") != "date":
        return
    if _DAY - set(pattern) or _LETTERS.sub("", pattern):
        return
    del field.attrib["datePattern"]
    timed = bool(_TIME & set(pattern))
    if timed:
        field.set("type", "datetime")
    if "defaultValue" in field.attrib and not (pattern == "yyyy-MM-dd" and _iso(field.get("defaultValue"))):
        del field.attrib["defaultValue"]  # it would become a drawing hint, which doesn't exist
    told(
        element,
        "translated-form",
        field=short(field.get("id") or ""),
        pattern=short(pattern),
        example=_EXAMPLES[timed],
    )


_EXAMPLES = {False: "2026-03-21", True: "2026-03-21T08:00:00Z"}


def _iso(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _referred(element: Any) -> None:
    """Replaces a reference to a separately deployed form by its key; versions are not supported."""
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
    if item.get("datePattern") is not None:
        field.set("datePattern", item.get("datePattern"))
    for value in item.findall(f"{CAMUNDA}value"):
        etree.SubElement(field, f"{CAMUNDA}value", id=value.get("id") or "", name=value.get("name") or "")
    rules = etree.SubElement(field, f"{CAMUNDA}validation")
    if not _is(item, "writable"):
        etree.SubElement(rules, f"{CAMUNDA}constraint", name="readonly")
    elif _is(item, "required"):
        etree.SubElement(rules, f"{CAMUNDA}constraint", name="required")
