"""The statutory term in scenarios: it warns, ends and decides while time passes, as in an installation."""

from engine.bpmn import Spec
from tests import bpmn, clocks
from tests.stories import fails, passes
from tests.unit.test_requirements import built

MESSAGES = "".join(f'<bpmn:message id="m_{name}" name="clock.{name}"/>' for name in ("warning", "deemed"))
ACCEPT = bpmn.node("userTask", "accept", parvandeh__clock="start")
PAUSE = bpmn.node("userTask", "pay", parvandeh__clock="pause")


def spec(*more: str, before: tuple[str, ...] = (), after: tuple[str, ...] = (), **attributes: str) -> Spec:
    """A process with a term of ten hours and a decision."""
    files = clocks.deciding(*more, before=before, after=after, **attributes)
    content = files["p.bpmn"].replace(b"<bpmn:process ", MESSAGES.encode() + b"<bpmn:process ", 1)
    return built({**files, "p.bpmn": content})


def boundary(name: str, interrupting: str) -> str:
    """An event at the decision that awaits a message of the clock, and the end to which it leads."""
    event = f'<bpmn:messageEventDefinition messageRef="m_{name}"/>'
    return (
        bpmn.node("boundaryEvent", name, event, attachedToRef="decide", cancelActivity=interrupting)
        + bpmn.node("endEvent", f"{name}_end", parvandeh__outcome="granted" if name == "deemed" else "")
        + bpmn.flow(name, f"{name}_end")
    ).replace(' parvandeh:outcome=""', "")


def test_silence_that_is_not_drawn_ends_the_case() -> None:
    late = "steps: [{wait: PT9H, then: {tasks: [decide]}}, {wait: PT1H}]\nexpect: {outcome: %s}\n"
    assert passes(spec(onSilence="refuse"), late % "deemed_refused")
    assert passes(spec(onSilence="grant"), late % "deemed_granted")
    open_one = "steps: [{wait: P9D}]\nexpect: {ended: false, tasks: [decide]}\n"
    assert passes(spec(onSilence="escalate"), open_one)
    assert passes(spec(onSilence="grant", safety="1 == 1"), open_one)


def test_its_messages_arrive_where_they_are_drawn() -> None:
    drawn = spec(boundary("warning", "false"), boundary("deemed", "true"), onSilence="grant")
    assert passes(
        drawn,
        """
        steps:
          - wait: PT7H59M
            then: {path: []}
          - wait: PT1M
            then: {path: [warning, warning_end], tasks: [decide]}
          - wait: PT2H
            then: {path: [deemed, deemed_end]}
        expect: {outcome: granted}
        """,
    )


def test_it_is_stopped_by_a_decision_and_paused_at_an_element() -> None:
    assert passes(
        spec(before=(PAUSE,), onSilence="grant"),
        """
        steps:
          - wait: P9D
            then: {tasks: [pay]}
          - task: pay
          - wait: PT9H
            then: {tasks: [decide]}
          - task: decide
            answer: {decision: refused, ground: {code: x, text: Taxes are unpaid.}}
        expect: {ended: true, contains: [decide]}
        """,
    )


def test_it_starts_with_its_element_or_when_nobody_accepts() -> None:
    waiting = "steps: [{wait: P9D, then: {tasks: [accept]}}, {task: accept}, {wait: PT9H}]\n"
    assert passes(spec(before=(ACCEPT,), onSilence="grant"), f"{waiting}expect: {{tasks: [decide]}}\n")
    unaccepted = spec(before=(ACCEPT,), onSilence="grant", acceptWithin="PT5H")
    assert passes(unaccepted, "steps: [{wait: P9D}]\nexpect: {outcome: deemed_granted, never: [accept]}\n")
    # By then the term would be over: it ends at the close of the next working day, on Saturday.
    late = spec(before=(ACCEPT,), onSilence="grant", acceptWithin="PT5H", statutory="PT1H")
    assert passes(
        late,
        """
        name: n
        process: process
        at: 2026-12-02T09:00
        steps:
          - wait: P2D
            then: {tasks: [accept]}
          - wait: P2D
        expect: {outcome: deemed_granted}
        """,
    )


def test_a_term_without_a_value_fails_the_step() -> None:
    result = fails(spec(statutory="days"), "expect: {tasks: [decide]}\n")
    assert result.expected == "the statutory term has a value and an end"
    assert "days" in result.came


def test_it_stays_ended_although_a_pause_ends_after_the_decision() -> None:
    paid = bpmn.node("userTask", "fee", parvandeh__clock="pause")
    later = bpmn.node("userTask", "hand_over")
    assert passes(
        spec(after=(paid, later), onSilence="grant"),
        """
        steps:
          - {task: decide, answer: {decision: granted}}
          - {task: fee}
          - {wait: P9D}
        expect: {ended: false, tasks: [hand_over]}
        """,
    )
