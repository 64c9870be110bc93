"""What the check says of compensation and transactions."""

import pytest

from engine.bpmn import check
from tests.bpmn import definitions, flow, in_line, many, node, process_element
from tests.checking import about, findings, path, told, warned

ALL = about("compensate")
CANCEL = about("cancel")


def throw(name: str = "t", activity: str | None = None, more: str = "") -> str:
    """An event that throws compensation."""
    named = f'activityRef="{activity}"' if activity else ""
    return node("intermediateThrowEvent", name, f"<bpmn:compensateEventDefinition {named} {more}/>")


def linked(host: str, handler: str) -> str:
    """A compensation event on a border, linked to this activity."""
    return boundary(host) + association(f"{host}.c", handler)


def boundary(host: str, name: str = "", definition: str = ALL, more: str = "", **attributes: str) -> str:
    return node("boundaryEvent", name or f"{host}.c", definition, attachedToRef=host, **attributes) + more


def association(source: str, target: str) -> str:
    return f'<bpmn:association sourceRef="{source}" targetRef="{target}"/>'


def handler(name: str = "u", kind: str = "task", inside: str = "") -> str:
    return node(kind, name, inside, isForCompensation="true")


def sub(name: str, *elements: str, more: str = "", kind: str = "subProcess", **attributes: str) -> str:
    """A (sub-)process with these elements in a line."""
    return node(kind, name, "".join(in_line(*elements, prefix=f"{name}_")) + more, **attributes)


def by_event(name: str, *elements: str, definition: str = ALL, more: str = "", **start: str) -> str:
    """An event sub-process."""
    body = sub(name, *(elements or (f"task {name}_x",)), more=more, triggeredByEvent="true")
    plain = node("startEvent", f"{name}_start")
    return body.replace(plain, node("startEvent", f"{name}_start", definition, **start))


RIGHT = [*in_line("task a", throw()), linked("a", "u"), handler()]


def test_activity_with_a_handler_is_right() -> None:
    assert warned(*RIGHT) == []


def test_direction_of_the_association_does_not_matter() -> None:
    assert warned(*in_line("task a", throw()), boundary("a"), association("u", "a.c"), handler()) == []


def test_one_handler_may_serve_several_activities() -> None:
    parts = [*in_line("task a", "task b", throw()), linked("a", "u"), linked("b", "u"), handler()]
    assert warned(*parts) == []


@pytest.mark.parametrize("kind", ["task", "subProcess"])
def test_handler_is_neither_unreachable_nor_said_never_to_run(kind: str) -> None:
    inside = "".join(in_line("task inner", prefix="u_")) if kind == "subProcess" else ""
    parts = [*in_line("task a", throw()), linked("a", "u"), handler(kind=kind, inside=inside)]
    assert findings(*parts) == []
    assert findings(*parts, severity="warning") == []


@pytest.mark.parametrize("end", ["a.c", "note"])
def test_event_without_a_handler_is_refused(end: str) -> None:
    note = '<bpmn:textAnnotation id="note"/>'
    parts = [*in_line("task a", throw()), boundary("a"), note, association("a.c", end)]
    assert told(*parts) == [("compensation-boundary", "a.c")]


def test_event_with_two_handlers_is_refused() -> None:
    assert told(*RIGHT, handler("v"), association("a.c", "v")) == [("compensation-boundary", "a.c")]


def test_event_linked_to_what_is_no_handler_is_refused_for_that_reason() -> None:
    [found] = findings(*in_line("task a", throw(), "task b"), linked("a", "b"))
    assert (found.code, found.element) == ("compensation-boundary", "a.c")
    assert '"b"' in found.reason


def test_two_events_on_one_border_are_refused() -> None:
    parts = [*RIGHT, boundary("a", "second"), association("second", "v"), handler("v")]
    assert told(*parts) == [("compensation-boundary", "second")]


def test_handler_in_another_scope_is_refused() -> None:
    inner = sub("sp", "task x", more=handler())
    assert ("compensation-boundary", "a.c") in told(*in_line("task a", inner, throw()), linked("a", "u"))


def test_event_with_a_flow_is_refused() -> None:
    assert told(*RIGHT, node("task", "b"), flow("a.c", "b")) == [("compensation-flow", "a.c-b")]


@pytest.mark.parametrize("drawn", [("u", "b"), ("b", "u")])
def test_handler_with_a_flow_is_refused(drawn: tuple[str, str]) -> None:
    parts = [*in_line("task a", "task b", throw()), linked("a", "u"), handler(), flow(*drawn)]
    assert ("compensation-flow", "-".join(drawn)) in told(*parts)


def test_handler_with_an_event_on_its_border_is_refused() -> None:
    late = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    parts = [*RIGHT, boundary("u", "late", late), node("task", "b"), flow("late", "b")]
    assert told(*parts) == [("compensation-handler", "late")]


def test_handler_of_nothing_is_refused() -> None:
    assert told(*in_line("task a"), handler()) == [("compensation-handler", "u")]


@pytest.mark.parametrize("kind", ["startEvent", "exclusiveGateway", "intermediateThrowEvent"])
def test_only_activities_are_handlers(kind: str) -> None:
    assert ("unsupported-attribute", "x") in told(
        *in_line("task a"), node(kind, "x", isForCompensation="true")
    )


def test_event_sub_process_that_is_marked_as_a_handler_compensates() -> None:
    marked = by_event("h").replace(
        'triggeredByEvent="true"', 'triggeredByEvent="true" isForCompensation="true"'
    )
    assert warned(*in_line(sub("sp", "task a", more=marked), throw())) == []
    other = marked.replace(ALL, about("message", "m"))
    assert told(*in_line(sub("sp", "task a", more=other))) == [("compensation-handler", "h")]


# Throwing


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("nothing", "does not exist"),
        ("t", "does not exist"),
        ("b", "no compensation handler"),
        ("u", "no compensation handler"),
        ("plain", "no compensation handler"),
        ("deep", "another (sub-)process"),
    ],
)
def test_only_what_can_be_compensated_is_named(name: str, wanted: str) -> None:
    inner = sub("sp", "task deep", more=linked("deep", "v") + handler("v"))
    plain = sub("plain", "task x")
    parts = [*in_line("task a", "task b", inner, plain, throw("t", name)), linked("a", "u"), handler()]
    [found] = findings(*parts)
    assert (found.code, found.element) == ("compensation-target", "t")
    assert wanted in found.reason


@pytest.mark.parametrize("name", ["a", "sp", "ev", "p:a"])
def test_activities_and_sub_processes_can_be_named(name: str) -> None:
    inner = sub("sp", "task deep", more=linked("deep", "v") + handler("v"))
    back = sub("ev", "task x", more=by_event("h"))
    parts = [*in_line("task a", inner, back, throw("t", name)), linked("a", "u"), handler()]
    assert warned(*parts) == []


def test_event_sub_process_names_what_its_scope_has() -> None:
    inner = sub("sp", "task a", more=linked("a", "u") + handler() + by_event("h", throw("t", "a")))
    assert warned(*in_line(inner, throw("all"))) == []


def test_nothing_to_compensate_is_warned_of() -> None:
    assert warned(*in_line("task a", throw())) == [("compensation-nothing", "t")]


def test_handlers_in_a_process_that_never_throws_are_warned_of() -> None:
    assert warned(*in_line("task a"), linked("a", "u"), handler()) == [("compensation-never", "u")]


def test_event_that_would_not_wait_is_refused() -> None:
    parts = [*in_line("task a", throw(more='waitForCompletion="false"')), linked("a", "u"), handler()]
    assert told(*parts) == [("compensation-not-awaited", "t")]


def test_event_in_nested_event_sub_processes_is_refused() -> None:
    inner = by_event("i", throw(), definition=about("message", "m2"))
    outer = by_event("h", definition=about("message", "m"), more=inner)
    assert told(*in_line("task a"), linked("a", "u"), handler(), outer) == [("compensation-throw", "t")]


def test_order_of_work_side_by_side_must_be_known() -> None:
    own = linked("b", "v") + handler("v")
    beside = by_event(
        "h", "task b", throw(), definition=about("message", "m"), more=own, isInterrupting="false"
    )
    assert told(*in_line("task a"), linked("a", "u"), handler(), beside) == [("compensation-throw", "t")]
    alone = beside.replace('isInterrupting="false"', "")
    assert warned(*in_line("task a"), linked("a", "u"), handler(), alone) == []


# Compensation event sub-processes


def test_process_has_no_compensation_event_sub_process() -> None:
    assert told(*in_line("task a"), by_event("h")) == [("compensation-start", "h_start")]


def test_sub_process_has_one_compensation_event_sub_process() -> None:
    inner = sub("sp", "task a", more=by_event("h") + by_event("i"))
    assert told(*in_line(inner, throw())) == [("compensation-start", "i_start")]


def test_event_sub_process_has_no_compensation_event_sub_process() -> None:
    outer = by_event("h", definition=about("message", "m"), more=by_event("i"))
    assert told(*in_line("task a"), outer) == [("compensation-start", "i_start")]


def test_handler_has_no_compensation_event_sub_process() -> None:
    inside = "".join(in_line("task x", prefix="u_")) + by_event("h")
    parts = [*in_line("task a", throw()), linked("a", "u"), handler(kind="subProcess", inside=inside)]
    assert told(*parts) == [("compensation-start", "h_start")]


def test_sub_process_has_a_handler_or_a_compensation_event_sub_process() -> None:
    parts = [*in_line(sub("sp", "task a", more=by_event("h")), throw()), linked("sp", "u"), handler()]
    assert told(*parts) == [("compensation-boundary", "sp.c")]


def test_compensation_event_sub_process_does_not_run_beside() -> None:
    inner = sub("sp", "task a", more=by_event("h", isInterrupting="false"))
    assert told(*in_line(inner, throw())) == [("compensation-start", "h_start")]


def test_compensation_begins_neither_a_process_nor_a_sub_process() -> None:
    parts = [node("startEvent", "x", ALL), node("task", "a"), flow("x", "a")]
    assert told(*parts) == [("trigger-outside", "x")]
    inner = sub("sp", "task a").replace(node("startEvent", "sp_start"), node("startEvent", "sp_start", ALL))
    assert told(*in_line(inner)) == [("trigger-inside", "sp_start")]


# Transactions


def cancelled(more: str = "", cancels: str = CANCEL, kind: str = "transaction", **attributes: str) -> str:
    """A transaction `s` that is cancelled by some choice."""
    body = [
        *in_line("task a", node("exclusiveGateway", "g", default="g-sp_end"), prefix="sp_"),
        node("endEvent", "bad", cancels),
        flow("g", "bad", "no"),
    ]
    return node(kind, "sp", "".join(body) + more, **attributes)


CAUGHT = [boundary("sp", "c", CANCEL), node("task", "late"), flow("c", "late")]


def test_transaction_with_its_cancel_events_is_right() -> None:
    assert warned(*in_line(cancelled()), *CAUGHT) == []
    assert warned(*in_line(cancelled(method="##Compensate")), *CAUGHT) == []


@pytest.mark.parametrize("cancels", [True, False])
def test_cancel_event_that_never_comes_is_told(cancels: bool) -> None:
    body = cancelled() if cancels else sub("sp", "task a", kind="transaction")
    content = definitions(process_element(*in_line(body), *CAUGHT))
    found = check({"a.bpmn": content}).findings
    assert [item.element for item in found if item.code == "never-runs"] == ([] if cancels else ["c"])


def test_another_protocol_is_refused() -> None:
    assert told(*in_line(cancelled(method="##Store")), *CAUGHT) == [("unsupported-attribute", "sp")]


def test_cancel_end_event_needs_a_cancel_event_on_the_border() -> None:
    assert told(*in_line(cancelled())) == [("cancel-boundary", "bad")]


@pytest.mark.parametrize("around", ["process", "subProcess", "eventSubProcess"])
def test_cancel_end_event_stands_in_a_transaction(around: str) -> None:
    end = node("endEvent", "bad", CANCEL)
    if around == "process":
        parts = [*in_line(node("exclusiveGateway", "g", default="g-end")), end, flow("g", "bad", "no")]
    elif around == "subProcess":
        parts = in_line(cancelled(kind="subProcess"))
    else:
        inner = by_event("h", definition=about("message", "m")).replace(node("endEvent", "h_end"), end)
        inner = inner.replace(flow("h_x", "h_end"), flow("h_x", "bad"))
        parts = [*in_line(sub("sp", "task a", kind="transaction", more=inner)), *CAUGHT]
    assert told(*parts) == [("cancel-outside", "bad")]


def test_cancel_event_stands_on_a_transaction() -> None:
    assert told(*in_line(sub("sp", "task a")), *CAUGHT) == [("cancel-boundary", "c")]


def test_cancel_event_interrupts() -> None:
    event = boundary("sp", "c", CANCEL, cancelActivity="false")
    assert told(*in_line(cancelled()), event, *CAUGHT[1:]) == [("cancel-boundary", "c")]


def test_two_cancel_events_are_refused() -> None:
    second = [boundary("sp", "d", CANCEL), node("task", "later"), flow("d", "later")]
    assert told(*in_line(cancelled()), *CAUGHT, *second) == [("cancel-boundary", "d")]


def test_transaction_of_many_instances_is_not_cancelled() -> None:
    marker = many("<bpmn:loopCardinality>2</bpmn:loopCardinality>")
    assert told(*in_line(cancelled(marker)), *CAUGHT) == [("cancel-boundary", "c")]


def test_cancel_is_no_intermediate_event() -> None:
    assert told(*in_line(node("intermediateThrowEvent", "x", CANCEL))) == [("unsupported-element", "x")]
    assert told(*in_line(node("intermediateCatchEvent", "x", ALL))) == [("unsupported-element", "x")]


# Soundness


def test_way_behind_a_cancel_event_is_explored() -> None:
    """What the cancel event leads to waits for ever for the other way out of the transaction."""
    parts = [*in_line(cancelled(), node("parallelGateway", "j"), "task after"), *CAUGHT, flow("late", "j")]
    assert [code for code, _ in told(*parts)] == ["deadlock"]


def test_error_of_a_handler_is_no_surprise() -> None:
    undo = handler(kind="subProcess", inside="".join(in_line("task x", prefix="u_")))
    undo = undo.replace(node("endEvent", "u_end"), node("endEvent", "u_end", about("error", "e")))
    inner = sub("sp", "task a", throw(), more=linked("a", "u") + undo)
    caught = [boundary("sp", "c", about("error", "e")), node("task", "late"), flow("c", "late")]
    assert warned(*in_line(inner), *caught) == []


def test_joins_behind_a_throwing_event_are_sound() -> None:
    parts = [
        node("startEvent", "start"),
        node("parallelGateway", "both"),
        node("task", "a"),
        node("task", "b"),
        throw(),
        node("parallelGateway", "join"),
        node("endEvent", "end"),
        path("start", "both", "a", "t", "join", "end"),
        path("both", "b", "join"),
        linked("a", "u"),
        handler(),
    ]
    assert warned(*parts) == []
