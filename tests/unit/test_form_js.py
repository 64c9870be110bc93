"""Forms of form-js: which answers they take, how they are drawn, and what is refused at upload."""

import json
from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import Form, check
from engine.bpmn.forms import converted
from engine.definitions import forms
from engine.platform.errors import Invalid
from tests.bpmn import line, node


def document(*components: Any, **rest: Any) -> dict[str, Any]:
    return {"type": "default", "id": "f", "schemaVersion": 16, "components": list(components), **rest}


def field(kind: str, key: str = "a", **rest: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "id": f"Field_{key}", "label": key.upper(), **rest}


def form(*components: Any) -> Form:
    found, problems = converted(document(*components))
    assert not problems
    return found


def takes(found: Form, data: Any) -> bool:
    try:
        forms.check(found, data)
    except Invalid:
        return False
    return True


OPTIONS = [{"label": "یک | One", "value": "one"}, {"label": "Two", "value": "two"}]
NEEDED = {"required": True}


@pytest.mark.parametrize(
    ("component", "right", "wrong"),
    [
        (field("textfield", validate=NEEDED), ["x"], ["", 1, None]),
        (field("textfield", validate={"minLength": "2", "maxLength": 3}), ["ab"], ["a", "abcd"]),
        (field("textfield", validate={"pattern": "^[A-Z]+$"}), ["AB"], ["ab"]),
        (field("textfield", validate={"validationType": "email"}), ["a@example.org"], ["a"]),
        (field("textfield", validate={"validationType": "phone"}), ["+982112345678"], ["phone"]),
        (field("textfield", validate={"validationType": "national-id"}), ["0012345679"], ["0012345678"]),
        (field("textfield", properties={"format": "iban"}), ["IR062960000000100324200001"], ["IR00"]),
        (field("textarea"), ["x\ny"], [1]),
        (field("number", decimalDigits=0), [1, "۱"], [1.5, "x"]),
        (field("number", decimalDigits=2, validate={"min": 1, "max": "3"}), [1.25], [1.255, 0, 4]),
        (field("number", increment="0.5"), [1.5], [1.2]),
        (field("number", serializeToString=True, decimalDigits=2), ["1.25"], ["1.255", 1.25, "x"]),
        (field("checkbox"), [True, False], ["x"]),
        (field("checkbox", validate=NEEDED), [True], [False]),
        (field("radio", values=OPTIONS), ["one"], ["three", ["one"]]),
        (field("select", values=OPTIONS), ["two"], [""]),
        (field("checklist", values=OPTIONS), [[], ["one", "two"]], [["three"], "one", ["one", "one"]]),
        (field("taglist", values=OPTIONS, validate=NEEDED), [["one"]], [[]]),
        (field("datetime", subtype="date"), ["2026-11-25", "1405/09/04"], ["2026-11-25T08:30:00Z"]),
        (field("datetime", subtype="time"), ["08:30", "08:30+03:30"], ["2026-11-25"]),
        (field("datetime", subtype="datetime"), ["2026-11-25T08:30:00Z"], ["2026-11-25T08:30"]),
        (
            field("datetime", subtype="datetime", timeSerializingFormat="no_timezone"),
            ["2026-11-25T08:30"],
            ["2026-11-25T08:30Z"],
        ),
        (field("textfield", readonly=True), [], ["x"]),
        (field("textfield", disabled=True, validate=NEEDED), [], ["x"]),
    ],
)
def test_a_component_takes_what_form_js_takes(component: Any, right: list[Any], wrong: list[Any]) -> None:
    found = form(component)
    assert [value for value in right if not takes(found, {"a": value})] == []
    assert [value for value in wrong if takes(found, {"a": value})] == []
    locked = component.get("readonly") or component.get("disabled")
    assert takes(found, {}) == (bool(locked) or not component.get("validate", {}).get("required"))


def test_keys_and_paths_make_objects() -> None:
    group = {"type": "group", "path": "person", "label": "Person", "components": [field("textfield", "name")]}
    rows = {"type": "dynamiclist", "path": "rows", "components": [field("number", "n", validate=NEEDED)]}
    found = form(field("textfield", "person.home.city", validate=NEEDED), group, rows)
    right = {"person": {"home": {"city": "x"}, "name": "y"}, "rows": [{"n": 1}]}
    assert takes(found, right)
    assert not takes(found, {"person": {"name": "y"}})
    assert not takes(found, {})
    assert not takes(found, {**right, "rows": [{}]})
    assert not takes(found, {**right, "rows": [{"n": 1, "other": 2}]})


def test_a_group_without_path_is_drawn_around_its_fields() -> None:
    inside = [field("textfield", "a", layout={"columns": 8}), {"type": "text", "text": "Read | this"}]
    found = form(field("textfield", "z"), {"type": "group", "label": "G", "components": inside})
    assert takes(found, {"z": "x", "a": "y"})
    first, group = found.fields
    assert (first.pointer, group.kind, group.label.en) == ("/z", "group", "G")
    drawn, notice = group.fields
    assert (drawn.pointer, drawn.hints["width"], notice.kind) == ("/a", 8, "notice")
    assert notice.description is not None
    assert (notice.description.fa, notice.description.en) == ("Read", "this")


def test_choices_are_drawn_with_their_labels() -> None:
    (drawn,) = form(field("radio", values=OPTIONS)).fields
    assert [(one.value, one.label.fa, one.label.en) for one in drawn.choices] == [
        ("one", "یک", "One"),
        ("two", "Two", "Two"),
    ]
    assert form(field("taglist", values=OPTIONS)).fields[0].kind == "choices"


@pytest.mark.parametrize(
    ("code", "hidden", "shown"),
    [
        ('=b = "x"', {"b": "x"}, {"b": "y"}),
        ('= b!="x"', {}, {"b": "x"}),
        ("=b = null", {}, {"b": "x"}),
        ("=c > 3", {"c": 4}, {"c": 3}),
        ("=c <= 3", {"c": 3}, {}),
        ("=d", {"d": True}, {"d": False}),
        ("=not(d)", {"d": False}, {}),
    ],
)
def test_a_hidden_field_is_neither_asked_nor_taken(code: str, hidden: Any, shown: Any) -> None:
    condition: dict[str, Any] = {"conditional": {"hide": code}}
    found = form(
        field("textfield", validate=NEEDED, **condition),
        field("textfield", "b"),
        field("number", "c"),
        field("checkbox", "d"),
    )
    assert takes(found, hidden)
    assert not takes(found, {**hidden, "a": "x"})
    assert takes(found, {**shown, "a": "x"})
    assert not takes(found, shown)
    told = found.fields[0].hide_when
    assert told is not None
    assert told["field"] in ("/b", "/c", "/d")


def test_what_a_hidden_group_demands_is_not_asked() -> None:
    inside = [field("textfield", "x", validate=NEEDED)]
    hide = {"conditional": {"hide": "=d"}}
    for group in (
        {"type": "group", "components": inside},
        {"type": "group", "path": "g", "components": inside},
    ):
        found = form({**group, **hide}, field("checkbox", "d"))
        answer = {"g": {"x": "y"}} if "path" in group else {"x": "y"}
        assert takes(found, {"d": True})
        assert takes(found, answer)
        assert not takes(found, {})
        assert not takes(found, {"d": True, **answer})


def test_roles_are_kept() -> None:
    found = form(
        field("textfield", properties={"visibleTo": "inspector, supervisor"}), field("textfield", "b")
    )
    assert [one.pointer for one in forms.for_roles(found, {"clerk"}).fields] == ["/b"]
    assert len(forms.for_roles(found, {"inspector"}).fields) == 2


def test_a_text_tells_nothing_of_a_hidden_field() -> None:
    secret = field("textfield", "secret", properties={"visibleTo": "inspector"})
    text = {"type": "text", "text": "Read", "conditional": {"hide": '=secret = "x"'}}
    found = form(secret, text)
    assert found.fields[1].hide_when == {"field": "/secret", "is": "=", "value": "x"}
    cut = forms.for_roles(found, {"clerk"})
    assert "secret" not in repr((cut.schema, cut.ui, cut.fields)).lower()


ODD: list[Any] = [None, 1, "x", [], {}, True, [1], {"a": 1}, "=x", -1, 1e308, [[]], {"type": "textfield"}]
WHOLE: dict[str, Any] = {
    "key": "a",
    "label": "A",
    "description": "d",
    "text": "x",
    "path": "p",
    "validate": {"required": True, "minLength": 1, "pattern": "x", "validationType": "email", "min": 1},
    "properties": {"visibleTo": "x", "format": "iban"},
    "layout": {"columns": 3},
    "appearance": {"prefixAdorner": "x"},
    "values": [{"label": "a", "value": "b"}],
    "conditional": {"hide": "=b"},
    "readonly": False,
    "decimalDigits": 2,
    "increment": 1,
    "subtype": "date",
    "defaultValue": "x",
    "components": [],
}
KINDS = ["textfield", "number", "checkbox", "select", "taglist", "datetime", "group", "dynamiclist", "text"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_with_nonsense_in_it_is_read_or_told_of(kind: str) -> None:
    for name, value in WHOLE.items():
        inner = [{**value, part: odd} for part in value for odd in ODD] if isinstance(value, dict) else []
        for odd in [*ODD, *inner]:
            found, problems = converted(document({**WHOLE, "type": kind, name: odd}))
            assert problems or found.fields or not odd or name in ("text", "components"), (name, odd)


@pytest.mark.parametrize(
    ("component", "code"),
    [
        ({"type": "expression", "key": "a", "expression": "=1"}, "form-js-component"),
        (field("filepicker"), "form-js-component"),
        (field("signature"), "form-js-component"),
        ({"key": "a"}, "form-js-component"),
        ("a", "form-js-component"),
        ({"type": "group", "components": "a"}, "form-js-component"),
        (
            {"type": "dynamiclist", "path": "a", "allowAddRemove": False, "components": []},
            "form-js-component",
        ),
        ({"type": "dynamiclist", "components": []}, "form-js-field"),
        ({"type": "textfield"}, "form-js-field"),
        (field("textfield", "1 2"), "form-js-field"),
        (field("select", valuesKey="options"), "form-js-field"),
        (field("select", valuesExpression="=options"), "form-js-field"),
        (field("select", values=[]), "form-js-field"),
        (field("select", values=[OPTIONS[0], OPTIONS[0]]), "form-js-field"),
        (field("textfield", validate={"minLength": "=n"}), "form-js-field"),
        (field("textfield", validate={"minLength": "x"}), "form-js-field"),
        (field("textfield", validate={"validationType": "odd"}), "form-js-field"),
        (field("number", serializeToString=True, validate={"min": 1}), "form-js-field"),
        (field("datetime", subtype="date", disallowPassedDates=True), "form-js-field"),
        (field("textfield", readonly="=b"), "form-js-condition"),
        (field("textfield", validate=NEEDED, conditional={"hide": "=other"}), "form-js-condition"),
        (field("textfield", validate=NEEDED, conditional={"hide": "=a and b"}), "form-js-condition"),
        (field("textfield", validate={"pattern": "("}), "invalid-form"),
    ],
)
def test_what_could_not_be_kept_is_refused(component: Any, code: str) -> None:
    assert told(document(component)) == [("error", code)]


@pytest.mark.parametrize(
    ("component", "code"),
    [
        ({"type": "html", "content": "<b>"}, "form-js-ignored"),
        ({"type": "image", "source": "https://example.org/a.png"}, "form-js-ignored"),
        ({"type": "text", "text": "=name"}, "form-js-ignored"),
        ({"type": "text", "text": "Dear {{name}}"}, "form-js-ignored"),
        (field("textfield", conditional={"hide": "=a and b"}), "form-js-condition"),
    ],
)
def test_what_is_only_drawn_otherwise_is_warned_of(component: Any, code: str) -> None:
    assert told(document(component, field("textfield", "z"))) == [("warning", code)]


@pytest.mark.parametrize("kind", ["separator", "spacer", "button"])
def test_what_asks_and_shows_nothing_is_passed_over(kind: str) -> None:
    assert told(document({"type": kind}, field("textfield"))) == []


def test_two_fields_of_one_key_and_forms_of_the_future_are_refused() -> None:
    assert told(document(field("textfield"), field("number"))) == [("error", "form-js-field")]
    assert told(document(field("textfield"), schemaVersion=99)) == [("error", "form-js")]


def test_a_deep_form_is_refused() -> None:
    found: Any = field("textfield")
    for _ in range(100):
        found = {"type": "group", "components": [found]}
    assert told(document(found)) == [("error", "form-js-component")]


def told(found: dict[str, Any], key: str = "f.form") -> list[tuple[str, str]]:
    """Severity and code of all findings on a process with this form."""
    task = node("userTask", "a", camunda__formKey=key)
    nodes = line("task a").replace(node("task", "a").encode(), task.encode())
    assert b"formKey" in nodes
    report = check({"a.bpmn": nodes, "f.form": json.dumps(found).encode()})
    beside = ("no-role", "unaccepted")
    return [(item.severity, item.code) for item in report.findings if item.code not in beside]


def test_a_form_is_found_by_its_id() -> None:
    assert told(document(field("textfield")), key="f") == []


def test_a_task_has_its_form() -> None:
    task = node("userTask", "a", camunda__formKey="f").encode()
    diagram = line("task a").replace(node("task", "a").encode(), task)
    files = {"a.bpmn": diagram, "f.form": json.dumps(document(field("number"))).encode()}
    found = bpmn.build(bpmn.Source(bpmn.digest(files, {}), files, {}), "p").elements["a"].form
    assert found is not None
    assert forms.check(found, {"a": "۱"}) == {"a": 1}
