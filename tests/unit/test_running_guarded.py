"""A reply doesn't overwrite unnoticed what a legal decision reads."""

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
