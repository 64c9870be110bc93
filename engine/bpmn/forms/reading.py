"""Reads the form that an element of a diagram names, in any dialect."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from engine.bpmn.forms.camunda import BPMN, CAMUNDA, form_data, required
from engine.bpmn.forms.form import Form, with_read_only
from engine.bpmn.forms.form_js import Problem, convert, is_form_js

__all__ = ["SUFFIXES", "Problem", "converted", "file_of", "names", "read", "required", "schema_of", "schemas"]

SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
_KEY_PREFIXES = ("embedded:deployment:", "camunda-forms:deployment:", "embedded:app:")
SUFFIXES = (".json", ".form")


def names(element: Any) -> tuple[str | None, str | None]:
    """Returns the file names of an element's schema and drawing hints."""
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
    """Returns the file of a form, found by its file name or by the form's id."""
    return next((file for file in (name, f"{name}.form", f"{name}.json") if file in files), None)


def schema_of(element: Any, schemas: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the JSON Schema of an element's form, found among those of the files; None if there is none."""
    name, _ = names(element)
    file = file_of(name, schemas) if name is not None else None
    found: Mapping[str, Any] | None = schemas[file] if file is not None else None
    if found is None and name is None and (form := form_data(element)):
        found = form.schema
    return found


def schemas(files: Mapping[str, bytes]) -> dict[str, Mapping[str, Any]]:
    """Returns the JSON Schemas of the forms among files, by name. Assumes that the check has passed."""
    documents = {name: orjson.loads(content) for name, content in files.items() if name.endswith(SUFFIXES)}
    return {name: converted(one)[0].schema for name, one in documents.items() if isinstance(one, dict)}


def converted(document: Mapping[str, Any]) -> tuple[Form, tuple[Problem, ...]]:
    """Returns the form in a file, and the differences from its dialect."""
    return convert(document) if is_form_js(document) else (Form(with_read_only(document), None), ())


def read(element: Any, files: Mapping[str, bytes]) -> Form | None:
    """Returns the form of a user task or start event, or None. Assumes that the check has passed."""
    schema, ui = names(element)
    file = file_of(schema, files) if schema is not None else None
    if file is None:
        return form_data(element)
    form, _ = converted(orjson.loads(files[file]))
    return Form(form.schema, orjson.loads(files[ui])) if ui else form
