"""Translates work that Camunda delegates to a Java class or another program: external work of a topic."""

from typing import Any

from lxml import etree

from engine.bpmn.expressions.juel import tree
from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate.juel import Untranslatable, Value, expression, is_juel, read, value
from engine.bpmn.translate.mappings import as_names, outputs, parameters, variables
from engine.bpmn.translate.translations import BPMN, CAMUNDA, Told, extension, short

_TASKS = tuple(BPMN + name for name in ("serviceTask", "sendTask", "businessRuleTask"))
_THROWING = frozenset(BPMN + name for name in ("intermediateThrowEvent", "endEvent"))
_TYPE, _TOPIC = f"{CAMUNDA}type", f"{CAMUNDA}topic"
_WAYS = tuple(CAMUNDA + name for name in ("class", "delegateExpression", "expression"))
_RESULT = f"{CAMUNDA}resultVariable"
# Attributes that define who does the work, in any engine's vocabulary.
_SAYING = frozenset({
    "class", "expression", "delegateExpression", "type", "topic", "connector", "field", "taskDefinition",
    "serviceTaskOperator", "taskName", "operation", "request",
})  # fmt: skip


def translate_services(root: Any, told: Told) -> None:
    """Translates tasks, and events that throw a message by such work."""
    for definition in list(root.iter(f"{BPMN}messageEventDefinition")):
        event = definition.getparent()
        if event is not None and event.tag in _THROWING and _implemented(definition):
            _as_task(event, definition)
    for task in root.iter(*_TASKS):
        if task.get(f"{OURS}topic") is None and task.get(f"{OURS}connector") is None:
            _task(task, told)


def _implemented(element: Any) -> bool:
    return any(element.get(name) is not None for name in (_TYPE, *_WAYS))


def _as_task(event: Any, definition: Any) -> None:
    """Replaces the event by a service task: either continues once the work is done."""
    event.tag = f"{BPMN}serviceTask"
    for name in [name for name in definition.attrib if name.startswith(CAMUNDA)]:
        event.set(name, definition.attrib[name])
    extensions = definition.find(f"{BPMN}extensionElements")
    if extensions is not None and event.find(f"{BPMN}extensionElements") is None:
        event.insert(0, extensions)
    event.remove(definition)


def _task(task: Any, told: Told) -> None:
    if _computed(task, told):
        return
    named = _topic(task)
    if named is None:
        _abstract(task, told)
        return
    topic, used = named
    try:
        request = _request(task)
    except Untranslatable:
        return
    before = task.tag.removeprefix(BPMN)
    task.tag = f"{BPMN}serviceTask"
    for name in used:
        del task.attrib[name]
    for name in ("messageRef", "implementation"):
        task.attrib.pop(name, None)
    task.set(f"{OURS}topic", topic)
    if request:
        task.set(f"{OURS}request", request)
    if task.get(_RESULT) is not None:
        task.set(f"{OURS}result", task.attrib.pop(_RESULT))
    more = {} if before == "serviceTask" else {"kind": before}
    told(task, "translated-service", topic=short(topic), **more)


def says_who(task: Any) -> bool:
    """Whether a task defines, in any engine's vocabulary, who does its work."""
    extensions = task.findall(f"{BPMN}extensionElements/*")
    names = (*task.attrib, *(str(part.tag) for part in extensions))
    return not _SAYING.isdisjoint(name.rpartition("}")[2] for name in names if name.startswith("{"))


def _abstract(task: Any, told: Told) -> None:
    """Makes a service task without an implementation external work, with its id as the topic."""
    if task.tag != f"{BPMN}serviceTask" or not task.get("id") or task.get("operationRef") or says_who(task):
        return
    task.set(f"{OURS}topic", task.get("id"))
    told(task, "abstract-service", topic=short(task.get("id")), warns=True)


def _computed(task: Any, told: Told) -> bool:
    """Replaces an expression that needs no Java object by a script."""
    text = task.get(f"{CAMUNDA}expression")
    if text is None or sum(task.get(name) is not None for name in (_TYPE, *_WAYS)) != 1:
        return False
    result = task.get(_RESULT)
    try:
        if not _is_value(read(text).tree, kept=result is not None):
            return False
        code = expression(text)
    except Untranslatable:
        return False
    if result is not None and not result.isidentifier():
        return False
    task.tag = f"{BPMN}scriptTask"
    for name in (f"{CAMUNDA}expression", _RESULT, "messageRef", "implementation"):
        task.attrib.pop(name, None)
    script = etree.SubElement(task, f"{BPMN}script")
    script.text = code if result is None else f"{result} = {code}"
    told(task, "translated-service", script=short(script.text))
    return True


def _is_value(root: tree.Node, *, kept: bool) -> bool:
    """Whether an expression only uses data, without reading or calling a Java object.

    A variable may have members if the value is `kept`; otherwise, Java may act when they are read.
    """
    asked = [
        node for node in tree.walk(root) if isinstance(node, tree.Path) and isinstance(node.base, tree.Name)
    ]
    return not any(not kept or any(isinstance(step, tree.Call) for step in node.steps) for node in asked)


def _topic(task: Any) -> tuple[str, list[str]] | None:
    """Returns the topic, and the attributes that define it."""
    ways = [name for name in _WAYS if task.get(name) is not None]
    kind = task.get(_TYPE)
    if kind == "external" and not ways:
        return None if task.get(_TOPIC) is None else (task.get(_TOPIC), [_TYPE, _TOPIC])
    if kind is not None:
        return None if ways or task.get(_TOPIC) is not None else (kind, [_TYPE])
    connector = extension(task, "connector")
    if connector is not None and not ways:
        name = connector.findtext(f"{CAMUNDA}connectorId")
        return (name.strip(), []) if name and name.strip() else None
    return (_name(task.get(ways[0])), ways) if len(ways) == 1 else None


def _name(text: str) -> str:
    """Returns the name of a class, or of the object or method in an expression."""
    text = text.strip()
    for opening in ("${", "#{"):
        text = text.replace(opening, "")
    return text.replace("}", "") if is_juel(text) or "}" in text else text


def _request(task: Any) -> str:
    """Returns the request: the task's inputs, and the fields of a Java class. Raises Untranslatable."""
    values: dict[str, Value] = {}
    mapping = extension(task, "inputOutput")
    if mapping is not None:
        values.update(variables(parameters(mapping, "inputParameter")))
    _from_connector(task, values)
    for field in task.findall(f"{BPMN}extensionElements/{CAMUNDA}field"):
        values[field.get("name") or ""] = _field(field)
    code = as_names(values.items()) if values else ""
    for field in task.findall(f"{BPMN}extensionElements/{CAMUNDA}field"):
        field.getparent().remove(field)
    return code


def _from_connector(task: Any, values: dict[str, Value]) -> None:
    connector = extension(task, "connector")
    if connector is None:
        return
    mapping = connector.find(f"{CAMUNDA}inputOutput")
    if mapping is not None:
        given = parameters(mapping, "inputParameter")
        values.update(given)
        taken = outputs(mapping, given)
        if taken:
            task.set(f"{OURS}outputs", as_names(taken.items()))
    connector.getparent().remove(connector)


def _field(field: Any) -> Value:
    text = field.get("stringValue") or field.findtext(f"{CAMUNDA}string")
    if text is None:
        text = field.get("expression") or field.findtext(f"{CAMUNDA}expression") or ""
    return value(text)
