"""Event sub-processes run as BPMN 2.0.2 §10.2.5, §10.5.6 and §13.5.4 have them."""

from datetime import timedelta

import pytest

from engine import bpmn
from tests.driving import NOW, Run, flow, path, script
from tests.eventful import (
    boundary,
    catch,
    error,
    escalation,
    handler,
    inside,
    line,
    message,
    shared,
    signal,
    spec,
    sub,
    throw,
    timer,
)

WORK = line("userTask work")
MANY = (
    "<multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>"
    '<inputDataItem id="item"/></multiInstanceLoopCharacteristics>'
)
COMES = {
    "message": message(),
    "signal": signal(),
    "date": timer("timeDate", "2026-04-01"),
    "duration": timer("timeDuration", "P3D"),
    "cycle": timer("timeCycle", "R3/P1D"),
}


# What begins them


@pytest.mark.parametrize("kind", COMES)
def test_event_that_interrupts_ends_other_work_and_the_case_ends_behind_it(kind: str) -> None:
    run = Run(spec(WORK, handler("h", COMES[kind])))
    assert (run.waiting, run.awaited) == (["work"], ["h.in"])
    run.happens("h.in")
    assert (run.waiting, run.awaited) == (["h-task"], [])
    assert run.log[-3:] == [("cancelled", "work"), ("passed", "h.in"), ("entered", "h")]
    assert run.answer("h-task").step.ended
    assert run.passed == ["start", "h.in", "h-task", "h.out", "h"]


@pytest.mark.parametrize("kind", COMES)
def test_event_that_does_not_interrupt_runs_beside_other_work(kind: str) -> None:
    run = Run(spec(WORK, handler("h", COMES[kind], interrupting=False))).happens("h.in")
    assert run.waiting == ["work", "h-task"]
    assert run.awaited == ([] if kind in ("date", "duration") else ["h.in"])
    run.answer("work")
    assert not run.step.ended
    assert run.answer("h-task").step.ended


@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("kind", COMES)
def test_event_that_never_comes_keeps_nothing_from_ending(kind: str, interrupting: bool) -> None:
    run = Run(spec(WORK, handler("h", COMES[kind], interrupting=interrupting)))
    [token] = run.waits
    run.answer("work")
    assert run.step.ended
    assert run.step.unwaited == (token,)
    assert "h" not in str(run.log[-3:])


def test_event_that_does_not_interrupt_comes_every_time() -> None:
    run = Run(spec(WORK, handler("h", message(), interrupting=False, more='parvandeh:result="came"')))
    for number in (1, 2, 3):
        run.happens("h.in", number=number)
        assert run.awaited == ["h.in"]
    assert run.waiting == ["work"] + ["h-task"] * 3
    run.answer("work").answer("h-task").answer("h-task")
    assert run.awaited == ["h.in"]  # a last one could still come
    run.happens("h.in", number=4).answer("h-task").answer("h-task")
    assert run.step.ended


def test_timer_repeats_as_often_as_its_cycle_says() -> None:
    run = Run(spec(WORK, handler("h", COMES["cycle"], interrupting=False)))
    assert run.due("h.in") == NOW + timedelta(days=1)
    run.later(days=1).later(days=1).later(days=1)
    assert run.waiting == ["work", "h-task", "h-task", "h-task"]
    assert not run.waits


def test_keys_and_times_are_worked_out_from_the_data_with_which_the_scope_begins() -> None:
    keys = "parvandeh:correlation=\"{'order': order}\""
    body = inside(
        sub("sub", "userTask work"),
        handler("h", message(), more=keys),
        handler("late", timer("timeDuration", "'P' + str(days) + 'D'")),
    )
    run = Run(spec(line(script("calc", "order = 7\ndays = 2"), body)))
    assert [wait.keys for wait in run.waits.values()] == [{"order": 7}, {}]
    assert run.due("late.in") == NOW + timedelta(days=2)


# Their current steps


@pytest.mark.parametrize("interrupting", [True, False])
def test_event_of_an_embedded_sub_process_concerns_that_only(interrupting: bool) -> None:
    body = inside(sub("sub", "userTask work"), handler("h", message(), interrupting=interrupting))
    process = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="beside"/><userTask id="after"/>'
        + path("start", "both", "beside")
        + path("both", "sub", "after")
        + body
    )
    run = Run(spec(process)).happens("h.in")
    assert run.waiting == ["beside", "h-task"] if interrupting else ["beside", "work", "h-task"]
    if not interrupting:
        run.answer("work")
    assert "after" not in run.waiting
    run.answer("h-task")
    assert run.waiting == ["beside", "after"]
    assert ("passed", "sub") in run.log


def test_event_waits_only_while_its_sub_process_lasts() -> None:
    body = inside(sub("sub", "userTask work"), handler("h", message()))
    run = Run(spec(line("userTask before", body, "userTask after")))
    assert run.awaited == []
    run.answer("before")
    assert run.awaited == ["h.in"]
    run.answer("work")
    assert (run.waiting, run.awaited) == (["after"], [])


def test_event_of_a_process_ends_all_that_is_nested_in_it() -> None:
    inner = sub("inner", "userTask deep", catch("hear", signal()))
    body = inside(sub("outer", inner), handler("near", message("asked"), interrupting=False))
    run = Run(spec(line(body), handler("h", message()))).happens("near.in").answer("deep")
    assert sorted(run.awaited) == ["h.in", "hear", "near.in"]
    run.happens("h.in")
    assert (run.waiting, run.awaited) == (["h-task"], [])
    gone = {("cancelled", name) for name in ("outer", "inner", "hear", "near", "near-task")}
    assert gone <= set(run.log)


def test_event_of_a_called_process_ends_its_work_and_the_caller_goes_on() -> None:
    called = line("userTask work") + handler("h", message())
    process = line('<callActivity id="call" calledElement="called"/>', "userTask after")
    run = Run(spec(process, calls={"called": called}))
    assert run.awaited == ["called/h.in"]
    run.happens("called/h.in")
    assert run.waiting == ["called/h-task"]
    assert run.answer("called/h-task").waiting == ["after"]
    assert ("passed", "called/h") in run.log


@pytest.mark.parametrize("interrupting", [True, False])
def test_each_of_many_instances_has_an_event_of_its_own(interrupting: bool) -> None:
    body = inside(sub("sub", "userTask work"), handler("h", message(), interrupting=interrupting))
    body = body.replace('<subProcess id="sub">', f'<subProcess id="sub">{MANY}')
    run = Run(spec(line(body, "userTask after")), items=[1, 2, 3])
    assert run.awaited == ["h.in"] * 3
    run.happens("h.in", 1)
    assert sorted(run.waiting) == ["h-task"] + ["work"] * (2 if interrupting else 3)
    while "work" in run.waiting:
        run.answer("work")
    assert run.answer("h-task").waiting == ["after"]
    assert not run.waits


def test_event_sub_process_has_event_sub_processes_of_its_own() -> None:
    outer = inside(
        handler("outer", message(), interrupting=False),
        handler("inner", message("withdrawn")),
    )
    run = Run(spec(WORK, outer))
    assert run.awaited == ["outer.in"]
    run.happens("outer.in").happens("outer.in")
    assert run.awaited == ["outer.in", "inner.in", "inner.in"]
    run.happens("inner.in")
    assert run.waiting == ["work", "outer-task", "inner-task"]
    run.answer("inner-task")
    assert run.waiting == ["work", "outer-task"]
    assert run.awaited == ["outer.in", "inner.in"]
    assert run.answer("work").answer("outer-task").step.ended


def test_sub_process_within_an_event_sub_process_is_worked_on_as_any_other() -> None:
    late = boundary("late", "sub", timer("timeDuration", "P1D"))
    body = inside(handler("h", message(), sub("sub", "userTask deep")), late)
    run = Run(spec(WORK, body)).happens("h.in")
    assert (run.waiting, run.awaited) == (["deep"], ["late"])
    assert run.later(days=1).waiting == ["late-task"]
    assert run.answer("late-task").step.ended


# Several of them


def test_interrupted_scope_waits_for_nothing_else() -> None:
    run = Run(
        spec(
            WORK,
            handler("h", message()),
            handler("stop", message("withdrawn")),
            handler("beside", message("asked"), interrupting=False),
        )
    )
    run.happens("beside.in").happens("h.in")
    assert (run.waiting, run.awaited) == (["h-task"], [])
    assert ("cancelled", "beside-task") in run.log
    assert {element for movement, element in run.log if movement == "cancelled"} == {
        *("work", "beside", "beside-task")
    }


def test_two_events_that_come_at_once_are_taken_one_after_the_other() -> None:
    process = spec(WORK, handler("h", message()), handler("late", signal()))
    run = Run(process)
    step = bpmn.fire(process, run.state or b"", {token: {} for token in run.waits}, NOW)
    assert [fired.element for fired in step.fired] == ["h.in"]
    assert [work.element for work in step.opened] == ["h-task"]


def test_event_on_the_border_interrupts_an_event_sub_process_too() -> None:
    body = inside(sub("sub", "userTask work"), handler("h", message()))
    process = spec(line(body), boundary("stop", "sub", message("withdrawn")))
    run = Run(process)
    assert sorted(run.awaited) == ["h.in", "stop"]
    run.happens("h.in")
    assert run.awaited == ["stop"]
    run.happens("stop")
    assert (run.waiting, run.awaited) == (["stop-task"], [])
    assert {("cancelled", "h"), ("cancelled", "h-task"), ("cancelled", "sub")} <= set(run.log)


def test_terminate_end_in_an_event_sub_process_ends_that_only() -> None:
    body = handler("h", message(), interrupting=False, end="<terminateEventDefinition/>")
    run = Run(spec(WORK, body)).happens("h.in").answer("h-task")
    assert run.waiting == ["work"]
    assert run.answer("work").step.ended


def test_terminate_end_of_a_scope_ends_its_event_sub_processes() -> None:
    stop = '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
    process = '<startEvent id="start"/><userTask id="work"/>' + stop + path("start", "work", "stop")
    run = Run(spec(process, handler("h", message(), interrupting=False))).happens("h.in").answer("work")
    assert run.step.ended
    assert run.step.unwaited
    assert ("cancelled", "h-task") in run.log


def test_cancelled_case_waits_for_nothing() -> None:
    run = Run(spec(WORK, handler("h", message()))).cancel()
    assert run.step.ended
    assert run.step.unwaited


# Errors


ERROR_SUB = sub("boom", "userTask try", end=error())


def test_error_begins_an_event_sub_process_of_its_scope() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="beside"/>'
        + path("start", "both", "beside")
        + flow("both", "boom")
        + ERROR_SUB
    )
    run = Run(spec(process, handler("h", error(), more='parvandeh:result="problem"'), shared("problem")))
    assert run.awaited == []
    run.answer("try", tried=1)
    assert run.waiting == ["h-task"]
    assert run.data == {"tried": 1, "problem": {"code": "MISSING"}}
    assert {("cancelled", "beside"), ("cancelled", "boom"), ("passed", "h.in")} <= set(run.log)
    assert run.answer("h-task").step.ended
    assert run.step.outcome is None


def test_error_end_of_the_scope_itself_begins_it() -> None:
    run = Run(
        spec(line(inside(sub("sub", "userTask work", end=error()), handler("h", error())), "userTask z"))
    )
    assert run.answer("work").waiting == ["h-task"]
    assert run.answer("h-task").waiting == ["z"]


def test_event_sub_process_catches_before_an_event_on_the_border_even_if_it_is_for_all() -> None:
    body = inside(sub("sub", ERROR_SUB), handler("h", error(None)))
    run = Run(spec(line(body), boundary("oops", "sub", error()))).answer("try")
    assert run.waiting == ["h-task"]


def test_event_nearer_to_the_error_catches_before_an_event_sub_process() -> None:
    process = spec(line(ERROR_SUB), boundary("oops", "boom", error(None)), handler("h", error()))
    assert Run(process).answer("try").waiting == ["oops-task"]


@pytest.mark.parametrize("definition", [error(None), error("nameless")])
def test_event_sub_process_for_the_very_code_goes_before_one_for_all(definition: str) -> None:
    process = spec(line(ERROR_SUB), handler("any", definition), handler("h", error()))
    assert Run(process).answer("try").waiting == ["h-task"]
    process = spec(line(ERROR_SUB), handler("any", definition), handler("h", error("other")))
    assert Run(process).answer("try").waiting == ["any-task"]


def test_error_of_another_code_goes_further_out() -> None:
    body = inside(sub("sub", ERROR_SUB), handler("h", error("other")))
    assert Run(spec(line(body), handler("far", error()))).answer("try").waiting == ["far-task"]


def test_error_within_the_event_sub_process_goes_further_out() -> None:
    body = inside(sub("sub", ERROR_SUB), handler("h", error(None), end=error()))
    run = Run(spec(line(body), boundary("oops", "sub", error(None)))).answer("try").answer("h-task")
    assert run.waiting == ["oops-task"]
    assert {("cancelled", "h"), ("cancelled", "sub")} <= set(run.log)


def test_error_within_the_event_sub_process_of_the_process_ends_the_case() -> None:
    run = Run(spec(line(ERROR_SUB), handler("h", error(), end=error("other")))).answer("try").answer("h-task")
    assert run.step.ended
    assert run.step.outcome == "OTHER"


def test_interrupted_scope_catches_no_error_any_more() -> None:
    body = inside(sub("sub", "userTask work"), handler("h", message(), end=error()), handler("e", error()))
    run = Run(spec(line(body), boundary("oops", "sub", error()))).happens("h.in").answer("h-task")
    assert run.waiting == ["oops-task"]


def test_error_in_what_runs_beside_is_one_of_the_scope() -> None:
    body = handler("h", message(), interrupting=False, end=error())
    run = Run(spec(WORK, body, handler("e", error()))).happens("h.in").answer("h-task")
    assert run.waiting == ["e-task"]
    assert {("cancelled", "work"), ("cancelled", "h")} <= set(run.log)


def test_failed_call_begins_it() -> None:
    ask = '<serviceTask id="ask" parvandeh:topic="registry"/>'
    process = spec(line(ask), handler("h", error(None), more='parvandeh:result="problem"'), shared("problem"))
    run = Run(process).fail("ask")
    assert run.waiting == ["h-task"]
    assert run.data["problem"] == {"code": "unreachable", "detail": "no answer"}
    assert not run.calls
    assert Run(process).fail("ask", "MISSING", why="x").data["problem"] == {
        "code": "MISSING",
        "detail": "no answer",
        "why": "x",
    }


def test_error_of_a_called_process_begins_one_of_its_caller() -> None:
    called = '<startEvent id="s"/><endEvent id="e">' + error() + "</endEvent>" + path("s", "e")
    process = line("userTask before", '<callActivity id="call" calledElement="called"/>')
    run = Run(spec(process, handler("h", error()), calls={"called": called})).answer("before")
    assert run.waiting == ["h-task"]
    assert ("cancelled", "call") in run.log


@pytest.mark.parametrize("sequential", [True, False])
def test_error_of_one_instance_ends_them_all(sequential: bool) -> None:
    marker = MANY.replace(
        "<multiInstanceLoopCharacteristics>",
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">',
    )
    body = ERROR_SUB.replace('<subProcess id="boom">', f'<subProcess id="boom">{marker}')
    run = Run(spec(line(body), handler("h", error())), items=[1, 2]).answer("try")
    assert run.waiting == ["h-task"]
    assert run.answer("h-task").step.ended


# Data


def test_it_sees_what_was_set_so_far_and_what_came() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="a"/><userTask id="b"/>'
        + path("start", "both", "a")
        + path("both", "b", "c")
        + '<userTask id="c"/>'
    )
    calc = script("calc", "seen = [given, x, y, news['n']]")
    for interrupting in (True, False):
        body = handler("h", message(), calc, interrupting=interrupting, more='parvandeh:result="news"')
        run = Run(spec(process, body, shared("seen")), given=1).answer("a", x=2).answer("b", y=3)
        run.happens("h.in", n=4)
        assert run.data["seen"] == [1, 2, 3, 4]


def test_what_an_interrupting_one_sets_counts_behind_the_scope_with_what_was_there() -> None:
    body = inside(
        sub("sub", "userTask a", "userTask b"), handler("h", message(), more='parvandeh:result="news"')
    )
    run = Run(spec(line(body, script("calc", "seen = [x, y, news['n']]"))), y=0)
    run.answer("a", x=1).happens("h.in", n=3).answer("h-task", y=2)
    assert run.data["seen"] == [1, 2, 3]


def test_one_that_runs_beside_leaves_what_it_set_and_not_what_it_found() -> None:
    body = inside(
        sub("sub", "userTask a", "userTask b", "userTask c"),
        handler("h", message(), interrupting=False, more='parvandeh:result="news"'),
    )
    process = spec(line(body, script("calc", "seen = [x, y, news['n'], same]")))
    run = Run(process, x=0, y=0, same=[1]).answer("a", x="old").happens("h.in", n=3)
    run.answer("b", x="new").answer("c").answer("h-task", y="set", same=[1])
    assert run.data["seen"] == ["new", "set", 3, [1]]


def test_what_another_one_finds_is_what_counts_now() -> None:
    first = handler("h", message(), "userTask h1", "userTask h2", interrupting=False)
    second = handler("late", signal(), script("calc", "seen = [x, y]"), interrupting=False)
    run = Run(spec(line("userTask a", "userTask b"), first, second, shared("seen")), x=0, y=0)
    run.happens("h.in").answer("h1", y="set").answer("a", x="new").happens("late.in")
    assert run.data["seen"] == ["new", "set"]


def test_data_of_one_instance_stay_with_it() -> None:
    body = inside(
        sub("sub", "userTask work"),
        handler("h", message(), script("calc", "result = item * 10")),
    ).replace(
        '<subProcess id="sub">',
        '<subProcess id="sub"><multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>'
        '<loopDataOutputRef>results</loopDataOutputRef><inputDataItem id="item"/>'
        '<outputDataItem id="result"/></multiInstanceLoopCharacteristics>',
    )
    run = Run(spec(line(body)), items=[1, 2]).happens("h.in").answer("work", result=5)
    assert run.data["results"] == [10, 5]
    assert "result" not in run.data


# Ends


def test_end_event_of_one_that_belongs_to_the_process_gives_the_outcome() -> None:
    body = handler("h", message()).replace(
        '<endEvent id="h.out">', '<endEvent id="h.out" parvandeh:outcome="withdrawn">'
    )
    assert Run(spec(WORK, body)).happens("h.in").answer("h-task").step.outcome == "withdrawn"
    boom = f'<endEvent id="boom" parvandeh:outcome="refused">{error()}</endEvent>'
    body = handler("h", message()).replace('<endEvent id="h.out"></endEvent>', boom).replace("h.out", "boom")
    assert Run(spec(WORK, body)).happens("h.in").answer("h-task").step.outcome == "refused"


def test_branch_that_ended_before_counts_for_nothing_more() -> None:
    forked = (
        '<subProcess id="sub"><startEvent id="in"/><parallelGateway id="fork"/><userTask id="a"/>'
        '<userTask id="b"/>'
        + path("in", "fork", "a")
        + path("fork", "b")
        + handler("h", message())
        + "</subProcess>"
    )
    run = Run(spec(line(forked, script("calc", "seen = [x, y]"))), x=0, y=0)
    run.answer("a", x=1).happens("h.in").answer("h-task", y=2)
    assert run.data["seen"] == [1, 2]


# When something fails


def test_event_that_could_not_wait_stops_nothing_else() -> None:
    process = spec(WORK, handler("h", timer("timeDate", "deadline")))
    run = Run(process)
    assert run.failed == [("h.in", "script-failed")]
    assert run.waiting == ["work"]
    with pytest.raises(bpmn.Unskippable):
        run.skip()
    run.retry(deadline="2026-04-01")
    assert run.awaited == ["h.in"]
    run.happens("h.in").answer("h-task")
    assert run.step.ended
    assert run.data["deadline"] == "2026-04-01"
    run = Run(process).answer("work")
    assert run.step.ended
    assert ("cancelled", "h.in") in run.log


def test_repair_of_an_event_reaches_the_work_beside_it() -> None:
    body = inside(sub("sub", "userTask work", script("calc", "seen = days")), handler("h", COMES["cycle"]))
    late = handler("late", timer("timeDuration", "days"))
    run = Run(spec(line(body), late)).retry(days="P3D").answer("work")
    assert run.data["seen"] == "P3D"


def test_failure_in_it_is_retried_and_skipped_as_anywhere() -> None:
    body = handler("h", message(), script("calc", "answer = 10 // divisor"), interrupting=False)
    process = spec(WORK, body, shared("answer"))
    run = Run(process, divisor=0).happens("h.in")
    assert run.failed == [("calc", "script-failed")]
    assert run.waiting == ["work"]
    assert run.awaited == ["h.in"]
    run.retry(divisor=2)
    assert run.data["answer"] == 5
    run = Run(process, divisor=0).happens("h.in").skip(answer=7)
    assert run.data["answer"] == 7
    assert run.answer("work").step.ended


def test_interruption_takes_what_failed_away() -> None:
    run = Run(spec(line(script("calc", "x = 1 // 0")), handler("h", message())))
    assert run.failed == [("calc", "script-failed")]
    run.happens("h.in")
    assert ("cancelled", "calc") in run.log
    assert run.answer("h-task").step.ended


def test_variable_repaired_in_one_that_runs_beside_counts() -> None:
    body = inside(
        sub("sub", "userTask work"),
        handler("h", message(), script("calc", "answer = 10 // divisor"), interrupting=False),
    )
    run = Run(spec(line(body, script("last", "seen = [answer, divisor]"))), divisor=0).happens("h.in")
    run.retry(divisor=2).answer("work")
    assert run.data["seen"] == [5, 2]


def test_join_that_waits_for_what_never_comes_is_told_in_spite_of_waiting_events() -> None:
    process = (
        '<startEvent id="start"/><exclusiveGateway id="which" default="which-join"/>'
        '<userTask id="rare"/><parallelGateway id="join"/><endEvent id="end"/>'
        + path("start", "which", "join", "end")
        + flow("which", "rare", "False")
        + path("rare", "join")
    )
    run = Run(spec(process, handler("h", message())))
    assert run.failed == [("join", "deadlock")]
    assert run.happens("h.in").answer("h-task").step.ended


def test_endless_way_in_it_stops_at_the_step_budget() -> None:
    loop = (
        '<exclusiveGateway id="again"/>'
        + script("count", "n = 1")
        + '<exclusiveGateway id="round" default="round-again"/><endEvent id="never"/>'
        + path("h.in", "again", "count", "round")
        + flow("round", "again")
        + flow("round", "never", "False")
    )
    body = (
        '<subProcess id="h" triggeredByEvent="true"><startEvent id="h.in" isInterrupting="false">'
        + message()
        + f"</startEvent>{loop}</subProcess>"
    )
    run = Run(spec(WORK, body)).happens("h.in")
    assert [code for _, code in run.failed] == ["step-budget"]
    assert run.waiting == ["work"]


# Long cases


def test_thousand_times_keep_the_state_small() -> None:
    body = handler("h", message(), interrupting=False, more='parvandeh:result="news"')
    late = handler("late", timer("timeCycle", "R/P1D"), script("calc", "n = (n + 1) % 7"), interrupting=False)
    run = Run(spec(WORK, body, late, handler("stop", message("withdrawn"))), n=0)
    sizes = set()
    for number in range(300):
        run.happens("h.in", n=number % 3).answer("h-task", m=number % 5).later(days=1)
        sizes.add(len(run.state or b""))
    assert max(sizes) < 2_500
    assert run.data["m"] == 299 % 5
    assert run.answer("work").step.ended


def test_rounds_of_a_loop_with_event_sub_processes_keep_the_state_small() -> None:
    body = inside(sub("sub", "userTask work"), handler("h", message()))
    process = (
        '<startEvent id="start"/><exclusiveGateway id="again"/>'
        + body
        + '<exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
        + path("start", "again", "sub", "done")
        + flow("done", "again")
        + flow("done", "end", "stop")
    )
    run = Run(spec(process), stop=False)
    sizes = set()
    for _ in range(100):
        run.answer("work").happens("h.in").answer("h-task")
        sizes.add(len(run.state or b""))
    assert max(sizes) < 1_500
    assert run.answer("work", stop=True).step.ended


# Escalations


ESCALATING = sub("sub", "userTask a", throw("tell", escalation()), "userTask b")


def test_escalation_that_nothing_catches_changes_nothing() -> None:
    run = Run(spec(line(ESCALATING))).answer("a")
    assert run.waiting == ["b"]
    assert run.failed == []
    assert run.answer("b").step.ended
    assert run.step.outcome is None
    ends = sub("sub", "userTask a", end=escalation())
    assert Run(spec(line(ends, "userTask z"))).answer("a").waiting == ["z"]


@pytest.mark.parametrize("definition", [escalation(), escalation(None)])
def test_escalation_on_a_border_runs_beside_or_interrupts(definition: str) -> None:
    told = 'parvandeh:result="told"'
    run = Run(
        spec(line(ESCALATING), boundary("up", "sub", definition, interrupting=False, more=told))
    ).answer("a")
    assert sorted(run.waiting) == ["b", "up-task"]
    assert run.data == {"told": {"code": "DELAY"}}
    run = Run(spec(line(ESCALATING), boundary("up", "sub", definition))).answer("a")
    assert run.waiting == ["up-task"]
    assert {("passed", "tell"), ("cancelled", "sub"), ("passed", "up")} <= set(run.log)
    assert run.answer("up-task").step.ended


def test_escalation_of_another_code_is_not_caught() -> None:
    process = spec(line(ESCALATING), boundary("up", "sub", escalation("doubt")))
    assert Run(process).answer("a").waiting == ["b"]


def test_escalation_end_goes_to_the_border() -> None:
    body = sub("sub", "userTask a", end=escalation())
    run = Run(spec(line(body, "userTask z"), boundary("up", "sub", escalation(), interrupting=False)))
    assert sorted(run.answer("a").waiting) == ["up-task", "z"]
    run = Run(spec(line(body, "userTask z"), boundary("up", "sub", escalation())))
    assert run.answer("a").waiting == ["up-task"]


def test_escalation_of_a_called_process_goes_to_its_caller() -> None:
    called = line("userTask a", throw("tell", escalation()), "userTask b")
    process = line('<callActivity id="call" calledElement="called"/>')
    up = boundary("up", "call", escalation(), interrupting=False)
    run = Run(spec(process, up, calls={"called": called})).answer("called/a")
    assert sorted(run.waiting) == ["called/b", "up-task"]


def test_escalation_of_each_instance_is_caught() -> None:
    body = ESCALATING.replace('<subProcess id="sub">', f'<subProcess id="sub">{MANY}')
    up = boundary("up", "sub", escalation(), interrupting=False)
    run = Run(spec(line(body), up), items=[1, 2]).answer("a").answer("a")
    assert sorted(run.waiting) == ["b", "b", "up-task", "up-task"]


@pytest.mark.parametrize("where", ["process", "sub-process"])
def test_escalation_begins_an_event_sub_process_each_time(where: str) -> None:
    twice = sub("sub", throw("one", escalation()), throw("two", escalation("doubt")), "userTask b")
    body = handler("h", escalation(None), interrupting=False)
    process = line(twice) + body if where == "process" else line(inside(twice, body))
    run = Run(spec(process))
    assert sorted(run.waiting) == ["b", "h-task", "h-task"]
    assert run.awaited == []
    run.answer("b").answer("h-task")
    assert not run.step.ended
    assert run.answer("h-task").step.ended


def test_escalation_begins_an_event_sub_process_that_interrupts() -> None:
    run = Run(spec(line(ESCALATING), handler("h", escalation()))).answer("a")
    assert run.waiting == ["h-task"]
    assert {("passed", "tell"), ("cancelled", "sub")} <= set(run.log)
    assert ("entered", "b") not in run.log
    assert run.answer("h-task").step.ended


def test_escalation_thrown_on_goes_to_the_border() -> None:
    body = inside(ESCALATING, handler("h", escalation(None), end=escalation(), interrupting=False))
    up = boundary("up", "sub", escalation(), interrupting=False)
    run = Run(spec(line(body), up)).answer("a")
    assert sorted(run.waiting) == ["b", "h-task"]
    run.answer("h-task")
    assert sorted(run.waiting) == ["b", "up-task"]


def test_escalation_goes_by_errors_for_all_and_errors_by_escalations_for_all() -> None:
    events = boundary("up", "sub", error(None)) + boundary("up2", "sub", escalation(None))
    assert Run(spec(line(ESCALATING), events)).answer("a").waiting == ["up2-task"]
    body = ESCALATING.replace(
        '<endEvent id="sub.out"></endEvent>', f'<endEvent id="sub.out">{error()}</endEvent>'
    )
    body = body.replace(throw("tell", escalation()), "").replace(path("a", "tell", "b"), flow("a", "b"))
    assert Run(spec(line(body), events)).answer("a").answer("b").waiting == ["up-task"]
