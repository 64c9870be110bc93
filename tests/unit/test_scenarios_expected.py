"""What a scenario expects: each kind of difference is explained, with the element."""

import pytest

from engine.bpmn import Spec
from tests.driving import built, flow, path, script
from tests.eventful import DEFINITIONS, message, timer
from tests.stories import fails, passes

BODY = (
    '<startEvent id="start"/>'
    + script("s", "import decimal; n, flag, d = 1, True, decimal.Decimal('1.50'); seen = {'a': 1, 'b': [1]}")
    + """<intermediateThrowEvent id="send" parvandeh:correlation="{'k': 1}" parvandeh:data="{'x': 2}">"""
    f"{message()}</intermediateThrowEvent>"
    '<userTask id="a"/><endEvent id="end" parvandeh:outcome="done"/>'
    f'<boundaryEvent id="late" attachedToRef="a">{timer("timeDuration", "P10D")}</boundaryEvent>'
    f'<endEvent id="over"/>{path("start", "s", "send", "a", "end")}{flow("late", "over")}'
)  # fmt: skip


@pytest.fixture(scope="module")
def spec() -> Spec:
    return built(BODY, more=DEFINITIONS)


@pytest.mark.parametrize(
    "expected",
    [
        "tasks: [a]",
        "waits: [late], ended: false",
        "tasks: [a], due: {late: 2026-03-31T09:00}",
        "tasks: [a], path: [start, s, send]",
        "tasks: [a], contains: [start, send], never: [end, late]",
        'tasks: [a], data: {n: 1, flag: true, seen: {b: [1]}, d: "1.50"}, absent: [m]',
        "tasks: [a], thrown: [{message: paid, keys: {k: 1}, data: {x: 2}}]",
        "tasks: [a], incidents: []",
    ],
)
def test_what_is_so_passes(spec: Spec, expected: str) -> None:
    assert passes(spec, f"expect: {{{expected}}}\n")


@pytest.mark.parametrize(
    ("expected", "wanted", "came", "element"),
    [
        ("tasks: []", "open tasks: none", "a", "a"),
        ("tasks: [a, a]", "open tasks: a, a", "a", None),
        ("waits: []", "waits: none", "late", "late"),
        ("tasks: [a], due: {late: 2026-03-31T10:00}", "late is due 2026-03-31 10:00:00+03:30",
         "2026-03-31 09:00:00+03:30", "late"),
        ("tasks: [a], due: {a: 2026-03-31}", "a is due 2026-03-31 00:00:00+03:30",
         "it isn’t open, or has no due date", "a"),
        ("tasks: [a], path: [start, send]", "the path start, send", "start, s, send", "send"),
        ("tasks: [a], path: []", "the path none", "start, s, send", "send"),
        ("tasks: [a], contains: [send, s]", "s is passed, in this order", "start, s, send", "s"),
        ("tasks: [a], never: [s]", "s is never passed", "it was passed", "s"),
        ("tasks: [a], data: {n: 2}", "the variable n is 2", "1", None),
        ("tasks: [a], data: {n: true}", "the variable n is True", "1", None),
        ("tasks: [a], data: {seen: {b: [1, 2]}}", "the variable seen is {'b': [1, 2]}",
         "{'a': 1, 'b': [1]}", None),
        ("tasks: [a], data: {m: 1}", "the variable m is 1", "the variable m does not exist", None),
        ("tasks: [a], absent: [n]", "the variable n does not exist", "1", None),
        ("tasks: [a], thrown: []", "sent messages and signals: none", "message paid", None),
        ("tasks: [a], thrown: [{signal: paid}]", "sent messages and signals: signal paid",
         "message paid", None),
        ("tasks: [a], thrown: [{message: paid, keys: {k: 2}}]",
         "message paid with the keys {'k': 2}", "{'k': 1}", "send"),
        ("tasks: [a], thrown: [{message: paid, data: {y: 2}}]",
         "message paid with the data {'y': 2}", "{'x': 2}", "send"),
        ("tasks: [a], incidents: [s]", "incidents: s", "none", "s"),
        ("ended: true", "the case ends", "it continues, with open tasks: a; waits: late", None),
        ("outcome: done", "the case ends with the outcome done",
         "it continues, with open tasks: a; waits: late", None),
    ],
)  # fmt: skip
def test_first_difference_is_told(
    spec: Spec, expected: str, wanted: str, came: str, element: str | None
) -> None:
    result = fails(spec, f"expect: {{{expected}}}\n")
    assert (result.step, result.line) == (None, 4)
    assert (result.expected, result.came, result.element) == (wanted, came, element)


@pytest.mark.parametrize(
    ("expected", "wanted", "came"),
    [
        (
            "outcome: refused",
            "the case ends with the outcome refused",
            "the case has ended with the outcome done",
        ),
        ("ended: false", "the case continues", "the case has ended with the outcome done"),
    ],
)
def test_other_end_is_told(spec: Spec, expected: str, wanted: str, came: str) -> None:
    result = fails(spec, f"steps: [{{task: a}}]\nexpect: {{{expected}}}\n")
    assert (result.step, result.expected, result.came) == (None, wanted, came)


def test_other_incident_is_told() -> None:
    spec = built(
        f'<startEvent id="start"/>{script("s", "y = x")}<endEvent id="end"/>{path("start", "s", "end")}'
    )
    result = fails(spec, "expect: {ended: false, incidents: {s: data-conflict}}\n")
    assert (result.expected, result.came) == ("the incident data-conflict at s", "script-failed")


def test_step_is_told_with_its_line(spec: Spec) -> None:
    result = fails(
        spec, "steps:\n  - wait: P1D\n  - task: a\n    then:\n      tasks: [a]\nexpect: {ended: true}\n"
    )
    assert (result.step, result.line) == (2, 6)
    assert result.expected == "open tasks: a"


def test_what_a_step_expects_is_of_that_step_alone(spec: Spec) -> None:
    assert passes(
        spec,
        """
        start: {then: {path: [start, s, send], thrown: [{message: paid}]}}
        steps:
          - task: a
            then: {path: [a, end], thrown: []}
        expect: {outcome: done, thrown: [{message: paid}]}
        """,
    )


def test_working_time_is_counted_by_the_shipped_calendar_of_iran() -> None:
    late = f'<boundaryEvent id="late" attachedToRef="a">{timer("timeDuration", "P2WD")}</boundaryEvent>'
    body = (
        '<startEvent id="start"/><userTask id="a" parvandeh:due="P1WD"/><endEvent id="end"/>'
        f'{late}<endEvent id="over"/>{path("start", "a", "end")}{flow("late", "over")}'
    )
    found = "due: {a: 2026-03-25T16:00, late: 2026-03-28T16:00}"  # after Nowruz; Thursday and Friday are off
    assert passes(built(body), f"expect: {{tasks: [a], {found}}}\n")
