"""Event sub-processes among flows out of activities, links, loops, and tasks with inputs of their own."""

from tests.driving import Run, flow, path, script
from tests.eventful import (
    boundary,
    compensation,
    condition,
    error,
    escalation,
    handler,
    inside,
    line,
    message,
    shared,
    spec,
    sub,
    throw,
    transaction,
    undone,
)


def mapped(name: str, inputs: str, outputs: str = "{}") -> str:
    """A user task with inputs and outputs."""
    return f'<userTask id="{name}" parvandeh:inputs="{inputs}" parvandeh:outputs="{outputs}"/>'


LOOP = (
    '<standardLoopCharacteristics testBefore="true"><loopCondition>{}</loopCondition>'
    "</standardLoopCharacteristics>"
)


def test_what_a_task_sees_alone_is_not_seen_by_what_interrupts_it() -> None:
    body = line(mapped("work", "{'fee': fee + 1, 'own': 1}", "{'told': fee}"))
    read = handler("h", message(), script("s", "seen = [fee, 'own' in locals()]"))
    run = Run(spec(body, read, shared("seen")), fee=5)
    run.happens("h.in")
    assert (run.step.ended, run.data) == (True, {"fee": 5, "seen": [5, False]})


def test_what_does_not_interrupt_leaves_a_task_its_inputs() -> None:
    body = line(mapped("work", "{'fee': fee + 1}", "{'told': fee}"))
    read = handler("h", message(), script("s", "x = fee"), interrupting=False)
    run = Run(spec(body, read, shared("x")), fee=5)
    assert run.happens("h.in").data == {"fee": 5, "x": 5}
    assert run.answer("work").data == {"fee": 5, "x": 5, "told": 6}


def test_event_on_a_border_gives_what_the_case_knows_behind_an_escalation() -> None:
    inner = sub("a", mapped("work", "{'fee': fee + 1}"), throw("late", escalation()))
    run = Run(spec(line(inner), boundary("b", "a", escalation(), interrupting=False)), fee=5).answer("work")
    assert run.waiting == ["b-task"]
    assert run.answer("b-task").data == {"fee": 5}


def test_all_flows_out_of_an_event_that_begins_one_are_taken() -> None:
    two = '<userTask id="second"/>' + flow("h.in", "second")
    body = handler("h", message()).replace("</subProcess>", two + "</subProcess>")
    run = Run(spec(line("userTask work"), body)).happens("h.in")
    assert sorted(run.waiting) == ["h-task", "second"]
    assert run.answer("second").answer("h-task").step.ended


def test_flows_out_of_a_task_are_taken_away_together() -> None:
    body = line("userTask work") + '<userTask id="one"/><userTask id="two"/>' + flow("work", "one")
    run = Run(spec(body + flow("work", "two"), handler("h", message()))).answer("work")
    assert sorted(run.waiting) == ["one", "two"]
    assert run.happens("h.in").waiting == ["h-task"]


def test_process_without_start_event_has_event_subprocesses_all_the_same() -> None:
    body = '<userTask id="one"/><userTask id="two"/>'
    run = Run(spec(body, handler("h", message(), interrupting=False)))
    assert (sorted(run.waiting), run.awaited) == (["one", "two"], ["h.in"])
    assert run.answer("one").answer("two").step.ended


def test_link_in_an_event_subprocess_leads_on_within_it() -> None:
    link = '<linkEventDefinition name="on"/>'
    body = (
        f'<intermediateThrowEvent id="away">{link}</intermediateThrowEvent>'
        f'<intermediateCatchEvent id="here">{link}</intermediateCatchEvent><userTask id="last"/>'
    )
    inner = handler("h", message(), end="").replace(
        flow("h-task", "h.out"), body + path("h-task", "away") + path("here", "last", "h.out")
    )
    run = Run(spec(line("userTask work"), inner)).happens("h.in").answer("h-task")
    assert run.waiting == ["last"]
    assert run.answer("last").step.ended


def test_loop_is_interrupted_between_its_rounds() -> None:
    loop = LOOP.format("loopCounter &lt; 3")
    task = f'<userTask id="work">{loop}</userTask>'
    run = Run(spec(line(task), handler("h", message()))).answer("work")
    assert run.waiting == ["work"]
    assert run.happens("h.in").waiting == ["h-task"]
    assert run.answer("h-task").step.ended


def test_escalation_leaves_a_round_of_a_loop_and_the_loop_goes_on() -> None:
    inner = sub("a", throw("late", escalation())).replace(
        '<startEvent id="a.in"/>', LOOP.format("loopCounter &lt; 2") + '<startEvent id="a.in"/>'
    )
    run = Run(spec(line(inner), boundary("b", "a", escalation(), interrupting=False)))
    assert run.waiting == ["b-task", "b-task"]


def test_variables_take_what_is_known_of_an_error() -> None:
    wanted = 'parvandeh:code="what" parvandeh:detail="why"'
    run = Run(
        spec(
            line('<serviceTask id="ask" parvandeh:topic="t"/>'),
            boundary("b", "ask", error(None), more=wanted),
        )
    )
    run.fail("ask", "MISSING")
    assert (run.waiting, run.data) == (["b-task"], {"what": "MISSING", "why": "no answer"})


def test_variable_of_another_engine_takes_the_code_of_an_escalation() -> None:
    caught = '<escalationEventDefinition camunda:escalationCodeVariable="what"/>'
    inner = sub("a", throw("late", escalation()), "userTask work")
    run = Run(spec(line(inner), handler("h", caught, interrupting=False), shared("what")))
    assert (sorted(run.waiting), run.data) == (["h-task", "work"], {"what": "DELAY"})


def test_flow_without_condition_is_taken_when_no_other_is() -> None:
    body = '<exclusiveGateway id="g"/><userTask id="one"/><userTask id="two"/>' + path("start", "g", "one")
    body = '<startEvent id="start"/>' + body + flow("g", "two", "big")
    assert Run(spec(body), big=False).waiting == ["one"]
    assert Run(spec(body), big=True).waiting == ["two"]


FORKED = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
    '<parallelGateway id="join"/><userTask id="after"/>'
    + path("start", "fork", "a", "join", "after")
    + path("fork", "b", "join")
)


def test_what_interrupts_a_join_that_is_about_to_happen_knows_what_all_its_branches_set() -> None:
    run = Run(
        spec(FORKED, handler("h", condition("y == 2"), script("s", "seen = [x, y]")), shared("seen")),
        x=0,
        y=0,
    )
    assert run.answer("a", x=1).answer("b", y=2).data["seen"] == [1, 2]


def test_what_interrupts_work_behind_a_join_reads_what_was_set_last() -> None:
    read = handler("h", message(), script("s", "seen = [x, y, z]"))
    run = Run(spec(FORKED, read, shared("seen")), x=0, y=0, z=0)
    run.answer("a", x=1, z=1).answer("b", y=2, z=2)
    assert run.waiting == ["after"]
    assert run.happens("h.in").data["seen"] == [1, 2, 2]


def test_what_interrupts_a_join_without_hope_knows_what_was_set_before_it() -> None:
    body = FORKED.replace(path("fork", "b", "join"), path("fork", "b"))
    body = body.replace(
        '<userTask id="after"/>', '<userTask id="after"/><exclusiveGateway id="no" default="no-end"/>'
    )
    body += '<endEvent id="end"/>' + flow("no", "end") + flow("no", "join", "False") + flow("b", "no")
    run = Run(spec(body, handler("h", message(), script("s", "seen = [x, y]")), shared("seen")), x=0, y=0)
    run.answer("a", x=1).answer("b", y=2)
    assert run.failed == [("join", "deadlock")]
    assert run.happens("h.in").data["seen"] == [1, 2]


def test_ended_branches_are_forgotten_at_once_though_others_must_be_forgotten_first() -> None:
    events = boundary("b", "work", message("paid"), interrupting=False)
    events += boundary("c", "b-task", message("asked"), interrupting=False)
    run = Run(spec(line("userTask work"), events.replace('<userTask id="c-task"/>', throw("c-task", ""))))
    run.happens("b", x=1).answer("b-task", y=1)
    run.happens("b", x=2).happens("c", v=1).answer("b-task", y=2)
    run.happens("b", x=3).happens("c", v=2)
    assert run.waiting == ["work", "b-task"]


def test_sub_process_that_is_compensated_sets_its_outputs_no_second_time() -> None:
    body = sub("s", "userTask a").replace("<subProcess ", "<subProcess parvandeh:outputs=\"{'told': n}\" ")
    body = inside(body, undone("a"))
    run = Run(
        spec(line(body, "userTask b", throw("all", compensation()), script("last", "seen = told"))), n=1
    )
    run.answer("a").answer("b", n=2).answer("undo-a")
    assert run.data == {"n": 2, "told": 1, "seen": 1}


INPUTS = "<subProcess parvandeh:inputs=\"{'room': rooms[n]}\" "


def test_handlers_in_a_sub_process_see_the_inputs_that_it_had() -> None:
    body = sub("s", script("a", "booked = room")).replace("<subProcess ", INPUTS)
    body = inside(body, undone("a", script("back", "given = room")))
    run = Run(spec(line(body, "userTask b", throw("all", compensation()))), rooms=["A", "B"], n=0)
    assert run.answer("b", n=1).data == {"rooms": ["A", "B"], "n": 1, "booked": "A", "given": "A"}


def test_handlers_in_a_sub_process_see_what_it_made_of_its_inputs() -> None:
    body = sub("s", script("a", "room = room + '1'")).replace("<subProcess ", INPUTS)
    body = inside(body, undone("a", script("back", "given = room")))
    run = Run(spec(line(body, "userTask b", throw("all", compensation()))), rooms=["A", "B"], n=0)
    assert run.answer("b", n=1).data == {"rooms": ["A", "B"], "n": 1, "given": "A1"}


def test_handlers_in_instances_see_the_inputs_that_these_had() -> None:
    many = (
        '<multiInstanceLoopCharacteristics isSequential="true"><loopDataInputRef>rooms</loopDataInputRef>'
        '<inputDataItem id="item"/></multiInstanceLoopCharacteristics>'
    )
    body = sub("s", "userTask a").replace("<subProcess ", INPUTS.replace("rooms[n]", "item + str(n)"))
    undo = undone("a", script("back", "given = given + [room]"))
    body = inside(body.replace('<startEvent id="s.in"/>', many + '<startEvent id="s.in"/>'), undo)
    run = Run(
        spec(line(body, throw("all", compensation())), shared("given", "n")), rooms=["A", "B"], n=0, given=[]
    )
    assert run.answer("a", n=1).answer("a", n=2).data["given"] == ["B1", "A0"]


def test_handlers_in_a_sub_process_that_was_cancelled_see_the_inputs_that_it_had() -> None:
    body = sub("s", "userTask a", "userTask b").replace("<subProcess ", INPUTS)
    body = inside(body, undone("a", script("back", "given = room")))
    fork = (
        '<parallelGateway id="fork"/><userTask id="c"/>'
        + path("t.in", "fork", "s")
        + path("fork", "c", "t.out")
    )
    cancel = "<cancelEventDefinition/>"
    whole = transaction("t", end=cancel, more=body + fork).replace(path("t.in", "t.out"), "")
    run = Run(spec(line(whole), boundary("e", "t", cancel)), rooms=["A", "B"], n=0)
    assert run.answer("a", n=1).answer("c").data["given"] == "A"
