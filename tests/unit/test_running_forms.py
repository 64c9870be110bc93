"""Forms of Camunda, as people fill them in."""

import pytest

from engine.bpmn import Form
from engine.definitions import forms
from engine.platform.errors import Invalid
from tests.driving import Run, built, path


def form_data(*fields: str) -> str:
    """Extension elements with a form of these fields."""
    inside = "".join(f"<camunda:formField {field}" for field in fields)
    return f"<extensionElements><camunda:formData>{inside}</camunda:formData></extensionElements>"


def form(*fields: str) -> Form:
    """The form of a user task with these fields, each `attributes/>` or `attributes>…</…>`."""
    spec = built(
        f'<startEvent id="start"/><userTask id="a">{form_data(*fields)}</userTask>' + path("start", "a")
    )
    found = spec.elements["a"].form
    assert found is not None
    return found


def test_field_may_be_called_as_an_element_is() -> None:
    fields = form_data('id="Start" type="string"/>', 'id="b" type="string"/>', 'id="End" type="string"/>')
    task = f'<userTask id="a">{fields}</userTask>'
    body = f'<startEvent id="Start"/>{task}<userTask id="b"/><endEvent id="End"/>' + path(
        "Start", "a", "b", "End"
    )
    run = Run(body).answer("a", Start="x", b="y").answer("b")
    assert (run.passed, run.step.ended) == (["Start", "a", "b", "End"], True)
    given = run.spec.elements["a"].form
    assert given is not None
    assert list(given.schema["properties"]) == ["Start", "b", "End"]


def constrained(*names: str) -> str:
    constraints = "".join(f'<camunda:constraint name="{name}"/>' for name in names)
    validation = f"<camunda:validation>{constraints}</camunda:validation>"
    return f'id="a" label="A" type="string" defaultValue="x">{validation}</camunda:formField>'


def test_field_that_is_only_shown_is_not_taken() -> None:
    found = form(constrained("readonly"), 'id="b" type="string"/>')
    assert forms.check(found, {"b": "y"}) == {"b": "y"}
    with pytest.raises(Invalid) as refused:
        forms.check(found, {"a": "y", "b": "y"})
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/data/a", "readOnly")]
    shown = found.schema["properties"]["a"]
    assert (shown["title"], shown["default"], shown["readOnly"]) == ("A", "x", True)


def properties(*items: str) -> Form:
    """The form of a user task with these form properties."""
    inside = "".join(f"<camunda:formProperty {item}/>" for item in items)
    task = f'<userTask id="a"><extensionElements>{inside}</extensionElements></userTask>'
    found = built('<startEvent id="start"/>' + task + path("start", "a")).elements["a"].form
    assert found is not None
    return found


def test_form_property_is_a_field() -> None:
    found = properties(
        'id="a" name="A" variable="x" type="long" required="yes" default="3" value="nothing"',
        'id="seen" writable="no" required="true"',
        'id="hidden" readable="false"',
        'id="gone" readable="false" writable="false"',
    )
    assert found.schema["required"] == ["x"]
    assert found.schema["properties"]["x"] == {"type": "integer", "title": "A", "default": 3}
    assert forms.check(found, {"x": 1, "hidden": "y"}) == {"x": 1, "hidden": "y"}
    for name in ("seen", "gone"):
        with pytest.raises(Invalid):
            forms.check(found, {"x": 1, name: "y"})


@pytest.mark.parametrize(
    ("pattern", "fits", "other"),
    [
        ("dd/MM/yyyy", "2026-03-21", "21/03/2026"),
        ("d. MMM yyyy", "2026-03-21", "2026-03-21T08:00:00Z"),
        ("dd-MM-yyyy hh:mm", "2026-03-21T08:00:00Z", "2026-03-21"),
    ],
)
def test_date_is_sent_as_iso_8601_whatever_its_pattern(pattern: str, fits: str, other: str) -> None:
    field = f'id="a" type="date" datePattern="{pattern}" defaultValue="{other}"/>'
    found = form(field)
    assert "default" not in found.schema["properties"]["a"]
    assert forms.check(found, {"a": fits}) == {"a": fits}
    with pytest.raises(Invalid):
        forms.check(found, {"a": other})


def test_default_of_a_date_is_a_hint_if_it_is_written_so() -> None:
    field = 'id="a" type="date" datePattern="yyyy-MM-dd" defaultValue="{}"/>'
    assert form(field.format("2014-11-10")).schema["properties"]["a"]["default"] == "2014-11-10"
    assert "default" not in form(field.format("${today}")).schema["properties"]["a"]
