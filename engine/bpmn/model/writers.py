"""The variables that each element may set in a case, as drawn. Checks nothing."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.bpmn import forms
from engine.bpmn.expressions.scripts import as_written, language, names
from engine.bpmn.model import feel, juel
from engine.bpmn.model.diagram import Node
from engine.bpmn.model.python import expression
from engine.bpmn.notation.rule_tasks import DECISION, RESULT
from engine.bpmn.notation.vocabulary import HUMAN, PARVANDEH, THROWN, bpmn
from engine.dmn import Decisions

_MARKER = bpmn("multiInstanceLoopCharacteristics")
_CATCHING = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent", "receiveTask"})


@dataclass(frozen=True, slots=True)
class Given:
    """Variables that something may set; `anything` if only the sender knows their names."""

    names: frozenset[str] = frozenset()
    anything: bool = False

    def __or__(self, other: "Given") -> "Given":
        return Given(self.names | other.names, self.anything or other.anything)


NOTHING = Given()
ANYTHING = Given(anything=True)

Origin = Literal[
    "form", "script", "reply", "decision", "message", "signal", "error", "escalation", "mapping", "call",
    "input", "item", "results", "starter", "condition", "object",
]  # fmt: skip
_ORIGINS: Mapping[str, Origin] = {
    "message": "message", "signal": "signal", "error": "error", "escalation": "escalation",
}  # fmt: skip


def written(node: Node, schemas: Mapping[str, Any], *, outside: bool) -> Given:
    """Returns what an element sets itself, in each instance. `outside`: it is directly in the process."""
    found = NOTHING
    for _, given in sources(node, schemas, outside=outside):
        found |= given
    return found


def sources(node: Node, schemas: Mapping[str, Any], *, outside: bool) -> Iterator[tuple[Origin, Given]]:
    """Yields the same, by origin."""
    if node.kind == "startEvent" and not node.handles:
        if outside:
            yield from _begun(node, schemas)
        return
    yield from _work(node, schemas)
    yield "mapping", outputs(node.element)


def _work(node: Node, schemas: Mapping[str, Any]) -> Iterator[tuple[Origin, Given]]:
    kind, element = node.kind, node.element
    if kind in _CATCHING:
        yield from _taken(node)
    elif kind == "userTask":
        yield "form", asked(element, schemas)
    elif kind == "scriptTask":
        yield "script", _assigned(element)
    elif kind == "serviceTask":
        yield "reply", _result(element)
    elif kind == "callActivity":
        yield "call", ANYTHING if _ours(element, "outputs") is None else NOTHING
    elif kind in HUMAN:
        yield "form", ANYTHING


def inputs(element: Any) -> Given:
    """Returns the local variables that an activity reads."""
    return _mapped(_ours(element, "inputs"))


def outputs(element: Any) -> Given:
    """Returns what an activity sets when its work is done."""
    return _mapped(_ours(element, "outputs"))


def items(element: Any) -> Given:
    """Returns the input of each of several instances, or its output."""
    marker = element.find(_MARKER)
    parts = [] if marker is None else marker.findall("*")
    tags = (bpmn("inputDataItem"), bpmn("outputDataItem"))
    return Given(frozenset(filter(None, (part.get("id") for part in parts if part.tag in tags))))


def ruled(task: Any, rules: Decisions) -> Sequence[str]:
    """Returns the variables that a business rule task sets."""
    result = task.get(RESULT)
    return rules.outputs(task.get(DECISION, "")) if result is None else (result,)


def collected(element: Any) -> str | None:
    """Returns the variable for the results of several instances: then nothing else leaves them."""
    found: str | None = element.findtext(f"{_MARKER}/{bpmn('loopDataOutputRef')}")
    return found


def _ours(element: Any, name: str) -> str | None:
    value: str | None = element.get(f"{{{PARVANDEH}}}{name}")
    return value


def _mapped(text: str | None) -> Given:
    """Returns the names in a literal mapping, such as {'fee': amount}."""
    if text is None:
        return NOTHING
    written_in = language(text)
    if written_in != "python":
        named = feel.keys(text) if written_in == "feel" else juel.keys(text)
        return ANYTHING if named is None else Given(named)
    try:
        body = expression(text.strip())
    except SyntaxError:  # an unfinished diagram
        return ANYTHING
    if not isinstance(body, ast.Dict):
        return ANYTHING
    keys = [key.value for key in body.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return Given(frozenset(keys), len(keys) < len(body.keys))


def _assigned(element: Any) -> Given:
    try:
        return Given(names(as_written(element.findtext(bpmn("script"), "")), "exec").writes)
    except SyntaxError:
        return ANYTHING


def _result(element: Any) -> Given:
    result = _ours(element, "result")
    return ANYTHING if result is None else Given(frozenset({result}))


def _taken(node: Node) -> Iterator[tuple[Origin, Given]]:
    """Yields the data of an event; an error's data are only variables where one is named."""
    if node.trigger == "condition":  # what made the condition true is known after it
        text = node.element.findtext(f"{bpmn('conditionalEventDefinition')}/{bpmn('condition')}", "")
        yield "condition", _read(text)
        return
    named = (_ours(node.element, name) for name in ("result", "code", "detail"))
    found = frozenset(name for name in named if name)
    origin = _ORIGINS.get(node.trigger or "", "message")
    if node.trigger in THROWN or node.trigger not in ("message", "signal"):
        yield origin, Given(found)
    else:
        yield origin, _result(node.element)


def _read(text: str) -> Given:
    try:
        return Given(names(text.strip(), "eval").reads)
    except SyntaxError:
        return ANYTHING


def _begun(node: Node, schemas: Mapping[str, Any]) -> Iterator[tuple[Origin, Given]]:
    """Yields the data with which a case begins."""
    starter = _ours(node.element, "starter")
    yield "starter", Given(frozenset({starter})) if starter else NOTHING
    if node.trigger is None:
        yield "form", asked(node.element, schemas)
    elif node.trigger != "timer":
        yield _ORIGINS.get(node.trigger, "message"), _result(node.element)


def asked(element: Any, schemas: Mapping[str, Any]) -> Given:
    """Returns the fields of a form; without one, any data are accepted."""
    schema = forms.schema_of(element, schemas) or {}
    fields = schema.get("properties")
    if not isinstance(fields, dict):  # one of another engine, or rejected for that reason
        return ANYTHING
    free = schema.get("additionalProperties", False) is not False or "patternProperties" in schema
    return Given(frozenset(fields), free)


def only_shown(element: Any, schemas: Mapping[str, Any]) -> frozenset[str]:
    """Returns the fields of a form that a person can't change."""
    fields = (forms.schema_of(element, schemas) or {}).get("properties")
    known = fields if isinstance(fields, dict) else {}
    return frozenset(
        name for name, field in known.items() if isinstance(field, dict) and field.get("readOnly") is True
    )
