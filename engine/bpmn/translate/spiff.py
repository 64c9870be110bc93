"""Translates SpiffArena's extensions; its expressions and scripts are already Python."""

import ast
import re
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from lxml import etree

from engine.bpmn.expressions.syntax import tree
from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate.juel import Untranslatable
from engine.bpmn.translate.translations import BPMN, Told, short

_ACTIVITIES = tuple(
    BPMN + name
    for name in (
        *("task", "userTask", "manualTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask"),
        *("subProcess", "callActivity"),
    )
)  # script tasks have none
_MARKERS = (f"{BPMN}multiInstanceLoopCharacteristics", f"{BPMN}standardLoopCharacteristics")
_SCOPES = (f"{BPMN}process", f"{BPMN}subProcess")
_SPEAKING = tuple(BPMN + name for name in ("messageEventDefinition", "sendTask", "receiveTask"))
_THROWING = frozenset(BPMN + name for name in ("intermediateThrowEvent", "endEvent", "sendTask"))
_MOST = 100_000  # characters of all parameters
_WORDS = ("messagePayload", "messageVariable")
# The members of values that are not dictionaries, and those of dictionaries themselves.
_OF_VALUES = frozenset(
    name
    for kind in (date, datetime, time, timedelta, Decimal, int, float, str, list, dict)
    for name in dir(kind)
)
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"


def translate_payloads(root: Any, told: Told) -> None:
    """Translates the data of a message, and the variable that stores received data."""
    messages = {message.get("id"): message for message in root.iterchildren(f"{BPMN}message")}
    for at in root.iter(*_SPEAKING):
        message = messages.get((at.get("messageRef") or "").rpartition(":")[2])
        if message is not None:
            # If both have a payload, SpiffArena uses that of the message.
            said = message if any(_extension(message, word) is not None for word in _WORDS) else at
            _speaks(at.getparent() if at.tag == _SPEAKING[0] else at, said, told)
    for element in [*messages.values(), *root.iter(*_SPEAKING)]:
        for word in _WORDS:
            if (found := _extension(element, word)) is not None and _expressible(found):
                found.getparent().remove(found)


def _speaks(event: Any, said: Any, told: Told) -> None:
    payload, variable = (_extension(said, word) for word in _WORDS)
    if event.tag in _THROWING and payload is not None and _expressible(payload):
        event.set(f"{OURS}data", _expression(payload.text))
        told(event, "translated-message", text=short(payload.text))
    if event.tag not in _THROWING and variable is not None and variable.text:
        event.set(f"{OURS}result", variable.text.strip())
        told(event, "translated-message", variable=short(variable.text))


def _extension(element: Any, word: str) -> Any:
    return element.find(f"{BPMN}extensionElements/{SPIFF}{word}")


def _expressible(found: Any) -> bool:
    """Whether it can be translated; a variable is named."""
    try:
        return found.tag == SPIFF + _WORDS[1] or bool(_expression(found.text or ""))
    except Untranslatable:
        return False


def translate_operators(root: Any, told: Told) -> None:
    """Translates service tasks with an operator: external work with its id as the topic."""
    if root.find(f".//{SPIFF}serviceTaskOperator") is None:
        return
    if sum(len(item.get("value") or "") for item in root.iter(f"{SPIFF}parameter")) > _MOST:
        return  # more than an upload may contain
    words = frozenset(re.findall(r"\w+", etree.tostring(root, encoding="unicode")))
    for task in root.iter(f"{BPMN}serviceTask"):
        found = task.findall(f"{BPMN}extensionElements/{SPIFF}serviceTaskOperator")
        if len(found) == 1 and task.get(f"{OURS}topic") is None and task.get(f"{OURS}connector") is None:
            _operator(task, found[0], words, told)


def translate_scripts(root: Any, told: Told) -> None:
    """Translates scripts before and after an activity to script tasks."""
    flows = _Flows(root)
    for activity in list(root.iter(*_ACTIVITIES)):
        handles = "true" in (activity.get("triggeredByEvent"), activity.get("isForCompensation"))
        apart = activity.getparent().tag not in _SCOPES or handles
        if not apart and _once(activity):
            _before(activity, flows, told)
            _after(activity, flows, told)


class _Flows:
    """The flows of a document by target and source; ids are unique across scopes."""

    def __init__(self, root: Any) -> None:
        self.into: dict[str, list[Any]] = defaultdict(list)
        self.out: dict[str, list[Any]] = defaultdict(list)
        self.gateways = {gateway.get("id") for gateway in root.iter(f"{BPMN}eventBasedGateway")}
        for flow in root.iter(f"{BPMN}sequenceFlow"):
            self.into[flow.get("targetRef") or ""].append(flow)
            self.out[flow.get("sourceRef") or ""].append(flow)


def _once(activity: Any) -> bool:
    """Whether its scripts run once, not once for each of its instances."""
    each = f"{SPIFF}scriptsOnInstances"
    for marker in activity.iterchildren(*_MARKERS):
        if marker.attrib.pop(each, "false") == "true":
            marker.set(each, "true")
            return False
    return True


def _before(activity: Any, flows: _Flows, told: Told) -> None:
    found = _written(activity, "preScript")
    into = flows.into[activity.get("id")]
    awaited = any(flow.get("sourceRef") in flows.gateways for flow in into)
    if len(found) == 1 and not awaited and activity.find(f"{BPMN}dataInputAssociation") is None:
        task = _script(activity, found[0])
        for flow in into:
            flow.set("targetRef", task.get("id"))
        _join(task, activity)
        told(activity, "translated-script.before")


def _after(activity: Any, flows: _Flows, told: Told) -> None:
    found = _written(activity, "postScript")
    if len(found) == 1 and activity.find(f"{BPMN}dataOutputAssociation") is None:
        task = _script(activity, found[0])
        for flow in flows.out[activity.get("id")]:
            flow.set("sourceRef", task.get("id"))
        if "default" in activity.attrib:
            task.set("default", activity.attrib.pop("default"))
        _join(activity, task)
        told(activity, "translated-script.after")


def _written(activity: Any, when: str) -> list[Any]:
    """Returns the scripts of an activity, without empty ones."""
    found: list[Any] = activity.findall(f"{BPMN}extensionElements/{SPIFF}{when}")
    for script in [script for script in found if not (script.text or "").strip()]:
        script.getparent().remove(script)
        found.remove(script)
    return found


def _script(activity: Any, found: Any) -> Any:
    """Creates a script task next to the activity, with this script."""
    when = found.tag.removeprefix(SPIFF)
    name = activity.get("name") or activity.get("id")
    task: Any = etree.Element(f"{BPMN}scriptTask", id=f"{activity.get('id')}.{when}", name=f"{name} ({when})")
    script: Any = etree.SubElement(task, f"{BPMN}script")
    script.text = found.text
    task.sourceline = script.sourceline = found.sourceline
    activity.addnext(task)
    found.getparent().remove(found)
    return task


def _join(source: Any, target: Any) -> None:
    scope, ends = source.getparent(), (source.get("id"), target.get("id"))
    etree.SubElement(scope, f"{BPMN}sequenceFlow", id="-".join(ends), sourceRef=ends[0], targetRef=ends[1])


def _operator(task: Any, operator: Any, words: frozenset[str], told: Told) -> None:
    name = operator.get("id")
    parameters = operator.findall(f"{SPIFF}parameters/{SPIFF}parameter")
    given = [(item.get("id") or "", item.get("value")) for item in parameters]
    try:
        values = [(key, _expression(code)) for key, code in given if code is not None]
    except Untranslatable:
        return
    if not name:
        return
    operator.getparent().remove(operator)
    task.set(f"{OURS}topic", name)
    if values:
        named = ", ".join(f"{key!r}: {code}" for key, code in values)
        task.set(f"{OURS}request", f"{{{named}}}")
    # Its reply needs a name even if none was set.
    result = operator.get("resultVariable") or f"spiff__{task.get('id') or ''}_result".replace("-", "_")
    task.set(f"{OURS}result", _readable(result, words))
    told(task, "translated-service", topic=short(name))


def _readable(name: str, words: frozenset[str]) -> str:
    """Returns a valid name for a variable. A name with symbols can't be read, so any unused one will do."""
    made = re.sub(r"\W", "_", name)
    return name if made in words else made


class _Members(ast.NodeTransformer):
    """Reads members of data as SpiffArena does, where `invoice.number` is `invoice['number']`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute):  # a method is not changed
            node.func.value = self.visit(node.func.value)
        else:
            node.func = self.visit(node.func)
        node.args = [self.visit(part) for part in node.args]
        node.keywords = [self.visit(part) for part in node.keywords]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        value = self.visit(node.value)
        if node.attr in _OF_VALUES:
            return ast.Attribute(value, node.attr, node.ctx)
        return ast.Subscript(value, ast.Constant(node.attr), node.ctx)


def _expression(code: str) -> str:
    """Returns the expression in a form that can be nested. Raises Untranslatable."""
    try:
        return ast.unparse(_Members().visit(tree(code.strip(), "eval")))
    except (SyntaxError, RecursionError) as error:
        raise Untranslatable("it is no expression") from error
