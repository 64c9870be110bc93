"""The form that an element of a diagram names, whichever dialect it is in."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from engine.bpmn.forms.camunda import BPMN, CAMUNDA, form_data, required
from engine.bpmn.forms.form import Form, with_read_only
from engine.bpmn.forms.form_js import Problem, convert, is_form_js

__all__ = ["SUFFIXES", "Problem", "converted", "file_of", "names", "read", "required", "schema_of"]

SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
_KEY_PREFIXES = ("embedded:deployment:", "camunda-forms:deployment:", "embedded:app:")
SUFFIXES = (".json", ".form")


def names(element: Any) -> tuple[str | None, str | None]:
    """The file names of the schema and of the drawing hints that an element asks for."""
    properties = {
        item.get("name"): item.get("value")
        for item in element.iterfind(f"{BPMN}extensionElements/{SPIFF}properties/{SPIFF}property")
    }
    schema = properties.get("formJsonSchemaFilename")
    key = element.get(f"{CAMUNDA}formKey")
    if schema is None and key is not None:
        for prefix in _KEY_PREFIXES:
            key = key.removeprefix(prefix)
        schema = key.rpartition("/")[2]
    return schema, properties.get("formUiSchemaFilename")


def file_of(name: str, files: Collection[str]) -> str | None:
    """The file that a form's name means: that of this name; a form may be named by its id."""
    return next((file for file in (name, f"{name}.form", f"{name}.json") if file in files), None)


def schema_of(element: Any, schemas: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON Schema of an element's form, found among those of the files; None if there is none."""
    name, _ = names(element)
    file = file_of(name, schemas) if name is not None else None
    found: Mapping[str, Any] | None = schemas[file] if file is not None else None
    if found is None and name is None and (form := form_data(element)):
        found = form.schema
    return found


def converted(document: Mapping[str, Any]) -> tuple[Form, tuple[Problem, ...]]:
    """The form in a file, and what of it could not be kept."""
    return convert(document) if is_form_js(document) else (Form(with_read_only(document), None), ())


def read(element: Any, files: Mapping[str, bytes]) -> Form | None:
    """The form of a user task or start event; None if it has none. The files were checked before."""
    schema, ui = names(element)
    file = file_of(schema, files) if schema is not None else None
    if file is None:
        return form_data(element)
    form, _ = converted(orjson.loads(files[file]))
    return Form(form.schema, orjson.loads(files[ui])) if ui else form
