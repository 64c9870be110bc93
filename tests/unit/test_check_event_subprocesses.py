"""Event sub-processes and escalations: what runs passes, and what would run otherwise is reported."""

import pytest

from tests.bpmn import flow, in_line, many, node, script
from tests.checking import NAMED, about, bordered, findings, sole, timer, told, warned

NAMES = NAMED + (
    '<bpmn:escalation id="d" escalationCode="DELAY"/><bpmn:escalation id="d2" escalationCode="DOUBT"/>'
    '<bpmn:escalation id="nameless"/>'
)
MESSAGE = about("message", "m")


def handler(definition: str, *inner: str, name: str = "h", after: str = "", **attributes: str) -> str:
    """An event sub-process: the start event `<name>-in`, a task (or what is `inner`), and what is `after`."""
    parts = inner or (node("task", f"{name}-task"), flow(f"{name}-in", f"{name}-task"))
    start = node("startEvent", f"{name}-in", definition, **attributes)
    return node("subProcess", name, "".join([start, *parts, after]), triggeredByEvent="true")


def throwing(kind: str, definition: str, name: str = "sub") -> str:
    """A sub-process in which something is thrown by the element `boom`."""
    parts = [node("startEvent", f"{name}-in"), node(kind, "boom", definition), flow(f"{name}-in", "boom")]
    return node("subProcess", name, "".join(parts))


@pytest.mark.parametrize("stays", [{}, {"isInterrupting": "false"}])
@pytest.mark.parametrize(
    "definition",
    [
        MESSAGE,
        about("signal", "s"),
        timer("timeDate", "2026-04-01"),
        timer("timeDuration", "P1D"),
        timer("timeDate", "deadline"),
        timer("timeCycle", "R1/P1D"),
    ],
)
def test_event_sub_process_passes(definition: str, stays: dict[str, str]) -> None:
    assert warned(*in_line("task a"), handler(definition, **stays)) == []
    inner = "".join([*in_line("task b", prefix="i"), handler(definition, **stays)])
    assert warned(*in_line(node("subProcess", "sub", inner))) == []
    nested = handler(MESSAGE, name="outer", after=handler(definition, **stays))
    assert warned(*in_line("task a"), nested) == []


def test_its_message_has_keys_and_a_variable() -> None:
    keys = {"parvandeh__correlation": "{'order': n}", "parvandeh__result": "came"}
    assert warned(*in_line("task a"), handler(MESSAGE, **keys)) == []
    process_start = [node("startEvent", "x", MESSAGE, **keys), node("task", "b"), flow("x", "b")]
    assert told(*process_start) == [("unknown-extension", "x")]
    assert told(*in_line("task a"), handler(MESSAGE, parvandeh__correlation="1 +")) == [
        ("syntax-error", "h-in")
    ]
    assert told(*in_line("task a"), handler(MESSAGE, parvandeh__result="1")) == [("invalid-variable", "h-in")]


@pytest.mark.parametrize("stays", [{}, {"isInterrupting": "false"}])
@pytest.mark.parametrize("definition", ["e", "any", None])
def test_error_interrupts(definition: str | None, stays: dict[str, str]) -> None:
    body = [
        *in_line(node("serviceTask", "a", parvandeh__topic="t")),
        handler(about("error", definition), **stays),
    ]
    assert told(*body) == ([("error-not-interrupting", "h-in")] if stays else [])


# What they are


def test_exactly_one_event_begins_it() -> None:
    two = node("startEvent", "again", about("signal", "s")) + flow("again", "h-task")
    assert told(*in_line("task a"), handler(MESSAGE, after=two)) == [("several-starts", "again")]
    alone = node("subProcess", "h", node("task", "t"), triggeredByEvent="true")
    assert told(*in_line("task a"), alone) == [("no-start", "h")]
    assert told(*in_line("task a"), handler("")) == [("no-definition", "h-in")]
    assert told(*in_line("task a"), handler(about("conditional"))) == [("missing-condition", "h-in")]
    both = MESSAGE + about("signal", "s")
    assert told(*in_line("task a"), handler(both)) == [("several-definitions", "h-in")]


def test_no_flow_leads_to_it_or_out_of_it() -> None:
    body = in_line("task a")
    assert told(*body, handler(MESSAGE), flow("a", "h")) == [("flow-to-handler", "a-h")]
    assert told(*body, handler(MESSAGE), flow("h", "end")) == [("flow-to-handler", "h-end")]


def test_no_event_stands_on_its_border() -> None:
    late = node("boundaryEvent", "late", timer("timeDuration", "P1D"), attachedToRef="h")
    assert told(*in_line("task a"), handler(MESSAGE), late) == [("boundary-host", "late")]


def test_it_is_not_of_many_instances() -> None:
    marker = many("<bpmn:loopCardinality>2</bpmn:loopCardinality>")
    assert [code for code, _ in told(*in_line("task a"), handler(MESSAGE, after=marker))] == [
        "multi-instance"
    ]


@pytest.mark.parametrize("kind", ["error", "escalation"])
def test_what_is_thrown_within_begins_no_process_and_no_other_sub_process(kind: str) -> None:
    named = "e" if kind == "error" else "d"
    assert told(*sole("startEvent", about(kind, named)), named=NAMES) == [("trigger-outside", "x")]
    inner = [node("startEvent", "x", about(kind, named)), node("task", "i"), flow("x", "i")]
    assert told(*in_line(node("subProcess", "sub", "".join(inner))), named=NAMES) == [("trigger-inside", "x")]


@pytest.mark.parametrize("value", ["1", "yes", ""])
def test_what_triggers_it_is_told_as_truth(value: str) -> None:
    sub = node("subProcess", "sub", "".join(in_line("task x", prefix="i")), triggeredByEvent=value)
    assert told(*in_line(sub)) == [("unsupported-attribute", "sub")]
    sub = node("subProcess", "sub", "".join(in_line("task x", prefix="i")), triggeredByEvent="false")
    assert told(*in_line(sub)) == []


def test_what_is_in_it_is_checked_as_anywhere() -> None:
    wrong = script("calc", "x = (") + flow("h-task", "calc")
    assert told(*in_line("task a"), handler(MESSAGE, after=wrong)) == [("syntax-error", "calc")]
    assert ("unreachable", "lost") in warned(*in_line("task a"), handler(MESSAGE, after=node("task", "lost")))
    form = handler(MESSAGE, camunda__formKey="a.json")
    assert told(*in_line("task a"), form) == [("form-inside", "h-in")]


def test_cycle_repeats_only_if_it_does_not_interrupt() -> None:
    cycle = timer("timeCycle", "R3/P1D")
    assert warned(*in_line("task a"), handler(cycle)) == [("cycle-once", "h-in")]
    assert warned(*in_line("task a"), handler(cycle, isInterrupting="false")) == []


def test_outcome_is_given_where_the_case_ends() -> None:
    end = node("endEvent", "out", parvandeh__outcome="withdrawn") + flow("h-task", "out")
    assert told(*in_line("task a"), handler(MESSAGE, after=end)) == []
    inner = "".join([*in_line("task b", prefix="i"), handler(MESSAGE, after=end)])
    assert told(*in_line(node("subProcess", "sub", inner))) == [("outcome-inside", "out")]


def test_loop_is_left_by_an_event_that_interrupts() -> None:
    merge = node("exclusiveGateway", "again")
    body = [node("startEvent", "start"), merge, node("userTask", "a"), flow("start", "again")]
    body += [flow("again", "a"), flow("a", "again")]
    assert told(*body, handler(MESSAGE)) == []
    assert told(*body, handler(MESSAGE, isInterrupting="false")) == [("endless-loop", "again")]


# Escalations


@pytest.mark.parametrize("kind", ["intermediateThrowEvent", "endEvent"])
def test_escalation_has_a_code(kind: str) -> None:
    assert told(*sole(kind, about("escalation", "d")), named=NAMES) == []
    assert told(*sole(kind, about("escalation")), named=NAMES) == [("no-reference", "x")]
    assert told(*sole(kind, about("escalation", "gone")), named=NAMES) == []  # taken as its code
    assert told(*sole(kind, about("escalation", "nameless")), named=NAMES) == [("no-name", "nameless")]
    named = '<bpmn:escalation id="d" escalationCode="${code}"/>'
    assert told(*sole(kind, about("escalation", "d")), named=named) == [("name-computed", "d")]


def test_nothing_waits_for_an_escalation_in_the_flow() -> None:
    body = sole("intermediateCatchEvent", about("escalation", "d"))
    assert told(*body, named=NAMES) == [("unsupported-element", "x")]


@pytest.mark.parametrize("stays", [{}, {"cancelActivity": "false"}])
@pytest.mark.parametrize("code", ["d", "nameless", None])
def test_escalation_is_caught_where_it_can_come_from(code: str | None, stays: dict[str, str]) -> None:
    body = bordered("callActivity", about("escalation", code), parvandeh__result="told", **stays)
    assert warned(*body, named=NAMES) == []
    event = node("boundaryEvent", "x", about("escalation", code), attachedToRef="sub", **stays)
    after = [node("task", "late"), flow("x", "late")]
    for kind in ("endEvent", "intermediateThrowEvent"):
        sub = throwing(kind, about("escalation", "d"))
        assert warned(*in_line(sub), event, *after, named=NAMES) == []


@pytest.mark.parametrize("host", ["userTask", "serviceTask", "scriptTask", "receiveTask"])
def test_escalation_that_cannot_come_is_refused(host: str) -> None:
    assert told(*bordered(host, about("escalation", "d")), named=NAMES) == [("boundary-never", "x")]


def test_escalation_that_nothing_throws_is_warned_of() -> None:
    assert warned(*bordered("subProcess", about("escalation", "d")), named=NAMES) == [("never-thrown", "x")]
    event = node("boundaryEvent", "x", about("escalation", "d2"), attachedToRef="sub")
    body = [
        *in_line(throwing("endEvent", about("escalation", "d"))),
        event,
        node("task", "t"),
        flow("x", "t"),
    ]
    assert warned(*body, named=NAMES) == [("escalation-not-caught", "boom"), ("never-thrown", "x")]


@pytest.mark.parametrize(("kind", "named"), [("error", "e"), ("escalation", "d")])
def test_event_sub_process_for_what_nothing_throws_is_warned_of(kind: str, named: str) -> None:
    for reference in (named, None):
        body = [*in_line("task a"), handler(about(kind, reference))]
        assert warned(*body, named=NAMES) == [("never-thrown", "h-in")]
    body = [*in_line(throwing("endEvent", about(kind, named))), handler(about(kind, named))]
    assert warned(*body, named=NAMES) == []
    own = node("endEvent", "again", about(kind, named)) + flow("h-task", "again")
    body = [*in_line("task a"), handler(about(kind, named), after=own)]
    assert warned(*body, named=NAMES) == [("never-thrown", "h-in")]


@pytest.mark.parametrize(("kind", "named"), [("error", "e"), ("escalation", "d")])
def test_what_is_thrown_and_not_caught_is_warned_of(kind: str, named: str) -> None:
    sub = throwing("endEvent", about(kind, named))
    assert warned(*in_line(sub), named=NAMES) == [(f"{kind}-not-caught", "boom")]
    assert warned(*in_line(sub), handler(about(kind)), named=NAMES) == []
    assert warned(*sole("endEvent", about(kind, named)), named=NAMES) == []
    own = node("endEvent", "again", about(kind, named)) + flow("h-task", "again")
    assert warned(*in_line("task a"), handler(MESSAGE, after=own), named=NAMES) == []


@pytest.mark.parametrize(("kind", "named"), [("error", "e"), ("escalation", "d")])
def test_second_event_sub_process_for_the_same_is_refused(kind: str, named: str) -> None:
    sub = throwing("endEvent", about(kind, named))
    for reference in (named, None):
        again = handler(about(kind, reference), name="again")
        assert told(*in_line(sub), handler(about(kind, reference)), again, named=NAMES) == [
            (f"{kind}-caught-twice", "again-in")
        ]
    again = handler(about(kind), name="again")
    assert told(*in_line(sub), handler(about(kind, named)), again, named=NAMES) == []


def test_flow_out_of_an_event_subprocess_is_refused() -> None:
    [found] = findings(*in_line("task a"), handler(MESSAGE), flow("h", "end"))
    assert found.code == "flow-to-handler"


def test_variables_for_what_is_thrown_are_judged() -> None:
    def found(kind: str, **more: str) -> list[tuple[str, str | None]]:
        return told(*in_line(node("serviceTask", "a", parvandeh__topic="t")), handler(about(kind), **more))

    assert found("error", parvandeh__code="code", parvandeh__detail="detail") == []
    assert found("error", parvandeh__code="1st") == [("invalid-variable", "h-in")]
    assert ("unknown-extension", "h-in") in found("escalation", parvandeh__detail="detail")
