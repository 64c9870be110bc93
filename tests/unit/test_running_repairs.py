"""Data that are repaired at an incident count wherever the wrong ones did."""

import pytest

from engine import bpmn
from tests.driving import Run, flow, path, script, source
from tests.eventful import line, sub

FAILING = script("a", "y = 1 / x")


def forked(work: str, name: str) -> str:
    """A user task `b`, alongside it a user task `c` followed by this work, and a join."""
    return (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="b"/><userTask id="c"/>'
        + work
        + '<parallelGateway id="join"/><userTask id="after"/>'
        + path("start", "fork", "b", "join", "after")
        + path("fork", "c", name, "join")
    )


PLAIN, NESTED = forked(FAILING, "a"), forked(sub("s", FAILING), "s")


@pytest.mark.parametrize("process", [PLAIN, NESTED])
@pytest.mark.parametrize("early", [True, False])
def test_repair_counts_behind_a_join(process: str, early: bool) -> None:
    run = Run(process, x=0)
    run = run.answer("b").answer("c").retry(x=2) if early else run.answer("c").retry(x=2).answer("b")
    assert run.waiting == ["after"]
    assert run.answer("after").step.ended
    assert run.data == {"x": 2, "y": 0.5}


@pytest.mark.parametrize("process", [PLAIN, NESTED])
def test_variable_that_was_not_there_is_there_behind_a_join(process: str) -> None:
    body = process.replace('<userTask id="after"/>', script("after", "z = x"))
    assert Run(body).answer("c").retry(x=2).answer("b").data == {"x": 2, "y": 0.5, "z": 2}


def test_repair_counts_over_what_another_branch_had_set() -> None:
    run = Run(PLAIN, x=1).answer("b", x=5).answer("c", x=0)
    assert run.retry(x=2).waiting == ["after"]
    assert run.data["x"] == 2


def test_repair_of_what_the_branch_set_itself_leaves_the_rest_as_it_was() -> None:
    body = PLAIN.replace('<userTask id="after"/>', script("after", "z = x"))
    run = Run(body, x=1).answer("c", x=0).retry(x=2)
    assert run.answer("b").data["z"] == 2


def test_repair_in_a_sub_process_counts_behind_it() -> None:
    body = line(sub("s", FAILING), script("after", "z = x"))
    assert Run(body, x=0).retry(x=2).data == {"x": 2, "y": 0.5, "z": 2}


def test_repair_around_a_sub_process_counts_in_it() -> None:
    body = PLAIN.replace('<userTask id="b"/>', sub("b", "userTask inner", script("i", "z = x")))
    assert Run(body, x=0).answer("c").retry(x=2).answer("inner").data["z"] == 2


def test_item_of_one_instance_is_repaired_for_that_alone() -> None:
    many = (
        '<scriptTask id="a"><multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>'
        '<loopDataOutputRef>results</loopDataOutputRef><inputDataItem id="item"/><outputDataItem id="y"/>'
        "</multiInstanceLoopCharacteristics><script>y = 1 / item</script></scriptTask>"
    )
    run = Run(line(many, "userTask after"), items=[0, 0])
    assert len(run.step.failures) == 2
    first, second = run.step.failures
    run._took(bpmn.retry(run.spec, run.state or b"", first.token, run.now, {"item": 2}))
    run._took(bpmn.retry(run.spec, run.state or b"", second.token, run.now, {"item": 4}))
    assert run.data == {"items": [0, 0], "results": [0.5, 0.25]}


def test_called_process_with_data_of_its_own_is_repaired_apart() -> None:
    called = source(line(FAILING), "called")
    handed = "parvandeh:inputs=\"{'x': x}\" parvandeh:outputs=\"{'y': y}\""
    call = f'<callActivity id="call" calledElement="called" {handed}/>'
    body = line(call, script("after", "z = x"))
    run = Run(bpmn.build(source(body, calls={"called": called}), "process"), x=0)
    assert run.failed == [("called/a", "script-failed")]
    run.retry(x=2)
    assert (run.data["y"], run.data["z"]) == (0.5, 0)


def test_state_is_the_same_when_stored_again_after_a_variable_was_added() -> None:
    body = PLAIN.replace('<userTask id="b"/>', script("b", "w = v = 5") + '<userTask id="more"/>')
    run = Run(body.replace(path("b", "join"), path("b", "more", "join"))).answer("c")
    assert run.retry(x=2).waiting == ["more"]


def test_repair_of_what_a_sub_process_sees_alone_is_not_told_as_the_case_s() -> None:
    inner = sub("s", FAILING).replace("<subProcess ", "<subProcess parvandeh:inputs=\"{'x': x}\" ")
    run = Run(line(inner, script("after", "z = x")), x=0)
    assert run.retry(x=2).data == {"x": 0, "y": 0.5, "z": 0}


def test_repair_of_what_a_task_sees_alone_leaves_the_case_as_it_was() -> None:
    task = FAILING.replace("<scriptTask ", "<scriptTask parvandeh:inputs=\"{'x': x}\" ")
    run = Run(line(task, script("after", "z = x")), x=0)
    assert run.retry(x=2).data == {"x": 0, "y": 0.5, "z": 0}


def test_repair_at_a_join_that_chooses_counts_whichever_branch_had_set_it() -> None:
    body = (
        '<startEvent id="start"/><inclusiveGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        '<inclusiveGateway id="join"/><userTask id="after"/><userTask id="other"/>'
        + flow("start", "fork")
        + flow("fork", "a", "True")
        + flow("fork", "b", "True")
        + flow("a", "join")
        + flow("b", "join")
        + flow("join", "after", "y == 5")
        + flow("join", "other", "y == 6")
    )
    run = Run(body, y=0).answer("b", y=2).answer("a")
    assert run.failed == [("join", "no-flow")]
    assert run.retry(y=5).waiting == ["after"]
