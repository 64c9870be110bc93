"""Differences between versions: the list of a whole re-engineering, and what is no difference."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from lxml import etree

from engine import bpmn as engine
from engine.platform.messages.differences import explain
from tests import bpmn, factories
from tests.bpmn import extension, flow, node, script
from tests.catalogues import speaking
from tests.dmn_files import dmn, table

SHIPPED = ("verify-identity", "collect-fee", factories.ADDRESS, factories.LICENCE)
ROOTS = """
<bpmn:message id="m_paid" name="fee-paid"/><bpmn:message id="m_utilities" name="utilities-asked"/>
<bpmn:error id="e_unknown" errorCode="UNKNOWN"/>
"""
PROCESS = 'isExecutable="true" name="پروانه | Permit"'
CALLED = bpmn.process(*bpmn.in_line("userTask pay", prefix="c_"), key="collect")


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>"


def message(name: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="{name}"/>'


def lanes(**listed: tuple[str, str]) -> str:
    """Lanes by their ids: the name, and what they list."""
    drawn = "".join(
        f'<bpmn:lane id="{key}" name="{name}">'
        + "".join(f"<bpmn:flowNodeRef>{item}</bpmn:flowNodeRef>" for item in items.split())
        + "</bpmn:lane>"
        for key, (name, items) in listed.items()
    )
    return f'<bpmn:laneSet id="set">{drawn}</bpmn:laneSet>'


def inside(name: str, *elements: str, title: str = "") -> str:
    """A sub-process."""
    body = "".join(bpmn.in_line(*elements, prefix=f"{name}_"))
    return node("subProcess", name, body, name=title or name)


def fields(**kinds: str) -> dict[str, Any]:
    return factories.form(tuple(kinds), **{name: {"type": kind} for name, kind in kinds.items()})


BEFORE = {
    "permit.bpmn": bpmn.definitions(
        ROOTS,
        bpmn.process_element(
            lanes(
                office=("دفتر | Office", "receive review visit"),
                counter=("Counter", "hand_over"),
                technical=("Technical", "old_id"),
            ),
            node("startEvent", "applied", camunda__formKey="application.json"),
            node("manualTask", "receive", name="Receive the papers"),
            node("userTask", "review", name="بررسی | Review", camunda__dueDate="P20D",
                 camunda__formKey="review.json"),
            node("boundaryEvent", "late", timer("P30D"), attachedToRef="review", name="Too late"),
            node("manualTask", "visit", name="Visit the site"),
            node("exclusiveGateway", "large", name="Large?", default="small"),
            node("serviceTask", "ask", name="Ask the registry", parvandeh__connector="registry",
                 parvandeh__operation="verify", parvandeh__request="{'id': national_id}"),
            node("userTask", "old_id", name="Measure", parvandeh__priority="10"),
            node("intermediateCatchEvent", "paid", message("m_paid"), name="Paid"),
            node("callActivity", "collect_fee", name="Collect", calledElement="collect"),
            inside("check", "userTask one", title="Checks"),
            script("fee", "fee = 1000 * area"),
            node("manualTask", "hand_over", name="Hand over"),
            node("endEvent", "granted", name="Granted", parvandeh__outcome="granted"),
            node("endEvent", "refused", name="Refused", parvandeh__outcome="refused"),
            flow("applied", "receive"), flow("receive", "review"), flow("review", "visit"),
            flow("visit", "large"), flow("large", "ask", "area &gt; 50"), flow("large", "paid", name="small"),
            flow("ask", "old_id"), flow("old_id", "paid"), flow("paid", "collect_fee"),
            flow("collect_fee", "check"), flow("check", "fee"), flow("fee", "hand_over"),
            flow("hand_over", "granted"), flow("late", "refused"),
            key="permit", attributes=PROCESS,
        ),
    ),
    "collect.bpmn": CALLED,
    "application.json": json.dumps(fields(area="integer", phone="string")).encode(),
    "review.json": json.dumps(fields(decision="string")).encode(),
}  # fmt: skip
AFTER = {
    "permit.bpmn": bpmn.definitions(
        ROOTS.replace("fee-paid", "bill-paid"),
        bpmn.process_element(
            lanes(
                office=("دفتر | Office", "receive review"),
                technical=("Engineering", "new_id"),
                supervisor=("Supervisor", "decide"),
            ),
            node("startEvent", "applied", camunda__formKey="application.json"),
            node("userTask", "receive", name="Receive the application"),
            node("userTask", "review", name="بررسی | Review", parvandeh__due="'P10D'",
                 parvandeh__candidateGroups="['Engineering']", camunda__formKey="review-2.json"),
            node("boundaryEvent", "late", timer("P14D"), attachedToRef="review", cancelActivity="false",
                 name="Too late"),
            node("exclusiveGateway", "large", name="Large?", default="small"),
            node("serviceTask", "ask", name="Ask the registry", parvandeh__connector="registry-2",
                 parvandeh__operation="verify", parvandeh__request="{'id':  national_id}"),
            node("userTask", "new_id", name="Measure", parvandeh__priority="20"),
            node("intermediateThrowEvent", "utilities", message("m_utilities"), name="Ask the utilities"),
            node("intermediateCatchEvent", "paid", message("m_paid"), name="Paid"),
            node("callActivity", "collect_fee", name="Collect", calledElement="collect"),
            inside("check", "userTask one", "userTask two", title="Checks"),
            script("fee", "# by the new tariff\nfee = 2000 * area"),
            node("userTask", "decide", name="Decide"),
            node("endEvent", "granted", name="Granted", parvandeh__outcome="licensed"),
            node("endEvent", "refused", name="Refused", parvandeh__outcome="refused"),
            flow("applied", "receive"), flow("receive", "review"), flow("review", "large"),
            flow("large", "ask", "area &gt; 80"), flow("large", "paid", name="small"),
            flow("ask", "new_id"), flow("new_id", "utilities"), flow("utilities", "paid"),
            flow("paid", "collect_fee"), flow("collect_fee", "check"), flow("check", "fee"),
            flow("fee", "decide"), flow("decide", "granted"), flow("late", "refused"),
            flow("ask", "refused", "not known"),
            key="permit", attributes=PROCESS,
        ),
    ),
    "collect.bpmn": CALLED.replace(b'id="pay"', b'id="pay" parvandeh:assignee="applicant"'),
    "application.json": json.dumps(fields(area="number", address="string")).encode(),
    "review-2.json": json.dumps(fields(decision="string")).encode(),
}  # fmt: skip

# Code, element and sentence of each.
EXPECTED = [
    ("role-added", None, "The role ‘Supervisor’ was added."),
    ("role-removed", None, "The role ‘Counter’ was removed."),
    ("role-renamed", None, "The role ‘Technical’ was renamed to ‘Engineering’."),
    ("message-renamed", None, "The message ‘fee-paid’ was renamed to ‘bill-paid’."),
    ("step-removed", "hand_over", "The manual task ‘Hand over’ was removed."),
    ("step-removed", "visit", "The manual task ‘Visit the site’ was removed."),
    ("step-added", "decide", "The user task ‘Decide’ was added."),
    ("step-added", "two", "The user task ‘two’ was added."),
    ("step-added", "utilities", "The message intermediate throw event ‘Ask the utilities’ was added."),
    ("step-renamed", "receive", "‘Receive the papers’ was renamed to ‘Receive the application’."),
    (
        "kind-changed",
        "receive",
        "The type of ‘Receive the application’ changed from manual task to user task.",
    ),
    ("not-interrupting", "late", "‘Too late’ no longer interrupts the step or process that it belongs to."),
    ("field-added", "applied", "The field ‘address’ was added to the form of ‘applied’."),
    ("field-removed", "applied", "The field ‘phone’ was removed from the form of ‘applied’."),
    ("field-changed", "applied", "The field ‘area’ in the form of ‘applied’ changed (type)."),
    ("way-added", "ask", "A path from ‘Ask the registry’ to ‘Refused’ was added, taken if not known."),
    (
        "way-changed",
        "large",
        "The path from ‘Large?’ to ‘Ask the registry’ is now taken if area > 80; before, if area > 50.",
    ),
    ("role-changed", "review", "The role of ‘Review’ changed from ‘Office’ to ‘Engineering’."),
    ("deadline-changed", "review", "The deadline of ‘Review’ changed from 20 days to 10 days."),
    ("priority-changed", "new_id", "The priority of ‘Measure’ changed from 10 to 20."),
    ("timer-changed", "late", "The timer of ‘Too late’ changed from 30 days to 14 days."),
    (
        "service-changed",
        "ask",
        "The connector or topic of ‘Ask the registry’ changed from registry, verify to registry-2, verify.",
    ),
    ("outcome-changed", "granted", "The outcome of ‘Granted’ changed from granted to licensed."),
    ("script-changed", "fee", "The script of ‘fee’ changed."),
    ("assignee-changed", "pay", "The assignee of ‘pay’ was set to applicant."),
]


def source(files: Mapping[str, bytes], **calls: engine.Source) -> engine.Source:
    return engine.Source(engine.digest(files, {}), files, calls)


def compared(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[engine.Difference]:
    """The differences of files that both pass the check."""
    for files in (before, after):
        assert not engine.check(files).errors
    return list(engine.compare(source(before), source(after)))


def text(change: engine.Difference) -> str:
    """The English sentence of a difference."""
    return explain(change.code, change.parameters, speaking("en"))


def told(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    return [text(difference) for difference in compared(before, after)]


def steps(*elements: str, more: str = "") -> dict[str, bytes]:
    """Start → elements → end."""
    return factories.files(bpmn.definitions(ROOTS, bpmn.process_element(*bpmn.in_line(*elements), more)))


def test_differences_of_a_re_engineered_process_are_exactly_these() -> None:
    found = compared(BEFORE, AFTER)
    assert [(item.code, item.element, text(item)) for item in found] == EXPECTED
    assert [item.process for item in found] == ["permit"] * 24 + ["collect"]


def test_parameters_tell_what_the_sentence_says() -> None:
    found = {(item.code, item.element): item.parameters for item in compared(BEFORE, AFTER)}
    assert found["deadline-changed", "review"] == {
        "name": "بررسی | Review",
        "before": "'P20D'",
        "after": "'P10D'",
    }
    assert found["step-removed", "visit"] == {"kind": "manualTask", "name": "Visit the site"}
    assert found["field-added", "applied"] == {"name": "applied", "field": "address", "required": True}


def test_the_way_back_has_as_many_differences() -> None:
    assert len(compared(AFTER, BEFORE)) == len(EXPECTED)


@pytest.mark.parametrize("files", [BEFORE, AFTER, factories.w1(), *map(factories.shipped, SHIPPED)])
def test_nothing_differs_from_itself(files: Mapping[str, bytes]) -> None:
    assert engine.compare(source(files), source(files)) == ()


def shuffled(content: bytes, seed: int) -> bytes:
    """The same elements in another order, with a drawing that says otherwise."""
    root = etree.fromstring(content)
    for element in [root, *root.iter("{*}process", "{*}subProcess", "{*}lane", "{*}laneSet")]:
        children = list(element)
        random.Random(seed).shuffle(children)
        element[:] = children
    drawing = etree.SubElement(root, "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram", id="drawing")
    etree.SubElement(drawing, "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNPlane", id=f"plane-{seed}")
    return etree.tostring(root, pretty_print=True)


@pytest.mark.parametrize("seed", range(5))
def test_order_and_drawing_are_no_difference(seed: int) -> None:
    other = {**BEFORE, "permit.bpmn": shuffled(BEFORE["permit.bpmn"], seed)}
    assert told(BEFORE, other) == []
    later = {**AFTER, "permit.bpmn": shuffled(AFTER["permit.bpmn"], seed)}
    assert told(other, later) == [sentence for *_, sentence in EXPECTED]


def catching(definition: str, **attributes: str) -> str:
    return node("intermediateCatchEvent", "a", definition, **attributes)


def condition(text: str) -> list[str]:
    """A choice by a condition."""
    nodes = [
        node(*each.split()) for each in ("startEvent s", "exclusiveGateway g", "userTask a", "endEvent e")
    ]
    return [*nodes, flow("s", "g"), flow("g", "a", text), flow("g", "e"), flow("a", "e")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            steps(node("userTask", "a", camunda__dueDate="P20D", camunda__candidateGroups="law, tax")),
            steps(node("userTask", "a", parvandeh__due="'P20D'", parvandeh__candidateGroups="['tax','law']")),
        ),
        (
            steps(node("serviceTask", "a", camunda__type="external", camunda__topic="t")),
            steps(node("serviceTask", "a", parvandeh__topic="t")),
        ),
        (
            factories.files(bpmn.process(*condition("${area &gt; 50}"))),
            factories.files(bpmn.process(*condition("#{ area &gt; 50 }"))),
        ),
        (
            steps(script("a", "x = 1 # one\ny = 2")),
            steps(script("a", "\nx  =  1\n\ny = 2\n")),
        ),
        (
            {**steps(node("userTask", "a", camunda__formKey="f.json")),
             "f.json": b'{"type": "object", "properties": {}}'},
            {**steps(node("userTask", "a", camunda__formKey="g.json")),
             "g.json": b'{"properties":{}, "type":"object"}'},
        ),
        (
            steps(node("userTask", "a", name="Review"), node("manualTask", "b", name="Visit")),
            steps(node("userTask", "x", name="Review"), node("manualTask", "y", name="Visit")),
        ),
        (
            steps(node("userTask", "a", camunda__asyncBefore="true")),
            steps(node("userTask", "a")),
        ),
        (
            steps(node("userTask", "a", bpmn.many(
                '<bpmn:loopCardinality xsi:type="bpmn:tFormalExpression"> 3</bpmn:loopCardinality>'))),
            steps(node("userTask", "a", "<bpmn:multiInstanceLoopCharacteristics>"
                "<bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>")),
        ),
        (
            steps(catching(timer("P20D"))),
            steps(catching(timer("'P20D'"))),
        ),
    ],
    ids=["people", "topic", "condition", "script", "form file", "ids", "harmless", "defaults", "timer"],
)  # fmt: skip
def test_what_means_the_same_is_no_difference(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> None:
    assert told(one, other) == []


def test_times_are_told_in_words() -> None:
    times = (steps(catching(timer(text))) for text in ("PT1H", "P1DT1M90S"))
    assert told(*times) == ["The timer of ‘a’ changed from 1 hour to 1 day and 1 minute and 90 seconds."]


def looped(collection: str) -> str:
    inner = f"<bpmn:loopCardinality>{collection}</bpmn:loopCardinality>"
    return node("userTask", "a", bpmn.many(inner))


def decides(field: str, **outcomes: str) -> str:
    """A decision with fields to choose from."""
    fields = "".join(f'<camunda:formField id="{name}" type="boolean"/>' for name in ("x", "y"))
    told = {"true": "grants", "false": "refuses", **outcomes}
    inside = "".join(f'<parvandeh:outcome value="{v}" effect="{e}"/>' for v, e in told.items())
    form = extension(f"<camunda:formData>{fields}</camunda:formData>{inside}")
    return node("userTask", "a", form, parvandeh__decision=field)


CHANGES: list[tuple[str, str, str]] = [
    ("assignee-changed", node("userTask", "a"), node("userTask", "a", camunda__assignee="ali")),
    ("users-changed", node("userTask", "a", camunda__candidateUsers="x"),
     node("userTask", "a", camunda__candidateUsers="y")),
    ("presence-changed", node("userTask", "a"), node("userTask", "a", parvandeh__presence="required")),
    ("presence-changed", node("userTask", "a", parvandeh__presence="optional"),
     node("userTask", "a", parvandeh__presence="required")),
    ("role-changed", node("userTask", "a", parvandeh__role="x"), node("userTask", "a", parvandeh__role="y")),
    ("unit-changed", node("userTask", "a", parvandeh__role="x"),
     node("userTask", "a", parvandeh__role="x", parvandeh__unit="north")),
    ("sod-changed", node("userTask", "a"), node("userTask", "a", parvandeh__sod="A")),
    ("assignment-changed", node("userTask", "a", parvandeh__assignment="self"),
     node("userTask", "a", parvandeh__assignment="random")),
    ("acr-changed", node("userTask", "a", parvandeh__acr="high"), node("userTask", "a")),
    ("decision-changed", decides("x"), decides("y")),
    ("outcomes-changed", decides("x"), decides("x", false="neither")),
    ("channel-changed", node("userTask", "a"), node("userTask", "a", parvandeh__channel="post")),
    ("legal-basis-changed", node("userTask", "a"), node("userTask", "a", parvandeh__legalBasis="Art. 3")),
    ("awaits-changed", catching(message("m_paid")), catching(message("m_paid"), parvandeh__party="bank")),
    ("follow-up-changed", node("userTask", "a"), node("userTask", "a", camunda__followUpDate="P1D")),
    ("timer-changed", catching(timer("P1D")), catching(timer("2026-03-21", "timeDate"))),
    ("message-changed", catching(message("m_paid")), catching(message("m_utilities"))),
    ("correlation-changed", catching(message("m_paid")),
     catching(message("m_paid"), parvandeh__correlation="{'bill': bill}")),
    ("result-changed", catching(message("m_paid")), catching(message("m_paid"), parvandeh__result="r")),
    ("kind-changed", node("userTask", "a"), node("manualTask", "a")),
    ("request-changed", node("serviceTask", "a", parvandeh__topic="t"),
     node("serviceTask", "a", parvandeh__topic="t", parvandeh__request="{'x': 1}")),
    ("inputs-changed", node("userTask", "a"), node("userTask", "a", parvandeh__inputs="{'x': 1}")),
    ("outputs-changed", node("userTask", "a"), node("userTask", "a", parvandeh__outputs="{'x': 1}")),
    ("repetition-changed", looped("3"), looped("4")),
    ("repetition-changed", looped("3"), node("userTask", "a")),
    ("documentation-changed", node("userTask", "a"),
     node("userTask", "a", "<bpmn:documentation>How</bpmn:documentation>")),
    ("form-removed", node("userTask", "a", extension(
        '<camunda:formData><camunda:formField id="x" type="long"/></camunda:formData>')),
     node("userTask", "a")),
    ("scope-changed", node("userTask", "a"), inside("sub", "userTask a")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "before", "after"), CHANGES)
def test_change_of_one_step_is_one_difference(code: str, before: str, after: str) -> None:
    found = [
        item
        for item in compared(steps(before), steps(after))
        if not item.code.startswith(("step", "way", "visits"))
    ]
    assert [(item.code, item.element) for item in found] == [(code, "a")]


def test_step_in_person_that_was_removed_is_called_so() -> None:
    visit = node("userTask", "b", name="Visit", parvandeh__presence="required")
    assert "The in-person user task ‘Visit’ was removed." in told(
        steps("userTask a", visit), steps("userTask a")
    )


def test_planned_visits_are_compared() -> None:
    visits = [node("userTask", name, parvandeh__presence="required") for name in ("b", "c", "d")]
    found = compared(steps("userTask a", *visits), steps("userTask a", visits[0]))
    assert "Planned visits of the applicant in ‘p’: 1; before, 3." in [text(item) for item in found]
    assert "visits-changed" not in {item.code for item in compared(steps("userTask a"), steps("userTask b"))}


def test_step_put_in_or_taken_out_is_no_other_way() -> None:
    short, long = steps("userTask a", "userTask b"), steps("userTask a", "userTask x", "userTask b")
    assert [item.code for item in compared(short, long)] == ["step-added"]
    assert [item.code for item in compared(long, short)] == ["step-removed"]


def test_steps_in_another_order_are_other_ways() -> None:
    found = compared(steps("userTask a", "userTask b"), steps("userTask b", "userTask a"))
    assert {item.code for item in found} == {"way-added", "way-removed"}
    assert "The path from ‘a’ to ‘b’ was removed." in [text(item) for item in found]


def test_new_steps_that_go_round_are_passed_through() -> None:
    nodes = [node(*each.split()) for each in (
        "startEvent start", "userTask a", "exclusiveGateway g", "userTask x", "endEvent end",
    )]  # fmt: skip
    flows = flow("start", "a"), flow("a", "g"), flow("g", "x", "again"), flow("x", "g"), flow("g", "end")
    later = factories.files(bpmn.definitions(ROOTS, bpmn.process_element(*nodes, *flows)))
    found = engine.compare(source(steps("userTask a")), source(later))
    assert [(item.code, item.element) for item in found] == [("step-added", "g"), ("step-added", "x")]


def test_conditions_asked_in_another_order_are_told() -> None:
    def choice(*order: str) -> dict[str, bytes]:
        flows = {"a": flow("g", "a", "x &gt; 1"), "b": flow("g", "b", "x &gt; 2"), "end": flow("g", "end")}
        nodes = ("startEvent start", "exclusiveGateway g", "userTask a", "userTask b", "endEvent end")
        rest = flow("start", "g"), flow("a", "end"), flow("b", "end")
        return factories.files(
            bpmn.process(*(node(*each.split()) for each in nodes), *rest, *(flows[name] for name in order))
        )

    assert told(choice("a", "b", "end"), choice("end", "a", "b")) == []
    assert told(choice("a", "b", "end"), choice("b", "a", "end")) == [
        "The conditions at ‘g’ are now evaluated in a different order."
    ]


def test_lane_that_is_only_renamed_moves_no_task() -> None:
    def drawn(name: str) -> dict[str, bytes]:
        return steps("userTask a", more=lanes(one=(name, "a")))

    assert told(drawn("Old"), drawn("New")) == ["The role ‘Old’ was renamed to ‘New’."]


def test_task_of_another_lane_has_another_role() -> None:
    def drawn(first: str, second: str) -> dict[str, bytes]:
        return steps("userTask a", "userTask b", more=lanes(one=("One", first), two=("Two", second)))

    assert told(drawn("a", "b"), drawn("a b", "")) == ["The role of ‘b’ changed from ‘Two’ to ‘One’."]


def test_field_that_need_not_be_filled_in_any_more_is_told() -> None:
    kinds: dict[str, Any] = {"x": {"type": "string"}}
    asked, free = (
        factories.with_form(factories.form(("x",), **kinds)),
        factories.with_form(factories.form(**kinds)),
    )
    assert told(asked, free) == ["The field ‘x’ in the form of ‘a’ is now optional."]
    assert told(free, asked) == ["The field ‘x’ in the form of ‘a’ is now required."]


def test_other_compensation_handler_is_told() -> None:
    def booked(first: str, second: str) -> dict[str, bytes]:
        compensate = "<bpmn:compensateEventDefinition/>"
        drawn = [
            *(node("userTask", name, isForCompensation="true") for name in ("undo", "redo")),
            node("boundaryEvent", "b", compensate, attachedToRef="a"),
            node("boundaryEvent", "c", compensate, attachedToRef="d"),
            f'<bpmn:association id="one" sourceRef="b" targetRef="{first}"/>',
            f'<bpmn:association id="two" sourceRef="{second}" targetRef="c"/>',
        ]
        thrown = node("intermediateThrowEvent", "t", compensate)
        return steps("userTask a", "userTask d", thrown, more="".join(drawn))

    assert told(booked("undo", "redo"), booked("redo", "undo")) == [
        "The compensation handler of ‘b’ changed from undo to redo.",
        "The compensation handler of ‘c’ changed from redo to undo.",
    ]


def test_description_of_the_process_is_told() -> None:
    described = steps("userTask a", more="<bpmn:documentation>By the law</bpmn:documentation>")
    assert told(steps("userTask a"), described) == ["The documentation of ‘p’ changed."]


def test_process_that_is_called_no_more_is_removed_with_its_steps() -> None:
    both = {"a.bpmn": factories.caller("p")["p.bpmn"], "b.bpmn": factories.one_task()["p.bpmn"]}
    alone = {"a.bpmn": bpmn.process(*bpmn.in_line("userTask call"), key="caller")}
    found = engine.compare(source(both), source(alone), "caller")
    assert [(item.process, item.code, item.element) for item in found] == [
        ("caller", "kind-changed", "call"),
        ("caller", "called-changed", "call"),
        ("p", "process-removed", None),
        *(("p", "step-removed", name) for name in ("a", "end", "start")),
    ]


def test_process_of_another_deployment_is_compared_in_its_bound_version() -> None:
    files = factories.caller("p")
    versions = [source(factories.scripted(f"x = {number}")) for number in range(2)]
    before, after = (
        engine.Source(f"d{number}", files, {"p": bound}) for number, bound in enumerate(versions)
    )
    found = engine.compare(before, after, "caller")
    assert [(item.process, item.code, item.element) for item in found] == [("p", "script-changed", "s")]


def test_one_process_under_another_key_is_the_same_process() -> None:
    found = compared(factories.one_task("old"), factories.one_task("new"))
    assert [(item.code, item.process) for item in found] == [("process-renamed", "new")]


def test_lane_that_takes_a_role_changes_whom_its_tasks_are_for() -> None:
    def drawn(**attributes: str) -> dict[str, bytes]:
        said = "".join(f' parvandeh:{name}="{value}"' for name, value in attributes.items())
        laned = lanes(one=("Inspectors", "a")).replace('name="Inspectors"', f'name="Inspectors"{said}')
        return steps("userTask a", more=laned)

    assert told(drawn(), drawn(role="inspector", unit="north")) == [
        "The role of ‘a’ changed from ‘Inspectors’ to ‘inspector’.",
        "The unit of ‘a’ was set to ‘north’.",
    ]


def test_lane_that_is_renamed_and_keeps_its_role_moves_no_task() -> None:
    def drawn(name: str) -> dict[str, bytes]:
        laned = lanes(one=(name, "a")).replace("name=", 'parvandeh:role="Desk" name=')
        return steps("userTask a", more=laned)

    assert told(drawn("Desk"), drawn("Counter")) == ["The role ‘Desk’ was renamed to ‘Counter’."]


def test_names_that_are_bound_otherwise_are_for_others() -> None:
    def bound(text: bytes) -> dict[str, bytes]:
        return {**steps(node("userTask", "a", camunda__candidateGroups="law, tax")), "bindings.json": text}

    before, after = b'{"law": {"role": "lawyer"}}', b'{"law": {"role": "jurist", "unit": "north"}}'
    assert told(bound(before), bound(after)) == [
        "The role of ‘a’ changed from ‘lawyer’ and ‘tax’ to ‘jurist’ and ‘tax’.",
        "The unit of ‘a’ was set to ‘north’.",
    ]


def test_what_holds_for_the_cases_of_a_process_is_told() -> None:
    def drawn(said: str) -> dict[str, bytes]:
        return factories.files(
            bpmn.process(*bpmn.in_line("task a"), attributes=f'isExecutable="true" {said}')
        )

    before = 'parvandeh:appeal="objection" parvandeh:appealWithin="P20D" parvandeh:party="who"'
    after = (
        'parvandeh:appeal="review" parvandeh:appealWithin="P10D" parvandeh:party="who, other"'
        ' parvandeh:searchable="name"'
    )
    assert told(drawn(before), drawn(after)) == [
        "The process for appeals of ‘p’ changed from objection to review.",
        "The time to appeal of ‘p’ changed from 20 days to 10 days.",
        "The list of parties of ‘p’ changed from ‘who’ to ‘who’ and ‘other’.",
        "The list of searchable variables of ‘p’ was set to ‘name’.",
    ]


def test_other_rules_are_a_difference_and_another_drawing_of_them_is_none() -> None:
    drawing = '<dmndi:DMNDI xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/"/>'
    diagram = bpmn.line(node("businessRuleTask", "rule", parvandeh__decisionRef="route"))
    before, after, redrawn = (
        engine.Source("", {"a.bpmn": diagram, "rules.dmn": dmn(body)}, {})
        for body in (table(drawn=False), table(drawn=False, policy="FIRST"), table(drawn=False) + drawing)
    )
    assert [one.code for one in engine.compare(before, after)] == ["decided-by-changed"]
    assert not engine.compare(before, redrawn)
