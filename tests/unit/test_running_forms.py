"""Forms of Camunda's, as whoever fills them in meets them."""

import pytest

from engine import forms
from engine.bpmn import Form
from engine.errors import Invalid
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
