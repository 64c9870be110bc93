"""Conditional events run as BPMN 2.0.2 §10.5.5 has them."""

import pytest

from tests.driving import Run, path, script
from tests.eventful import boundary, catch, condition, handler, inside, line, message, spec, sub

TRUE = condition("ready")
PARALLEL = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="work"/>'
    + catch("wait", TRUE)
    + '<userTask id="after"/><parallelGateway id="join"/><endEvent id="end"/>'
    + path("start", "fork", "work", "join", "end")
    + path("fork", "wait", "after", "join")
)


def test_event_waits_until_its_condition_is_true() -> None:
    run = Run(spec(PARALLEL), ready=False)
    assert (run.waiting, run.awaited) == (["work"], ["wait"])
    assert run.answer("work", ready=True).waiting == ["after"]
    assert run.awaited == []


def test_condition_that_is_true_already_is_passed_at_once() -> None:
    assert Run(spec(PARALLEL), ready=True).waiting == ["work", "after"]


def test_variable_that_is_not_there_makes_no_condition_true() -> None:
    run = Run(spec(PARALLEL))
    assert (run.failed, run.awaited) == ([], ["wait"])


def test_wait_tells_its_condition() -> None:
    [wait] = Run(spec(PARALLEL)).waits.values()
    assert (wait.kind, wait.name) == ("condition", "ready")


def test_what_another_branch_set_is_known_behind_the_event_and_does_not_count_as_set_there() -> None:
    body = PARALLEL.replace('<userTask id="work"/>', '<userTask id="work"/><userTask id="more"/>')
    body = body.replace(path("work", "join"), path("work", "more", "join"))
    body = body.replace('<userTask id="after"/>', script("after", "seen = ready"))
    run = Run(spec(body), ready=0).answer("work", ready=1)
    assert run.data["seen"] == 1
    assert run.answer("more", ready=2).step.ended
    assert run.data == {"seen": 1, "ready": 2}


def test_script_that_makes_it_true_for_a_moment_is_enough() -> None:
    body = PARALLEL.replace(
        '<userTask id="work"/>', script("work", "ready = True") + script("back", "ready = False")
    )
    body = body.replace(path("work", "join"), path("work", "back", "join"))
    assert Run(spec(body), ready=False).passed.count("wait") == 1


def test_condition_that_nothing_can_make_true_any_more_is_an_incident_that_a_repair_resolves() -> None:
    run = Run(spec(line(catch("wait", TRUE), "userTask after")), ready=False)
    assert run.failed == [("wait", "never-true")]
    assert run.retry().failed == [("wait", "never-true")]
    assert run.retry(ready=True).waiting == ["after"]


def test_condition_that_fails_is_an_incident_and_can_be_passed_over() -> None:
    run = Run(spec(PARALLEL.replace("ready", "ready / 2")), ready="much")
    assert run.failed == [("wait", "script-failed")]
    assert run.waiting == ["work"]
    assert run.skip().waiting == ["work", "after"]


BORDER = line("userTask work", "userTask after")


def test_condition_on_a_border_interrupts() -> None:
    fork = PARALLEL.replace(catch("wait", TRUE), '<userTask id="wait"/>') + boundary("e", "work", TRUE)
    run = Run(spec(fork), ready=False).answer("wait", ready=True)
    assert run.waiting == ["after", "e-task"]
    assert ("cancelled", "work") in run.log


def test_condition_on_a_border_ends_with_its_activity() -> None:
    run = Run(spec(BORDER + boundary("e", "work", TRUE)), ready=False).answer("work")
    assert (run.waiting, run.awaited) == (["after"], [])


def test_answer_of_the_very_activity_comes_too_late_for_its_border() -> None:
    run = Run(spec(BORDER + boundary("e", "work", TRUE)), ready=False).answer("work", ready=True)
    assert run.waiting == ["after"]


def test_condition_that_does_not_interrupt_happens_each_time_that_it_becomes_true() -> None:
    body = line(
        sub("s", "userTask a", "userTask b", "userTask c", "userTask d"), "userTask after"
    ) + boundary("e", "s", TRUE, interrupting=False)
    run = Run(spec(body), ready=False)
    assert run.answer("a", ready=True).waiting.count("e-task") == 1
    assert run.answer("b", other=1).waiting.count("e-task") == 1
    assert run.answer("c", ready=False).waiting.count("e-task") == 1
    assert run.awaited == ["e"]
    assert run.answer("d", ready=True).waiting.count("e-task") == 2
    assert run.awaited == []


@pytest.mark.parametrize("interrupting", [True, False])
def test_condition_begins_an_event_sub_process(interrupting: bool) -> None:
    body = line("userTask a", "userTask b") + handler("h", TRUE, interrupting=interrupting)
    run = Run(spec(body), ready=False).answer("a", ready=True)
    assert sorted(run.waiting) == (["h-task"] if interrupting else ["b", "h-task"])
    assert run.awaited == ([] if interrupting else ["h.in"])


def test_event_sub_process_whose_condition_never_comes_true_keeps_nothing_open() -> None:
    run = Run(spec(line("userTask a") + handler("h", TRUE)), ready=False).answer("a")
    assert run.step.ended


def test_event_sub_process_of_the_case_sees_what_is_set_in_a_sub_process() -> None:
    body = line(sub("s", "userTask a", "userTask b")) + handler("h", TRUE)
    assert Run(spec(body), ready=False).answer("a", ready=True).waiting == ["h-task"]


def test_event_in_a_sub_process_sees_what_is_set_around_it() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="work"/>'
        + inside(sub("s", "userTask inner"), handler("h", TRUE))
        + '<userTask id="more"/>'
        + path("start", "fork", "work", "more")
        + path("fork", "s")
    )
    run = Run(spec(body), ready=False).answer("work", ready=True)
    assert sorted(run.waiting) == ["h-task", "more"]


def test_first_of_a_condition_and_a_message_behind_a_gateway_wins() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="work"/>'
        '<eventBasedGateway id="first"/>'
        + catch("told", message())
        + catch("true", TRUE)
        + '<userTask id="a"/><userTask id="b"/>'
        + path("start", "fork", "work")
        + path("fork", "first", "told", "a")
        + path("first", "true", "b")
    )
    assert Run(spec(body), ready=False).answer("work", ready=True).waiting == ["b"]
    run = Run(spec(body), ready=False).happens("told")
    assert (run.waiting, run.awaited) == (["work", "a"], [])


def test_condition_in_a_loop_waits_anew_in_every_round() -> None:
    body = (
        '<startEvent id="start"/><exclusiveGateway id="again"/><userTask id="a"/>'
        '<exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
        + path("start", "again", "a", "done", "again")
        + '<sequenceFlow id="out" sourceRef="done" targetRef="end">'
        "<conditionExpression>enough</conditionExpression></sequenceFlow>"
        + boundary("e", "a", condition("n &gt; 1"), interrupting=False)
    )
    run = Run(spec(body), n=0, enough=False).answer("a", n=1).answer("a", n=2)
    assert run.waiting == ["a", "e-task"]


def test_join_is_not_given_up_while_a_condition_may_still_be_repaired() -> None:
    body = PARALLEL.replace(path("fork", "wait", "after", "join"), path("fork", "wait", "join"))
    body = body.replace('<userTask id="after"/>', "")
    run = Run(spec(body), ready=False).answer("work")
    assert run.failed == [("wait", "never-true")]
    assert run.retry(ready=True).step.ended


def test_interruption_takes_away_a_join_that_was_about_to_happen() -> None:
    body = PARALLEL.replace(catch("wait", TRUE), '<userTask id="wait"/>')
    body = body.replace('<userTask id="after"/>', script("after", "x = 3"))
    run = Run(spec(body + handler("h", condition("x == 3"))), x=0).answer("work").answer("wait")
    assert run.waiting == ["h-task"]
    assert run.answer("h-task").step.ended


def test_log_tells_that_an_event_was_taken_away_that_was_just_tried_again() -> None:
    run = Run(spec(line(catch("wait", condition("other"))), handler("h", TRUE)), ready=False, other=False)
    assert run.failed == [("wait", "never-true")]
    run.retry(ready=True)
    assert run.log[-3:] == [("cancelled", "wait"), ("passed", "h.in"), ("entered", "h")]


def test_log_tells_that_an_answered_call_was_taken_away() -> None:
    body = line('<serviceTask id="ask" parvandeh:topic="t"/>')
    run = Run(spec(body, handler("h", condition("found"))), found=False).reply("ask", found=True)
    assert run.log[-3:] == [("cancelled", "ask"), ("passed", "h.in"), ("entered", "h")]


def test_log_tells_nothing_of_an_event_on_a_border_whose_condition_failed_and_was_repaired() -> None:
    run = Run(spec(BORDER + boundary("e", "work", condition("n / 2"))), n="much")
    assert run.failed == [("e", "script-failed")]
    run.retry(n=0).answer("work")
    assert "e" not in [element for _, element in run.log]
