"""What a diagram demands of those who do its work: four eyes, assignment, assurance, decisions, appeals."""

from collections.abc import Mapping

import pytest

from engine import bpmn
from engine.bpmn import CaseRules, Source, TaskRules
from engine.bpmn.notation.outcomes import Outcome
from tests.bpmn import declared, definitions, extension, in_line, many, node, process_element

FORM = '{"type": "object", "properties": {"outcome": {"enum": ["yes", "no"]}, %s}}'
GROUND = '"ground": {"type": "object", "properties": {"code": {}, "text": {}}}'
GROUNDS = '"grounds": {"type": "array", "items": {"type": "object", "properties": {"code": {}, "text": {}}}}'


def files(*elements: str, before: str = "", form: str = GROUND, **attributes: str) -> dict[str, bytes]:
    """A process of these elements in a line; its attributes are ours."""
    said = " ".join(f'parvandeh:{name}="{value}"' for name, value in attributes.items())
    content = definitions(
        process_element(
            before,
            declared(yes="grants", no="refuses"),
            *in_line(*elements),
            attributes=f'isExecutable="true" {said}',
        )
    )
    return {"p.bpmn": content, "f.json": (FORM % form).encode()}


def task(name: str = "a", inside: str = "", kind: str = "userTask", **attributes: str) -> str:
    ours = {f"parvandeh__{key}": value for key, value in attributes.items()}
    form = {"camunda__formKey": "f.json"} if kind == "userTask" else {}
    return node(kind, name, inside, **form, **ours)


def told(
    content: Mapping[str, bytes], severity: str = "error", known: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    found = [item for item in bpmn.check(content, known).findings if item.severity == severity]
    assert all(item.line and item.reason and item.fix for item in found if item.file == "p.bpmn")
    return [(item.code, item.element or "") for item in found if item.code not in _BESIDE]


_BESIDE = {
    "no-role",
    "no-deadline",
    "no-appeal",
    "unused-file",
    "answers-collide",
    "manual-without-basis",
}


def built(content: Mapping[str, bytes]) -> bpmn.Spec:
    report = bpmn.check(content)
    assert not report.errors, report.errors
    return bpmn.build(Source(bpmn.digest(content, {}), content, {}), "p")


def test_an_element_shows_its_rules() -> None:
    spec = built(files(task(sod="A", assignment="random", acr="high", decision="outcome"), task("b")))
    outcomes = {"outcome": (Outcome("yes", "grants"), Outcome("no", "refuses"))}
    assert spec.elements["a"].rules == TaskRules("A", "random", "high", "outcome", outcomes)
    assert spec.elements["b"].rules == TaskRules(variables=outcomes)
    assert spec.elements["end"].rules == TaskRules()


def test_a_process_shows_its_rules() -> None:
    spec = built(
        files(
            task(),
            appeal="objection",
            appealWithin="P20D",
            party="national_id, other",
            searchable="name,name",
        )
    )
    assert spec.rules == CaseRules("objection", "P20D", ("national_id", "other"), ("name",))
    assert built(files(task())).rules == CaseRules()


def test_the_nearest_says_how_tasks_are_assigned() -> None:
    lane = node("lane", "l", "".join(f"<bpmn:flowNodeRef>{name}</bpmn:flowNodeRef>" for name in "ab"),
                name="Desk", parvandeh__assignment="random")  # fmt: skip
    content = files(
        task("a"), task("b", assignment="self"), task("c"),
        before=f'<bpmn:laneSet id="set">{lane}</bpmn:laneSet>', assignment="least-loaded",
    )  # fmt: skip
    found = built(content).elements
    assert [found[name].rules.assignment for name in "abc"] == ["random", "self", "least-loaded"]


@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("sod", "", "invalid-sod"),
        ("sod", "x" * 101, "invalid-sod"),
        ("assignment", "by-hand", "invalid-assignment"),
        ("assignment", "", "invalid-assignment"),
        ("acr", "highest", "invalid-acr"),
        ("decision", "the outcome", "invalid-decision"),
        ("decision", "", "invalid-decision"),
        ("decision", "result", "decision-without-field"),
    ],
)
def test_a_wrong_value_on_a_task_is_an_error(attribute: str, value: str, code: str) -> None:
    assert told(files(task(**{attribute: value}))) == [(code, "a")]


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"appeal": ""}, "invalid-appeal"),
        ({"appeal": "an objection"}, "invalid-appeal"),
        ({"appeal": "p", "appealWithin": "20 days"}, "invalid-appeal"),
        ({"appealWithin": "P20D"}, "invalid-appeal"),
        ({"party": ""}, "invalid-party"),
        ({"party": "national id"}, "invalid-party"),
        ({"searchable": ", ".join(f"x{n}" for n in range(21))}, "invalid-searchable"),
        ({"assignment": "any"}, "invalid-assignment"),
    ],
)
def test_a_wrong_value_on_a_process_is_an_error(attributes: dict[str, str], code: str) -> None:
    assert told(files(task(), **attributes)) == [(code, "p")]


@pytest.mark.parametrize(
    ("party", "found"), [("fire-department", []), ("applicant", []), ("Fire dept", ["c"])]
)
def test_awaited_party_is_the_key_of_an_agency_or_the_applicant(party: str, found: list[str]) -> None:
    wait = '<bpmn:conditionalEventDefinition id="d"><bpmn:condition>True</bpmn:condition>'
    event = node(
        "intermediateCatchEvent", "c", wait + "</bpmn:conditionalEventDefinition>", parvandeh__party=party
    )
    service = node("serviceTask", "s", parvandeh__topic="t", parvandeh__party="fire-department")
    content = files(event, service)
    assert told(content) == [("invalid-party", name) for name in found]
    if not found:
        assert [built(content).elements[name].party for name in "cs"] == [party, "fire-department"]


def test_timer_awaits_no_party() -> None:
    lasting = "<bpmn:timeDuration>P1D</bpmn:timeDuration>"
    wait = f"<bpmn:timerEventDefinition>{lasting}</bpmn:timerEventDefinition>"
    event = node("intermediateCatchEvent", "c", wait, parvandeh__party="bank")
    assert told(files(event)) == [("unknown-extension", "c")]


def test_a_wrong_value_of_what_does_not_run_is_left_alone() -> None:
    idle = process_element(
        *in_line(task(acr="x")), key="idle", attributes='isExecutable="false" parvandeh:party="?"'
    )
    content = definitions(process_element(*in_line("task b", prefix="run_")), idle)
    assert told({"p.bpmn": content}) == []


ELSEWHERE = [
    *((name, "scriptTask") for name in ("sod", "acr", "decision", "assignment")),
    *((name, "endEvent") for name in ("sod", "acr", "decision", "assignment")),
    ("decision", "manualTask"), ("appeal", "userTask"), ("party", "userTask"), ("searchable", "userTask"),
    ("appealWithin", "userTask"), ("subject", "userTask"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "kind"), ELSEWHERE)
def test_marks_are_refused_where_they_mean_nothing(attribute: str, kind: str) -> None:
    value = {"acr": "low", "assignment": "self"}.get(attribute, "outcome")
    content = definitions(process_element(node(kind, "x", **{f"parvandeh__{attribute}": value})))
    assert ("unknown-extension", "x") in told({"p.bpmn": content})


@pytest.mark.parametrize("attribute", ["sod", "acr", "decision"])
def test_marks_of_tasks_are_refused_on_processes(attribute: str) -> None:
    assert told(files(task(), **{attribute: "low"})) == [("unknown-extension", "p")]


def test_a_decision_needs_a_form() -> None:
    assert told(files(node("userTask", "a", parvandeh__decision="outcome"))) == [
        ("decision-without-field", "a")
    ]


def test_a_form_that_is_missing_is_told_once() -> None:
    content = files(task(decision="outcome"))
    del content["f.json"]
    assert told(content) == [("form-missing", "a")]


@pytest.mark.parametrize(
    "form",
    ['{"properties": []}', '{"properties": 1}', '{"properties": {"ground": 1, "grounds": []}}',
     '{"properties": {"ground": {"properties": []}, "grounds": {"items": {"properties": 1}}}}'],
)  # fmt: skip
def test_forms_that_are_none_are_told_and_nothing_more_comes_of_them(form: str) -> None:
    content = {**files(task(decision="outcome")), "f.json": form.encode()}
    assert ("invalid-form", "") in told(content)


def test_fields_of_an_unknown_type_are_told() -> None:
    form = extension('<camunda:formData><camunda:formField id="outcome" type="odd"/></camunda:formData>')
    assert told(files(node("userTask", "a", form, parvandeh__decision="outcome"))) == [
        ("open-outcome", "a"),
        ("form-field", "a"),
    ]


def test_fields_of_camundas_forms_hold_decisions_too() -> None:
    values = '<camunda:value id="yes" name="Yes"/><camunda:value id="no" name="No"/>'
    field = f'<camunda:formField id="outcome" type="enum">{values}</camunda:formField>'
    form = extension(f"<camunda:formData>{field}</camunda:formData>")
    assert told(files(node("userTask", "a", form, parvandeh__decision="outcome"))) == []


@pytest.mark.parametrize("form", [GROUND, GROUNDS, '"ground": {"$ref": "#/$defs/ground"}, "x": {}'])
def test_a_decision_may_be_a_refusal_with_its_ground(form: str) -> None:
    assert told(files(task(decision="outcome"), form=form), "warning") == []


@pytest.mark.parametrize("form", ['"x": {}', '"ground": {"type": "string"}', '"grounds": {"items": {}}'])
def test_a_decision_whose_form_has_no_ground_is_told(form: str) -> None:
    found = told(files(task(decision="outcome"), form=form), "warning")
    assert found == [("decision-without-ground", "a")]


def test_a_four_eyes_group_of_one_task_is_told() -> None:
    assert told(files(task(sod="A"), task("b", sod="B"), task("c", sod="B")), "warning") == [
        ("sod-alone", "a")
    ]


def test_instances_of_one_task_are_a_four_eyes_group() -> None:
    marker = many("<bpmn:loopCardinality>2</bpmn:loopCardinality>")
    assert told(files(task("a", marker, sod="A")), "warning") == []


def test_a_process_for_appeals_that_is_not_there_is_told() -> None:
    content = files(task(), appeal="objection")
    assert told(content, "warning") == [("unknown-appeal", "p")]
    assert told(content, "warning", ("objection",)) == []
