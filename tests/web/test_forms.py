"""Forms of processes as pages: what is drawn, and what a browser's answer means."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import get_template_attribute
from werkzeug.datastructures import MultiDict

from engine.bpmn.forms import Form
from engine.definitions import forms as engine_forms
from engine.platform.errors import Fault, Invalid
from engine.platform.language import Reader
from tests.web.conftest import Make
from web import forms
from web.desk.data import Labels, by_name

FA, EN = Reader.of("fa"), Reader.of("en")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "area"],
    "properties": {
        "name": {"type": "string", "title": "نام | Name", "maxLength": 20},
        "area": {"type": "number", "title": "مساحت | Area"},
        "agreed": {"type": "boolean", "title": "موافقم | I agree"},
        "kind": {"type": "string", "enum": ["5", "6"]},
        "many": {"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}},
        "born": {"type": "string", "format": "date"},
        "why": {"type": "string", "x-hide-when": {"field": "agreed", "is": "=", "value": True}},
        "rows": {
            "type": "array",
            "items": {"type": "object", "required": ["of"], "properties": {"of": {"type": "integer"}}},
        },
        "place": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
FORM = Form(SCHEMA, None)


def answer(**sent: Any) -> dict[str, Any]:
    pairs = [(key.replace("__", "/"), value) for key, value in sent.items()]
    return forms.answer(FORM.fields, MultiDict(pairs))


@pytest.fixture(autouse=True)
def _request(make: Make) -> Any:
    with make().test_request_context("/?lang=fa"):
        yield


def test_what_is_typed_becomes_an_answer_that_the_engine_takes() -> None:
    sent = answer(data__name="سارا", data__area="۱۲٫۵", data__born="۱۴۰۵/۰۹/۰۴", data__kind="5")
    assert engine_forms.check(FORM, sent) == {
        "name": "سارا",
        "area": 12.5,
        "born": "2026-11-25",
        "kind": "5",
        "many": [],
        "agreed": False,
    }


def test_what_is_left_empty_is_left_out_and_boxes_are_always_answered() -> None:
    assert answer(data__name="  ") == {"agreed": False, "many": []}


def test_field_that_some_answers_require_is_not_called_optional() -> None:
    fields = {name: {"type": "string", "title": name} for name in ("kind", "why", "note", "with_note")}
    schema = {
        "type": "object",
        "properties": fields,
        "if": {"properties": {"kind": {"const": "x"}}, "required": ["kind"]},
        "then": {"required": ["why"]},
        "dependentRequired": {"note": ["with_note"]},
    }
    drawn = forms.drawing(Form(schema, None).fields, {}, FA).nodes
    one = get_template_attribute("fields.html", "one")
    told = {node.field.pointer: str(one(node)) for node in drawn}
    optional = {pointer for pointer, html in told.items() if "(اختیاری)" in html}
    assert optional == {"/kind", "/note"}
    assert all("(در برخی حالت‌ها لازم)" in told[name] for name in ("/why", "/with_note"))


BOXES: dict[str, Any] = {"type": "array", "items": {"type": "string", "enum": ["water", "gas"]}}


def test_boxes_without_a_tick_say_none_unless_one_is_demanded() -> None:
    inside = {"type": "object", "properties": {"of": BOXES, "who": {"type": "string"}}, "required": ["who"]}
    fields = {"needed": BOXES, "some": {**BOXES, "minItems": 1}, "place": inside}
    form = Form({"type": "object", "properties": fields, "required": ["needed"]}, None)
    sent = forms.answer(form.fields, MultiDict())
    assert engine_forms.check(form, sent) == {"needed": []}


GROUND = {
    "type": "object",
    "title": "دلیل رد | Ground",
    "required": ["code", "text"],
    "properties": {"code": {"type": "string"}, "text": {"type": "string", "minLength": 10}},
}
DECIDING: dict[str, Any] = {
    "type": "object",
    "required": ["decision"],
    "properties": {
        "decision": {
            "type": "string",
            "title": "تصمیم | Decision",
            "enum": ["granted", "refused"],
            "x-enum-i18n": {"refused": {"fa": "رد درخواست", "en": "Refuse"}},
        },
        "ground": GROUND,
        "note": {"type": "string"},
    },
    "if": {"properties": {"decision": {"const": "refused"}}, "required": ["decision"]},
    "then": {"required": ["ground", "note"]},
}


def test_a_group_that_one_answer_alone_demands_is_asked_for_that_answer_alone() -> None:
    form = Form(DECIDING, None)
    begun = {"data/ground/code": "tax_debt", "data/note": "seen"}
    granted = forms.answer(form.fields, MultiDict({**begun, "data/decision": "granted"}))
    assert engine_forms.check(form, granted) == {"decision": "granted", "note": "seen"}
    refused = forms.answer(form.fields, MultiDict({**begun, "data/decision": "refused"}))
    assert refused["ground"] == {"code": "tax_debt"}
    with pytest.raises(Invalid) as wrong:
        engine_forms.check(form, refused)
    assert [fault.pointer for fault in wrong.value.faults] == ["/data/ground/text"]


def test_whoever_has_no_script_reads_for_which_answer_a_group_is_asked() -> None:
    drawn = forms.drawing(Form(DECIDING, None).fields, {}, FA)
    told = {node.name: node.only.translate(dict.fromkeys((0x2068, 0x2069))) for node in drawn.nodes}
    assert told == {
        "data/decision": "",
        "data/ground": "تنها اگر «تصمیم» برابر «رد درخواست» باشد.",
        "data/note": "",
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"required": ["ground"]},
        {"else": {"required": ["ground"]}},
        {"properties": {**DECIDING["properties"], "decision": {"type": "string", "readOnly": True}}},
        {"if": {"properties": {"decision": {"enum": ["refused", "inadmissible"]}}, "required": ["decision"]}},
        {"if": {"properties": {"decision": {"const": "refused"}}}},
        {"allOf": [{"if": {"properties": {"note": {"const": "x"}}}, "then": {"required": ["ground"]}}]},
    ],
)
def test_a_group_whose_condition_is_not_understood_is_always_asked(changed: dict[str, Any]) -> None:
    fields = {field.pointer: field for field in Form({**DECIDING, **changed}, None).fields}
    assert fields["/ground"].hide_when is None


def test_a_field_that_another_answer_hides_is_left_out() -> None:
    assert "why" in answer(data__why="so")
    assert "why" not in answer(data__why="so", data__agreed="yes")


def test_entries_keep_their_order_and_another_is_added_by_a_button() -> None:
    sent = answer(rows__rows="2", data__rows__0__of="1", data__rows__1__of="۲", add="/rows")
    assert sent["rows"] == [{"of": "1"}, {"of": "۲"}, {}]
    assert forms.edited(MultiDict([("add", "/rows")]))


def test_an_entry_is_removed_by_a_button() -> None:
    sent = answer(rows__rows="2", data__rows__0__of="1", data__rows__1__of="2", remove="/rows/0")
    assert sent["rows"] == [{"of": "2"}]


@pytest.mark.parametrize(
    "pointer", ["", "/", "/name/x", "/rows/9", "/rows/x", "/nothing/0/1", "/name/x/y", "x"]
)
def test_a_button_that_was_tampered_with_changes_nothing_of_weight(pointer: str) -> None:
    assert answer(data__name="a", remove=pointer)["name"] == "a"
    assert isinstance(answer(data__name="a", add=pointer), dict)


def test_values_are_shown_in_the_readers_digits_and_calendar() -> None:
    drawn = forms.drawing(FORM.fields, {"born": "2026-11-25", "area": 12.5}, FA)
    shown = {node.name: node.shown for node in drawn.nodes}
    assert (shown["data/born"], shown["data/area"]) == ("۱۴۰۵/۰۹/۰۴", "۱۲٫۵")
    drawn = forms.drawing(FORM.fields, {"born": "2026-11-25"}, EN)
    assert next(node.shown for node in drawn.nodes if node.name == "data/born") == "2026-11-25"


def test_a_fault_stands_beside_its_field_and_others_above() -> None:
    faults = [Fault("/data/rows/0/of", "is required", "required"), Fault("/data", "odd", "odd")]
    drawn = forms.drawing(FORM.fields, {"rows": [{}]}, EN, faults)
    assert [node.name for node in drawn.faulty] == ["data/rows/0/of"]
    assert drawn.others == ("odd",)


def test_what_was_typed_wrongly_is_shown_again_as_it_was_typed() -> None:
    sent = answer(data__area="much", data__born="soon")
    with pytest.raises(Invalid) as refused:
        engine_forms.check(FORM, sent)
    drawn = forms.drawing(FORM.fields, sent, FA, refused.value.faults)
    shown = {node.name: node.shown for node in drawn.nodes}
    assert (shown["data/area"], shown["data/born"]) == ("much", "soon")


def test_a_place_in_a_list_that_is_far_outside_changes_nothing() -> None:
    sent = answer(data__rows__0__of="1", rows__rows="1", remove=f"/rows/{'9' * 5000}")
    assert sent == answer(data__rows__0__of="1", rows__rows="1")


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+03:30", "9999-12-31T23:59:00-05:00"])
@pytest.mark.parametrize("reader", [FA, EN])
def test_an_instant_at_the_ends_of_the_calendar_stands_as_it_is(instant: str, reader: Reader) -> None:
    form = Form({"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}}}, None)
    here = replace(reader, zone=ZoneInfo("Asia/Tehran"))
    assert engine_forms.check(form, {"at": instant}) == {"at": instant}
    (node,) = forms.drawing(form.fields, {"at": instant}, here).nodes
    assert node.shown == [instant, ""]
    assert Labels(here, by_name(form.fields)).data({"at": instant})[0].text == instant


def test_where_yes_or_no_is_required_neither_is_chosen_beforehand() -> None:
    form = Form({"type": "object", "required": ["sure"], "properties": {"sure": {"type": "boolean"}}}, None)
    (node,) = forms.drawing(form.fields, {}, EN).nodes
    assert [(label, chosen) for _, label, chosen in node.options] == [("بله", False), ("خیر", False)]
    assert forms.answer(form.fields, MultiDict()) == {}
    assert forms.answer(form.fields, MultiDict([("data/sure", "false")])) == {"sure": False}
    assert forms.answer(form.fields, MultiDict([("data/sure", "true")])) == {"sure": True}
    (node,) = forms.drawing(form.fields, {"sure": False}, EN).nodes
    assert [chosen for _, _, chosen in node.options] == [False, True]


def test_what_is_to_be_mended_is_counted_as_it_is_listed(make: Make) -> None:
    faults = [
        Fault("/data/name", "is required", "required"),
        Fault("/data/name", "is too long", "maxLength", {"count": 20}),
    ]
    faults += [Fault("/data/area", "is required", "required")]
    drawing = forms.drawing(Form(SCHEMA, None).fields, {}, EN, faults)
    with make().test_request_context("/?lang=en"):
        told = get_template_attribute("fields.html", "summary")(drawing)
    assert told.count("<li>") == 3
    assert "Please correct 3 errors" in told.replace("\u2068", "").replace("\u2069", "")
