"""Translates Camunda's inputs and outputs: local variables of an activity, and what it returns."""

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate import juel
from engine.bpmn.translate.juel import NOTHING, Untranslatable, Value, is_juel
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, extension, short
from engine.bpmn.translate.vendors import of_camunda

# Elements whose tokens can have local variables, and the kinds of parameters supported there.
_BOTH, _INPUTS, _OUTPUTS = ("inputs", "outputs"), ("inputs",), ("outputs",)
_READ = {
    **dict.fromkeys(
        (
            *("task", "userTask", "manualTask", "scriptTask", "serviceTask", "sendTask", "receiveTask"),
            *("businessRuleTask", "callActivity", "subProcess", "intermediateCatchEvent"),
            "intermediateThrowEvent",
        ),
        _BOTH,
    ),
    "endEvent": _INPUTS,
    **dict.fromkeys(("boundaryEvent", "startEvent"), _OUTPUTS),
}
_HANDED = {"in": "inputs", "out": "outputs"}
_MEANT_ANYWAY = {"variables": "all"}
_OWN = {"variables": "all", "local": "true"}
_THROWING = (f"{BPMN}intermediateThrowEvent", f"{BPMN}endEvent")


def translate_mappings(root: Any, told: Told) -> None:
    """Translates inputs and outputs, variable mappings of call activities, and data of signals."""
    for definition in root.iter(f"{BPMN}signalEventDefinition"):
        _sent_along(definition, told)
    for element in root.iter(*(BPMN + name for name in _READ)):
        mapping = extension(element, "inputOutput")
        # BPMN elements inside would be lost, so the check rejects them.
        plain = mapping is not None and next(mapping.iter(f"{BPMN}*"), None) is None
        if plain and element.get("triggeredByEvent") != "true":
            _parameters(element, mapping, told)
    for call in root.iter(f"{BPMN}callActivity"):
        _handed_over(call, told)


def parameters(mapping: Any, kind: str) -> dict[str, Value]:
    """Returns the parameters of an inputOutput element, by name. Raises Untranslatable."""
    found = {}
    for item in mapping.findall(f"{CAMUNDA}{kind}"):
        name = item.get("name") or ""
        if not name.isidentifier():
            raise Untranslatable(f"{name!r} names no variable")
        found[name] = _value(item)
    return found


def outputs(mapping: Any, inputs: Mapping[str, Value]) -> dict[str, Value]:
    """Returns the output parameters of an inputOutput element with these inputs. Raises Untranslatable.

    Camunda sets them one after the other, here all are computed at once: none may read a previous one.
    """
    found: dict[str, Value] = {}
    for name, value in parameters(mapping, "outputParameter").items():
        if value.names & (found.keys() - inputs.keys()):
            raise Untranslatable("it reads an output that is set before it")
        found[name] = value
    return found


def as_names(values: Iterable[tuple[str, Value]]) -> str:
    """Returns an expression for named values. Raises Untranslatable."""
    return juel.mapping((Value.text(name), value) for name, value in values).code


def _value(item: Any) -> Value:
    parts = list(item.iterchildren(etree.Element))
    if not parts:
        text = (item.text or "").strip()
        return juel.value(text) if text else NOTHING
    if len(parts) > 1:
        raise Untranslatable("it has several values")
    kind = parts[0].tag.removeprefix(CAMUNDA)
    if kind == "list":
        return juel.listing(_value(part) for part in parts[0].iterchildren(etree.Element))
    if kind == "map":
        entries = parts[0].findall(f"{CAMUNDA}entry")
        return juel.mapping((_key(entry), _value(entry)) for entry in entries)
    if kind == "value":
        return _value(parts[0])
    raise Untranslatable(f"<{kind}> is no value")


def _key(entry: Any) -> Value:
    key: str = entry.get("key") or ""
    return juel.value(key) if is_juel(key) else Value.text(key)


def _parameters(element: Any, mapping: Any, told: Told) -> None:
    try:
        given = parameters(mapping, "inputParameter")
        taken = outputs(mapping, given)
        both = (("inputs", given), ("outputs", taken))
        found = {name: as_names(values.items()) for name, values in both if values}
    except Untranslatable:
        return
    if not found.keys() <= set(_READ[element.tag.removeprefix(BPMN)]):
        return
    if any(element.get(f"{OURS}{name}") is not None for name in found):
        return  # defined twice: left unchanged, and rejected by the check
    for name, code in found.items():
        element.set(f"{OURS}{name}", code)
    mapping.getparent().remove(mapping)
    told(element, "translated-mapping", inputs=len(given), outputs=len(taken))


def _handed_over(call: Any, told: Told) -> None:
    """Translates a call with mappings: it passes and returns the named variables only."""
    found = {kind: call.findall(f"{BPMN}extensionElements/{CAMUNDA}{kind}") for kind in _HANDED}
    _note_differences(call, found, told)
    for kind, name in _HANDED.items() if any(found.values()) else ():
        for item in found[kind]:
            if set(item.attrib) == {"businessKey"}:  # a called process is not a separate case
                item.getparent().remove(item)
        items = [item for item in found[kind] if item.getparent() is not None]
        meant_anyway = items and all(dict(item.attrib) == _MEANT_ANYWAY for item in items)
        if meant_anyway or call.get(f"{OURS}{name}") is not None:
            continue
        try:
            code = as_names(_parse_mapping(item) for item in items)
        except Untranslatable:  # also if it maps all variables and some others
            continue
        call.set(f"{OURS}{name}", code)
        for item in items:
            item.getparent().remove(item)
        variant = "over" if kind == "in" else "back"
        if items:
            told(call, f"translated-mapping.{variant}", code=short(call.get(OURS + name) or ""))
        else:
            told(call, f"translated-mapping.nothing-{variant}")


def returns_all(call: Any) -> bool:
    """Whether a call says that all variables are returned, which remains as it is written."""
    items = call.findall(f"{BPMN}extensionElements/{CAMUNDA}out")
    return any(dict(item.attrib) == _MEANT_ANYWAY for item in items)


def _note_differences(call: Any, found: Mapping[str, Any], told: Told) -> None:
    """Reports where a call hands over other variables than in Camunda, or at another time."""
    if not any(found.values()) and of_camunda(call) and not _mapped(call):
        told(call, "translated-mapping.everything")
    if found["out"] and not of_camunda(call) and _left_early(call):
        told(call, "translated-mapping.completed")


def _mapped(call: Any) -> bool:
    return any(call.get(f"{OURS}{name}") is not None for name in _HANDED.values())


def _left_early(call: Any) -> bool:
    """Whether a boundary event catches an error or escalation of a call."""
    events = call.getparent().iterchildren(f"{BPMN}boundaryEvent")
    kinds = [f"{BPMN}{kind}EventDefinition" for kind in ("error", "escalation")]
    return any(
        event.get("attachedToRef") == call.get("id") and any(event.find(kind) is not None for kind in kinds)
        for event in events
    )


def _sent_along(definition: Any, told: Told) -> None:
    event = definition.getparent()
    items = definition.findall(f"{BPMN}extensionElements/{CAMUNDA}in")
    if not items or event.tag not in _THROWING or event.get(f"{OURS}data") is not None:
        return
    mapping = extension(event, "inputOutput")
    try:
        inputs = [] if mapping is None else variables(parameters(mapping, "inputParameter"))
        code = as_names(
            pair
            for item in items
            for pair in (inputs if dict(item.attrib) == _OWN else [_parse_mapping(item)])
        )
    except Untranslatable:
        return
    event.set(f"{OURS}data", code)
    for item in items:
        item.getparent().remove(item)
    told(event, "translated-mapping", code=short(event.get(f"{OURS}data")))


def variables(names: Iterable[str]) -> list[tuple[str, Value]]:
    """Returns names with the values of the variables of these names."""
    return [(name, Value.variable(name)) for name in names]


def _parse_mapping(item: Any) -> tuple[str, Value]:
    target = item.get("target") or ""
    source, expression = item.get("source"), item.get("sourceExpression")
    if not target.isidentifier() or set(item.attrib) - {"target", "source", "sourceExpression"}:
        raise Untranslatable("it is handed over in another way")
    if source is not None and expression is None and source.isidentifier():
        # Camunda returns null for what was never set. What is missing when a call starts is an incident.
        returned = item.tag == f"{CAMUNDA}out"
        return target, (Value.variable_or_null if returned else Value.variable)(source)
    if expression is not None and source is None and is_juel(expression):
        return target, juel.value(expression)
    raise Untranslatable("it names no variable")
