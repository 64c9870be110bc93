"""Events that wait, are thrown or caught: what runs passes, and what would run otherwise is reported."""

import pytest

from tests.bpmn import flow, in_line, many, node, script
from tests.checking import EVENTS, NAMED, about, bordered, condition, path, sole, timer, told, warned


@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize(
    "definition",
    [
        timer("timeDate", "2026-04-01T08:00"),
        timer("timeDuration", "P1Y2M3DT4H5M6.5S"),
        timer("timeCycle", "R1/P1M"),
        timer("timeDuration", " 'P30D' "),
        about("message", "m"),
        about("signal", "s"),
    ],
)
def test_what_can_be_awaited_passes(kind: str, definition: str) -> None:
    assert warned(*sole(kind, definition)) == []


@pytest.mark.parametrize("kind", ["intermediateThrowEvent", "endEvent"])
@pytest.mark.parametrize("definition", [about("message", "m"), about("signal", "s")])
def test_what_can_be_thrown_passes(kind: str, definition: str) -> None:
    assert warned(*sole(kind, definition, parvandeh__data="{'fee': 1}")) == []


def test_plain_intermediate_event_is_a_milestone() -> None:
    assert warned(*in_line("intermediateThrowEvent reached")) == []


@pytest.mark.parametrize("host", ["subProcess", "callActivity", "serviceTask"])
@pytest.mark.parametrize("definition", [about("error", "e"), about("error", "any"), about("error")])
def test_error_is_caught_where_it_can_come_from(host: str, definition: str) -> None:
    assert warned(*bordered(host, definition, parvandeh__result="problem")) == []


@pytest.mark.parametrize("kind", ["sendTask", "receiveTask"])
def test_task_names_its_message(kind: str) -> None:
    keys = {"parvandeh__correlation": "{'order': number}", "messageRef": "m"}
    assert warned(*in_line(node(kind, "x", **keys))) == []
    assert told(*in_line(node(kind, "x", messageRef="gone"))) == [("unknown-reference", "x")]


def test_reference_may_have_a_prefix() -> None:
    assert warned(*sole("endEvent", about("message", "bpmn:m"))) == []


def test_called_process_with_a_plain_start_beside_others_passes() -> None:
    starts = [node("startEvent", "x", about("message", "m")), flow("x", "task")]
    assert warned(*in_line("task task"), *starts) == []


# What is awaited, thrown or caught has a name


@pytest.mark.parametrize("kind", ["message", "signal", "error"])
def test_event_says_what_it_is_about(kind: str) -> None:
    # A message that is not said is one of the event's own name.
    assert told(*sole("endEvent", about(kind))) == [("no-reference", "x")] * (kind != "message")
    if kind == "error":  # which may be named by its code alone
        return
    assert told(*sole("endEvent", about(kind, "gone"))) == [("unknown-reference", "x")]
    other = "signal" if kind != "signal" else "message"
    assert told(*sole("endEvent", about(kind, other[0]))) == [("unknown-reference", "x")]


@pytest.mark.parametrize(("kind", "longest"), [("message", 200), ("signal", 200), ("error", 100)])
def test_message_signal_or_error_has_a_name_that_others_can_know(kind: str, longest: int) -> None:
    attribute = "errorCode" if kind == "error" else "name"
    for name in ("", "  ", " a", "a ", "x" * (longest + 1), None):
        text = "" if name is None else f'{attribute}="{name}"'
        found = told(*sole("endEvent", about(kind, "n")), named=f'<bpmn:{kind} id="n" {text}/>')
        known = kind != "error" and not (name or "").strip()  # by its id
        assert found == [("no-name", "n")] * (not known), name
    for name in ("نام", "two words", "x" * longest):
        named = f'<bpmn:{kind} id="n" {attribute}="{name}"/>'
        assert told(*sole("endEvent", about(kind, "n")), named=named) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("message", "=name"), ("signal", "paid-${a.b()}"), ("signal", "paid-#{"),
        ("error", "paid-${id}"), ("error", "#{name}"), ("error", "=name"),
    ],
)  # fmt: skip
def test_name_that_another_engine_would_compute_is_refused(kind: str, name: str) -> None:
    attribute = "errorCode" if kind == "error" else "name"
    named = f'<bpmn:{kind} id="n" {attribute}="{name}"/>'
    assert told(*sole("endEvent", about(kind, "n")), named=named) == [("name-computed", "n")]


def test_event_is_about_one_thing() -> None:
    both = about("message", "m") + timer("timeDuration", "P1D")
    assert told(*sole("intermediateCatchEvent", both)) == [("several-definitions", "x")]


@pytest.mark.parametrize("kind", ["intermediateCatchEvent", "boundaryEvent"])
def test_event_that_waits_for_nothing_is_refused(kind: str) -> None:
    assert told(*sole(kind, "")) == [("no-definition", "x")]
    assert told(*sole(kind, about("conditional"))) == [("missing-condition", "x")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("amount > 10", None),
        ("${amount > 10}", None),
        ("amount >", "syntax-error"),
        ("", "empty-expression"),
        ("= amount > 10", None),
        ("= amount >", "syntax-error"),
        ("wait_for(amount)", "unknown-function"),
    ],
)
def test_condition_that_is_awaited_is_looked_at(text: str, code: str | None) -> None:
    event = condition(text.replace(">", "&gt;"))
    assert told(*sole("intermediateCatchEvent", event)) == ([(code, "x")] if code else [])


def test_condition_begins_no_case() -> None:
    assert told(*sole("startEvent", condition("ready"))) == [("trigger-outside", "x")]


# Start events


def test_event_begins_no_sub_process() -> None:
    inner = [node("startEvent", "x", about("message", "m")), node("task", "inner"), flow("x", "inner")]
    assert told(*in_line(node("subProcess", "sub", "".join(inner)))) == [("trigger-inside", "x")]


def test_one_message_begins_one_case_of_a_process() -> None:
    def starts(other: str) -> list[str]:
        events = [node("startEvent", "y", about("message", "m")), node("startEvent", "x", other)]
        return [*events, node("task", "a"), flow("x", "a"), flow("y", "a")]

    assert told(*starts(about("message", "m"))) == [("several-starts", "x")]
    assert warned(*starts(about("message", "m2"))) == []
    assert warned(*starts(about("signal", "s"))) == []


def test_form_of_a_start_that_no_person_makes_is_refused() -> None:
    body = sole("startEvent", about("message", "m"), camunda__formKey="a.json")
    assert told(*body) == [("form-inside", "x")]


# On the border of activities


@pytest.mark.parametrize("host", ["nowhere", "start", "inner"])
def test_boundary_event_stands_on_an_activity_of_its_scope(host: str) -> None:
    body = bordered("subProcess", timer("timeDuration", "P1D"), attachedToRef=host)
    assert told(*body) == [("boundary-host", "x")]


def test_no_flow_leads_into_a_boundary_event() -> None:
    body = bordered("userTask", timer("timeDuration", "P1D"))
    body[3] = flow("start", "x")  # instead of the one to the task
    assert ("flow-to-boundary", "x") in told(*body)


def test_several_flows_lead_out_of_a_boundary_event() -> None:
    body = bordered("userTask", timer("timeDuration", "P1D"))
    assert told(*body, flow("x", "end")) == []


def test_error_always_interrupts() -> None:
    body = bordered("serviceTask", about("error", "e"), cancelActivity="false")
    assert told(*body) == [("error-not-interrupting", "x")]


@pytest.mark.parametrize("host", ["task", "userTask", "manualTask", "scriptTask", "sendTask", "receiveTask"])
def test_error_that_cannot_come_is_refused(host: str) -> None:
    assert told(*bordered(host, about("error", "e"))) == [("boundary-never", "x")]


@pytest.mark.parametrize("host", ["scriptTask", "sendTask"])
def test_event_on_what_takes_no_time_is_warned_of(host: str) -> None:
    assert warned(*bordered(host, timer("timeDuration", "P1D"))) == [("boundary-never", "x")]


def test_event_on_an_empty_sub_process_is_warned_of() -> None:
    event = node("boundaryEvent", "x", timer("timeDuration", "P1D"), attachedToRef="a")
    found = warned(*in_line("subProcess a"), event, node("task", "late"), flow("x", "late"))
    assert found == [("empty-sub-process", "a"), ("boundary-never", "x")]


@pytest.mark.parametrize(
    ("first", "second", "sound"),
    [("e", "e", False), ("e", "same", False), ("any", None, False), ("e", None, True), ("e", "other", True)],
)
def test_second_event_for_the_same_error_is_refused(first: str, second: str | None, sound: bool) -> None:
    named = NAMED + '<bpmn:error id="same" errorCode="GONE"/><bpmn:error id="other" errorCode="OTHER"/>'
    again = node("boundaryEvent", "y", about("error", second), attachedToRef="host") + flow("y", "late")
    body = [*bordered("serviceTask", about("error", first)), again]
    assert told(*body, named=named) == ([] if sound else [("error-caught-twice", "y")])


def test_error_that_nothing_in_the_process_catches_is_warned_of() -> None:
    inner = [node("startEvent", "in"), node("endEvent", "boom", about("error", "e")), flow("in", "boom")]
    middle = in_line(node("subProcess", "inner", "".join(inner)), prefix="m")
    body = in_line(node("subProcess", "outer", "".join(middle)))
    assert warned(*body) == [("error-not-caught", "boom")]
    catch = node("task", "late") + flow("x", "late")
    for code in ("e", "any"):
        event = node("boundaryEvent", "x", about("error", code), attachedToRef="outer")
        assert warned(*body, event, catch) == []
    assert warned(*sole("endEvent", about("error", "e"))) == []


# Event-based gateways


def choice(*targets: str, more: str = "") -> list[str]:
    names = [target.split('id="', 1)[1].split('"', 1)[0] for target in targets]
    ways = [flow("g", name) for name in names]
    return [*in_line("eventBasedGateway g")[:2], flow("start", "g"), *targets, *ways, more]


LATE = node("intermediateCatchEvent", "late", timer("timeDuration", "P1D"))
RECEIVE = node("receiveTask", "x", messageRef="m")


@pytest.mark.parametrize(
    "event",
    [
        RECEIVE,
        node("intermediateCatchEvent", "x", about("message", "m")),
        node("intermediateCatchEvent", "x", about("signal", "s")),
        node("intermediateCatchEvent", "x", timer("timeDuration", "PT1H")),
    ],
)
def test_gateway_waits_for_the_first_of_its_events(event: str) -> None:
    assert warned(*choice(event, LATE)) == []


@pytest.mark.parametrize(
    "target",
    [
        node("userTask", "x"),
        node("exclusiveGateway", "x"),
        node("intermediateThrowEvent", "x", about("message", "m")),
        node("endEvent", "x"),
        script("x", "n = 1"),
        node("receiveTask", "x", many("<bpmn:loopCardinality>2</bpmn:loopCardinality>"), messageRef="m"),
    ],
)
def test_gateway_leads_to_events_only(target: str) -> None:
    assert told(*choice(target, LATE)) == [("event-gateway", "x")]


def test_event_behind_a_gateway_has_no_other_way_in_and_no_events_of_its_own() -> None:
    other = node("parallelGateway", "f") + path("start", "f", "g") + flow("f", "x")
    body = [part for part in choice(RECEIVE, LATE, more=other) if part != flow("start", "g")]
    assert told(*body) == [("event-gateway", "x")]
    border = node("boundaryEvent", "b", timer("timeDuration", "P1D"), attachedToRef="x")
    assert told(*choice(RECEIVE, LATE, more=border)) == [("event-gateway", "x")]


def test_gateway_with_one_event_waits_for_that() -> None:
    assert told(*choice(LATE)) == []
    assert warned(*choice(LATE)) == [("event-gateway", "g")]


def test_gateway_without_events_is_refused() -> None:
    assert told(*choice()) == [("event-gateway", "g")]


def test_condition_behind_a_gateway_of_events_is_refused() -> None:
    body = [part.replace(flow("g", "x"), flow("g", "x", "fee")) for part in choice(RECEIVE, LATE)]
    assert told(*body) == [("condition-ignored", "g-x")]


# Loops


def loop(*more: str) -> list[str]:
    """A user task that leads back to itself, and whatever ends that."""
    merge = node("exclusiveGateway", "again")
    return [
        node("startEvent", "start"),
        merge,
        node("userTask", "a"),
        path("start", "again", "a", "again"),
        *more,
    ]


def test_loop_is_left_by_what_interrupts_its_work() -> None:
    stop = node("boundaryEvent", "x", about("message", "m"), attachedToRef="a")
    assert told(*loop(stop, node("endEvent", "end"), flow("x", "end"))) == []
    stays = node("boundaryEvent", "x", about("message", "m"), attachedToRef="a", cancelActivity="false")
    assert told(*loop(stays, node("endEvent", "end"), flow("x", "end"))) == [("endless-loop", "again")]


def test_loop_in_a_sub_process_is_left_by_what_interrupts_that_if_it_ever_waits() -> None:
    stop = node("boundaryEvent", "x", about("message", "m"), attachedToRef="sub")
    for kind, found in [("userTask", []), ("scriptTask", [("endless-loop", "again")])]:
        inside = "".join(loop()).replace(
            node("userTask", "a"), script("a", "n = 1") if found else node(kind, "a")
        )
        inside = inside.replace('"start"', '"inner"')
        assert (
            told(*in_line(node("subProcess", "sub", inside)), stop, node("task", "t"), flow("x", "t"))
            == found
        )


def test_loop_is_left_at_a_gateway_of_events() -> None:
    events = choice(node("intermediateCatchEvent", "x", about("message", "m")), LATE)
    events[1:3] = [node("exclusiveGateway", "again"), events[1], path("start", "again", "g")]
    assert told(*events, flow("x", "again")) == []
    assert told(*events, flow("x", "again"), flow("late", "again")) == [("endless-loop", "again")]
