"""A case that is brought to another version goes on there from where it stands."""


import pytest

from engine import bpmn
from engine.bpmn.migrate import Immovable, migrate
from tests.driving import Run, path, script
from tests.eventful import boundary, catch, condition, handler, line, message, spec, sub, timer


def moved(run: Run, body: str) -> Run:
    """The case on the process of this body."""
    new = spec(body)
    found = migrate(run.state or b"", run.spec, new, run.now)
    run.spec = new
    return run._took(found.step)


def obstacles(run: Run, body: str) -> list[tuple[str, str]]:
    """Where it cannot be moved from, and the codes."""
    with pytest.raises(Immovable) as error:
        migrate(run.state or b"", run.spec, spec(body), run.now)
    assert all(obstacle.reason for obstacle in error.value.obstacles)
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
    ) == [("a", "moved")]


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
