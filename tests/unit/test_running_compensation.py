"""Compensation and transactions run as BPMN 2.0.2 §10.5.6, §10.7 and §13.5.5 have them."""

import pytest

from engine.bpmn.values import decode
from tests.driving import Run, flow, path, script
from tests.eventful import (
    boundary,
    catch,
    compensation,
    condition,
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
    transaction,
    undone,
)

ALL = throw("all", compensation())
CANCEL = "<cancelEventDefinition/>"
MANY = (
    "<multiInstanceLoopCharacteristics {}><loopDataInputRef>items</loopDataInputRef>"
    '<inputDataItem id="item"/></multiInstanceLoopCharacteristics>'
)
COLLECTED = (
    "<multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>"
    "<loopDataOutputRef>rooms</loopDataOutputRef>"
    '<inputDataItem id="item"/><outputDataItem id="room"/></multiInstanceLoopCharacteristics>'
)


def undoing(run: Run) -> list[str]:
    """Answer all tasks of handlers, one by one; they are never open side by side."""
    found = []
    while any(name.startswith("undo") for name in run.waiting):
        [name] = [name for name in run.waiting if name.startswith("undo")]
        found.append(name)
        run.answer(name)
    return found


# The order


def test_all_that_completed_is_compensated_the_last_first_and_one_after_the_other() -> None:
    body = line("userTask a", "userTask b", "userTask c", ALL, "userTask after")
    run = Run(spec(body, undone("a"), undone("b"), undone("c")))
    run.answer("a").answer("b").answer("c")
    assert run.waiting == ["undo-c"]
    assert run.log[-1] == ("entered", "all")
    run.answer("undo-c")
    assert run.waiting == ["undo-b"]
    run.answer("undo-b")
    assert run.waiting == ["undo-a"]
    run.answer("undo-a")
    assert run.waiting == ["after"]
    assert run.passed[-4:] == ["undo-c", "undo-b", "undo-a", "all"]
    assert run.answer("after").step.ended


def test_order_is_that_of_completion_not_of_the_drawing() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="a"/><userTask id="b"/>'
        '<parallelGateway id="join"/><endEvent id="end">' + compensation() + "</endEvent>"
    )
    body += path("start", "both", "a", "join", "end") + path("both", "b", "join") + undone("a") + undone("b")
    run = Run(spec(body)).answer("b").answer("a")
    assert undoing(run) == ["undo-a", "undo-b"]
    assert run.step.ended


def test_named_activity_alone_is_compensated() -> None:
    body = line("userTask a", "userTask b", throw("one", compensation("a")), "userTask after", ALL)
    run = Run(spec(body, undone("a"), undone("b"))).answer("a").answer("b")
    assert undoing(run) == ["undo-a"]
    run.answer("after")
    assert undoing(run) == ["undo-b"]  # once only
    assert run.step.ended


def test_each_completion_is_compensated_once_only() -> None:
    body = line(
        "userTask a", throw("first", compensation()), "userTask between", throw("again", compensation())
    )
    run = Run(spec(body, undone("a"))).answer("a")
    assert undoing(run) == ["undo-a"]
    assert run.answer("between").step.ended


def test_nothing_to_compensate_is_passed_at_once() -> None:
    body = line("userTask a", "userTask b").replace('<userTask id="a"/>', ALL + '<userTask id="a"/>')
    body = '<startEvent id="start"/>' + ALL + '<userTask id="a"/>' + path("start", "all", "a")
    run = Run(spec(body, undone("a")))
    assert run.waiting == ["a"]
    assert ("entered", "all") not in run.log
    assert ("passed", "all") in run.log
    assert run.answer("a").step.ended


def test_what_was_not_taken_still_runs_or_was_cancelled_is_not_compensated() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="done"/><userTask id="runs"/>'
        '<userTask id="cancelled"/><exclusiveGateway id="which" default="here"/><userTask id="never"/>'
        + ALL
        + '<userTask id="after"/>'
    )
    body += path("start", "both", "done", "which") + path("both", "runs") + path("both", "cancelled")
    body += flow("which", "all", name="here") + flow("which", "never", "False") + path("all", "after")
    body += "".join(undone(name) for name in ("done", "runs", "cancelled", "never"))
    run = Run(spec(body, boundary("stop", "cancelled", message())))
    run.happens("stop").answer("done")
    assert sorted(run.waiting) == ["runs", "stop-task", "undo-done"]
    run.answer("undo-done")
    assert sorted(run.waiting) == ["after", "runs", "stop-task"]


def test_end_event_waits_for_its_handlers() -> None:
    body = line("userTask a").replace(
        '<endEvent id="end"/>', f'<endEvent id="end">{compensation()}</endEvent>'
    )
    run = Run(spec(body, undone("a"))).answer("a")
    assert run.waiting == ["undo-a"]
    assert run.answer("undo-a").step.ended
    assert run.passed == ["start", "a", "undo-a", "end"]


def test_two_events_share_what_there_is() -> None:
    body = (
        '<startEvent id="start"/><userTask id="a"/><parallelGateway id="both"/>'
        + throw("one", compensation("a"))
        + ALL
        + '<parallelGateway id="join"/><endEvent id="end"/>'
    )
    body += path("start", "a", "both", "one", "join", "end") + path("both", "all", "join") + undone("a")
    run = Run(spec(body)).answer("a")
    assert undoing(run) == ["undo-a"]
    assert run.step.ended


# What can be compensated, and by what


@pytest.mark.parametrize(
    "activity",
    [
        script("a", "x = 1"),
        '<serviceTask id="a" parvandeh:topic="t"/>',
        '<sendTask id="a" messageRef="paid"/>',
        '<receiveTask id="a" messageRef="paid"/>',
        sub("a", "userTask inner"),
        '<callActivity id="a" calledElement="called"/>',
    ],
)
def test_every_activity_can_have_a_handler(activity: str) -> None:
    called = {"called": line("userTask inner")} if "callActivity" in activity else None
    run = Run(spec(line(activity, ALL), undone("a"), calls=called))
    if "undo-a" not in run.waiting:
        run.go([*run.waiting, *run.awaited][0])
    assert undoing(run) == ["undo-a"]
    assert run.step.ended


@pytest.mark.parametrize(
    "way_back",
    [
        script("undo", "x = 2"),
        '<serviceTask id="undo" parvandeh:topic="t" />',
        '<sendTask id="undo" messageRef="paid" />',
        '<receiveTask id="undo" messageRef="paid" />',
        sub("undo", "userTask back", script("more", "x = 2")),
        '<callActivity id="undo" calledElement="called" />',
        '<task id="undo"><standardLoopCharacteristics loopMaximum="2"/></task>',
        f'<task id="undo">{MANY.format("")}</task>',
        f'<task id="undo">{MANY.format(sequential)}</task>' if (sequential := 'isSequential="true"') else "",
    ],
)
def test_every_activity_can_be_a_handler(way_back: str) -> None:
    called = {"called": line("userTask inner")} if "callActivity" in way_back else None
    run = Run(
        spec(line("userTask a", ALL, "userTask after"), undone("a", way_back), calls=called), items=[1, 2]
    )
    run.answer("a")
    while run.waiting != ["after"]:
        run.go([*run.waiting, *run.awaited][0])
    assert run.passed.count("undo") == (3 if "Characteristics" in way_back else 1)  # with each instance
    assert run.answer("after").step.ended


def test_handler_whose_activity_is_repeated_by_the_flow_runs_for_each_completion() -> None:
    body = (
        '<startEvent id="start"/><exclusiveGateway id="again"/><userTask id="a"/>'
        '<exclusiveGateway id="enough" default="done"/>' + ALL + '<endEvent id="end"/>'
    )
    body += path("start", "again", "a", "enough") + flow("enough", "all", name="done") + path("all", "end")
    body += flow("enough", "again", "more") + undone("a")
    run = Run(spec(body))
    for _ in range(3):
        run.answer("a", more=True)
    run.answer("a", more=False)
    assert undoing(run) == ["undo-a"] * 4
    assert run.step.ended


def test_standard_loop_is_compensated_once_for_each_round() -> None:
    loop = '<userTask id="a"><standardLoopCharacteristics loopMaximum="3"/></userTask>'
    run = Run(spec(line(loop, ALL), undone("a"))).answer("a").answer("a").answer("a")
    assert undoing(run) == ["undo-a"] * 3


@pytest.mark.parametrize("how", ["", 'isSequential="true"'])
def test_each_instance_is_compensated_with_what_was_its_own(how: str) -> None:
    activity = (
        f'<userTask id="a">{COLLECTED.replace("Characteristics>", f"Characteristics {how}>", 1)}</userTask>'
    )
    run = Run(
        spec(line(activity, ALL), undone("a", script("undo", "gone = gone + [room]"))), gone=[], items=[1, 2]
    )
    run.answer("a", room="r1").answer("a", room="r2")
    assert run.step.ended
    assert run.data["gone"] == ["r2", "r1"]
    assert run.data["rooms"] == ["r1", "r2"]


def test_instances_of_an_interrupted_activity_are_not_compensated() -> None:
    activity = f'<userTask id="a">{MANY.format("")}</userTask>'
    body = line(activity) + undone("a") + ALL
    body += (
        '<boundaryEvent id="stop" attachedToRef="a">' + message() + "</boundaryEvent>" + path("stop", "all")
    )
    run = Run(spec(body), items=[1, 2]).answer("a").happens("stop")
    assert run.step.ended


def test_item_of_an_instance_is_known_to_its_handler_and_leaves_nothing_behind() -> None:
    activity = f'<userTask id="a">{MANY.format("")}</userTask>'
    body = line(activity, ALL, "userTask after") + undone("a")
    run = Run(spec(body), items=["x", "y"]).answer("a").answer("a")
    assert run.waiting == ["undo-a"]
    run.answer("undo-a", item="changed", told=1).answer("undo-a")
    assert run.waiting == ["after"]
    assert "item" not in run.data
    assert run.data["told"] == 1


# Data


def test_handler_sees_the_variables_as_they_are_now_and_what_it_sets_goes_on() -> None:
    body = line(script("a", "n = 1"), script("b", "n = n + 1"), ALL, script("c", "n = n * 10"))
    run = Run(spec(body, undone("a", script("undo", "n = n + 5"))))
    assert run.data["n"] == 70


def test_handlers_see_what_those_before_them_have_set() -> None:
    body = line(script("a", "x = 1"), script("b", "x = 2"), ALL)
    run = Run(
        spec(
            body,
            undone("a", script("ua", "trail = trail + ['a']")),
            undone("b", script("ub", "trail = trail + ['b']")),
        ),
        trail=[],
    )
    assert run.data["trail"] == ["b", "a"]


def test_handler_sees_what_a_branch_beside_has_set() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="both"/><scriptTask id="a"><script>room = 7</script>'
        '</scriptTask><userTask id="stays"/><userTask id="b"/>'
        + ALL
        + '<parallelGateway id="join"/><userTask id="after"/>'
    )
    body += path("start", "both", "a", "stays", "join", "after") + path("both", "b", "all", "join")
    run = Run(spec(body, undone("a", script("undo", "freed = room")))).answer("b", mine=1)
    assert run.data["freed"] == 7
    run.answer("stays")
    assert run.waiting == ["after"]
    assert run.data == {"room": 7, "freed": 7, "mine": 1}


# Sub-processes


def test_completed_sub_process_is_compensated_by_what_is_in_it() -> None:
    inner = inside(sub("inner", "userTask b", "userTask c"), undone("b"), undone("c"))
    outer = inside(sub("outer", "userTask a", inner, "userTask d"), undone("a"), undone("d"))
    run = Run(
        spec(
            line("userTask first", outer, "userTask last", ALL, "userTask after"),
            undone("first"),
            undone("last"),
        )
    )
    for name in ("first", "a", "b", "c", "d", "last"):
        run.answer(name)
    assert undoing(run) == ["undo-last", "undo-d", "undo-c", "undo-b", "undo-a", "undo-first"]
    assert run.waiting == ["after"]
    assert run.answer("after").step.ended


def test_sub_process_with_a_handler_is_compensated_by_that_alone() -> None:
    body = inside(sub("s", "userTask a"), undone("a"))
    run = Run(spec(line(body, ALL), undone("s"))).answer("a")
    assert undoing(run) == ["undo-s"]
    assert run.step.ended


def test_named_sub_process_is_compensated_by_what_is_in_it() -> None:
    body = inside(sub("s", "userTask a"), undone("a"))
    run = Run(spec(line("userTask b", body, throw("one", compensation("s"))), undone("b")))
    run.answer("b").answer("a")
    assert undoing(run) == ["undo-a"]
    assert run.step.ended


def test_event_in_a_sub_process_compensates_that_only() -> None:
    body = inside(sub("s", "userTask b", ALL, "userTask c"), undone("b"), undone("c"))
    run = Run(spec(line("userTask a", body, throw("rest", compensation())), undone("a")))
    run.answer("a").answer("b")
    assert undoing(run) == ["undo-b"]
    run.answer("c")
    assert undoing(run) == ["undo-c", "undo-a"]
    assert run.step.ended


def test_interrupted_sub_process_is_not_compensated() -> None:
    body = inside(sub("s", "userTask a", "userTask b"), undone("a"))
    stop = (
        '<boundaryEvent id="stop" attachedToRef="s">' + message() + "</boundaryEvent>" + path("stop", "all")
    )
    run = Run(spec(line(body), ALL, stop)).answer("a").happens("stop")
    assert run.step.ended


def test_instances_of_a_sub_process_are_compensated_with_what_was_their_own() -> None:
    body = inside(
        sub("s", script("a", "room = item * 10")), undone("a", script("undo", "gone = gone + [room]"))
    )
    body = body.replace("</subProcess>", MANY.format("") + "</subProcess>")
    body = body.replace("<script>room", "<script>room")
    # Every instance sets `room`, so that they would disagree: the results are collected.
    body = body.replace(MANY.format(""), COLLECTED)
    run = Run(spec(line(body, ALL), shared("gone")), items=[1, 2, 3], gone=[])
    assert run.step.ended
    assert run.data["gone"] == [30, 20, 10]


def test_sub_process_that_comes_back_waits_for_nothing_on_its_border_and_inside() -> None:
    body = inside(sub("s", "userTask a"), undone("a"), handler("h", message("asked")))
    run = Run(spec(line(body, ALL), boundary("late", "s", timer("timeDuration", "P1D")))).answer("a")
    assert run.waiting == ["undo-a"]
    assert run.awaited == []
    assert run.answer("undo-a").step.ended
    assert "late" not in str(run.log)


def test_data_objects_of_a_sub_process_are_those_that_it_ended_with() -> None:
    objects = '<dataObject id="note"/><dataObjectReference id="ref" dataObjectRef="note"/>'
    into = "<dataOutputAssociation><targetRef>ref</targetRef></dataOutputAssociation>"
    out = "<dataInputAssociation><sourceRef>ref</sourceRef></dataInputAssociation>"
    body = inside(
        sub("s", script("a", "note = 'kept'", into)),
        objects,
        undone("a", script("undo", "found = note", out)),
    )
    run = Run(spec(line(body, "userTask between", ALL))).answer("between")
    assert run.data["found"] == "kept"


# Compensation event sub-processes


def test_event_sub_process_for_compensation_runs_in_place_of_the_handlers() -> None:
    body = inside(sub("s", "userTask a"), undone("a"), handler("h", compensation()))
    run = Run(spec(line(body, ALL, "userTask after"))).answer("a")
    assert run.waiting == ["h-task"]
    run.answer("h-task")
    assert run.waiting == ["after"]
    assert run.answer("after").step.ended


def test_event_sub_process_for_compensation_reaches_the_handlers_inside() -> None:
    back = handler(
        "h", compensation(), throw("one", compensation("a")), "userTask h-task", throw("rest", compensation())
    )
    body = inside(sub("s", "userTask a", "userTask b"), undone("a"), undone("b"), back)
    run = Run(spec(line(body, ALL))).answer("a").answer("b")
    assert undoing(run) == ["undo-a"]
    run.answer("h-task")
    assert undoing(run) == ["undo-b"]
    assert run.step.ended


def test_event_sub_process_for_compensation_never_runs_before_its_scope_has_ended() -> None:
    body = inside(sub("s", "userTask a"), handler("h", compensation()))
    run = Run(spec(line(body, "userTask after", throw("one", compensation("s")))))
    assert run.awaited == []
    run.answer("a").answer("after")
    assert run.waiting == ["h-task"]
    assert run.answer("h-task").step.ended


@pytest.mark.parametrize("interrupting", [True, False])
def test_event_in_an_event_sub_process_compensates_the_scope_that_it_belongs_to(interrupting: bool) -> None:
    back = handler("h", message(), ALL, "userTask h-task", interrupting=interrupting)
    body = inside(sub("s", "userTask a", "userTask b"), undone("a"), undone("b"), back)
    run = Run(spec(line("userTask first", body), undone("first"))).answer("first").answer("a")
    run.happens("h.in")
    assert undoing(run) == ["undo-a"]
    assert run.waiting == (["h-task"] if interrupting else ["b", "h-task"])


def test_event_sub_process_that_interrupts_compensates_its_own_work_first() -> None:
    back = inside(handler("h", message(), "userTask c", ALL), undone("c"))
    run = (
        Run(spec(line("userTask a", "userTask b"), undone("a"), back)).answer("a").happens("h.in").answer("c")
    )
    assert undoing(run) == ["undo-c", "undo-a"]
    assert run.step.ended


def test_error_leads_to_compensation() -> None:
    end = f'<endEvent id="bad">{error()}</endEvent>'
    body = line("userTask a", end).replace(path("bad", "end"), "").replace('<endEvent id="end"/>', "")
    run = Run(spec(body, undone("a"), handler("h", error(), ALL, "userTask h-task"))).answer("a")
    assert undoing(run) == ["undo-a"]
    assert run.answer("h-task").step.ended


# Transactions


def cancelling(*inner: str, more: str = "", behind: str = '<userTask id="cancelled-task"/>') -> str:
    """A transaction that can be cancelled when `ask` is answered with `bad`."""
    body = (
        '<startEvent id="t.in"/><userTask id="ask"/><exclusiveGateway id="good" default="yes"/>'
        '<endEvent id="t.out"/><endEvent id="bad">' + CANCEL + "</endEvent>"
    )
    names = [element.split('id="', 1)[1].split('"', 1)[0] for element in inner]
    body += "".join(inner) + path("t.in", *names, "ask", "good") + flow("good", "t.out", name="yes")
    body += flow("good", "bad", "bad") + more
    return (
        '<startEvent id="start"/><transaction id="t">' + body + '</transaction><userTask id="after"/>'
        '<boundaryEvent id="cancelled" attachedToRef="t">'
        + CANCEL
        + "</boundaryEvent>"
        + behind
        + path("start", "t", "after")
        + path("cancelled", "cancelled-task")
    )


A, B = '<userTask id="a"/>', '<userTask id="b"/>'


def test_transaction_that_is_not_cancelled_runs_like_a_sub_process() -> None:
    run = (
        Run(spec(cancelling(A, B, more=undone("a") + undone("b"))))
        .answer("a")
        .answer("b")
        .answer("ask", bad=False)
    )
    assert run.waiting == ["after"]
    assert run.answer("after").step.ended


def test_cancelled_transaction_is_compensated_and_goes_on_at_its_border() -> None:
    run = (
        Run(spec(cancelling(A, B, more=undone("a") + undone("b"))))
        .answer("a")
        .answer("b")
        .answer("ask", bad=True)
    )
    assert undoing(run) == ["undo-b", "undo-a"]
    assert run.waiting == ["cancelled-task"]
    assert run.log[-3:] == [("passed", "bad"), ("cancelled", "t"), ("passed", "cancelled")]
    assert run.answer("cancelled-task").step.ended


def test_cancel_without_anything_completed_goes_on_at_once() -> None:
    run = Run(spec(cancelling())).answer("ask", bad=True)
    assert run.waiting == ["cancelled-task"]


def test_cancel_ends_all_other_work_before_anything_is_compensated() -> None:
    more = (
        '<parallelGateway id="both"/><userTask id="long"/>'
        + undone("a")
        + undone("long")
        + handler("h", message())
        + path("a", "both", "long")
        + path("both", "ask")
    )
    body = cancelling(A, more=more).replace(flow("a", "ask"), "")
    run = Run(spec(body)).answer("a")
    assert sorted(run.waiting) == ["ask", "long"]
    assert run.awaited == ["h.in"]
    run.answer("ask", bad=True)
    assert run.waiting == ["undo-a"]
    assert run.awaited == []
    assert ("cancelled", "long") in run.log
    run.answer("undo-a")
    assert run.waiting == ["cancelled-task"]


def test_what_ended_branches_of_a_transaction_had_set_is_known_to_handlers_and_behind() -> None:
    more = (
        '<parallelGateway id="both"/>'
        + script("book", "room = 7")
        + '<userTask id="long"/>'
        + undone("book", script("undo", "freed = room"))
        + path("t.in", "both", "book", "long")
        + path("both", "ask")
    )
    body = cancelling(more=more, behind=script("cancelled-task", "seen = (room, freed)")).replace(
        flow("t.in", "ask"), ""
    )
    run = Run(spec(body)).answer("ask", bad=True)
    assert run.step.ended
    assert run.data["seen"] == [7, 7]


def test_completed_transaction_can_be_compensated_later() -> None:
    body = cancelling(
        A, more=undone("a"), behind='<userTask id="cancelled-task"/>' + ALL + '<endEvent id="end"/>'
    )
    run = Run(spec(body, path("after", "all", "end"))).answer("a").answer("ask", bad=False).answer("after")
    assert undoing(run) == ["undo-a"]
    assert run.step.ended


def test_error_out_of_a_transaction_compensates_nothing() -> None:
    body = transaction("t", "userTask a", end=error(), more=undone("a"))
    run = Run(spec(line(body, ALL), boundary("hazard", "t", error()))).answer("a")
    assert run.waiting == ["hazard-task"]
    assert run.answer("hazard-task").step.ended


def test_transaction_in_a_transaction_is_compensated_when_the_outer_one_is_cancelled() -> None:
    inner = transaction("u", "userTask a", more=undone("a"))
    run = Run(spec(cancelling(inner, B, more=undone("b")))).answer("a").answer("b").answer("ask", bad=True)
    assert undoing(run) == ["undo-b", "undo-a"]
    assert run.waiting == ["cancelled-task"]


# When something goes wrong


def test_handler_that_fails_is_an_incident_to_be_retried() -> None:
    run = Run(
        spec(line("userTask a", ALL, "userTask after"), undone("a", script("undo", "x = 1 / n")))
    ).answer("a", n=0)
    assert run.failed == [("undo", "script-failed")]
    run.retry(n=2)
    assert run.waiting == ["after"]
    assert run.data["x"] == 0.5
    assert run.data["n"] == 2


def test_data_repaired_for_a_handler_are_those_of_the_case() -> None:
    body = line("userTask a", ALL, script("after", "y = n"))
    run = Run(spec(body, undone("a", script("undo", "x = 1 / n")))).answer("a", n=0).retry(n=2)
    assert run.data["y"] == 2


def test_data_repaired_for_a_handler_are_those_of_the_next_one_whatever_branches_hold() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="beside"/><userTask id="a"/>'
        '<userTask id="b"/>' + ALL + '<parallelGateway id="join"/>' + script("after", "y = n")
    )
    body += path("start", "both", "a", "b", "all", "join", "after") + path("both", "beside", "join")
    body += undone("a", script("ua", "x = n")) + undone("b", script("ub", "z = 1 / n"))
    run = Run(spec(body), n=0).answer("a").answer("b").retry(n=2)
    assert run.data["x"] == 2
    run.answer("beside")
    assert run.step.ended
    assert run.data["y"] == 2


def test_handler_that_fails_can_be_skipped() -> None:
    run = Run(
        spec(line("userTask a", "userTask b", ALL), undone("a"), undone("b", script("undo", "x = 1 / 0")))
    )
    run.answer("a").answer("b").skip()
    assert run.waiting == ["undo-a"]
    assert run.answer("undo-a").step.ended


def test_skipped_activity_has_completed() -> None:
    run = Run(spec(line(script("a", "x = 1 / 0"), ALL), undone("a"))).skip()
    assert undoing(run) == ["undo-a"]


def test_cancelling_the_case_takes_handlers_out() -> None:
    run = Run(spec(line("userTask a", ALL), undone("a", sub("undo", "userTask back")))).answer("a")
    assert run.waiting == ["back"]
    run.cancel()
    assert run.step.ended
    assert run.log[-3:] == [("cancelled", "all"), ("cancelled", "undo"), ("cancelled", "back")]


def test_interrupting_the_scope_takes_handlers_out() -> None:
    body = inside(sub("s", "userTask a", "userTask b", ALL), undone("a"), undone("b"))
    run = Run(spec(line(body), boundary("stop", "s", message()))).answer("a").answer("b").happens("stop")
    assert run.waiting == ["stop-task"]
    assert ("cancelled", "undo-b") in run.log
    assert run.answer("stop-task").step.ended


def test_event_sub_process_that_interrupts_takes_handlers_out() -> None:
    run = Run(spec(line("userTask a", ALL), undone("a"), handler("h", message()))).answer("a").happens("h.in")
    assert run.waiting == ["h-task"]
    assert run.answer("h-task").step.ended


def test_terminated_event_sub_process_takes_the_handlers_out_that_it_has_thrown() -> None:
    back = handler("h", message(), ALL, interrupting=False)
    over = '<endEvent id="over"><terminateEventDefinition/></endEvent>'
    more = '<parallelGateway id="both"/><userTask id="stop"/>' + over
    back = inside(back, more, path("both", "stop", "over"), path("both", "all"))
    back = back.replace(flow("h.in", "all"), flow("h.in", "both"))
    run = Run(spec(line("userTask a", "userTask b"), undone("a"), back)).answer("a").happens("h.in")
    assert sorted(run.waiting) == ["b", "stop", "undo-a"]
    run.answer("stop")
    assert run.waiting == ["b"]
    assert run.answer("b").step.ended


def test_error_in_a_handler_is_caught_around_the_throwing_event() -> None:
    body = inside(sub("s", "userTask a", ALL), undone("a", sub("undo", "userTask back", end=error())))
    run = Run(spec(line(body), boundary("caught", "s", error()))).answer("a").answer("back")
    assert run.waiting == ["caught-task"]


def test_error_in_a_handler_is_not_caught_by_the_sub_process_that_has_completed() -> None:
    body = inside(
        sub("s", "userTask a"), undone("a", sub("undo", "userTask back", end=error())), handler("h", error())
    )
    outer = sub("outer", body, ALL)
    outer = inside(outer, boundary("wrong", "s", error()))
    run = Run(spec(line(outer), boundary("caught", "outer", error()))).answer("a").answer("back")
    assert run.waiting == ["caught-task"]


def test_error_of_a_call_in_a_handler_is_caught_around_the_throwing_event() -> None:
    service = '<serviceTask id="undo" parvandeh:topic="t" />'
    body = inside(sub("s", "userTask a", ALL), undone("a", service))
    run = Run(spec(line(body), boundary("caught", "s", error()))).answer("a").fail("undo", "MISSING")
    assert run.waiting == ["caught-task"]


def test_escalation_in_a_handler_reaches_the_events_around_and_the_handler_goes_on() -> None:
    undo = sub("undo", throw("up", escalation()), "userTask back")
    body = inside(sub("s", "userTask a", ALL), undone("a", undo))
    run = Run(spec(line(body), boundary("told", "s", escalation(), interrupting=False))).answer("a")
    assert sorted(run.waiting) == ["back", "told-task"]
    run.answer("back").answer("told-task")
    assert run.step.ended


def test_signal_reaches_a_handler_that_waits() -> None:
    undo = sub("undo", f'<intermediateCatchEvent id="hear">{signal()}</intermediateCatchEvent>')
    run = Run(spec(line("userTask a", ALL), undone("a", undo))).answer("a").happens("hear")
    assert run.step.ended


# What is stored


def test_case_without_compensation_stores_nothing_for_it() -> None:
    plain = Run(spec(line("userTask a", "userTask b"))).answer("a")
    assert plain.state is not None
    assert "done inside" not in str(decode(plain.state))


def test_a_completion_costs_a_few_bytes_and_repeated_ones_nothing() -> None:
    body = (
        '<startEvent id="start"/><exclusiveGateway id="again"/><userTask id="a"/>'
        '<exclusiveGateway id="enough" default="done"/>' + ALL + '<endEvent id="end"/>'
    )
    body += path("start", "again", "a", "enough") + flow("enough", "all", name="done") + path("all", "end")
    body += flow("enough", "again", "more")
    sizes = {}
    for name, more in (("without", ""), ("with", undone("a"))):
        run = Run(spec(body.replace("<compensateEventDefinition/>", "") if not more else body, more))
        run.answer("a", more=True)
        sizes[name] = [len(run.state or b"")]
        for _ in range(20):
            run.answer("a", more=True)
        sizes[name].append(len(run.state or b""))
    assert sizes["with"][0] - sizes["without"][0] < 40
    assert sizes["with"][1] - sizes["with"][0] <= sizes["without"][1] - sizes["without"][0] + 1


def test_records_outlast_the_tokens_of_the_work() -> None:
    many = [f"userTask t{number}" for number in range(20)]
    run = Run(spec(line("userTask a", *many, ALL), undone("a"))).answer("a")
    for number in range(20):
        run.answer(f"t{number}")
    assert undoing(run) == ["undo-a"]


# One compensation taken over by another


def test_cancel_takes_over_what_another_event_had_not_compensated_yet() -> None:
    more = (
        '<parallelGateway id="both"/>'
        + ALL
        + undone("a")
        + undone("b")
        + path("b", "both", "all")
        + path("both", "ask")
    )
    body = cancelling(A, B, more=more).replace(flow("b", "ask"), "")
    run = Run(spec(body)).answer("a").answer("b")
    assert sorted(run.waiting) == ["ask", "undo-b"]
    run.answer("undo-b")
    assert sorted(run.waiting) == ["ask", "undo-a"]
    run.answer("ask", bad=True)
    assert undoing(run) == ["undo-a"]
    assert run.waiting == ["cancelled-task"]


def test_event_sub_process_that_interrupts_takes_over_what_was_not_compensated_yet() -> None:
    body = line("userTask a", "userTask b", ALL)
    back = handler("h", message(), throw("rest", compensation()))
    run = (
        Run(spec(body, undone("a"), undone("b"), back))
        .answer("a")
        .answer("b")
        .answer("undo-b")
        .happens("h.in")
    )
    assert undoing(run) == ["undo-a"]
    assert run.step.ended


def test_order_is_kept_when_a_cancel_event_takes_over_from_one_for_a_named_activity() -> None:
    one = throw("one", compensation("b"))
    more = '<parallelGateway id="both"/>' + one + undone("a") + undone("b")
    more += path("b", "both", "one") + path("both", "ask")
    body = cancelling(A, B, more=more).replace(flow("b", "ask"), "")
    run = Run(spec(body)).answer("a").answer("b").answer("ask", bad=True)
    assert undoing(run) == ["undo-b", "undo-a"]
    assert run.waiting == ["cancelled-task"]


def test_nothing_in_a_sub_process_is_compensated_twice_when_a_cancel_event_takes_over() -> None:
    inner = inside(sub("s", "userTask a", "userTask b", "userTask c"), undone("a"), undone("b"), undone("c"))
    more = '<parallelGateway id="both"/>' + ALL + path("s", "both", "all") + path("both", "ask")
    run = Run(spec(cancelling(inner, more=more).replace(flow("s", "ask"), "")))
    run.answer("a").answer("b").answer("c").answer("undo-c")
    assert sorted(run.waiting) == ["ask", "undo-b"]
    run.answer("ask", bad=True)
    assert undoing(run) == ["undo-b", "undo-a"]
    assert run.waiting == ["cancelled-task"]


def test_what_a_terminated_sub_process_had_not_compensated_yet_still_can_be() -> None:
    body = (
        '<startEvent id="s.in"/><userTask id="a"/><userTask id="b"/><parallelGateway id="both"/>'
        + throw("inner", compensation())
        + '<userTask id="stop"/><endEvent id="over"><terminateEventDefinition/></endEvent>'
        + path("s.in", "a", "b", "both", "inner")
        + path("both", "stop", "over")
        + undone("a")
        + undone("b")
    )
    run = Run(spec(line(f'<subProcess id="s">{body}</subProcess>', "userTask between", ALL)))
    run.answer("a").answer("b").answer("undo-b").answer("stop")
    assert run.waiting == ["between"]
    run.answer("between")
    assert undoing(run) == ["undo-a"]
    assert run.step.ended


def test_events_on_the_border_of_a_cancelled_transaction_come_no_more() -> None:
    body = cancelling(A, more=undone("a")) + boundary("late", "t", timer("timeDuration", "P1D"))
    run = Run(spec(body)).answer("a")
    assert run.awaited == ["late"]
    run.answer("ask", bad=True)
    assert (run.waiting, run.awaited) == (["undo-a"], [])


def test_sequential_instances_without_collected_results_see_the_variables_of_the_case() -> None:
    marker = MANY.format('isSequential="true"')
    activity = script("a", "total = total + item", marker)
    run = Run(
        spec(line(activity, ALL), undone("a", script("undo", "total = total - item"))),
        items=[1, 2, 3],
        total=0,
    )
    assert run.step.ended
    assert run.data["total"] == 0


def test_sub_process_that_was_terminated_has_completed() -> None:
    body = inside(sub("s", "userTask a", end="<terminateEventDefinition/>"), undone("a"))
    run = Run(spec(line(body, ALL))).answer("a")
    assert undoing(run) == ["undo-a"]
    assert run.step.ended


def test_called_process_compensates_its_own_work() -> None:
    called = line("userTask a", ALL) + undone("a") + handler("h", message(), throw("more", compensation("a")))
    run = Run(spec(line('<callActivity id="call" calledElement="called"/>', ALL), calls={"called": called}))
    run.answer("called/a")
    assert run.waiting == ["called/undo-a"]
    assert run.answer("called/undo-a").step.ended


def test_inputs_and_outputs_of_a_handler_are_its_own() -> None:
    own = """parvandeh:inputs="{'given': n}" parvandeh:outputs="{'out': made}" """
    undo = script("undo", "made = given + 1").replace("<scriptTask ", "<scriptTask " + own)
    run = Run(spec(line(script("a", "n = 4"), ALL, script("b", "seen = out")), undone("a", undo)))
    assert run.data["seen"] == 5


def test_instances_that_were_not_needed_are_not_compensated() -> None:
    marker = MANY.format("").replace(
        "</multi", "<completionCondition>nrOfCompletedInstances == 2</completionCondition></multi"
    )
    run = Run(spec(line(f'<userTask id="a">{marker}</userTask>', ALL), undone("a")), items=[1, 2, 3])
    run.answer("a").answer("a")
    assert undoing(run) == ["undo-a"] * 2
    assert run.step.ended


def test_event_sub_process_that_is_compensated_leaves_later_work_of_its_scope_alone() -> None:
    beside = inside(handler("h", message(), "userTask c", interrupting=False), undone("c"))
    body = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="a"/><userTask id="b"/>'
        '<userTask id="after"/>' + ALL
    )
    body += path("start", "both", "a", "all", "after") + path("both", "b") + undone("a") + undone("b")
    run = Run(spec(body, beside)).happens("h.in").answer("c").answer("a")
    assert sorted(run.waiting) == ["b", "undo-a"]
    run.answer("b").answer("undo-a")
    assert run.waiting == ["undo-c"]
    run.answer("undo-c")
    assert run.waiting == ["after"]


def test_handlers_have_the_lanes_that_they_lie_in() -> None:
    body = line("userTask a", ALL) + undone("a")
    refs = "".join(f"<flowNodeRef>{name}</flowNodeRef>" for name in ("a", "a.undo", "undo-a", "all"))
    lanes = f'<laneSet id="lanes"><lane id="lane" name="Office">{refs}</lane></laneSet>'
    run = Run(spec(lanes, body)).answer("a")
    [work] = run.open.values()
    assert (work.element, work.lane) == ("undo-a", "Office")


def test_names_that_the_library_uses_itself_are_understood() -> None:
    body = line("userTask End", throw("all", compensation("End"))) + undone("End", '<userTask id="Root"/>')
    run = Run(spec(body)).answer("End")
    assert run.waiting == ["Root"]
    assert run.answer("Root").step.ended


def test_condition_in_a_handler_hears_what_is_set_beside_it() -> None:
    undo = sub("undo", catch("ready", condition("free")))
    body = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="a"/><userTask id="beside"/>'
        '<userTask id="after"/>' + ALL
    )
    body += path("start", "both", "a", "all", "after") + path("both", "beside") + undone("a", undo)
    run = Run(spec(body), free=False).answer("a")
    assert run.waiting == ["beside"]
    run.answer("beside", free=True)
    assert run.waiting == ["after"]


def test_condition_on_the_border_hears_what_a_handler_sets() -> None:
    body = inside(sub("s", "userTask a", ALL, "userTask b"), undone("a", script("undo", "free = True")))
    run = Run(
        spec(line(body), boundary("told", "s", condition("free"), interrupting=False)), free=False
    ).answer("a")
    assert sorted(run.waiting) == ["b", "told-task"]


def test_data_repaired_beside_a_handler_stay_repaired() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="both"/><userTask id="a"/><userTask id="go"/>'
        + script("work", "x = 1 / n")
        + ALL
        + '<parallelGateway id="join"/>'
        + script("after", "y = n")
    )
    body += (
        path("start", "both", "a", "all", "join", "after") + path("both", "go", "work", "join") + undone("a")
    )
    run = Run(spec(body), n=0).answer("a").answer("go").retry(n=2)
    assert undoing(run) == ["undo-a"]
    assert run.step.ended
    assert run.data["y"] == 2


def beside_ask(element: str, *more: str) -> Run:
    """A transaction in which this element runs alongside the task by which it can be cancelled."""
    body = (
        '<parallelGateway id="both"/>'
        + "".join(more)
        + path("t.in", "both", "ask")
        + path("both", "x")
        + element
    )
    return Run(spec(cancelling(more=body).replace(flow("t.in", "ask"), ""), shared("gone")), items=[1, 2, 3])


@pytest.mark.parametrize("event", [False, True])
def test_cancel_undoes_what_completed_in_a_sub_process_that_still_ran(event: bool) -> None:
    body = inside(sub("x", "userTask a", "userTask b", "userTask c"), undone("a"), undone("b"), undone("c"))
    if event:  # it has not completed, so that this is not its turn
        body = inside(body, handler("h", compensation()))
    run = beside_ask(body, "" if event else undone("x")).answer("a").answer("b").answer("ask", bad=True)
    assert undoing(run) == ["undo-b", "undo-a"]
    assert run.waiting == ["cancelled-task"]


def test_cancel_undoes_the_instances_that_completed_in_an_activity_that_still_ran() -> None:
    activity = f'<userTask id="x">{MANY.format("")}</userTask>'
    run = beside_ask(activity, undone("x")).answer("x").answer("x").answer("ask", bad=True)
    assert undoing(run) == ["undo-x"] * 2
    assert run.waiting == ["cancelled-task"]


def test_cancel_undoes_what_completed_in_instances_that_still_ran() -> None:
    body = inside(sub("x", "userTask a", "userTask b"), undone("a", script("undo", "gone = [*gone, item]")))
    run = beside_ask(body.replace("</subProcess>", MANY.format("") + "</subProcess>"))
    run = run.answer("a").answer("a").answer("b")
    run.answer("ask", bad=True, gone=[])
    assert run.waiting == ["cancelled-task"]
    assert run.data["gone"] == [2, 1]


@pytest.mark.parametrize("how", ["", 'isSequential="true"'])
@pytest.mark.parametrize("marker", [MANY.replace(" {}", ""), COLLECTED])
def test_what_cancelled_instances_had_set_is_known_to_their_handlers(marker: str, how: str) -> None:
    undo = script("undo", "gone = [*gone, (item, room)]")
    body = inside(sub("x", script("a", "room = item * 10"), "userTask b"), undone("a", undo))
    marker = marker.replace("Characteristics>", f"Characteristics {how}>", 1)
    run = beside_ask(body.replace("</subProcess>", marker + "</subProcess>")).answer("b")
    run.answer("ask", bad=True, gone=[])
    assert run.waiting == ["cancelled-task"]
    assert run.data["gone"] == ([[2, 20], [1, 10]] if how else [[3, 30], [2, 20], [1, 10]])


def test_cancel_takes_over_from_a_transaction_in_it_that_was_being_cancelled() -> None:
    inner = inside(sub("x", "userTask a", "userTask b", end=CANCEL), undone("a"), undone("b"))
    inner = inner.replace("<subProcess", "<transaction").replace("</subProcess>", "</transaction>")
    run = beside_ask(inner, boundary("inner", "x", CANCEL)).answer("a").answer("b")
    assert sorted(run.waiting) == ["ask", "undo-b"]
    run.answer("undo-b").answer("ask", bad=True)
    assert undoing(run) == ["undo-a"]
    assert run.waiting == ["cancelled-task"]
