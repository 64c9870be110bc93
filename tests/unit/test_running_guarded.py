"""A reply doesn't overwrite unnoticed what a legal decision reads."""

import pytest

from tests.driving import Run, path

DECIDED = (
    '<extensionElements><parvandeh:outcome value="granted" effect="grants"/>'
    '<parvandeh:outcome value="closed" effect="neither"/></extensionElements>'
)
FORM = (
    '<extensionElements><camunda:formData><camunda:formField id="decision" type="enum">'
    '<camunda:value id="granted"/><camunda:value id="closed"/></camunda:formField></camunda:formData>'
    "</extensionElements>"
)
ASK = '<serviceTask id="ask" parvandeh:topic="registry"/>'


def asked(work: str, name: str) -> str:
    """A process in which this work runs at the same time as the task of the decision."""
    return (
        DECIDED
        + f'<startEvent id="start"/><parallelGateway id="fork"/>{work}'
        + f'<userTask id="decide" parvandeh:decision="decision">{FORM}</userTask>'
        + path("start", "fork", name)
        + path("fork", "decide")
    )


BODY = asked(ASK, "ask")


def test_reply_that_overwrites_a_decision_made_since_the_call_is_an_incident() -> None:
    run = Run(BODY, decision="none").answer("decide", decision="granted")
    assert run.reply("ask", decision="closed").failed == [("ask", "data-conflict")]
    assert run.retry(decision="granted").step.ended
    assert run.data["decision"] == "granted"


def test_reply_to_a_decision_that_nobody_has_changed_counts() -> None:
    run = Run(BODY, decision="none").reply("ask", decision="closed")
    assert run.failed == []
    assert run.data["decision"] == "closed"


def test_reply_inside_a_sub_process_is_compared_with_a_decision_outside_of_it() -> None:
    inner = f'<subProcess id="sub"><startEvent id="in"/>{ASK}{path("in", "ask")}</subProcess>'
    run = Run(asked(inner, "sub"), decision="none").answer("decide", decision="granted")
    assert run.reply("ask", decision="closed").failed == [("ask", "data-conflict")]


def parallel(extra: str = "") -> str:
    """A process in which a task sets `fee` while a call is made that sets it, too."""
    return (
        f'{extra}<startEvent id="start"/><parallelGateway id="fork"/>{ASK}'
        + '<userTask id="a"/><userTask id="b"/>'
        + path("start", "fork", "ask", "b")
        + path("fork", "a")
    )


def overwritten(run: Run) -> list[list[str]]:
    """What each passage of the call has overwritten."""
    return [list(one.overwritten) for one in run.step.passages if one.element == "ask"]


def test_log_names_what_a_reply_has_overwritten() -> None:
    run = Run(parallel(), fee=1, plot=2).answer("a", fee=5)
    assert overwritten(run.reply("ask", fee=7, plot=3)) == [["fee"]]
    assert run.data == {"fee": 7, "plot": 3}


def test_value_that_was_changed_before_the_call_is_not_overwritten() -> None:
    body = f'<startEvent id="start"/><userTask id="a"/>{ASK}' + path("start", "a", "ask")
    run = Run(body, fee=1).answer("a", fee=5)
    assert overwritten(run.reply("ask", fee=7)) == [[]]


def test_reply_with_the_present_value_overwrites_nothing() -> None:
    run = Run(parallel(), fee=1).answer("a", fee=5)
    assert overwritten(run.reply("ask", fee=5)) == [[]]


@pytest.mark.parametrize("kind", ["dataObject", "dataObjectReference"])
def test_data_object_makes_overwriting_an_incident(kind: str) -> None:
    objects = (
        '<dataObject id="fee" parvandeh:onConflict="incident"/>'
        if kind == "dataObject"
        else '<dataObject id="fee"/>'
        '<dataObjectReference id="r" dataObjectRef="fee" parvandeh:onConflict="incident"/>'
    )
    run = Run(parallel(objects)).answer("a", fee=5)
    assert run.reply("ask", fee=7).failed == [("ask", "data-conflict")]
    assert run.retry(fee=6).data["fee"] == 6


def test_data_object_lets_a_reply_overwrite_a_decision() -> None:
    body = '<dataObject id="decision" parvandeh:onConflict="overwrite"/>' + BODY
    run = Run(body).answer("decide", decision="granted")
    assert run.reply("ask", decision="closed").failed == []
    assert run.data["decision"] == "closed"
