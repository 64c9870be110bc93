"""The clock in a diagram: its attributes are read, and what is wrong with them is found."""

import pytest

from engine import bpmn
from engine.bpmn import Source, check
from engine.bpmn.notation import clock
from tests.bpmn import definitions, flow, in_line, node, process_element
from tests.unit.test_requirements import built, files, task, told

PROCESS = {"statutory": "P5WD", "norm": "P3WD", "onSilence": "grant", "acceptWithin": "P2WD"}


def test_the_rules_of_a_process_and_its_elements_are_read() -> None:
    content = files(task("a", clock="start", opinionsPause="true"), task("b", clock="pause"), **PROCESS)
    found = built(content).clock
    assert (found.statutory, found.norm, found.on_silence, found.accept_within) == (
        "P5WD",
        "P3WD",
        "grant",
        "P2WD",
    )
    assert [set(found.starts), set(found.pauses), set(found.opinions)] == [{"a"}, {"b"}, {"a"}]
    assert not found.safety


def test_a_process_without_rules_has_no_clock() -> None:
    assert built(files(task())).clock == clock.ClockRules()


@pytest.mark.parametrize(
    "text", ["P1D", "P20D", "P5WD", "P1300WD", "PT10400WH", "PT8WH", "P1M", "P5Y", "PT30M"]
)
def test_a_term(text: str) -> None:
    assert clock.is_length(text)


@pytest.mark.parametrize(
    "text",
    ["", "P", "P0D", "PT0S", "P0WD", "PT0WH", "P50Y", "P9999WD", "P1301WD", "PT10401WH", "5 days", "P-1D"],
)
def test_no_term(text: str) -> None:
    assert not clock.is_length(text)


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"statutory": "P0D"}, "invalid-clock"),
        ({"statutory": "P50Y"}, "invalid-clock"),
        ({"statutory": "P1D", "norm": "soon"}, "invalid-clock"),
        ({"statutory": "P1D", "onSilence": "yes"}, "invalid-clock"),
        ({"statutory": "P1D", "onBreach": "close"}, "invalid-clock"),
        ({"statutory": "P1D", "acceptWithin": "P0WD"}, "invalid-clock"),
        ({"statutory": "P1D", "onSilence": "grant", "safety": "true"}, "silence-and-safety"),
    ],
)
def test_a_wrong_value_on_a_process_is_an_error(attributes: dict[str, str], code: str) -> None:
    assert told(files(task(), **attributes)) == [(code, "p")]


@pytest.mark.parametrize("attributes", [{"clock": "stop"}, {"norm": "?"}, {"opinionsPause": "?"}])
def test_a_wrong_value_on_a_task_is_an_error(attributes: dict[str, str]) -> None:
    assert told(files(task(**attributes), statutory="P1D")) == [("invalid-clock", "a")]


def test_a_pause_where_nothing_waits_is_an_error() -> None:
    script = node("scriptTask", "s", "<bpmn:script>x = 1</bpmn:script>", parvandeh__clock="pause")
    assert told(files(task(), script, statutory="P1D")) == [("invalid-clock", "s")]


@pytest.mark.parametrize(
    ("attributes", "place"),
    [({"onSilence": "grant"}, "p"), ({"acceptWithin": "P1D"}, "p"), ({"onBreach": "reassign"}, "p")],
)
def test_rules_without_a_term_are_a_warning(attributes: dict[str, str], place: str) -> None:
    assert told(files(task(), **attributes), "warning") == [("clock-without-term", place)]


def test_two_starts_on_one_path_are_a_warning() -> None:
    content = files(task("a", clock="start"), task("b", clock="start"), statutory="P1D")
    assert told(content, "warning") == [("clock-starts-twice", "a")]


def test_a_time_to_accept_without_a_start_is_a_warning() -> None:
    assert told(files(task(), statutory="P5D", acceptWithin="P1D"), "warning") == [
        ("accept-without-start", "p")
    ]


@pytest.mark.parametrize(
    ("silence", "found"), [("grant", []), ("escalate", [("deemed-without-silence", "late")])]
)
def test_a_message_that_never_arrives_is_a_warning(silence: str, found: list[tuple[str, str]]) -> None:
    caught = '<bpmn:messageEventDefinition messageRef="deemed"/>'
    late = [
        node("boundaryEvent", "late", caught, attachedToRef="a"),
        node("endEvent", "over"),
        flow("late", "over"),
    ]
    said = f'isExecutable="true" parvandeh:statutory="P5D" parvandeh:onSilence="{silence}"'
    body = process_element(*in_line(task("a")), *late, attributes=said)
    deemed = f'<bpmn:message id="deemed" name="{clock.DEEMED}"/>'
    content = {"p.bpmn": definitions(deemed, body), "f.json": files(task())["f.json"]}
    assert told(content, "warning") == found


def test_a_wrong_place_is_an_error() -> None:
    report = check(files(task(statutory="P1D")))
    assert [finding.code for finding in report.errors] == ["unknown-extension"]


def test_a_changed_term_is_a_difference() -> None:
    def source(**attributes: str) -> Source:
        content = files(task("a", clock="pause"), **attributes)
        return Source(bpmn.digest(content, {}), content, {})

    found = bpmn.compare(source(statutory="P5D"), source(statutory="P5WD", onSilence="grant"), "p")
    assert [one.code for one in found] == ["statutory-changed", "on-silence-changed"]


@pytest.mark.parametrize("name", ["clock.deemed", "clock.x"])
def test_a_process_does_not_send_the_messages_of_the_clock(name: str) -> None:
    event = '<bpmn:messageEventDefinition messageRef="m"/>'
    throws = [node("sendTask", "s", messageRef="m"), node("intermediateThrowEvent", "t", event)]
    content = definitions(f'<bpmn:message id="m" name="{name}"/>', process_element(*in_line(*throws)))
    assert told({"p.bpmn": content}) == [("reserved-message", "s"), ("reserved-message", "t")]
