"""Checks the forms of user tasks and start events: they exist, can be read and can be filled in."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.bpmn import forms
from engine.bpmn.forms.camunda import ROLES
from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes, Place, Rules, place
from engine.bpmn.notation.vocabulary import CAMUNDA, bpmn, local
from engine.bpmn.translate.vendors import SPIFF
from engine.platform import media
from engine.platform.findings import Value
from engine.platform.formats import FORMATS

_PROPERTY = f"{bpmn('extensionElements')}/{{{SPIFF}}}properties/{{{SPIFF}}}property"
_FORM_DATA = f"{bpmn('extensionElements')}/{{{CAMUNDA}}}formData"
_FIELD = f"{{{CAMUNDA}}}formField"
_TYPES = frozenset({"string", "long", "boolean", "date", "datetime", "enum"})
_LIMITS: Mapping[str, frozenset[str]] = {
    "min": frozenset({"long"}),
    "max": frozenset({"long"}),
    "minlength": frozenset({"string"}),
    "maxlength": frozenset({"string"}),
}


def _fault(schema: Any) -> tuple[str, Mapping[str, Value]] | None:
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        return "invalid-form.no-object", {}
    try:
        forms.validator(schema)
    except ValueError as error:
        return "invalid-form.schema", {"error": getattr(error, "message", str(error))[:300]}
    if (keyword := forms.unusable_limit(schema)) is not None:
        return "document-limit", {"keyword": keyword, "allowed": tuple(media.BY_NAME)}
    found = forms.unenforceable(schema)
    return (f"form-roles.{found[0]}", found[1]) if found else None


class Forms(Rules):
    """Checks the forms of all processes; `schemas` are the files', `problems` those found in reading."""

    def __init__(
        self, schemas: Mapping[str, Any], problems: Mapping[str, Iterable[forms.Problem]], notes: Notes
    ) -> None:
        super().__init__("", notes)
        self.schemas, self.problems = schemas, problems
        self.named: set[str] = set()  # files that some element names
        self.filled_in: set[str] = set()  # those of them that are forms, not drawing hints

    def process(self, diagram: Diagram) -> None:
        """Checks the forms that the elements of a process name."""
        self.file = diagram.file
        for scope in diagram.scopes:
            for node in scope.nodes:
                if node.kind == "startEvent" and (scope.depth or node.trigger):
                    self.nobody_there(node.element)
                elif node.kind in ("userTask", "startEvent"):
                    self.form(node.element)

    def files(self) -> None:
        """Checks the JSON files themselves, after all processes."""
        for name, schema in self.schemas.items():
            if name in self.filled_in:
                self.judge(name, schema)
            elif name not in self.named:
                self.notes.warn(
                    Place(name),
                    "unused-file",
                )

    def judge(self, name: str, schema: Any) -> None:
        """Checks a file that is a form."""
        for problem in self.problems.get(name, ()):
            note = self.notes.warn if problem.harmless else self.notes.error
            note(Place(name), problem.code, **problem.values)
        fault = None if name in self.notes.refused else _fault(schema)
        if fault:
            code, values = fault
            self.notes.error(Place(name), code, **values)
            return
        for odd in forms.unchecked(schema):
            self.notes.warn(
                Place(name), "unknown-format", format=odd[:80], allowed=tuple(sorted(forms.FORMATS))
            )
        if forms.nested(schema):
            self.notes.warn(Place(name), "form-roles-nested")

    def form(self, element: Any) -> None:
        ways = _form_references(element)
        if len(ways) > 1:
            self.error(element, "two-forms", forms=tuple(ways))
        if not ways and local(element) == "userTask":
            self.notes.warn(place(self.file, element), "no-form")
        schema, drawing = forms.names(element)
        for name in (schema, drawing):
            if name is not None:
                self.file_of(element, name)
        if schema is not None:
            self.filled_in.add(forms.file_of(schema, self.schemas) or schema)
        for data in element.iterfind(_FORM_DATA):
            self.form_data(data)

    def file_of(self, element: Any, name: str) -> None:
        found = forms.file_of(name, self.schemas)
        self.named.add(found or name)
        if found is not None:
            return
        if not name.endswith(forms.SUFFIXES):
            self.notes.warn(
                place(self.file, element),
                "form-elsewhere",
                form=name[:100],
            )
        else:
            self.error(
                element,
                "form-missing",
                form=name[:100],
            )

    def nobody_there(self, element: Any) -> None:
        if _form_references(element):
            self.error(element, "form-inside")

    def form_data(self, data: Any) -> None:
        if data.attrib:
            self.error(data, "unsupported-extension.form-data")
        seen: set[str] = set()
        for field in data:
            if field.tag != _FIELD:
                self.error(
                    data,
                    "unsupported-extension",
                    attribute=str(field.tag).rpartition("}")[2],
                    kind="formData",
                )
                continue
            self.field(field, seen)
        if not seen:
            self.error(data, "empty-form")

    def field(self, field: Any, seen: set[str]) -> None:
        name, kind = field.get("id") or "", field.get("type") or ""
        if not name.isidentifier() or name in seen:
            self.error(field, "form-field", name=name[:80])
        seen.add(name)
        if kind not in _TYPES:
            self.error(field, "form-field", field=name, type=kind[:40], allowed=tuple(sorted(_TYPES)))
        for odd in sorted(set(field.attrib) - {"id", "label", "type", "defaultValue"}):
            self.error(field, "form-field", field=name, attribute=odd)
        values = field.findall(f"{{{CAMUNDA}}}value")
        if (kind == "enum") != bool(values) or not all(value.get("id") for value in values):
            self.error(field, "form-field", field=name, type=kind)
        self.constraints(field, name, kind)
        self.properties(field, name)

    def properties(self, field: Any, name: str) -> None:
        for item in field.iterfind(f"{{{CAMUNDA}}}properties/{{{CAMUNDA}}}property"):
            told, value = item.get("id") or "", item.get("value") or ""
            if told in ROLES and all(part.strip() for part in value.split(",")):
                continue
            if told == "format" and field.get("type") == "string" and value in FORMATS:
                continue
            self.warn(
                field,
                "form-property",
                property=told[:40],
                field=name,
                allowed=tuple(FORMATS),
            )

    def constraints(self, field: Any, name: str, kind: str) -> None:
        for item in field.iterfind(f"{{{CAMUNDA}}}validation/{{{CAMUNDA}}}constraint"):
            rule, value = item.get("name") or "", item.get("config")
            if rule == "required" and value in (None, "", "true", "false"):
                continue
            if rule == "readonly" and value in (None, "", "true") and not forms.required(field):
                continue
            if kind in _LIMITS.get(rule, ()) and _whole(value, negative=kind == "long"):
                continue
            self.error(
                field,
                "form-field",
                constraint=rule[:40],
                field=name,
                value=str(value)[:40],
            )


def _form_references(element: Any) -> list[str]:
    """Returns the attributes and elements by which an element names a form."""
    ways = []
    if any(item.get("name") == "formJsonSchemaFilename" for item in element.iterfind(_PROPERTY)):
        ways.append("formJsonSchemaFilename")
    if element.get(f"{{{CAMUNDA}}}formKey") is not None:
        ways.append("formKey")
    if element.find(_FORM_DATA) is not None:
        ways.append("formData")
    return ways


def _whole(value: str | None, *, negative: bool) -> bool:
    digits = (value or "").removeprefix("-" if negative else "")
    return digits.isascii() and digits.isdigit() and len(digits) <= 15
