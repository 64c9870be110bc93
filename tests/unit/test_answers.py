"""Answers to forms: what is taken, how it is stored, and what each fault says."""

import re
from typing import Any

import pytest

from engine.bpmn import Form
from engine.definitions import forms
from engine.platform.config import ROOT
from engine.platform.errors import Fault, Invalid
from engine.platform.formats import FORMATS


def form(schema: dict[str, Any] | None = None, **properties: Any) -> Form:
    return Form({"type": "object", "properties": properties, **(schema or {})}, None)


def faults(found: Form, data: dict[str, Any], roles: set[str] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        forms.check(found, data, roles)
    return [(fault.pointer, fault.code) for fault in refused.value.faults]


TYPED = {
    "n": {"type": "integer"},
    "x": {"type": ["number", "null"]},
    "id": {"type": "string", "format": "national-id"},
    "on": {"type": "string", "format": "date"},
    "free": {"type": "string"},
    "either": {"type": ["string", "integer"]},
    "inside": {"type": "object", "properties": {"list": {"type": "array", "items": {"$ref": "#/$defs/day"}}}},
}
DEFS = {"$defs": {"day": {"type": "string", "format": "date"}}}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ({"n": "۱۲"}, {"n": 12}),
        ({"n": "-٣"}, {"n": -3}),
        ({"n": 12}, {"n": 12}),
        ({"x": "۱۲٫۵"}, {"x": 12.5}),
        ({"x": "12"}, {"x": 12}),
        ({"x": None}, {"x": None}),
        ({"id": "۰۰۱-۲۳۴۵۶۷-۹"}, {"id": "0012345679"}),
        ({"on": "۱۴۰۵/۰۹/۰۴"}, {"on": "2026-11-25"}),
        ({"free": "۱۲ كتاب‌ها\n\x07"}, {"free": "۱۲ كتاب‌ها\n"}),
        ({"either": "۱۲"}, {"either": "۱۲"}),
        ({"inside": {"list": ["1405/09/04"]}}, {"inside": {"list": ["2026-11-25"]}}),
    ],
)
def test_an_answer_is_stored_in_one_way(typed: dict[str, Any], stored: dict[str, Any]) -> None:
    answer = forms.check(form(DEFS, **TYPED), typed)
    assert answer == stored
    assert forms.check(form(DEFS, **TYPED), answer) == answer


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({"n": "1.5"}, ("/data/n", "type")),
        ({"n": "12a"}, ("/data/n", "type")),
        ({"n": ""}, ("/data/n", "type")),
        ({"n": "1,000"}, ("/data/n", "type")),
        ({"n": "9" * 19}, ("/data/n", "type")),
        ({"n": "9" * 5000}, ("/data/n", "type")),
        ({"x": "0.12345678901234567"}, ("/data/x", "type")),
        ({"x": "nan"}, ("/data/x", "type")),
        ({"x": "1e5"}, ("/data/x", "type")),
        ({"id": "0012345678"}, ("/data/id", "format/national-id")),
        ({"id": 12345679}, ("/data/id", "type")),
        ({"on": "1405-12-30"}, ("/data/on", "format/date")),
        ({"inside": {"list": ["x"]}}, ("/data/inside/list/0", "format/date")),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(data: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(form(DEFS, **TYPED), data) == [fault]


def test_a_condition_sees_the_answer_as_it_is_stored() -> None:
    rule = {
        "if": {"properties": {"n": {"const": 2}}, "required": ["n"]},
        "then": {"required": ["free"]},
    }
    assert faults(form({**DEFS, **rule}, **TYPED), {"n": "۲"}) == [("/data/free", "required")]


def test_a_schema_that_refers_to_itself_is_read() -> None:
    tree = {"type": "object", "properties": {"on": {"format": "date"}, "in": {"$ref": "#/$defs/tree"}}}
    found = form({"$defs": {"tree": tree}}, tree={"$ref": "#/$defs/tree"})
    answer = {"tree": {"on": "1405/09/04", "in": {"on": "1405/09/05"}}}
    assert forms.check(found, answer)["tree"]["in"] == {"on": "2026-11-26"}
    assert found.fields


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"const": 1}, 2),
        ({"enum": [1, "a"]}, 2),
        ({"exclusiveMaximum": 1}, 2),
        ({"exclusiveMinimum": 1}, 0),
        ({"maximum": 1}, 2),
        ({"minimum": 1}, 0),
        ({"multipleOf": 0.01}, 0.001),
        ({"maxLength": 1}, "secret"),
        ({"minLength": 9}, "secret"),
        ({"pattern": "^[{]x$"}, "secret"),
        ({"maxItems": 1}, ["secret", "b"]),
        ({"minItems": 3}, ["secret", "b"]),
        ({"uniqueItems": True}, ["secret", "secret"]),
        ({"oneOf": [{"const": 1}]}, "secret"),
        *(({"type": "string", "format": name}, "secret") for name in FORMATS),
        ({"format": "email"}, "secret"),
        ({"format": "uuid"}, "secret"),
        ({"type": "integer"}, "secret"),
        (False, "secret"),
    ],
)
def test_a_fault_says_what_is_wrong_and_not_what_was_typed(rule: Any, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        forms.check(form(a=rule), {"a": value})
    (fault,) = refused.value.faults
    assert fault.pointer == "/data/a"
    assert fault.detail
    assert "secret" not in fault.detail
    assert fault.code in forms.MESSAGES or fault.code in ("type", "format/uuid")


def test_every_code_of_a_message_is_documented() -> None:
    section = (ROOT / "docs/api.md").read_text().split("### Codes in `errors`")[1].split("\n### ")[0]
    documented = set(re.findall(r"`([\w/-]+)`", section))
    ours = {code for code in forms.MESSAGES if code.partition("/")[2] in FORMATS}
    assert {*ours, "not-asked", "role", "readOnly"} <= documented


ROLES = {"x-visible-to": ["inspector", "supervisor"]}
SECRET = form(
    {"required": ["open", "secret", "noted"]},
    open={"type": "string"},
    secret={"type": "string", **ROLES},
    noted={"type": "string", "x-editable-by": ["supervisor"]},
    list={"type": "array", "items": {"type": "object", "properties": {"a": {}, "b": {**ROLES}}}},
)


def test_a_field_that_the_role_may_not_see_is_refused_whatever_it_says() -> None:
    answer = {"open": "x", "secret": "right", "list": [{"a": 1}, {"a": 1, "b": 2}]}
    assert faults(SECRET, answer, {"clerk"}) == [("/data/secret", "role"), ("/data/list/1/b", "role")]


def test_a_required_field_that_the_role_may_not_answer_is_not_asked_of_it() -> None:
    assert forms.check(SECRET, {"open": "x"}, {"clerk"}) == {"open": "x"}
    assert faults(SECRET, {}, {"clerk"}) == [("/data/open", "required")]
    assert faults(SECRET, {"open": "x"}, {"inspector"}) == [("/data/secret", "required")]
    assert faults(SECRET, {"open": "x", "secret": "y", "noted": "z"}, {"inspector"}) == [
        ("/data/noted", "readOnly")
    ]
    everything = {"open": "x", "secret": "y", "noted": "z"}
    assert forms.check(SECRET, everything, {"supervisor", "clerk"}) == everything
    assert forms.check(SECRET, everything) == everything


def test_a_hidden_field_is_no_additional_one() -> None:
    found = form({"additionalProperties": True}, secret={**ROLES})
    assert forms.check(found, {"other": 1}, {"clerk"}) == {"other": 1}
    assert faults(found, {"secret": 1}, {"clerk"}) == [("/data/secret", "role")]


def test_only_what_the_form_shows_to_the_role_is_prefilled() -> None:
    data = {"open": 1, "secret": 2, "noted": 3, "other": 4, "list": [{"a": 1, "b": 2, "c": 3}]}
    assert forms.visible(SECRET, {"clerk"}, data) == {"open": 1, "noted": 3, "list": [{"a": 1}]}
    shown = {"open": 1, "secret": 2, "noted": 3, "list": [{"a": 1, "b": 2}]}
    assert forms.visible(SECRET, {"inspector"}, data) == shown


def test_nothing_of_a_hidden_field_leaves_the_server() -> None:
    rules = {
        "required": ["secret"],
        "dependentRequired": {"open": ["secret"]},
        "allOf": [{"required": ["secret"]}],
        "if": {"properties": {"open": {"const": 1}}},
        "then": {"required": ["secret"], "properties": {"secret": {"minLength": 3}}},
    }
    hints = {
        "ui:order": ["secret", "open"],
        "secret": {"ui:widget": "textarea"},
        "ui:groups": [{"title": "Group", "fields": ["secret"]}],
    }
    properties = {"open": {"title": "Open"}, "secret": {"title": "Hidden", **ROLES}}
    found = Form({"type": "object", "properties": properties, **rules}, hints)
    cut = forms.for_roles(found, {"clerk"})
    assert "secret" not in repr((cut.schema, cut.ui, cut.fields)).lower()
    assert "hidden" not in repr((cut.schema, cut.fields)).lower()
    assert forms.check(found, {"open": 1}, {"clerk"}) == {"open": 1}
    assert forms.for_roles(found, ["clerk"]) is cut
    assert [field.pointer for field in forms.for_roles(found, {"inspector"}).fields] == [None, "/open"]


def test_a_form_for_everybody_is_the_same_for_every_role() -> None:
    found = form(a={})
    assert forms.for_roles(found, set()) is found


@pytest.mark.parametrize(
    ("schema", "answer", "values"),
    [
        ({"type": "string", "minLength": 3}, "x", {"count": 3}),
        ({"type": "string", "maxLength": 3}, "xxxx", {"count": 3}),
        ({"type": "array", "minItems": 2}, [1], {"count": 2}),
        ({"type": "array", "maxItems": 1}, [1, 2], {"count": 1}),
        ({"type": "object", "minProperties": 1}, {}, {"count": 1}),
        ({"type": "object", "maxProperties": 1}, {"a": 1, "b": 2}, {"count": 1}),
        ({"type": "integer", "minimum": 3}, 1, {"limit": 3}),
        ({"type": "number", "maximum": 0.5}, 1, {"limit": 0.5}),
        ({"type": "integer", "exclusiveMinimum": 3}, 3, {"limit": 3}),
        ({"type": "integer", "exclusiveMaximum": 3}, 3, {"limit": 3}),
        ({"type": "integer", "multipleOf": 5}, 3, {"step": 5}),
        ({"type": ["integer", "null"]}, "secret", {"type": "integer"}),
        ({"type": ["integer", "boolean"]}, "secret", {}),
        ({"enum": ["a", "b"]}, "secret", {}),
    ],
)
def test_a_fault_gives_the_limits_that_texts_name_and_never_the_answer(
    schema: dict[str, Any], answer: Any, values: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        forms.check(form(it=schema), {"it": answer})
    [fault] = refused.value.faults
    assert fault.values == values


def test_a_fault_is_what_its_place_and_code_say() -> None:
    faults = {Fault("/a", "may have 3 characters at most", "maxLength", {"count": 3}) for _ in range(2)}
    assert faults == {Fault("/a", "may have 3 characters at most", "maxLength")}
