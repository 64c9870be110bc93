"""Service tasks ask other systems, wait for the reply, and fail as drawn."""

from decimal import Decimal
from typing import Any

import pytest

from engine import bpmn
from tests.driving import NOW, Run, built, document, flow, path, script
from tests.eventful import boundary, error, line, message, spec, sub, timer

ASK = (
    '<serviceTask id="ask" parvandeh:connector="registry" parvandeh:operation="person"'
    ' parvandeh:request="{\'id\': national_id}" parvandeh:result="person"/>'
)
MANY = (
    "<multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>"
    '<loopDataOutputRef>results</loopDataOutputRef><inputDataItem id="item"/><outputDataItem id="result"/>'
    "</multiInstanceLoopCharacteristics>"
)


def asking(*more: str, **data: Any) -> Run:
    return Run(spec(line(ASK, "userTask after"), *more), **{"national_id": "12", **data})


def test_call_leaves_the_case_with_what_is_asked_and_the_case_waits() -> None:
    run = asking()
    [call] = run.step.calls
    assert (call.element, call.connector, call.topic, call.operation) == ("ask", "registry", None, "person")
    assert call.request == {"id": "12"}
    assert run.step.waits == ()
    assert run.log == [("passed", "start"), ("entered", "ask")]
    assert not run.open


def test_reply_is_the_variable_that_is_named_for_it() -> None:
    run = asking().reply("ask", name="Sara", id="12")
    assert run.waiting == ["after"]
    assert run.data["person"] == {"name": "Sara", "id": "12"}
    assert "name" not in run.data
    [passage] = run.step.passages
    assert (passage.movement, passage.element, set(passage.changes)) == ("passed", "ask", {"person"})


def test_reply_without_a_name_for_it_sets_each_variable() -> None:
    run = Run(spec(line('<serviceTask id="ask" parvandeh:topic="registry"/>', "userTask after")))
    assert run.step.calls[0].topic == "registry"
    assert run.step.calls[0].request == {}
    assert run.reply("ask", name="Sara").data == {"name": "Sara"}


def test_external_task_of_camunda_is_taken_by_its_topic() -> None:
    task = (
        '<serviceTask id="ask" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:type="external"'
        ' camunda:topic="registry"/>'
    )
    assert Run(spec(line(task))).step.calls[0].topic == "registry"


def test_request_is_plain_json() -> None:
    request = "parvandeh:request=\"{'fee': fee}\""
    task = f'<serviceTask id="ask" parvandeh:topic="t" {request}/>'
    assert Run(spec(line(task)), fee=Decimal("1.10")).step.calls[0].request == {"fee": "1.10"}


@pytest.mark.parametrize(("value", "code"), [([1], "request"), ("text", "request"), (None, "request")])
def test_request_that_is_no_names_is_an_incident(value: object, code: str) -> None:
    task = '<serviceTask id="ask" parvandeh:topic="t" parvandeh:request="what"/>'
    run = Run(spec(line(task)), what=value)
    assert run.failed == [("ask", code)]
    assert run.step.calls == ()
    assert run.retry(what={"a": 1}).step.calls[0].request == {"a": 1}


def test_second_reply_is_refused() -> None:
    run = asking()
    token = next(iter(run.calls))
    run.reply("ask")
    with pytest.raises(LookupError):
        bpmn.answer(run.spec, run.state or b"", token, {}, NOW)
    with pytest.raises(LookupError):
        bpmn.fail_call(run.spec, run.state or b"", token, bpmn.CallFailure("x", "y"), NOW)


def test_call_is_no_event_that_could_happen() -> None:
    run = asking()
    step = bpmn.fire(run.spec, run.state or b"", {next(iter(run.calls)): {"a": 1}}, NOW)
    assert step.fired == ()
    assert step.passages == ()


def test_failed_call_is_an_incident_at_its_task() -> None:
    run = asking().fail("ask")
    assert run.failed == [("ask", "unreachable")]
    assert run.step.failures[0].message == "no answer"
    assert not run.calls
    assert not run.step.ended


def test_call_that_is_tried_again_has_the_same_id_for_the_same_request() -> None:
    run = asking()
    first = run.step.calls[0].id
    run.fail("ask").retry()
    assert run.step.calls[0].id == first
    run.fail("ask").retry(other=1)
    assert run.step.calls[0].id == first
    run.fail("ask").retry(national_id="13")
    assert run.step.calls[0].id != first
    assert run.step.calls[0].request == {"id": "13"}
    assert run.reply("ask", name="Sara").waiting == ["after"]
    assert run.data["national_id"] == "13"


def test_failed_call_can_be_passed_over_with_what_a_person_found_out() -> None:
    run = asking().fail("ask").skip(person={"name": "Sara"})
    assert run.waiting == ["after"]
    assert run.data["person"] == {"name": "Sara"}
    assert run.log[-1] == ("passed", "ask")


def test_error_of_a_call_goes_to_the_event_on_the_border() -> None:
    oops = boundary("oops", "ask", error("missing"), more='parvandeh:result="problem"')
    run = asking(oops).fail("ask", "MISSING", hint="moved")
    assert run.waiting == ["oops-task"]
    assert run.data["problem"] == {"code": "MISSING", "detail": "no answer", "hint": "moved"}
    assert run.failed == []
    assert run.log[-2:] == [("cancelled", "ask"), ("passed", "oops")]


def test_what_went_wrong_is_no_variable_unless_one_is_named_for_it() -> None:
    run = asking(boundary("oops", "ask", error("missing"))).fail("ask", "MISSING", hint="moved")
    assert run.data == {"national_id": "12"}


def test_call_that_failed_without_an_error_is_caught_by_an_event_for_all() -> None:
    run = asking(boundary("oops", "ask", error(None), more='parvandeh:result="problem"')).fail("ask")
    assert run.waiting == ["oops-task"]
    assert run.data["problem"]["code"] == "unreachable"


def test_error_that_no_event_is_for_is_an_incident_and_does_not_end_the_case() -> None:
    run = asking(boundary("oops", "ask", error("other"))).fail("ask", "MISSING")
    assert run.failed == [("ask", "unreachable")]
    assert not run.step.ended
    assert run.retry().reply("ask").waiting == ["after"]


def test_error_of_a_call_goes_out_of_sub_process_and_called_process() -> None:
    oops = boundary("oops", "sub", error("missing"))
    run = Run(spec(line(sub("sub", ASK)), oops), national_id="12")
    assert run.fail("ask", "MISSING").waiting == ["oops-task"]
    process = spec(
        line('<callActivity id="call" calledElement="called"/>'),
        boundary("oops", "call", error("missing")),
        calls={"called": line(ASK)},
    )
    run = Run(process, national_id="12")
    assert run.awaited == ["called/ask"]
    assert run.fail("called/ask", "MISSING").waiting == ["oops-task"]


def test_call_has_a_deadline_and_a_late_reply_is_refused() -> None:
    run = asking(boundary("late", "ask", timer("timeDuration", "PT5M")))
    token = next(iter(run.calls))
    run.later(minutes=5)
    assert run.waiting == ["late-task"]
    assert token in run.step.unwaited
    assert not run.calls
    with pytest.raises(LookupError):
        bpmn.answer(run.spec, run.state or b"", token, {}, NOW)


def test_deadline_of_a_failed_call_still_counts_and_takes_its_incident_away() -> None:
    run = asking(boundary("late", "ask", timer("timeDuration", "PT5M"))).fail("ask")
    token = run.step.failures[0].token
    run.later(minutes=5)
    assert run.waiting == ["late-task"]
    assert ("cancelled", "ask") in run.log
    with pytest.raises(LookupError):
        bpmn.retry(run.spec, run.state or b"", token, NOW)


def test_message_beside_a_call_comes_without_ending_it() -> None:
    run = asking(boundary("stop", "ask", message("asked"), interrupting=False)).happens("stop")
    assert run.waiting == ["stop-task"]
    assert sorted(run.awaited) == ["ask", "stop"]
    assert sorted(run.reply("ask").waiting) == ["after", "stop-task"]
    assert not run.waits


def many_calls(*more: str, items: int = 3) -> Run:
    task = (
        f'<serviceTask id="ask" parvandeh:topic="t" parvandeh:request="{{\'n\': item}}">{MANY}</serviceTask>'
    )
    return Run(spec(line(task, "userTask after"), *more), items=list(range(items)))


def test_each_of_many_asks_for_itself() -> None:
    run = many_calls()
    assert [call.request for call in run.step.calls] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert len({call.id for call in run.step.calls}) == 3
    run.reply("ask", 2, result="c").reply("ask", 0, result="a").reply("ask", result="b")
    assert run.waiting == ["after"]
    assert run.data["results"] == ["a", "b", "c"]


def test_error_of_one_of_many_ends_them_all() -> None:
    run = many_calls(boundary("oops", "ask", error("missing"))).reply("ask", result="a")
    run.fail("ask", "MISSING")
    assert run.waiting == ["oops-task"]
    assert not run.calls
    assert run.answer("oops-task").step.ended


def test_one_of_many_that_failed_is_tried_again_alone() -> None:
    run = many_calls(items=2).fail("ask")
    assert run.failed == [("ask", "unreachable")]
    incident = run.step
    run.reply("ask", result="b")
    run.step = incident
    run.retry().reply("ask", result="a")
    assert run.waiting == ["after"]
    assert run.data["results"] == ["a", "b"]


def test_call_in_a_loop_is_a_new_one_in_every_round() -> None:
    process = (
        '<startEvent id="start"/><exclusiveGateway id="again"/>'
        + ASK
        + '<exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
        + path("start", "again", "ask", "done")
        + flow("done", "again")
        + flow("done", "end", "person['found']")
    )
    run = Run(spec(process), national_id="12")
    ids = {run.step.calls[0].id}
    for _ in range(200):
        run.reply("ask", found=False)
        ids.add(run.step.calls[0].id)
    assert len(ids) == 201
    assert len(run.state or b"") < 1_000
    assert run.reply("ask", found=True).step.ended


def test_call_that_fails_again_and_again_leaves_nothing_behind() -> None:
    again = (
        '<boundaryEvent id="oops" attachedToRef="ask">'
        + error(None)
        + "</boundaryEvent>"
        + path("oops", "merge")
    )
    process = (
        '<startEvent id="start"/><exclusiveGateway id="merge"/>'
        + ASK
        + '<endEvent id="end"/>'
        + path("start", "merge", "ask", "end")
        + again
    )
    run = Run(spec(process), national_id="12")
    size = len(run.state or b"")
    for _ in range(100):
        run.fail("ask")
    assert abs(len(run.state or b"") - size) < 300
    assert run.reply("ask").step.ended


def test_data_of_a_call_go_through_a_data_object() -> None:
    task = (
        '<serviceTask id="ask" parvandeh:topic="t" parvandeh:result="note"><dataOutputAssociation id="o">'
        "<targetRef>ref</targetRef></dataOutputAssociation></serviceTask>"
    )
    read = script(
        "read",
        "seen = note",
        '<dataInputAssociation id="i"><sourceRef>ref</sourceRef></dataInputAssociation>',
    )
    data = '<dataObject id="note"/><dataObjectReference id="ref" dataObjectRef="note"/>'
    assert Run(spec(data, line(task, read))).reply("ask", a=1).data["seen"] == {"a": 1}


def test_start_form_is_that_of_the_process_itself() -> None:
    form = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:formKey="form.json"'
    files = {
        "a.bpmn": document(line('<callActivity id="call" calledElement="called"/>')),
        "b.bpmn": document(line("userTask work").replace('id="start"', f'id="start" {form}'), "called"),
        "form.json": b'{"type": "object", "properties": {"a": {"type": "string"}}}',
    }
    assert not bpmn.check(files).errors
    both = bpmn.Source(bpmn.digest(files, {}), files, {})
    assert bpmn.build(both, "process").start_form is None
    assert bpmn.build(both, "called").start_form is not None


def test_gateway_cannot_be_passed_over() -> None:
    run = Run(
        built(
            '<startEvent id="start"/><exclusiveGateway id="g"/><userTask id="a"/>'
            + path("start", "g")
            + flow("g", "a", "False")
        )
    )
    with pytest.raises(bpmn.Unskippable):
        run.skip()
