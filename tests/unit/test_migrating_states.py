"""A migrated case continues in the other version at its current step."""

import json

import pytest

from engine import bpmn
from engine.bpmn import Immovable, Spec, migrate
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.state import dump, load
from engine.platform.config import ROOT
from tests.driving import NOW, Run, built, path, script
from tests.eventful import (
    boundary,
    catch,
    compensation,
    condition,
    handler,
    inside,
    line,
    message,
    spec,
    sub,
    throw,
    timer,
    undone,
)


def moved(run: Run, body: str | Spec) -> Run:
    """The case on the process of this body."""
    new = body if isinstance(body, Spec) else spec(body)
    found = migrate(run.state or b"", run.spec, new, run.now)
    run.spec = new
    return run._took(found.step)


def obstacles(run: Run, body: str | Spec) -> list[tuple[str, str]]:
    """Where it cannot be moved from, and the codes."""
    new = body if isinstance(body, Spec) else spec(body)
    with pytest.raises(Immovable) as error:
        migrate(run.state or b"", run.spec, new, run.now)
    assert all(obstacle.code for obstacle in error.value.obstacles)
    return [(obstacle.element, obstacle.code) for obstacle in error.value.obstacles]


TWO = line("userTask a", "userTask b")


def test_step_that_was_added_behind_is_done() -> None:
    run = moved(Run(spec(TWO)).answer("a"), line("userTask a", "userTask b", "userTask c"))
    assert run.waiting == ["b"]
    assert run.answer("b").waiting == ["c"]
    assert run.answer("c").step.ended


def test_step_that_was_removed_is_not_done() -> None:
    run = moved(Run(spec(TWO)), line("userTask a"))
    assert run.answer("a").step.ended


def test_step_that_was_passed_may_be_removed() -> None:
    run = moved(Run(spec(TWO)).answer("a", x=1), line("userTask b", script("s", "y = x")))
    assert run.answer("b").data == {"x": 1, "y": 1}


def test_step_at_which_the_case_stands_must_be_there() -> None:
    assert obstacles(Run(spec(TWO)), line("userTask b")) == [("a", "removed")]
    assert obstacles(
        Run(spec(TWO)),
        line("receiveTask a", "userTask b").replace(
            '<receiveTask id="a"/>', '<receiveTask id="a" messageRef="paid"/>'
        ),
    ) == [("a", "kind")]


def test_open_tasks_are_called_as_in_the_new_version() -> None:
    run = Run(spec(TWO))
    found = migrate(run.state or b"", run.spec, spec(TWO.replace('id="a"', 'id="a" name="Look"')), run.now)
    [work] = found.tasks
    assert (work.element, work.name) == ("a", "Look")


def test_running_timer_keeps_its_time() -> None:
    old = line("userTask a") + boundary("late", "a", timer("timeDuration", "P3D"))
    run = Run(spec(old))
    due = run.due("late")
    run = moved(run, old.replace("P3D", "P9D"))
    assert run.due("late") == due
    assert run.later(days=3).waiting == ["late-task"]


def test_event_that_was_added_beside_begins_to_wait() -> None:
    run = moved(
        Run(spec(line("userTask a"))),
        line("userTask a") + boundary("late", "a", timer("timeDuration", "P3D")) + handler("h", message()),
    )
    assert sorted(run.awaited) == ["h.in", "late"]
    assert run.later(days=3).waiting == ["late-task"]


def test_event_that_was_removed_beside_waits_no_more() -> None:
    old = line("userTask a") + boundary("late", "a", timer("timeDuration", "P3D")) + handler("h", message())
    run = moved(Run(spec(old)), line("userTask a"))
    assert (run.waiting, run.awaited) == (["a"], [])
    assert len(run.step.unwaited) == 2
    assert run.answer("a").step.ended


def test_event_that_has_happened_does_not_happen_again() -> None:
    old = line("userTask a") + boundary("late", "a", timer("timeDuration", "P3D"), interrupting=False)
    run = moved(Run(spec(old)).later(days=3), old + "")
    assert (run.waiting, run.awaited) == (["a", "late-task"], [])


def test_what_is_waited_for_by_another_name_is_waited_for_anew() -> None:
    run = moved(Run(spec(line(catch("w", message())))), line(catch("w", message("asked"))))
    assert [wait.name for wait in run.waits.values()] == ["asked"]
    assert run.happens("w").step.ended


def test_event_of_another_kind_keeps_the_case() -> None:
    assert obstacles(
        Run(spec(line(catch("w", message())))), line(catch("w", timer("timeDuration", "P3D")))
    ) == [("w", "event")]


def test_sub_process_that_was_changed_goes_on_inside() -> None:
    old = line(sub("s", "userTask a", "userTask b"), "userTask after")
    run = moved(
        Run(spec(old)).answer("a", x=1),
        line(sub("s", "userTask a", "userTask b", "userTask c"), "userTask after"),
    )
    assert run.answer("b").answer("c").waiting == ["after"]
    assert run.data == {"x": 1}
    assert obstacles(Run(spec(old)), line(sub("s", "userTask b"), "userTask after")) == [("a", "removed")]
    assert obstacles(Run(spec(old)), line("userTask after")) == [("s", "removed")]


FORK = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
    '<parallelGateway id="join"/><userTask id="after"/>'
    + path("start", "fork", "a", "join", "after")
    + path("fork", "b", "join")
)


def test_case_that_waits_at_a_join_needs_its_branches() -> None:
    run = Run(spec(FORK)).answer("a")
    more = FORK.replace('<userTask id="after"/>', '<userTask id="after"/><userTask id="c"/>') + path(
        "fork", "c", "join"
    )
    assert obstacles(run, more) == [("join", "branches")]
    assert moved(run, FORK.replace('id="after"', 'id="after" name="Then"')).answer("b").waiting == ["after"]


def test_instances_go_on_where_they_are_counted_alike() -> None:
    many = "multiInstanceLoopCharacteristics"
    marker = f"<{many}><loopCardinality>{{}}</loopCardinality></{many}>"
    old = line('<userTask id="a">' + marker.format(2) + "</userTask>", "userTask b")
    run = Run(spec(old)).answer("a")
    assert obstacles(run, old.replace(marker.format(2), marker.format(3))) == [("a", "instances")]
    assert moved(run, old.replace('id="b"', 'id="b" name="B"')).answer("a").waiting == ["b"]


def test_condition_that_is_new_is_asked_at_once() -> None:
    run = moved(Run(spec(line("userTask a")), x=1), line("userTask a") + handler("h", condition("x == 1")))
    assert run.waiting == ["h-task"]


def test_incident_stays_and_is_retried_in_the_new_version() -> None:
    run = Run(spec(line(script("a", "y = 1 / x"), "userTask b")), x=0)
    failures = run.step.failures
    run = moved(run, line(script("a", "y = x"), "userTask b"))
    run._took(bpmn.retry(run.spec, run.state or b"", failures[0].token, run.now))
    assert run.waiting == ["b"]


@pytest.mark.parametrize(
    ("whom", "alike"), [("connector='b'", False), ("topic='a'", False), ("connector='a'", True)]
)
def test_failed_call_is_made_under_another_id_where_somebody_else_is_asked(whom: str, alike: bool) -> None:
    def asking(whom: str) -> Spec:
        return spec(line(f"""<serviceTask id="ask" parvandeh:{whom}/>""", "userTask b"))

    run = Run(asking("connector='a'"))
    (first,) = run.step.calls
    run = moved(run.fail("ask"), asking(whom))
    (again,) = run._took(bpmn.retry(run.spec, run.state or b"", first.token, run.now)).step.calls
    assert (again.id == first.id) == alike
    assert run.reply("ask").waiting == ["b"]


def test_branches_that_have_not_arrived_yet_must_be_all_that_the_join_waits_for() -> None:
    run = Run(spec(FORK))
    more = FORK.replace('<userTask id="after"/>', '<userTask id="after"/><userTask id="c"/>')
    assert obstacles(run, more + path("fork", "c", "join")) == [("join", "branches")]
    longer = more.replace(path("b", "join"), path("b", "c", "join"))
    assert moved(run, longer).answer("b").answer("c").waiting == ["a"]
    assert moved(Run(spec(FORK)).answer("a"), longer).answer("b").answer("c").waiting == ["after"]
    # Its branch ends elsewhere now.
    assert obstacles(Run(spec(FORK)).answer("b"), longer) == [("join", "branches")]


def test_case_before_a_fork_takes_all_its_branches() -> None:
    run = Run(spec(FORK.replace(path("start", "fork"), path("start", "x", "fork")) + '<userTask id="x"/>'))
    more = FORK.replace('<userTask id="after"/>', '<userTask id="after"/><userTask id="c"/>')
    more = more.replace(path("start", "fork"), path("start", "x", "fork")) + '<userTask id="x"/>'
    run = moved(run, more + path("fork", "c", "join")).answer("x")
    assert run.waiting == ["a", "b", "c"]


def test_deadlock_is_mended_by_a_version_without_it() -> None:
    wrong = (
        '<startEvent id="start"/><exclusiveGateway id="fork" default="d"/><userTask id="a"/>'
        '<userTask id="b"/><parallelGateway id="join"/><userTask id="after"/>'
        + path("start", "fork")
        + '<sequenceFlow id="d" sourceRef="fork" targetRef="a"/>'
        + '<sequenceFlow id="e" sourceRef="fork" targetRef="b"><conditionExpression>x == 1'
        + "</conditionExpression></sequenceFlow>"
        + path("a", "join", "after")
        + path("b", "join")
    )
    run = Run(spec(wrong), x=0).answer("a")
    assert run.failed == [("join", "deadlock")]
    failures = run.step.failures
    right = wrong.replace(path("b", "join"), '<endEvent id="z"/>' + path("b", "z"))
    run = moved(run, right)
    run._took(bpmn.retry(run.spec, run.state or b"", failures[0].token, run.now))
    assert run.waiting == ["after"]


LATE = boundary("late", "a", timer("timeDuration", "when"))


def test_incident_of_an_event_that_was_removed_ends() -> None:
    run = Run(spec(line("userTask a") + LATE), when=1)
    assert run.failed == [("late", "timer")]
    run = moved(run, line("userTask a"))
    assert [(one.movement, one.element) for one in run.step.passages] == [("cancelled", "late")]
    assert run.step.unwaited == (run.step.passages[0].token,)
    assert run.answer("a").step.ended


def test_wait_of_an_event_that_was_removed_has_ended() -> None:
    run = Run(spec(line("userTask a") + LATE), when="P1D")
    (wait,) = run.step.waits
    run = moved(run, line("userTask a"))
    (ended,) = run.step.ended_waits
    assert (ended.token, ended.element, ended.kind, ended.due) == (wait.token, "late", "timer", wait.due)


def test_event_that_was_added_and_cannot_wait_is_an_incident() -> None:
    run = moved(Run(spec(line("userTask a")), when=1), line("userTask a") + LATE)
    assert (run.failed, run.waiting) == ([("late", "timer")], ["a"])


def test_event_that_was_added_beside_all_work_sees_what_was_set_so_far() -> None:
    run = moved(
        Run(spec(TWO)).answer("a", x="7"),
        TWO + handler("h", message(), more="parvandeh:correlation=\"{'order': x}\""),
    )
    [wait] = run.waits.values()
    assert wait.keys == {"order": "7"}


def test_scope_whose_work_was_taken_over_waits_for_nothing_new() -> None:
    old = TWO + handler("h", message())
    run = Run(spec(old)).happens("h.in")
    assert moved(run, old + handler("i", message("asked"))).awaited == []


def test_called_process_goes_on_in_the_version_that_is_called_now() -> None:
    call = line('<callActivity id="call" calledElement="called"/>', "userTask after")
    run = Run(spec(call, calls={"called": TWO}))
    new = spec(call, calls={"called": line("userTask a", "userTask c")})
    assert moved(run, new).answer("called/a").waiting == ["called/c"]
    run = Run(spec(call, calls={"called": TWO})).answer("called/a")
    assert obstacles(run, new) == [("called/b", "removed")]
    other = spec(call.replace('"called"', '"elsewhere"'), calls={"elsewhere": TWO})
    assert obstacles(run, other) == [("call", "called")]


def test_instances_of_a_sub_process_go_on_inside() -> None:
    many = (
        "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
        "</multiInstanceLoopCharacteristics>"
    )
    old = line(inside(sub("s", "userTask a", "userTask b"), many), "userTask after")
    new = line(inside(sub("s", "userTask a", "userTask b", "userTask c"), many), "userTask after")
    run = moved(Run(spec(old)).answer("a"), new)
    assert sorted(run.waiting) == ["a", "b"]
    run = run.answer("b").answer("c").answer("a").answer("b")
    assert run.answer("c").waiting == ["after"]


def test_loop_keeps_how_often_it_may_run() -> None:
    loop = '<userTask id="a"><standardLoopCharacteristics loopMaximum="{}"/></userTask>'
    run = Run(spec(line(loop.format(3)))).answer("a")
    assert obstacles(run, line(loop.format(2))) == [("a", "instances")]


def test_task_keeps_its_inputs_or_gets_those_of_the_new_version() -> None:
    plain = "userTask a"
    given = """<userTask id="a" parvandeh:inputs="{'n': 1 // x}"/>"""
    assert moved(Run(spec(line(plain)), x=1), line(given)).answer("a").step.ended
    assert moved(Run(spec(line(given)), x=1), line(plain)).answer("a").step.ended
    assert obstacles(Run(spec(line(plain)), x=0), line(given)) == [("a", "own-failed")]


UNDOES = line("userTask a", "userTask b", throw("back", compensation()))


def test_what_was_done_can_still_be_undone() -> None:
    run = Run(spec(UNDOES + undone("a"))).answer("a")
    assert obstacles(run, UNDOES) == [("a", "compensation")]
    assert moved(run, UNDOES + undone("a", '<userTask id="revoke"/>')).answer("b").waiting == ["revoke"]


def test_what_was_done_within_can_still_be_undone() -> None:
    def within(*elements: str, more: str = "") -> str:
        return line(inside(sub("s", *elements), more), "userTask b", throw("back", compensation()))

    run = Run(spec(within("userTask a", more=undone("a")))).answer("a")
    assert obstacles(run, within("userTask a")) == [("a", "compensation")]
    assert obstacles(run, within("userTask x")) == [("a", "compensation")]
    assert obstacles(run, line("userTask b", throw("back", compensation()))) == [("s", "compensation")]
    run = moved(run, within("userTask a", "userTask x", more=undone("a"))).answer("b")
    assert run.waiting == ["undo-a"]
    assert moved(run, within("userTask a", more=undone("a"))).answer("undo-a").step.ended


def test_what_is_being_undone_goes_on() -> None:
    run = Run(spec(UNDOES + undone("a"))).answer("a").answer("b")
    assert run.waiting == ["undo-a"]
    run = moved(run, UNDOES.replace('id="b"', 'id="b" name="B"') + undone("a"))
    assert run.answer("undo-a").step.ended


STORED = json.loads((ROOT / "tests/golden/0.2.0.json").read_text())


@pytest.mark.parametrize("name", STORED)
def test_nothing_changes_where_the_version_is_the_same(name: str) -> None:
    stored = STORED[name]
    process, state = built(stored["process"], more=stored.get("more", "")), stored["state"].encode()
    step = migrate(state, process, process, NOW).step
    assert step.state == dump(load(state, process, Sandbox(NOW)))
    assert not any((step.passages, step.opened, step.waits, step.unwaited, step.failures))
