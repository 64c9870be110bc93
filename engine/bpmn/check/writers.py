"""What each element may set in a case, as it is drawn. Judges nothing."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn import forms
from engine.bpmn.check import feel, juel
from engine.bpmn.check.allow_list import THROWN, bpmn
from engine.bpmn.check.diagram import Node
from engine.bpmn.check.extensions import PARVANDEH
from engine.bpmn.check.python import expression
from engine.bpmn.kinds import HUMAN
from engine.bpmn.script import as_written, language, names

_MARKER = bpmn("multiInstanceLoopCharacteristics")
_CATCHING = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent", "receiveTask"})


@dataclass(frozen=True, slots=True)
class Given:
    """Variables that something may set; `anything` where their names are nobody's but the sender's."""

    names: frozenset[str] = frozenset()
    anything: bool = False

    def __or__(self, other: "Given") -> "Given":
        return Given(self.names | other.names, self.anything or other.anything)


NOTHING = Given()
ANYTHING = Given(anything=True)


def written(node: Node, schemas: Mapping[str, Any], *, outside: bool) -> Given:
    """What an element sets itself, in each of its instances. `outside`: it stands in the process itself."""
    if node.kind == "startEvent" and not node.handles:
        return _begun(node, schemas) if outside else NOTHING
    return _work(node, schemas) | outputs(node.element)


def _work(node: Node, schemas: Mapping[str, Any]) -> Given:
    kind, element = node.kind, node.element
    if kind in _CATCHING:
        return _taken(node)
    if kind == "userTask":
        return asked(element, schemas)
    if kind == "scriptTask":
        return Given(_assigned(element))
    if kind == "serviceTask":
        return _result(element)
    called = kind == "callActivity" and _ours(element, "outputs") is None
    return ANYTHING if called or kind in HUMAN else NOTHING


def inputs(element: Any) -> Given:
    """What an activity sees under names of its own."""
    return _mapped(_ours(element, "inputs"))


def outputs(element: Any) -> Given:
    """What an activity sets when its work is done."""
    return _mapped(_ours(element, "outputs"))


def items(element: Any) -> Given:
    """What each of several instances is given, or is to leave."""
    marker = element.find(_MARKER)
    parts = [] if marker is None else marker.findall("*")
    return Given(
        frozenset(
            part.get("id") for part in parts if part.tag in (bpmn("inputDataItem"), bpmn("outputDataItem"))
        )
    )


def collected(element: Any) -> str | None:
    """The variable that takes the results of several instances: then nothing else leaves them."""
    found: str | None = element.findtext(f"{_MARKER}/{bpmn('loopDataOutputRef')}")
    return found


def _ours(element: Any, name: str) -> str | None:
    value: str | None = element.get(f"{{{PARVANDEH}}}{name}")
    return value


def _mapped(text: str | None) -> Given:
    """The names in a mapping that stands there, such as {'fee': amount}."""
    if text is None:
        return NOTHING
    written_in = language(text)
    if written_in != "python":
        named = feel.keys(text) if written_in == "feel" else juel.keys(text)
        return ANYTHING if named is None else Given(named)
    body = expression(text.strip())
    if not isinstance(body, ast.Dict):
        return ANYTHING
    keys = [key.value for key in body.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return Given(frozenset(keys), len(keys) < len(body.keys))


def _assigned(element: Any) -> frozenset[str]:
    return names(as_written(element.findtext(bpmn("script"), "")), "exec").writes


def _result(element: Any) -> Given:
    result = _ours(element, "result")
    return ANYTHING if result is None else Given(frozenset({result}))


def _taken(node: Node) -> Given:
    """What comes with an event; what went wrong is a variable only where one is named."""
    if node.trigger == "condition":  # what made it true is known behind it
        text = node.element.findtext(f"{bpmn('conditionalEventDefinition')}/{bpmn('condition')}", "")
        return Given(names(text.strip(), "eval").reads)
    named = (_ours(node.element, name) for name in ("result", "code", "detail"))
    found = frozenset(name for name in named if name)
    if node.trigger in THROWN or node.trigger not in ("message", "signal"):
        return Given(found)
    return _result(node.element)


def _begun(node: Node, schemas: Mapping[str, Any]) -> Given:
    """What a case begins with."""
    starter = _ours(node.element, "starter")
    told = Given(frozenset({starter})) if starter else NOTHING
    if node.trigger is None:
        return told | asked(node.element, schemas)
    return told if node.trigger == "timer" else told | _result(node.element)


def asked(element: Any, schemas: Mapping[str, Any]) -> Given:
    """The fields of a form; without one, any data are taken."""
    schema = forms.schema_of(element, schemas) or {}
    fields = schema.get("properties")
    if not isinstance(fields, dict):  # one of another application, or refused for it
        return ANYTHING
    free = schema.get("additionalProperties", False) is not False or "patternProperties" in schema
    return Given(frozenset(fields), free)
