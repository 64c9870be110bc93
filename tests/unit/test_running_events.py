"""Messages, signals and errors run as BPMN 2.0.2 §10.5 and §13.5 have them."""

from typing import Any

import pytest

from engine import bpmn
from engine.bpmn.run.step import Thrown
from tests.driving import NOW, Run, flow, path, script
from tests.eventful import boundary, catch, error, line, message, signal, spec, sub, timer


def many(*, sequential: bool = False) -> str:
    """A marker: one instance for each of `items`, whose `result` are collected in `results`."""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        "<loopDataInputRef>items</loopDataInputRef><loopDataOutputRef>results</loopDataOutputRef>"
        '<inputDataItem id="item"/><outputDataItem id="result"/></multiInstanceLoopCharacteristics>'
    )


def test_message_is_awaited_by_name_and_correlation() -> None:
    event = catch("pay", message(), "parvandeh:correlation=\"{'order': number, 'kind': 'fee'}\"")
    run = Run(spec(line(event, "userTask after")), number=7)
    [wait] = run.waits.values()
    assert (wait.kind, wait.name, wait.keys) == ("message", "paid", {"order": 7, "kind": "fee"})
    assert run.happens("pay", amount=5, number=8).waiting == ["after"]
    assert run.data == {"number": 8, "amount": 5}


def test_what_comes_with_a_message_is_one_variable_if_it_is_named() -> None:
    run = Run(spec(line(catch("pay", message(), 'parvandeh:result="payment"'), "userTask after")))
    assert run.happens("pay", amount=5).data == {"payment": {"amount": 5}}


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("keys", "correlation"),
        ("{'a': 1.5}", "correlation"),
        ("{'a': ''}", "correlation"),
        ("{'a': 'x' * 1000}", "correlation"),
        ("{'a': x}", "script-failed"),
    ],
)
def test_keys_that_nobody_could_match_are_an_incident(keys: str, code: str) -> None:
    event = catch("pay", message(), f'parvandeh:correlation="{keys}"')
    run = Run(spec(line(event)), keys=[1])
    assert run.failed == [("pay", code)]
    assert not run.waits


def test_receive_task_waits_as_an_event_does() -> None:
    reads = 'parvandeh:correlation="{\'order\': number}" parvandeh:result="got"'
    task = f'<receiveTask id="pay" messageRef="paid" {reads}/>'
    run = Run(spec(line(task, "userTask after")), number=7)
    assert [wait.keys for wait in run.waits.values()] == [{"order": 7}]
    assert run.happens("pay", sum=1).waiting == ["after"]
    assert run.data["got"] == {"sum": 1}


def test_receive_task_has_a_deadline() -> None:
    process = spec(
        line('<receiveTask id="pay" messageRef="paid"/>', "userTask after"),
        boundary("late", "pay", timer("timeDuration", "P3D")),
    )
    assert Run(process).later(days=3).waiting == ["late-task"]
    assert Run(process).happens("pay").waiting == ["after"]


@pytest.mark.parametrize("sequential", [False, True])
def test_receive_task_waits_for_one_message_of_each(sequential: bool) -> None:
    marker = many(sequential=sequential)
    keys = "parvandeh:correlation=\"{'who': item}\""
    task = f'<receiveTask id="pay" messageRef="paid" {keys}>{marker}</receiveTask>'
    run = Run(spec(line(task, "userTask after")), items=["a", "b"])
    assert [wait.keys["who"] for wait in run.waits.values()] == (["a"] if sequential else ["a", "b"])
    run.happens("pay", result=1).happens("pay", result=2)
    assert run.waiting == ["after"]
    assert run.data["results"] == [1, 2]


def test_signal_is_awaited_by_name() -> None:
    run = Run(spec(line(catch("hear", signal(), 'parvandeh:result="news"'), "userTask after")))
    assert [(wait.kind, wait.name) for wait in run.waits.values()] == [("signal", "storm")]
    assert run.happens("hear", level=3).data == {"news": {"level": 3}}


def test_wait_that_something_else_has_ended_is_passed_over() -> None:
    run = Run(
        spec(line("userTask work"), boundary("stop", "work", message()), boundary("late", "work", signal()))
    )
    both: dict[Any, dict[str, Any]] = {token: {} for token in run.waits}
    step = bpmn.fire(run.spec, run.state or b"", both, NOW)
    assert [fired.element for fired in step.fired] == ["stop"]
    assert [work.element for work in step.opened] == ["stop-task"]


SAYS = "parvandeh:correlation=\"{'order': n}\" parvandeh:data=\"{'fee': f}\""


@pytest.mark.parametrize(
    "element",
    [
        f'<intermediateThrowEvent id="tell" {SAYS}>{message("asked")}</intermediateThrowEvent>',
        f'<sendTask id="tell" messageRef="asked" {SAYS}/>',
    ],
    ids=["event", "task"],
)
def test_message_is_thrown_with_its_keys_and_data(element: str) -> None:
    run = Run(spec(line(element)), n=7, f=10)
    assert run.step.thrown == (Thrown("message", "asked", {"order": 7}, {"fee": 10}, "tell"),)
    assert run.step.ended
    assert run.passed == ["start", "tell", "end"]


def test_end_event_throws_before_the_case_ends() -> None:
    for definition, kind in ((message("asked"), "message"), (signal(), "signal")):
        process = line("userTask work").replace(
            '<endEvent id="end"/>',
            f'<endEvent id="end" parvandeh:data="{{\'n\': 1}}">{definition}</endEvent>',
        )
        run = Run(spec(process)).answer("work")
        assert [(thrown.kind, thrown.data) for thrown in run.step.thrown] == [(kind, {"n": 1})]
        assert run.step.ended


def test_message_is_thrown_from_within_a_sub_process() -> None:
    tell = f'<intermediateThrowEvent id="tell">{message("asked")}</intermediateThrowEvent>'
    run = Run(spec(line(sub("sub", tell, "userTask work"))))
    assert [(thrown.name, thrown.element) for thrown in run.step.thrown] == [("asked", "tell")]
    assert run.answer("work").step.thrown == ()


def test_data_of_a_message_that_are_no_names_are_an_incident_and_nothing_is_thrown() -> None:
    tell = '<sendTask id="tell" messageRef="asked" parvandeh:data="what"/>'
    run = Run(spec(line(tell)), what=3)
    assert run.failed == [("tell", "correlation")]
    assert run.step.thrown == ()
    assert run.retry(what={"a": 1}).step.thrown[0].data == {"a": 1}


def test_plain_intermediate_event_is_passed() -> None:
    assert Run(spec(line("intermediateThrowEvent reached"))).passed == ["start", "reached", "end"]


def test_message_starts_a_case() -> None:
    process = spec(
        '<startEvent id="asked-for">'
        + message("asked")
        + '</startEvent><userTask id="work"/>'
        + path("asked-for", "work")
    )
    assert not process.startable
    assert process.starts["asked-for"].name == "asked"
    assert Run(process, at="asked-for", who="x").waiting == ["work"]


# On the border of activities

WORK = line("userTask work", "userTask after")


def test_message_on_a_border_that_does_not_interrupt_comes_every_time() -> None:
    run = Run(
        spec(
            WORK,
            boundary("ask", "work", message("asked"), interrupting=False, more='parvandeh:result="asked"'),
        )
    )
    for number in (1, 2, 3):
        run.happens("ask", number=number)
        assert run.waiting == ["work"] + ["ask-task"] * number
        assert run.awaited == ["ask"]
    run.answer("work")
    assert not run.waits
    assert sorted(run.waiting) == ["after", "ask-task", "ask-task", "ask-task"]


def test_message_on_a_border_interrupts_what_is_done() -> None:
    run = Run(spec(WORK, boundary("stop", "work", message("withdrawn")))).happens("stop")
    assert run.waiting == ["stop-task"]
    assert run.log[-2:] == [("cancelled", "work"), ("passed", "stop")]


def test_events_of_an_activity_wait_for_each_of_its_rounds_anew() -> None:
    process = (
        '<startEvent id="start"/><exclusiveGateway id="again"/><userTask id="work"/>'
        '<exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
        + path("start", "again", "work", "done")
        + flow("done", "again")
        + flow("done", "end", "stop")
        + boundary("late", "work", timer("timeDuration", "P1D"))
    )
    run = Run(spec(process), stop=False)
    [first] = run.waits
    run.answer("work")
    [second] = run.waits
    assert first != second
    assert run.happens("late").waiting == ["late-task"]


def test_sub_process_is_interrupted_with_all_that_is_in_it() -> None:
    inner = sub("inner", "userTask deep", catch("hear", signal()))
    run = Run(spec(line(sub("sub", inner)), boundary("stop", "sub", message("withdrawn"))))
    assert run.waiting == ["deep"]
    run.answer("deep")
    assert run.awaited == ["stop", "hear"]
    run.happens("stop")
    assert run.waiting == ["stop-task"]
    assert not run.waits
    assert {("cancelled", "sub"), ("cancelled", "inner"), ("cancelled", "hear")} <= set(run.log)


def test_way_behind_an_interrupted_sub_process_sees_what_was_set_in_it() -> None:
    stop = boundary("stop", "sub", message("withdrawn"), more='parvandeh:result="why"')
    seen = stop.replace('<userTask id="stop-task"/>', script("stop-task", "seen = [given, found]"))
    run = Run(spec(line(sub("sub", "userTask a", "userTask b")), seen), given=1)
    run.answer("a", found=2)
    passages = run.happens("stop", text="moved").step.passages
    assert run.data["seen"] == [1, 2]
    # The event itself has set only what came with it.
    assert [passage.changes for passage in passages if passage.element == "stop"] == [
        {"why": {"text": "moved"}}
    ]


def test_way_behind_an_interrupted_sub_process_sees_what_its_branches_set_and_no_results() -> None:
    forked = (
        '<subProcess id="sub"><startEvent id="in"/><parallelGateway id="fork"/><userTask id="a"/>'
        f'<userTask id="b">{many()}</userTask><parallelGateway id="join"/><userTask id="c"/>'
        + path("in", "fork", "a", "join", "c")
        + path("fork", "b", "join")
        + "</subProcess>"
    )
    late = boundary("late", "sub", timer("timeDuration", "P1D"), interrupting=False)
    late = late.replace('<userTask id="late-task"/>', script("late-task", "seen = found"))
    run = Run(spec(line(forked), late), items=[1, 2])
    run.answer("a", found="x").answer("b", result=1)
    run.later(days=1)
    assert run.data["seen"] == "x"
    assert "result" not in run.data
    run.answer("b", result=2)
    assert run.data["results"] == [1, 2]
    assert run.answer("c").step.ended


def test_called_process_is_interrupted() -> None:
    called = line("userTask work", catch("hear", signal()))
    process = spec(
        line('<callActivity id="call" calledElement="called"/>'),
        boundary("stop", "call", message("withdrawn")),
        calls={"called": called},
    )
    run = Run(process)
    assert run.waiting == ["called/work"]
    run.answer("called/work", found=1)
    assert run.happens("stop").waiting == ["stop-task"]
    assert run.awaited == []
    assert run.answer("stop-task").step.ended


@pytest.mark.parametrize("sequential", [False, True])
def test_event_on_the_border_of_many_instances_waits_once_and_ends_them_all(sequential: bool) -> None:
    marker = many(sequential=sequential)
    process = spec(
        line(f'<userTask id="work">{marker}</userTask>', "userTask after"),
        boundary("late", "work", timer("timeDuration", "P1D")),
    )
    run = Run(process, items=[1, 2, 3]).answer("work", result=5)
    assert run.awaited == ["late"]
    assert run.happens("late").waiting == ["late-task"]
    run = Run(process, items=[1, 2]).answer("work", result=5).answer("work", result=6)
    assert run.waiting == ["after"]
    assert not run.waits


def test_timer_of_a_script_never_fires() -> None:
    process = spec(
        line(script("calc", "n = 1"), "userTask after"),
        boundary("late", "calc", timer("timeDuration", "PT0S")),
    )
    run = Run(process)
    assert run.waiting == ["after"]
    assert not run.waits
    assert run.step.unwaited == ()


def test_event_on_a_border_that_could_not_wait_stops_its_own_branch_only() -> None:
    process = spec(WORK, boundary("late", "work", timer("timeDate", "deadline")))
    run = Run(process)
    assert run.failed == [("late", "script-failed")]
    assert run.waiting == ["work"]
    with pytest.raises(bpmn.Unskippable):
        run.skip()
    run.retry(deadline="2026-04-01")
    assert run.awaited == ["late"]
    run.answer("work")
    assert run.data["deadline"] == "2026-04-01"
    run = Run(process).answer("work")
    assert run.waiting == ["after"]
    assert ("cancelled", "late") in run.log


def test_repair_of_an_event_reaches_the_work_beside_it() -> None:
    process = spec(
        line("userTask work", script("calc", "seen = deadline")),
        boundary("late", "work", timer("timeDate", "deadline")),
    )
    assert Run(process).retry(deadline="2026-04-01").answer("work").data["seen"] == "2026-04-01"


def test_failure_behind_an_event_leaves_the_rest_as_it_is() -> None:
    ask = boundary("ask", "work", message("asked"), interrupting=False)
    ask = ask.replace('<userTask id="ask-task"/>', script("ask-task", "answer = 10 // divisor"))
    run = Run(spec(WORK, ask), divisor=0).happens("ask")
    assert run.failed == [("ask-task", "script-failed")]
    assert run.waiting == ["work"]
    assert run.awaited == ["ask"]
    assert run.retry(divisor=2).data["answer"] == 5


def test_endless_way_behind_an_event_stops_at_the_step_budget() -> None:
    ask = boundary("ask", "work", message("asked"), interrupting=False).replace(
        '<userTask id="ask-task"/>', '<exclusiveGateway id="ask-task"/>'
    )
    loop = (
        '<exclusiveGateway id="round" default="round-ask-task"/><endEvent id="never"/>'
        + path("ask-task", "round")
        + flow("round", "ask-task")
        + flow("round", "never", "False")
    )
    run = Run(spec(WORK, ask, loop)).happens("ask")
    assert [code for _, code in run.failed] == ["step-budget"]
    assert run.answer("work").waiting == ["after"]


# Errors

ERROR_SUB = sub("sub", end=error("missing"))


def test_error_end_goes_to_the_event_on_the_border() -> None:
    run = Run(spec(line(ERROR_SUB, "userTask after"), boundary("oops", "sub", error("missing"))))
    assert run.waiting == ["oops-task"]
    assert run.log[-3:] == [("passed", "sub.out"), ("cancelled", "sub"), ("passed", "oops")]
    assert run.answer("oops-task").step.ended
    assert run.step.outcome is None


@pytest.mark.parametrize("definition", [error(None), error("nameless")])
def test_event_without_code_catches_all_errors(definition: str) -> None:
    assert Run(spec(line(ERROR_SUB), boundary("oops", "sub", definition))).waiting == ["oops-task"]


def test_event_that_names_a_variable_for_an_error_learns_its_code() -> None:
    run = Run(spec(line(ERROR_SUB), boundary("oops", "sub", error(None), more='parvandeh:result="problem"')))
    assert run.data == {"problem": {"code": "MISSING"}}


def test_event_for_the_very_code_goes_before_one_for_all() -> None:
    events = boundary("any", "sub", error(None)) + boundary("oops", "sub", error("missing"))
    assert Run(spec(line(ERROR_SUB), events)).waiting == ["oops-task"]


def test_nearest_event_catches_even_if_it_is_for_all() -> None:
    outer = sub("outer", sub("sub", end=error("missing")), "userTask after")
    inside = boundary("near", "sub", error(None))
    outer = outer[: outer.rindex("</subProcess>")] + inside + "</subProcess>"
    run = Run(spec(line(outer), boundary("far", "outer", error("missing"))))
    assert run.waiting == ["near-task"]


def test_error_of_another_code_goes_further_out() -> None:
    outer = sub("outer", ERROR_SUB)
    outer = outer[: outer.rindex("</subProcess>")] + boundary("near", "sub", error("other")) + "</subProcess>"
    run = Run(spec(line(outer), boundary("far", "outer", error("missing"))))
    assert run.waiting == ["far-task"]
    assert {("cancelled", "sub"), ("cancelled", "outer")} <= set(run.log)


def test_error_ends_parallel_work_in_its_sub_process_only() -> None:
    forked = (
        '<subProcess id="sub"><startEvent id="in"/><parallelGateway id="fork"/>'
        '<userTask id="a"/><userTask id="b"/>'
        f'<endEvent id="boom">{error()}</endEvent>'
        + path("in", "fork", "a", "boom")
        + path("fork", "b")
        + "</subProcess>"
    )
    process = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="beside"/>'
        + path("start", "both", "beside")
        + flow("both", "sub")
        + forked
        + boundary("oops", "sub", error())
    )
    run = Run(spec(process))
    assert sorted(run.waiting) == ["a", "b", "beside"]
    run.answer("a", reason="x")
    assert sorted(run.waiting) == ["beside", "oops-task"]
    assert ("cancelled", "b") in run.log


def test_way_behind_an_error_sees_what_led_to_it() -> None:
    thrower = sub("sub", script("calc", "reason = 'no such parcel'"), end=error())
    oops = boundary("oops", "sub", error()).replace(
        '<userTask id="oops-task"/>', script("oops-task", "told = reason")
    )
    assert Run(spec(line(thrower), oops)).data["told"] == "no such parcel"


def test_error_of_a_called_process_goes_to_its_caller() -> None:
    called = line(script("calc", "reason = 'gone'")).replace(
        '<endEvent id="end"/>', f'<endEvent id="end">{error()}</endEvent>'
    )
    call = line('<callActivity id="call" calledElement="called"/>', "userTask after")
    oops = boundary("oops", "call", error()).replace(
        '<userTask id="oops-task"/>', script("oops-task", "told = 'reason' in locals()")
    )
    run = Run(spec(call, oops, calls={"called": called}))
    assert run.step.ended
    assert run.data["told"] is False  # a call gives its data back when it completes
    assert ("cancelled", "call") in run.log


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("sequential", [False, True])
def test_error_of_one_instance_ends_them_all(sequential: bool, inside: bool) -> None:
    marker = many(sequential=sequential)
    work = sub("sub", "userTask work", end=error())
    work = (
        sub("many", work).replace('<subProcess id="many">', f'<subProcess id="many">{marker}')
        if inside
        else (work.replace('<subProcess id="sub">', f'<subProcess id="sub">{marker}'))
    )
    host = "many" if inside else "sub"
    run = Run(spec(line(work, "userTask after"), boundary("oops", host, error())), items=[1, 2])
    run.answer("work")
    assert run.waiting == ["oops-task"]
    assert run.answer("oops-task").step.ended


def test_error_that_nothing_catches_ends_the_case_and_is_its_outcome() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="beside"/>'
        + path("start", "both", "beside")
        + flow("both", "sub")
        + sub("sub", "userTask work", end=error())
    )
    run = Run(spec(process)).answer("work")
    assert run.step.ended
    assert run.step.outcome == "MISSING"
    assert ("cancelled", "beside") in run.log


def test_outcome_of_an_error_goes_before_that_of_an_end_reached_earlier() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="both"/>'
        f'<endEvent id="well" parvandeh:outcome="granted"/><endEvent id="boom">{error()}</endEvent>'
        + path("start", "both", "well")
        + flow("both", "boom")
    )
    assert Run(spec(process)).step.outcome == "MISSING"


def test_error_end_of_a_process_may_name_the_outcome_itself() -> None:
    boom = f'<endEvent id="boom" parvandeh:outcome="refused">{error()}</endEvent>'
    body = '<startEvent id="start"/>' + boom + path("start", "boom")
    assert Run(spec(body)).step.outcome == "refused"
    call = line('<callActivity id="call" calledElement="called"/>')
    assert Run(spec(call, calls={"called": body})).step.outcome == "MISSING"


def test_error_in_the_way_behind_an_error_goes_further_out() -> None:
    again = boundary("near", "sub", error()).replace(
        '<userTask id="near-task"/>', f'<endEvent id="near-task">{error("other")}</endEvent>'
    )
    outer = sub("outer", ERROR_SUB)
    outer = outer[: outer.rindex("</subProcess>")] + again + "</subProcess>"
    assert Run(spec(line(outer), boundary("far", "outer", error("other")))).waiting == ["far-task"]


# Joins, gateways and long cases


def test_inclusive_join_waits_for_the_way_behind_an_event() -> None:
    process = (
        '<startEvent id="start"/><inclusiveGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        '<inclusiveGateway id="join"/><userTask id="after"/>'
        + path("start", "fork")
        + flow("fork", "a", "True")
        + flow("fork", "b", "True")
        + path("a", "join", "after")
        + boundary("ask", "b", message("asked"), interrupting=False)
        + path("ask-task", "join")
    )
    run = Run(spec(process)).answer("a")
    assert run.waiting == ["b"]  # a message could still come
    run.happens("ask").answer("b")
    assert run.waiting == ["ask-task"]
    assert run.answer("ask-task").waiting == ["after"]
    run = Run(spec(process)).answer("b")
    assert run.answer("a").waiting == ["after"]


def test_parallel_join_behind_either_end_of_an_activity() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        '<exclusiveGateway id="merge"/><parallelGateway id="join"/><userTask id="after"/>'
        + path("start", "fork", "a", "merge", "join", "after")
        + path("fork", "b", "join")
        + boundary("late", "a", timer("timeDuration", "P1D"))
        + path("late-task", "merge")
    )
    run = Run(spec(process)).answer("b", y=2).happens("late")
    assert run.waiting == ["late-task"]
    run.answer("late-task", x=1)
    assert run.waiting == ["after"]
    assert (run.data["x"], run.data["y"]) == (1, 2)
    assert Run(spec(process)).answer("b").answer("a").waiting == ["after"]


FIRST = (
    '<startEvent id="start"/><eventBasedGateway id="first"/>'
    + catch("late", timer("timeDuration", "deadline"))
    + '<receiveTask id="pay" messageRef="paid"/><userTask id="a"/><userTask id="b"/>'
    + path("start", "first", "late", "a")
    + path("first", "pay", "b")
)


def test_gateway_takes_the_event_that_comes_first() -> None:
    run = Run(spec(FIRST), deadline="P1D").happens("pay")
    assert run.waiting == ["b"]
    assert not run.waits


def test_event_behind_a_gateway_that_is_passed_over_takes_the_others_away() -> None:
    run = Run(spec(FIRST), deadline="never")
    assert run.failed == [("late", "timer")]
    assert run.awaited == ["pay"]
    run.skip()
    assert run.waiting == ["a"]
    assert not run.waits
    run = Run(spec(FIRST), deadline="never").happens("pay")
    assert run.waiting == ["b"]
    assert ("cancelled", "late") in run.log


LONG = (
    '<startEvent id="start"/><exclusiveGateway id="again"/><userTask id="work"/>'
    '<exclusiveGateway id="done" default="done-again"/><endEvent id="end"/>'
    + path("start", "again", "work", "done")
    + flow("done", "again")
    + flow("done", "end", "stop")
)


@pytest.mark.parametrize("host", ["task", "sub-process"])
def test_thousand_rounds_with_events_keep_the_state_small(host: str) -> None:
    remind = '<boundaryEvent id="remind" attachedToRef="work" cancelActivity="false">' + timer(
        "timeCycle", "R/P1D"
    )
    late = '<boundaryEvent id="late" attachedToRef="work">' + timer("timeDuration", "P30D")
    events = f"{remind}</boundaryEvent>{late}</boundaryEvent>" + path("late", "again")
    process = LONG if host == "task" else LONG.replace('<userTask id="work"/>', sub("work", "userTask inner"))
    task = "work" if host == "task" else "inner"
    run = Run(spec(process, events), stop=False)
    sizes = set()
    for number in range(1000):
        if number % 3 == 0:
            run.happens("remind")
        if number % 5 == 0:
            run.happens("late")
        else:
            run.answer(task)
        sizes.add(len(run.state or b""))
        assert len(run.waits) == 2
    assert max(sizes) < 1_500
    assert max(sizes) - min(sizes) < 100
    assert run.answer(task, stop=True).step.ended


def test_thousand_rounds_of_waiting_keep_the_state_small() -> None:
    process = LONG.replace('<userTask id="work"/>', catch("work", timer("timeDuration", "P1D")))
    run = Run(spec(process), stop=False)
    first = len(run.state or b"")
    for _ in range(1000):
        run.happens("work")
    assert abs(len(run.state or b"") - first) < 300
    assert len(run.state or b"") < 1_500


def test_what_handlers_set_again_and_again_is_no_conflict_and_the_last_one_counts() -> None:
    ask = boundary("ask", "inner", message("asked"), interrupting=False, more='parvandeh:result="asked"')
    process = sub("sub", "userTask inner").replace("</subProcess>", f"{ask}</subProcess>")
    run = Run(spec(line(process, script("calc", "seen = [asked['n'], answer]"))))
    for number in (1, 2, 3):
        run.happens("ask", n=number)
    run.answer("ask-task", 1, answer="b").answer("ask-task", answer="a").answer("inner")
    assert run.failed == []
    run.answer("ask-task", answer="c")
    assert run.failed == []
    assert run.step.ended
    assert run.data["seen"] == [3, "c"]


def test_way_behind_an_event_leaves_what_it_set_and_not_what_it_found() -> None:
    ask = boundary("ask", "inner", message("asked"), interrupting=False)
    body = sub("sub", sub("inner", "userTask a", "userTask b")).replace(
        "</subProcess><endEvent", f"</subProcess>{ask}<endEvent", 1
    )
    run = Run(spec(line(body, script("calc", "seen = [x, y]"))), x="first", y=0)
    run.answer("a", x="old").happens("ask").answer("b", x="new").answer("ask-task", y=1)
    assert run.data["seen"] == ["new", 1]


def test_way_behind_an_event_contradicts_no_branch_by_what_it_found() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="join"/><userTask id="after"/>'
        + path("start", "sub", "join", "after")
        + sub("sub", "userTask a", "userTask b")
        + boundary("ask", "sub", message("asked"), interrupting=False)
        + path("ask-task", "join")
    )
    run = Run(spec(process), x="first").answer("a", x="old").happens("ask").answer("b", x="new")
    run.answer("ask-task")
    assert (run.failed, run.waiting) == ([], ["after"])


def test_handlers_that_have_ended_leave_what_they_set_and_nothing_else() -> None:
    ask = boundary("ask", "work", message("asked"), interrupting=False, more='parvandeh:result="asked"')
    process = sub("sub", "userTask work").replace("</subProcess>", f"{ask}</subProcess>")
    run = Run(spec(line(process, script("calc", "seen = [v0, v1, v2, v9, asked['n']]"))))
    for number in range(100):
        run.happens("ask", n=number).answer("ask-task", **{f"v{number % 3}": number})
    assert len(run.state or b"") < 1_500
    assert run.answer("work", v9=True).data["seen"] == [99, 97, 98, True, 99]


def test_branches_that_end_apart_keep_what_each_has_set() -> None:
    forked = (
        '<subProcess id="sub"><startEvent id="in"/><userTask id="first"/><parallelGateway id="fork"/>'
        '<userTask id="a"/><userTask id="b"/><userTask id="c"/><endEvent id="one"/><endEvent id="two"/>'
        + path("in", "first", "fork", "a", "one")
        + path("fork", "b", "two")
        + path("fork", "c", "two")
        + "</subProcess>"
    )
    run = Run(spec(line(forked, script("calc", "seen = [x, y, z]"))), x=0, y=0, z=0)
    run.answer("first", z=1).answer("b", y=2).answer("a", x=1, y=1).answer("c")
    assert run.data["seen"] == [1, 1, 1]


def test_case_that_ends_waits_for_nothing() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="work"/>'
        + catch("hear", signal())
        + '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
        + path("start", "both", "work", "stop")
        + path("both", "hear")
    )
    run = Run(spec(process))
    [token] = run.waits
    run.answer("work")
    assert run.step.ended
    assert run.step.unwaited == (token,)
    run = Run(spec(process)).cancel()
    assert run.step.unwaited


def test_process_that_only_messages_start_cannot_be_called() -> None:
    called = (
        '<startEvent id="s">' + message("asked") + '</startEvent><userTask id="work"/>' + path("s", "work")
    )
    with pytest.raises(bpmn.Unbuildable) as refused:
        spec(line('<callActivity id="call" calledElement="called"/>'), calls={"called": called})
    assert refused.value.finding.code == "called-without-start"


def test_ids_with_the_librarys_own_endings_are_free_to_use() -> None:
    assert Run(spec(line("userTask a", "userTask a.BoundaryEventSplit", "userTask b"))).answer(
        "a"
    ).waiting == ["a.BoundaryEventSplit"]
