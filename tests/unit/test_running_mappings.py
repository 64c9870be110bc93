"""Inputs are seen by an element alone, and outputs are set in the case when it is done."""

from datetime import timedelta
from typing import Any

import pytest

from engine import bpmn
from tests.driving import NOW, Run, built, path, script, source

START = '<startEvent id="start"/>'


def mapped(inside: str) -> str:
    return f"<extensionElements><camunda:inputOutput>{inside}</camunda:inputOutput></extensionElements>"


def given(name: str, value: str) -> str:
    return f'<camunda:inputParameter name="{name}">{value}</camunda:inputParameter>'


def taken(name: str, value: str) -> str:
    return f'<camunda:outputParameter name="{name}">{value}</camunda:outputParameter>'


# Tasks


def test_inputs_are_seen_by_their_task_alone() -> None:
    task = script("a", "seen = fee + extra", mapped(given("extra", "${fee * 2}")))
    run = Run(START + task + script("b", "after = 'extra' in locals()") + path("start", "a", "b"), fee=5)
    assert run.data == {"fee": 5, "seen": 15, "after": False}


def test_input_hides_a_variable_of_the_case_for_a_while() -> None:
    task = f'<userTask id="a">{mapped(given("fee", "${fee + 1}") + taken("told", "${fee}"))}</userTask>'
    run = Run(START + task + script("b", "after = fee") + path("start", "a", "b"), fee=5).answer("a", ok=True)
    assert run.data == {"fee": 5, "ok": True, "told": 6, "after": 5}


def test_state_is_the_same_when_stored_again_whatever_was_hidden() -> None:
    task = f'<userTask id="a">{mapped(given("y", "1") + taken("y", "2"))}</userTask>'
    Run(START + task + '<userTask id="b"/>' + path("start", "a", "b"), x=1, y=1, z=1).answer("a", x=2, z=2)


def test_outputs_are_computed_from_what_the_task_set() -> None:
    task = f'<userTask id="a">{mapped(taken("total", "${first + second}"))}</userTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b")).answer("a", first=1, second=2)
    assert run.data["total"] == 3
    assert run.step.changes == {"first": 1, "second": 2, "total": 3}


def test_service_is_sent_its_inputs_and_its_reply_is_mapped() -> None:
    inside = mapped(given("amount", "${fee}") + taken("receipt", "${number}"))
    task = f'<serviceTask id="a" camunda:class="Charge">{inside}</serviceTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b"), fee=7)
    (call,) = run.calls.values()
    assert (call.topic, call.request) == ("Charge", {"amount": 7})
    run.reply("a", number="R-1")
    assert run.data == {"fee": 7, "number": "R-1", "receipt": "R-1"}


def test_input_that_cannot_be_computed_is_an_incident_before_anybody_sees_the_task() -> None:
    task = f'<userTask id="a">{mapped(given("x", "${missing}"))}</userTask>'
    run = Run(START + task + path("start", "a"))
    assert run.failed == [("a", "script-failed")]
    assert run.waiting == []
    run.retry(missing=1)
    assert run.waiting == ["a"]
    assert run.answer("a").step.ended


def test_output_that_cannot_be_computed_loses_no_answer_and_asks_nobody_again() -> None:
    task = f'<userTask id="a">{mapped(taken("x", "${missing}"))}</userTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b")).answer("a", typed="long text")
    assert run.failed == [("a", "script-failed")]
    run.retry(missing=1)
    assert run.waiting == ["b"]
    assert run.data == {"typed": "long text", "missing": 1, "x": 1}


def test_reply_whose_outputs_fail_is_not_asked_for_again() -> None:
    task = f'<serviceTask id="a" camunda:class="X">{mapped(taken("x", "${missing}"))}</serviceTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b")).reply("a", paid=True)
    assert run.failed == [("a", "script-failed")]
    run.retry(missing=1)
    assert not run.step.calls
    assert run.waiting == ["b"]
    assert run.data["paid"] is True


def test_task_whose_outputs_fail_can_be_passed_over() -> None:
    task = f'<serviceTask id="a" camunda:class="X">{mapped(taken("x", "${missing}"))}</serviceTask>'
    run = Run(START + task + '<userTask id="b"/>' + path("start", "a", "b")).reply("a", paid=True)
    assert run.skip(x=2).waiting == ["b"]
    assert run.data == {"paid": True, "x": 2}


def test_each_instance_has_inputs_of_its_own() -> None:
    marker = (
        '<multiInstanceLoopCharacteristics camunda:collection="${items}" camunda:elementVariable="item"/>'
    )
    inside = mapped(given("double", "${item * 2}")) + marker
    task = f'<serviceTask id="a" camunda:topic="t" camunda:type="external">{inside}</serviceTask>'
    run = Run(START + task + path("start", "a"), items=[1, 2])
    assert [call.request for call in run.calls.values()] == [{"double": 2}, {"double": 4}]


def test_what_interrupts_a_task_goes_on_without_its_inputs() -> None:
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    event = f'<boundaryEvent id="late" attachedToRef="a">{timer}</boundaryEvent>'
    task = f'<userTask id="a">{mapped(given("x", "1"))}</userTask>'
    check = script("b", "seen = 'x' in locals()")
    run = Run(START + task + event + check + path("start", "a") + path("late", "b")).later(hours=2)
    assert run.data["seen"] is False


# Calls


def called(inside: str, body: str, **data: Any) -> Run:
    other = source(START + body + path("start", "x"), "other")
    extension = f"<extensionElements>{inside}</extensionElements>"
    caller = START + f'<callActivity id="call" calledElement="other">{extension}</callActivity>'
    spec = bpmn.build(
        source(caller + '<userTask id="b"/>' + path("start", "call", "b"), calls={"other": other}), "process"
    )
    return Run(spec, **data)


def test_called_process_gets_only_what_is_handed_over_and_gives_back_only_what_is_taken() -> None:
    mapping = (
        '<camunda:in source="fee" target="amount"/><camunda:in sourceExpression="${fee + 1}" target="more"/>'
        '<camunda:out source="sum" target="total"/>'
    )
    run = called(mapping, script("x", "sum = amount + more\nsaw = 'fee' in locals()"), fee=3)
    assert run.waiting == ["b"]
    assert run.data == {"fee": 3, "total": 7}
    inside = next(one for one in run.step.passages if one.element == "other/x")
    assert inside.changes == {"sum": 7, "saw": False}
    assert inside.scopes == {"sum": "call", "saw": "call"}


def test_called_process_without_mappings_gets_everything_and_gives_back_what_it_has_set() -> None:
    run = called("", script("x", "sum = fee + 1"), fee=3)
    assert run.data == {"fee": 3, "sum": 4}
    inside, call = (one for one in run.step.passages if one.changes)
    assert (inside.scopes, call.changes, call.scopes) == ({"sum": "call"}, {"sum": 4}, {})
    assert bpmn.known_at(run.spec, run.state, next(iter(run.open)), "b", NOW) is None


ASKING = '<userTask id="x"/><userTask id="y"/>' + path("x", "y")
TAKING = '<camunda:in source="fee" target="amount"/><camunda:out source="note" target="said"/>'


def test_answer_in_a_called_process_stays_in_it_but_for_what_is_taken() -> None:
    run = called(TAKING, ASKING, fee=3, note="ours").answer("other/x", note="theirs", secret=1)
    assert run.step.scopes == {"note": "call", "secret": "call"}
    [token] = run.open
    assert bpmn.known_at(run.spec, run.state, token, "other/y", NOW) == {
        "amount": 3,
        "note": "theirs",
        "secret": 1,
    }
    run.answer("other/y")
    assert run.data == {"fee": 3, "note": "ours", "said": "theirs"}


def test_embedded_sub_process_of_a_called_process_shares_with_that_alone() -> None:
    inside = '<startEvent id="i"/>' + script("z", "secret = amount") + path("i", "z")
    inner = f'<subProcess id="x">{inside}</subProcess>'
    run = called(TAKING.replace("note", "secret"), inner, fee=3)
    assert run.data == {"fee": 3, "said": 3}


def test_repair_in_a_called_process_is_not_the_cases() -> None:
    run = called(TAKING, script("x", "note = missing"), fee=3)
    assert run.retry(missing=1).data == {"fee": 3, "said": 1}
    assert run.step.scopes == {"missing": "call"}


def test_correction_of_the_application_counts_in_the_case_from_within_a_called_process() -> None:
    run = called(TAKING, ASKING, fee=3, amount="the case's own")
    [token] = run.open
    step = bpmn.correct(run.spec, run.state or b"", token, {"amount": 5}, NOW)
    assert (dict(step.changes), step.scopes) == ({"amount": 5}, {})
    assert bpmn.known_at(run.spec, step.state, token, "other/x", NOW) == {"amount": 3}
    step = bpmn.correct(run.spec, run.state or b"", token, {"amount": 5}, NOW, "other/x")
    assert (dict(step.changes), step.scopes) == ({}, {"amount": "call"})
    assert bpmn.known_at(run.spec, step.state, token, "other/x", NOW) == {"amount": 5}


def test_nothing_is_known_in_a_called_process_once_the_case_has_ended() -> None:
    run = called(TAKING, ASKING, fee=3)
    [token] = run.open
    assert bpmn.known_at(run.spec, None, token, "other/x", NOW) == {}


def test_what_cannot_be_handed_over_is_an_incident_of_the_call() -> None:
    run = called('<camunda:in source="missing" target="amount"/>', script("x", "y = amount"))
    assert run.failed == [("call", "script-failed")]
    assert run.retry(missing=1).waiting == ["b"]


def test_what_cannot_be_taken_back_is_an_incident_and_the_process_is_not_called_again() -> None:
    out = '<camunda:out sourceExpression="${missing + 1}" target="y"/>'
    run = called(out, '<userTask id="x"/>').answer("other/x")
    assert run.failed == [("call", "script-failed")]
    assert run.skip(y=1).waiting == ["b"]


def test_variable_that_was_never_set_comes_back_as_null() -> None:
    out = '<camunda:out source="missing" target="y"/><camunda:out source="found" target="z"/>'
    run = called(out, script("x", "found = 1"))
    assert (run.failed, run.data["y"], run.data["z"]) == ([], None, 1)


# Sub-processes

TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"


def around(inside: str, mapping: str, more: str = "") -> str:
    """A sub-process with these elements in line, and `b` behind it."""
    names = [part.split('"')[0] for part in inside.split(' id="')[1:]]
    inner = '<startEvent id="in"/>' + inside + path("in", *names)
    sub = f'<subProcess id="sub">{mapped(mapping)}{inner}</subProcess><userTask id="b"/>'
    return START + sub + path("start", "sub", "b") + more


def test_inputs_of_a_sub_process_are_seen_in_it_and_nowhere_else() -> None:
    body = around(script("a", "seen = fee; fee = 0") + '<userTask id="c"/>', given("fee", "${fee + 1}"))
    run = Run(body, fee=5)
    assert (run.data["seen"], run.waiting) == (6, ["c"])
    run.answer("c", ok=True)
    after = Run.stored(run.spec, run.state or b"").answer("b", last=1)
    assert after.step.changes == {"last": 1}
    assert run.step.changes == {"ok": True}


def test_variable_of_the_case_is_as_it_was_before_its_sub_process_hid_it() -> None:
    body = around(script("a", "seen = fee; fee = 0"), given("fee", "${fee + 1}"))
    body = body.replace('<userTask id="b"/>', script("b", "after = fee"))
    assert Run(body, fee=5).data == {"fee": 5, "seen": 6, "after": 5}


def test_outputs_of_a_sub_process_are_computed_from_what_was_set_in_it() -> None:
    run = Run(around('<userTask id="a"/>', given("x", "${1}") + taken("total", "${x + y}")))
    run.answer("a", y=2)
    assert run.step.changes == {"y": 2, "total": 3}
    assert [passage.changes for passage in run.step.passages if passage.element == "sub"] == [{"total": 3}]


def test_input_of_a_sub_process_that_cannot_be_computed_is_an_incident_before_it_begins() -> None:
    run = Run(around('<userTask id="a"/>', given("x", "${missing}")))
    assert run.failed == [("sub", "script-failed")]
    assert run.retry(missing=1).waiting == ["a"]


def test_output_of_a_sub_process_that_cannot_be_computed_does_not_begin_it_again() -> None:
    run = Run(around('<userTask id="a"/>', taken("x", "${missing}"))).answer("a")
    assert run.failed == [("sub", "script-failed")]
    assert run.retry(missing=1).waiting == ["b"]
    assert run.data["x"] == 1


def test_sub_process_whose_outputs_fail_can_be_passed_over() -> None:
    run = Run(around('<userTask id="a"/>', given("y", "1") + taken("x", "${missing}"))).answer("a")
    assert run.skip(x=2).waiting == ["b"]
    assert run.step.changes == {"x": 2}


def test_what_interrupts_a_sub_process_goes_on_without_its_inputs() -> None:
    event = f'<boundaryEvent id="late" attachedToRef="sub">{TIMER}</boundaryEvent>'
    more = event + script("c", "seen = ['x' in locals(), y]") + path("late", "c")
    body = around(script("a", "y = x") + '<userTask id="d"/>', given("x", "1"), more)
    assert Run(body).later(hours=2).data["seen"] == [False, "1"]


def test_event_in_a_sub_process_sees_its_inputs() -> None:
    start = f'<startEvent id="due" isInterrupting="false">{TIMER}</startEvent>'
    handler = start + script("e", "seen = x") + path("due", "e")
    inside = f'<userTask id="a"/><subProcess id="h" triggeredByEvent="true">{handler}</subProcess>'
    body = around('<userTask id="a"/>', given("x", "1")).replace('<userTask id="a"/>', inside)
    body = '<dataObject id="seen"/>' + body
    assert Run(body).later(hours=2).data["seen"] == "1"


def test_each_instance_of_a_sub_process_has_inputs_of_its_own() -> None:
    marker = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>"
        '<loopDataOutputRef>all</loopDataOutputRef><inputDataItem id="item"/><outputDataItem id="one"/>'
        "</multiInstanceLoopCharacteristics>"
    )
    mapping = given("twice", "${item * 2}") + taken("one", "${twice + 1}")
    body = around(script("a", "x = 1"), mapping).replace(
        "</extensionElements>", f"</extensionElements>{marker}"
    )
    assert Run(body, items=[1, 2]).data["all"] == [3, 5]


# Events

MESSAGE = '<messageEventDefinition messageRef="m"/>'
DEFINED = '<message id="m" name="paid"/><signal id="s" name="alert"/>'


def test_outputs_of_an_event_are_computed_from_what_came_with_it() -> None:
    mapping = mapped(taken("double", "${fee * 2}"))
    event = f'<intermediateCatchEvent id="a">{mapping}{MESSAGE}</intermediateCatchEvent>'
    spec = built(START + event + '<userTask id="b"/>' + path("start", "a", "b"), more=DEFINED)
    assert Run(spec).happens("a", fee=3).step.changes == {"fee": 3, "double": 6}


def test_inputs_of_an_event_tell_its_time() -> None:
    timer = TIMER.replace("PT1H", "'PT' + str(hours) + 'H'")
    mapping = mapped(given("hours", "${waits + 1}"))
    event = f'<intermediateCatchEvent id="a">{mapping}{timer}</intermediateCatchEvent>'
    run = Run(START + event + '<userTask id="b"/>' + path("start", "a", "b"), waits=1)
    assert run.due("a") == NOW + timedelta(hours=2)
    assert run.later(hours=2).data == {"waits": 1}
    assert Run.stored(run.spec, run.state or b"").answer("b").data == {}


def bordering(interrupting: str, mapping: str) -> bpmn.Spec:
    how = f'attachedToRef="a" cancelActivity="{interrupting}"'
    event = f'<boundaryEvent id="e" {how}>{mapped(mapping)}{MESSAGE}</boundaryEvent>'
    body = START + '<userTask id="a"/><userTask id="b"/><userTask id="c"/>' + event
    return built(body + path("start", "a", "b") + path("e", "c"), more=DEFINED)


@pytest.mark.parametrize("interrupting", ["true", "false"])
def test_outputs_of_an_event_on_a_border_are_set_when_it_happens(interrupting: str) -> None:
    run = Run(bordering(interrupting, taken("paid", "${fee}"))).happens("e", fee=3)
    assert run.step.changes == {"fee": 3, "paid": 3}


def test_outputs_of_an_event_beside_work_are_its_own() -> None:
    inside = '<startEvent id="in"/>' + script("x", "outcome = 'one'") + '<userTask id="y"/>'
    inside += path("in", "x", "y")
    how = 'attachedToRef="a" cancelActivity="false"'
    event = f'<boundaryEvent id="e" {how}>{mapped(taken("outcome", "two"))}{MESSAGE}</boundaryEvent>'
    body = START + f'<subProcess id="a">{inside}</subProcess>{event}<userTask id="b"/>'
    run = Run(built(body + path("start", "a") + path("e", "b"), more=DEFINED)).happens("e")
    assert run.answer("y").answer("b").step.outcome == "two"


def test_outputs_of_a_start_event_are_set_when_the_case_begins() -> None:
    start = f'<startEvent id="start">{mapped(taken("double", "${fee * 2}"))}</startEvent>'
    run = Run(start + '<userTask id="a"/>' + path("start", "a"), fee=2)
    assert run.step.changes == {"double": 4}


def test_inputs_of_an_event_that_throws_are_seen_by_what_it_sends() -> None:
    mapping = mapped(given("double", "${fee * 2}") + taken("told", "${double}"))
    data = "parvandeh:data=\"{'amount': double}\""
    event = f'<intermediateThrowEvent id="a" {data}>{mapping}{MESSAGE}</intermediateThrowEvent>'
    spec = built(START + event + '<userTask id="b"/>' + path("start", "a", "b"), more=DEFINED)
    run = Run(spec, fee=3)
    assert [thrown.data for thrown in run.step.thrown] == [{"amount": 6}]
    assert run.step.changes == {"told": 6}


def test_inputs_of_an_end_event_are_gone_with_it() -> None:
    end = f'<endEvent id="end">{mapped(given("x", "1"))}</endEvent>'
    run = Run(START + end + path("start", "end"))
    assert (run.step.ended, run.step.changes) == (True, {})


# Names


def named(expression: str) -> bpmn.Spec:
    """A process that throws a signal and awaits a message, both with this name."""
    name = f'parvandeh:name="{expression}"'
    signal = '<signalEventDefinition signalRef="s"/>'
    thrown = f'<intermediateThrowEvent id="a" {name}>{signal}</intermediateThrowEvent>'
    caught = f'<intermediateCatchEvent id="b" {name}>{MESSAGE}</intermediateCatchEvent>'
    return built(START + thrown + caught + path("start", "a", "b"), more=DEFINED)


def test_name_is_computed_when_it_is_thrown_and_when_it_is_awaited() -> None:
    run = Run(named("'bill-' + str(number)"), number=7)
    assert [thrown.name for thrown in run.step.thrown] == ["bill-7"]
    assert [wait.name for wait in run.step.waits] == ["bill-7"]
    assert run.happens("b").step.fired[0].name == "bill-7"


@pytest.mark.parametrize("value", ["", " a", 5, "x" * 201, None])
def test_name_that_is_no_text_is_an_incident(value: object) -> None:
    run = Run(named("name"), name=value)
    assert run.failed == [("a", "correlation")]
    assert run.retry(name="good").awaited == ["b"]
