"""Which fields of a form apply and are required, by the answers so far."""

from typing import Any

import pytest

from engine.bpmn.forms import Form, answer_names, applying, converted, questions

TEXT = {"type": "string"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"kind": {"enum": ["shop", "home"]}, "name": TEXT, "mail": TEXT, "phone": TEXT},
    "required": ["kind"],
    "dependentRequired": {"mail": ["name"]},
    "dependentSchemas": {"phone": {"properties": {"hours": TEXT}, "required": ["hours"]}},
    "allOf": [
        {
            "if": {"$ref": "#/$defs/shop"},
            "then": {
                "properties": {"trade": TEXT},
                "required": ["trade"],
                "if": {"properties": {"trade": {"const": "food"}}, "required": ["trade"]},
                "then": {"properties": {"kitchen": TEXT}},
            },
            "else": {"properties": {"phone": False}},
        }
    ],
    "$defs": {"shop": {"properties": {"kind": {"const": "shop"}}, "required": ["kind"]}},
}


def found(form: Form, **answers: Any) -> tuple[set[str], set[str]]:
    now = applying(form, answers)
    return {name for name, one in now.items() if one.applies}, {
        name for name, one in now.items() if one.required
    }


@pytest.mark.parametrize(
    ("answers", "applies", "required"),
    [
        ({}, "kind name mail", "kind"),
        ({"kind": None}, "kind name mail", "kind"),
        ({"kind": "home", "mail": "a@b"}, "kind name mail", "kind name"),
        ({"kind": "shop"}, "kind name mail phone trade", "kind trade"),
        ({"kind": "shop", "trade": "food"}, "kind name mail phone trade kitchen", "kind trade"),
        ({"kind": "shop", "phone": "1"}, "kind name mail phone trade hours", "kind trade hours"),
    ],
)
def test_rules_of_a_schema(answers: dict[str, Any], applies: str, required: str) -> None:
    form = Form(SCHEMA, None)
    assert found(form, **answers) == (set(applies.split()), set(required.split()))
    assert answer_names(form) == {"kind", "name", "mail", "phone", "trade", "kitchen", "hours"}


def test_conditions_of_form_js() -> None:
    number = {"type": "number", "key": "floors", "validate": {"required": True}}
    lift = {"type": "textfield", "key": "lift", "validate": {"required": True}}
    lift["conditional"] = {"hide": "=floors < 5"}
    form, problems = converted({"type": "default", "id": "f", "components": [number, lift]})
    assert not problems
    assert found(form, floors=2) == ({"floors"}, {"floors"})
    assert found(form, floors=7) == ({"floors", "lift"}, {"floors", "lift"})


def test_questions_are_the_same_whatever_their_texts() -> None:
    one = Form({"properties": {"title": {"type": "string", "title": "A"}, "a": {"$ref": "#/$defs/x"}}}, None)
    other = Form(
        {"properties": {"title": {"type": "string", "title": "B"}, "a": {"$ref": "#/$defs/x"}}}, None
    )
    assert questions(one) == questions(other)
    longer = Form({"properties": {"title": {"type": "string", "maxLength": 3}}}, None)
    assert questions(one)["title"] != questions(longer)["title"]
    defined = [Form({**one.schema, "$defs": {"x": {"type": kind}}}, None) for kind in ("string", "integer")]
    assert questions(defined[0])["a"] != questions(defined[1])["a"], "the same reference to something else"
