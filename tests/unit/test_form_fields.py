"""The fields of forms, as pages draw them without knowing the dialect."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.bpmn import Form
from engine.bpmn.forms import Choice, Field, Text, for_roles
from engine.platform.config import ROOT

SHIPPED = sorted(ROOT.glob("processes/*/*/forms/*.json"))


def fields(ui: dict[str, Any] | None = None, required: Sequence[str] = (), **properties: Any) -> list[Field]:
    form = Form({"type": "object", "properties": properties, "required": [*required]}, ui)
    return list(form.fields)


@pytest.mark.parametrize(
    ("schema", "ui", "kind"),
    [
        ({"type": "string"}, {}, "text"),
        ({}, {}, "text"),
        ({"type": "string", "maxLength": 2000}, {}, "long-text"),
        ({"type": "string"}, {"ui:widget": "textarea"}, "long-text"),
        ({"type": "string", "format": "national-id"}, {}, "text"),
        ({"type": "number"}, {}, "number"),
        ({"type": ["integer", "null"]}, {}, "integer"),
        ({"type": "string", "format": "date"}, {}, "date"),
        ({"type": "string", "format": "time"}, {}, "time"),
        ({"type": "string", "format": "date-time"}, {}, "datetime"),
        ({"type": "string", "enum": ["a"]}, {}, "choice"),
        ({"oneOf": [{"const": "a"}]}, {}, "choice"),
        ({"type": "array", "items": {"enum": ["a"]}}, {}, "choices"),
        ({"type": "boolean"}, {}, "boolean"),
        ({"type": "string", "format": "data-url"}, {}, "file"),
        ({"type": "object", "properties": {"b": {}}}, {}, "group"),
        ({"type": "array", "items": {"type": "string"}}, {}, "list"),
        ({"type": "array"}, {}, "list"),
        ({"type": "null", "description": "Read this"}, {}, "notice"),
        ({"$ref": "#/$defs/none"}, {}, "text"),
        ({"allOf": [{"type": "integer"}]}, {}, "integer"),
    ],
)
def test_each_schema_has_a_kind(schema: Any, ui: dict[str, Any], kind: str) -> None:
    (field,) = fields({"a": ui}, a=schema)
    assert field.kind == kind
    assert field.pointer == (None if kind == "notice" else "/a")


def test_texts_are_in_both_languages() -> None:
    both = {"title": "x", "x-i18n": {"fa": {"title": "نام"}, "en": {"title": "Name", "description": "Whose"}}}
    first, second, third, fourth = fields(
        a=both, b={"title": "نام | Name"}, c={"title": "Name"}, d={"type": "string"}
    )
    assert first.label == second.label == Text("نام", "Name")
    assert first.description == Text("Whose", "Whose")
    assert (third.label, third.description) == (Text("Name", "Name"), None)
    assert fourth.label == Text("d", "d")


def test_choices_have_their_texts() -> None:
    told = {"enum": ["a", 2], "x-enum-i18n": {"a": {"fa": "الف", "en": "A"}, "2": {"en": "Two"}}}
    named = {"enum": [1], "enumNames": ["یک | One"]}
    listed = {"oneOf": [{"const": 1, "title": "One"}, {"const": 2}]}
    first, second, third = (field.choices for field in fields(a=told, b=named, c=listed))
    assert first == (Choice("a", Text("الف", "A")), Choice(2, Text("Two", "Two")))
    assert second == (Choice(1, Text("یک", "One")),)
    assert third == (Choice(1, Text("One", "One")), Choice(2, Text("2", "2")))


@pytest.mark.parametrize(
    ("order", "drawn"),
    [(["c", "a", "b"], "cab"), (["c", "*"], "cab"), (["*", "a"], "bca"), (["c", "x"], "cab"), ("c", "abc")],
)
def test_fields_are_in_the_order_of_the_hints(order: Any, drawn: str) -> None:
    assert "".join(str(field.pointer)[1:] for field in fields({"ui:order": order}, a={}, b={}, c={})) == drawn


def test_fields_within_fields_have_pointers_of_their_own() -> None:
    inner = {"type": "object", "properties": {"x/y": {}, "z": {}}, "required": ["z"]}
    group, of_objects, of_texts = fields(
        {"list": {"items": {"z": {"ui:rows": 3}}}},
        group=inner,
        list={"type": "array", "items": inner},
        texts={"type": "array", "items": {"type": "string", "maxLength": 5}},
    )
    assert [(field.pointer, field.required) for field in group.fields] == [
        ("/group/x~1y", False),
        ("/group/z", True),
    ]
    assert [field.pointer for field in of_objects.fields] == ["/list/*/x~1y", "/list/*/z"]
    assert of_objects.fields[1].hints == {"rows": 3}
    assert [(field.pointer, field.hints) for field in of_texts.fields] == [("/texts/*", {"maxLength": 5})]


def test_what_only_a_branch_says_is_no_limit_of_the_field() -> None:
    form = Form(
        {
            "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 1}},
            "if": {"properties": {"a": {"maximum": 5}}, "required": ["a"]},
            "then": {"required": ["b"], "properties": {"b": {"type": "boolean"}}},
        },
        None,
    )
    first, second = form.fields
    assert (first.hints, first.required) == ({"minimum": 1}, False)
    assert (second.kind, second.required) == ("boolean", False)


def test_read_only_fields_are_not_required() -> None:
    (field,) = fields(required=["a"], a={"readOnly": True, "not": {}})
    assert (field.read_only, field.required) == (True, False)


def test_what_is_within_a_read_only_field_is_only_read() -> None:
    rows = {"type": "array", "items": {"type": "string"}, "readOnly": True}
    owner = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "readOnly": True,
    }
    for field in fields(rows=rows, owner=owner):
        (inner,) = field.fields
        assert (inner.read_only, inner.required) == (True, False)


ODD: list[Any] = [None, 1, "x", [], {}, True, [1], {"a": 1}, [[]], [{"fields": [[]]}], [{"fields": 1}]]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("name", ["ui:order", "ui:groups", "ui:options", "ui:title", "a", "items"])
def test_hints_that_make_no_sense_are_passed_over(name: str, odd: Any) -> None:
    secret = {"x-visible-to": ["inspector"]}
    form = Form({"type": "object", "properties": {"a": {"type": "array"}, "b": secret}}, {name: odd})
    assert "/a" in [one.pointer for one in form.fields]
    assert [one.pointer for one in for_roles(form, {"clerk"}).fields] == ["/a"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("name", ["x-i18n", "x-enum-i18n", "x-hide-when", "enumNames"])
def test_texts_that_make_no_sense_are_passed_over(name: str, odd: Any) -> None:
    (field,) = fields(a={"title": "A", "enum": ["x"], name: odd})
    assert field.label == Text("A", "A")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_shipped_forms_can_be_drawn(path: Path) -> None:
    schema = orjson.loads(path.read_bytes())
    found = Form(schema, None).fields
    assert [field.pointer for field in found] == [f"/{name}" for name in schema["properties"]]
    assert {str(field.pointer)[1:] for field in found if field.required} == set(schema["required"])
    assert all(field.label.fa != field.label.en for field in found)
