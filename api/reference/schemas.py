"""The schemas of the document: one for each model, described by its docstrings."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from api.operations import Operation
from api.problems import Problem

PLACE = "#/components/schemas/"


class _Untitled(GenerateJsonSchema):
    """Schemas without titles: their names say the same, and generators name classes after titles."""

    def field_title_should_be_set(self, schema: Any) -> Literal[False]:
        """Return that no field has a title."""
        return False


class Schemas:
    """The schemas of the models that operations declare, by name."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        models = {pair: None for operation in operations for pair in _models(operation)}
        models[Problem, "serialization"] = None
        self._places, found = models_json_schema(
            tuple(models), ref_template=PLACE + "{model}", schema_generator=_Untitled
        )
        self._all: dict[str, Any] = _plain(found["$defs"])

    def reference(self, model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, Any]:
        """Return where the schema of a model is."""
        place = self._places[model, mode]["$ref"]
        return {"$ref": PLACE + _name(place.removeprefix(PLACE))}

    def of(self, model: type[BaseModel], mode: JsonSchemaMode) -> dict[str, Any]:
        """Return the schema of a model."""
        schema: dict[str, Any] = self._all[self.reference(model, mode)["$ref"].removeprefix(PLACE)]
        return schema

    def used(self, document: Any) -> dict[str, Any]:
        """Return those to which a document leads, by name: those of queries are parts of their operations."""
        found: set[str] = set()
        waiting = [*references(document)]
        while waiting:
            name = waiting.pop().removeprefix(PLACE)
            if name in self._all and name not in found:
                found.add(name)
                waiting += references(self._all[name])
        return {name: self._all[name] for name in sorted(found)}


def _models(operation: Operation) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    for model in (operation.body, operation.query, operation.upload):
        if model is not None:
            yield model, "validation"
    for answer in (operation.answer, operation.accepted):
        if isinstance(answer, type):
            yield answer, "serialization"


def _name(name: str) -> str:
    """Return a name without the hyphen that pydantic writes for a model with two shapes."""
    return name.replace("-Input", "Input").replace("-Output", "Output")


def _plain(schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {_name(name): _reworked(schema) for name, schema in schemas.items()}


def _reworked(part: Any) -> Any:
    if isinstance(part, list):
        return [_reworked(item) for item in part]
    if not isinstance(part, dict):
        return part
    made = {name: value if name == "examples" else _reworked(value) for name, value in part.items()}
    if isinstance(made.get("title"), str) and ("type" in made or "$ref" in made):
        del made["title"]
    if isinstance(made.get("description"), str):
        made["description"] = prose(made["description"])
    if isinstance(made.get("$ref"), str):
        made["$ref"] = PLACE + _name(made["$ref"].removeprefix(PLACE))
    return made


def references(part: Any) -> Iterator[str]:
    """Return all that a part of the document refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def prose(text: str) -> str:
    """Return a docstring as Markdown, each paragraph in one line."""
    return re.sub(r"(?<!\n)\n(?![\n*|-])", " ", text.strip())
