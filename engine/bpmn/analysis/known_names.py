"""The variables that can be read at each element of a diagram, with their types and origins.

For diagrams that are being edited: nothing in them has to be valid. Checks nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn import forms
from engine.bpmn.check.files import Upload
from engine.bpmn.check.variables import Process
from engine.bpmn.forms.fields import Field, Kind, Text, fields_of
from engine.bpmn.model import writers
from engine.bpmn.model.diagram import Diagram, Node, keys_called
from engine.bpmn.model.writers import Origin
from engine.bpmn.notation.vocabulary import bpmn
from engine.platform.budget import spend

MOST = 20_000  # names of all elements together, to limit the size of a response
_MOST_HERE = 500  # names at one element

# Types as in JSON, with dates and documents; all other fields are texts.
_TYPES: Mapping[Kind, str] = {
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "datetime",
    "choices": "array",
    "list": "array",
    "group": "object",
    "file": "document",
}


@dataclass(frozen=True, slots=True)
class Name:
    """A variable that may be known somewhere; `after` if only once the work of that element is done.

    `by` is the name of the element that sets it, or its id. `label` is that of a form's field.
    """

    name: str
    type: str | None
    origin: Origin
    by: str | None
    label: Text | None
    after: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    origin: Origin
    by: str | None
    field: Field | None = None


def readable(
    diagrams: Sequence[Diagram], upload: Upload, file: str, only: str | None = None
) -> tuple[dict[str, tuple[Name, ...]], bool]:
    """Returns the variables by the ids of a file's elements, or of one; and whether these are all.

    Raises Exhausted.
    """
    called = keys_called(diagrams)
    found: dict[str, tuple[Name, ...]] = {}
    left = MOST
    for diagram in diagrams:
        if diagram.file != file:
            continue
        process = Process(diagram, upload.schemas, called=diagram.key in called, rules=upload.rules)
        sources = _sources(process)
        for element, now, later in process.readable():
            if element.get("id") is None or only not in (None, element.get("id")):
                continue
            here = [*_names(process, sources, now, after=False), *_names(process, sources, later, after=True)]
            left -= len(here)
            if left < 0:
                return found, False
            found[element.get("id")] = tuple(here)
    return found, True


def _names(process: Process, sources: Mapping[str, _Source], known: int, *, after: bool) -> list[Name]:
    spend(len(process.bits))
    names = [name for name in process.names(known) if name.isidentifier()][:_MOST_HERE]
    return [_name(name, sources.get(name, _Source("condition", None)), after=after) for name in names]


def _name(name: str, source: _Source, *, after: bool) -> Name:
    field = source.field
    kind = _TYPES.get(field.kind, "string") if field else _KINDS.get(source.origin)
    return Name(name, kind, source.origin, source.by, field.label if field else None, after)


_KINDS: Mapping[Origin, str] = {"reply": "object", "results": "array", "error": "string", "starter": "string"}


def _sources(process: Process) -> dict[str, _Source]:
    """Returns who sets each variable: preferably a form, which has most details, else the first element."""
    found: dict[str, _Source] = {
        item.get("id"): _Source("object", item.get("name"))
        for item in process.diagram.element.iter(bpmn("dataObject"))
        if item.get("id")
    }
    for scope in process.diagram.scopes:
        for node in scope.nodes:
            for name, source in _set_by(process, node, outside=scope.depth == 0):
                if name not in found or (source.field and not found[name].field):
                    found[name] = source
    return found


def _set_by(process: Process, node: Node, *, outside: bool) -> Iterator[tuple[str, _Source]]:
    by = node.element.get("name") or node.element.get("id")
    fields: Mapping[str, Field] = {}
    for origin, given in writers.sources(node, process.schemas, outside=outside):
        if origin == "form" and given.names:
            fields = _fields(node.element, process.schemas)
        for name in given.names:
            yield name, _Source(origin, by, fields.get(name) if origin == "form" else None)
    more: Mapping[Origin, Any] = {
        "decision": writers.ruled(node.element, process.rules),
        "input": writers.inputs(node.element).names,
        "item": writers.items(node.element).names,
        "results": filter(None, [writers.collected(node.element)]),
    }
    for origin, names in more.items():
        for name in names:
            yield name, _Source(origin, by)


def _fields(element: Any, schemas: Mapping[str, Any]) -> dict[str, Field]:
    """Returns the fields of a form by the variables that they set."""
    schema = forms.schema_of(element, schemas) or {}
    try:
        forms.validator(schema)
    except ValueError:
        return {}
    waiting = list(fields_of(schema, None))
    found = {}
    while waiting:
        field = waiting.pop()
        if field.pointer is None:
            waiting += field.fields  # it only groups
        elif field.pointer.count("/") == 1:
            found[field.pointer[1:].replace("~1", "/").replace("~0", "~")] = field
    return found
