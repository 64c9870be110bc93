"""Data requested from an applicant although the process calls a registry that has them."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.bpmn.forms import schema_of
from engine.bpmn.lint.grounds import syntax
from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.texts import texts
from engine.bpmn.notation.vocabulary import PARVANDEH

_ASKED = (f"{{{PARVANDEH}}}connector", f"{{{PARVANDEH}}}topic", "calledElement")
_REQUEST = f"{{{PARVANDEH}}}request"
_RESULT = f"{{{PARVANDEH}}}result"

# What registries with these names provide, whatever the process reads of their replies.
_KNOWN: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (
        re.compile(r"civil|identity|population|ثبت.?احوال", re.I),
        frozenset({
            "first_name", "last_name", "full_name", "family_name", "given_name", "father_name", "birth_date",
            "date_of_birth", "birthdate", "birth_place", "place_of_birth", "gender", "sex", "marital_status",
            "birth_certificate", "identity_card", "id_card",
        }),
    ),
    (re.compile(r"\btax|مالیات", re.I), frozenset({"tax_clearance", "tax_debt", "tax_certificate"})),
    (re.compile(r"zoning|municipal|شهرداری", re.I), frozenset({"land_use", "zoning", "zoning_letter"})),
    (re.compile(r"company|companies|شرکت", re.I), frozenset({"company_name", "registration_number"})),
)  # fmt: skip


def check_held(diagram: Diagram, schemas: Mapping[str, Any]) -> Iterator[tuple[Any, str, str]]:
    """Yields the start events whose form asks for data held elsewhere, with the field and the registry."""
    starts = [
        node.element for node in diagram.scopes[0].nodes if node.kind == "startEvent" and node.trigger is None
    ]
    asked = [(start, name) for start in starts for name in _fields(schema_of(start, schemas))]
    services = [node.element for node in diagram.nodes() if node.kind in ("serviceTask", "callActivity")]
    if not asked or not services:
        return
    sent = {name for service in services for name in _names(service.get(_REQUEST, ""))}
    read = _read(diagram)
    held: dict[str, str] = {}
    for service in services:
        source = next(filter(None, map(service.get, _ASKED)), "")
        known = read.get(service.get(_RESULT), set()) | _typical(source)
        held |= dict.fromkeys(known - held.keys(), source)
    for start, name in asked:
        if name not in sent and name.lower() in held:
            yield start, name, held[name.lower()]


def _fields(form: Mapping[str, Any] | None) -> list[str]:
    properties = (form or {}).get("properties")
    if not isinstance(properties, Mapping):
        return []
    return [
        name
        for name, field in properties.items()
        if not (isinstance(field, Mapping) and field.get("readOnly"))
    ]


def _typical(source: str) -> set[str]:
    return {name for pattern, names in _KNOWN if pattern.search(source) for name in names}


def _names(expression: str) -> set[str]:
    return {node.id for node in syntax(expression) if isinstance(node, ast.Name)}


def _read(diagram: Diagram) -> dict[str, set[str]]:
    """Returns what expressions and scripts read of each variable: `reply["x"]` and `reply.x`.

    Except what they compare with the applicant's own `x`: then both are needed.
    """
    found: dict[str, set[str]] = {}
    for text in texts(diagram.element):
        nodes = syntax(text.code)
        own = {node.id for node in nodes if isinstance(node, ast.Name)}
        for node in nodes:
            match node:
                case (
                    ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(key)))
                    | ast.Attribute(value=ast.Name(id=variable), attr=key)
                ) if key not in own:
                    found.setdefault(variable, set()).add(key.lower())
    return found
