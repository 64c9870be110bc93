"""Requests of the modeler while somebody draws: possible choices, available data, findings."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import request

from engine.bpmn import Name, Named
from engine.bpmn.forms import Text
from engine.connectors import Connector
from engine.connectors.connector import Operation
from engine.connectors.schema import Schema
from engine.design import drafts
from web import connectors
from web.designer import findings
from web.designer.area import blueprint
from web.texts import find_text, reader, say
from web.visit import Content, Visit, page

JSON = "application/json"
_SIMPLE = ("number", "integer", "string", "boolean", "object", "array")


def _json(value: Mapping[str, Any]) -> Content:
    return Content(json.dumps(value, ensure_ascii=False).encode(), JSON)


@page(blueprint.get("/drafts/<uuid:draft_id>/choices"), may="definitions.deploy")
def choose(visit: Visit, draft_id: UUID) -> Content:
    """Return the names that a diagram of this draft can refer to, in the reader's language."""
    found = drafts.choices(visit.uow, draft_id)
    return _json(
        {
            "roles": [
                {"value": role, "label": find_text(f"words.position.{role}", role)} for role in found.roles
            ],
            "units": _named(found.units),
            "forms": [
                {
                    "value": form.value,
                    "label": say("designer.choice.form", name=_half(form.name), file=form.value),
                }
                for form in found.forms
            ],
            "connectors": [_connector(one) for _, one in sorted(connectors.known()[0].items())],
            "processes": _named(found.processes, parameters=True),
            "decisions": _named(found.decisions, parameters=True),
            "messages": _named(found.events["message"]),
            "signals": _named(found.events["signal"]),
            "errors": _named(found.events["error"]),
        }
    )


@page(blueprint.post("/drafts/<uuid:draft_id>/look"), may="definitions.deploy")
def look(visit: Visit, draft_id: UUID) -> Content:
    """Check a diagram as it is drawn now. Nothing is stored."""
    sent = request.form
    view = drafts.look(
        visit.uow,
        draft_id,
        sent.get("file", ""),
        sent.get("xml", "").encode(),
        operations=connectors.operations(),
        element=sent.get("element"),
    )
    return _json(
        {
            "names": {element: [_name(one) for one in known] for element, known in view.names.items()},
            "findings": [_finding(one) for one in _findings_of(view)],
            "complete": view.complete,
        }
    )


def _findings_of(view: drafts.Preview) -> Sequence[findings.Shown]:
    return findings.sort_findings(
        asdict(one) | ({"foreign": asdict(view.foreign[one])} if one in view.foreign else {})
        for one in view.findings
    )


def _half(text: Text) -> str:
    return text.en if reader().language == "en" else text.fa


def _named(found: Iterable[Named], *, parameters: bool = False) -> list[Mapping[str, Any]]:
    return [
        {"value": one.value, "label": _half(one.name)}
        | ({"inputs": one.inputs, "outputs": one.outputs} if parameters else {})
        for one in found
    ]


def _connector(found: Connector) -> Mapping[str, Any]:
    operations = [_operation(one) for _, one in sorted(found.operations.items())]
    return {"value": found.name, "label": found.name, "operations": operations}


def _operation(found: Operation) -> Mapping[str, Any]:
    return {
        "value": found.name,
        "label": found.name,
        "parameters": _fields(found.request, required=True),
        "result": _fields(found.reply, required=False),
    }


def _fields(schema: Schema | None, *, required: bool) -> list[Mapping[str, Any]]:
    document = schema.document if schema else {}
    needed = document.get("required", ())
    found: list[Mapping[str, Any]] = []
    for name, part in document.get("properties", {}).items():
        field: dict[str, Any] = {"name": name, "type": _type(part)}
        if required:
            field |= {"required": name in needed, "help": part.get("description", "")}
        found.append(field)
    return found


def _type(part: Mapping[str, Any]) -> str:
    """Return the JSON type of a field; of several, or of listed values, the first one's."""
    kind = part.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), None)
    listed = part.get("enum") or [part.get("const")]
    types = {bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}
    kind = kind or types.get(type(listed[0]), "string")
    return "number" if kind == "integer" else kind if kind in _SIMPLE else "string"


def _name(found: Name) -> Mapping[str, Any]:
    by = reader().half(found.by) if found.by else ""
    return {
        "name": found.name,
        "type": found.type,
        "from": say(f"designer.origin.{found.origin}", name=by),
        "label": _half(found.label) if found.label else None,
        "after": found.after,
    }


def _finding(found: findings.Shown) -> Mapping[str, Any]:
    told = {
        "code": found.code,
        "severity": found.severity,
        "element": found.element,
        "attribute": found.attribute,
        "sentence": found.reason,
        "fix": found.fix,
    }
    return told | ({"foreign": {**found.foreign, "removable": True}} if found.foreign else {})
