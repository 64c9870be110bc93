"""What an activity is given under names of its own, and what it gives back: Camunda's inputs and outputs."""

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from engine.bpmn.translate import juel
from engine.bpmn.translate.juel import Untranslatable, is_juel, translated
from engine.bpmn.translate.told import BPMN, CAMUNDA, OURS, Told, extension

# Where a token stands that can have variables of its own, and which kinds of parameters mean something there.
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
    """Inputs and outputs, what a call activity hands over and takes back, and what goes with a signal."""
    for definition in root.iter(f"{BPMN}signalEventDefinition"):
        _sent_along(definition, told)
    for element in root.iter(*(BPMN + name for name in _READ)):
        mapping = extension(element, "inputOutput")
        # Elements of BPMN in it would be lost: the check refuses them where they stand.
        plain = mapping is not None and next(mapping.iter(f"{BPMN}*"), None) is None
        if plain and element.get("triggeredByEvent") != "true":
            _parameters(element, mapping, told)
    for call in root.iter(f"{BPMN}callActivity"):
        _handed_over(call, told)


def parameters(mapping: Any, kind: str) -> dict[str, str]:
    """The parameters of an inputOutput element: expressions by name. Raises Untranslatable."""
    found = {}
    for item in mapping.findall(f"{CAMUNDA}{kind}"):
        name = item.get("name") or ""
        if not name.isidentifier():
            raise Untranslatable(f"{name!r} names no variable")
        found[name] = _value(item)
    return found


def outputs(mapping: Any, inputs: Mapping[str, str]) -> dict[str, str]:
    """The output parameters of an inputOutput element with these inputs. Raises Untranslatable.

    Camunda sets one after the other, and here all are computed at once: none may read one before it.
    """
    found: dict[str, str] = {}
    for name, code in parameters(mapping, "outputParameter").items():
        if juel.words(code) & (found.keys() - inputs.keys()):
            raise Untranslatable("it reads an output that is set before it")
        found[name] = code
    return found


def as_names(values: Iterable[tuple[str, str]]) -> str:
    """An expression for names with values."""
    return "{" + ", ".join(f"{name!r}: {code}" for name, code in values) + "}"


def _value(item: Any) -> str:
    parts = list(item.iterchildren(etree.Element))
    if not parts:
        text = (item.text or "").strip()
        return translated(text).code if is_juel(text) else repr(text) if text else "None"
    if len(parts) > 1:
        raise Untranslatable("it has several values")
    kind = parts[0].tag.removeprefix(CAMUNDA)
    if kind == "list":
        return "[" + ", ".join(_value(part) for part in parts[0].iterchildren(etree.Element)) + "]"
    if kind == "map":
        entries = [(_key(entry), _value(entry)) for entry in parts[0].findall(f"{CAMUNDA}entry")]
        return "{" + ", ".join(f"{key}: {value}" for key, value in entries) + "}"
    if kind == "value":
        return _value(parts[0])
    raise Untranslatable(f"<{kind}> is no value")


def _key(entry: Any) -> str:
    key: str = entry.get("key") or ""
    return translated(key).code if is_juel(key) else repr(key)


def _parameters(element: Any, mapping: Any, told: Told) -> None:
    try:
        given = parameters(mapping, "inputParameter")
        taken = outputs(mapping, given)
    except Untranslatable:
        return
    found = {name: values for name, values in (("inputs", given), ("outputs", taken)) if values}
    if not found.keys() <= set(_READ[element.tag.removeprefix(BPMN)]):
        return
    if any(element.get(f"{OURS}{name}") is not None for name in found):
        return  # said twice: left as it stands, and refused
    for name, values in found.items():
        element.set(f"{OURS}{name}", as_names(values.items()))
    mapping.getparent().remove(mapping)
    told(
        element,
        "translated-mapping",
        f"Its {len(given)} inputs and {len(taken)} outputs are mapped as Camunda does: inputs are seen by"
        " this element alone, and what is in it.",
    )


def _handed_over(call: Any, told: Told) -> None:
    """A call that says anything of it hands over, and takes back, what it names, and nothing else."""
    found = {kind: call.findall(f"{BPMN}extensionElements/{CAMUNDA}{kind}") for kind in _HANDED}
    for kind, name in _HANDED.items() if any(found.values()) else ():
        for item in found[kind]:
            if set(item.attrib) == {"businessKey"}:  # a called process is no case of its own
                item.getparent().remove(item)
        items = [item for item in found[kind] if item.getparent() is not None]
        meant_anyway = items and all(dict(item.attrib) == _MEANT_ANYWAY for item in items)
        if meant_anyway or call.get(f"{OURS}{name}") is not None:
            continue
        try:
            values = [_handed(item) for item in items]
        except Untranslatable:  # also if it is all of them, and some besides
            continue
        call.set(f"{OURS}{name}", as_names(values))
        for item in items:
            item.getparent().remove(item)
        how = "over" if kind == "in" else "back"
        only = f"Only these are handed {how}: {call.get(OURS + name)}."
        told(call, "translated-mapping", only if values else f"Nothing is handed {how}: it names nothing.")


def _sent_along(definition: Any, told: Told) -> None:
    event = definition.getparent()
    items = definition.findall(f"{BPMN}extensionElements/{CAMUNDA}in")
    if not items or event.tag not in _THROWING or event.get(f"{OURS}data") is not None:
        return
    mapping = extension(event, "inputOutput")
    try:
        inputs = [] if mapping is None else [(name, name) for name in parameters(mapping, "inputParameter")]
        values = [
            pair for item in items for pair in (inputs if dict(item.attrib) == _OWN else [_handed(item)])
        ]
    except Untranslatable:
        return
    event.set(f"{OURS}data", as_names(values))
    for item in items:
        item.getparent().remove(item)
    told(event, "translated-mapping", f"Only these go with the signal: {event.get(f'{OURS}data')}.")


def _handed(item: Any) -> tuple[str, str]:
    target = item.get("target") or ""
    source, expression = item.get("source"), item.get("sourceExpression")
    if not target.isidentifier() or set(item.attrib) - {"target", "source", "sourceExpression"}:
        raise Untranslatable("it is handed over in another way")
    if source is not None and expression is None and source.isidentifier():
        return target, source
    if expression is not None and source is None and is_juel(expression):
        return target, translated(expression).code
    raise Untranslatable("it names no variable")
