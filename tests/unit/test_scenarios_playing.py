"""Cases played by hand: acts in memory, the same each time, and written as a scenario that passes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from engine.bpmn import Spec
from engine.definitions import scenarios
from engine.definitions.scenarios import Played, Unplayable
from engine.platform.errors import Conflict, Invalid
from tests.driving import NOW, built, flow, path, script
from tests.eventful import DEFINITIONS, message, signal, timer

Act = Mapping[str, Any]
AT = scenarios.clock(NOW)
TASKS = (
    '<startEvent id="start"/><userTask id="a"/><userTask id="b"/><endEvent id="end"/>'
    f"{path('start', 'a', 'b', 'end')}"
)
LATE = (
    '<startEvent id="start"/><userTask id="a"/><endEvent id="end" parvandeh:outcome="done"/>'
    f'<boundaryEvent id="over" attachedToRef="a">{timer("timeDuration", "P1DT90S")}</boundaryEvent>'
    f'<endEvent id="late" parvandeh:outcome="late"/>{path("start", "a", "end")}{flow("over", "late")}'
)
WAITING = (
    '<startEvent id="start"/>'
    """<intermediateCatchEvent id="pay" parvandeh:correlation="{'bill': bill}" parvandeh:result="payment">"""
    f"{message()}</intermediateCatchEvent>"
    f'<intermediateCatchEvent id="blow">{signal()}</intermediateCatchEvent>'
    f'<endEvent id="end"/>{path("start", "pay", "blow", "end")}'
)
ASKING = (
    '<startEvent id="start"/><serviceTask id="ask" parvandeh:connector="registry"'
    """ parvandeh:request="{'id': number}" parvandeh:result="answer"/><endEvent id="end"/>"""
    f"{path('start', 'ask', 'end')}"
)
FAILING = (
    f'<startEvent id="start"/>{script("s", "y = 1 // x")}<endEvent id="end"/>{path("start", "s", "end")}'
)


def play(spec: Spec, *acts: Act) -> Played:
    return scenarios.play(spec, AT, acts)


def standing(played: Played) -> tuple[list[str], list[str], bool]:
    case = played.case
    waits = [wait.element for waits in (case.waits, case.calls) for wait in waits.values()]
    return [work.element for work in case.open.values()], waits, case.ended


def test_acts_lead_from_one_task_to_the_next() -> None:
    spec = built(TASKS)
    assert standing(play(spec)) == ([], [], False)
    assert standing(play(spec, {})) == (["a"], [], False)
    assert standing(play(spec, {}, {"task": "a", "answer": {"x": 1}})) == (["b"], [], False)
    ended = play(spec, {}, {"task": "a", "answer": {"x": 1}}, {"task": "b"})
    assert (standing(ended), ended.case.data) == (([], [], True), {"x": 1})


def test_the_same_acts_lead_to_the_same_case() -> None:
    code = "from datetime import datetime\nat = str(datetime.now())"
    spec = built(
        f'<startEvent id="start"/>{script("s", code)}'
        f'<userTask id="a"/><endEvent id="end"/>{path("start", "s", "a", "end")}'
    )
    one, other = play(spec, {}), play(spec, {})
    assert one.case.data == other.case.data
    assert one.case.data.keys() == {"at"}


def test_each_act_tells_its_steps_and_when_it_was() -> None:
    played = play(built(LATE), {}, {"wait": "P2D"})
    start, wait = played.done
    assert (start.at, wait.at) == (AT, AT)
    [(when, step)] = wait.steps
    assert (when - AT).total_seconds() == 86_490
    assert [fired.element for fired in step.fired] == ["over"]


def test_the_next_timer_is_told_as_the_time_until_it_fires() -> None:
    spec = built(LATE)
    standing_still = play(spec, {})
    assert standing_still.next_timer == "P1DT1M30S"
    passed = play(spec, {}, {"wait": "P1DT1M30S"})
    assert (passed.case.outcome, passed.next_timer) == ("late", None)


@pytest.mark.parametrize(
    ("acts", "number"),
    [
        ([{}, {"task": "b"}], 1),
        ([{}, {"task": "a"}, {"task": "a"}], 2),
        ([{}, {"task": "a"}, {"task": "b"}, {"wait": "P1D"}], 3),
        ([{"message": "unknown"}], 0),
        ([{}, {"signal": "unknown"}], 1),
        ([{}, {"reply": "a", "data": {}}], 1),
        ([{}, {"retry": "a"}], 1),
    ],
)
def test_an_act_that_cannot_be_done_is_refused(acts: Sequence[Act], number: int) -> None:
    with pytest.raises(Unplayable) as halt:
        play(built(TASKS), *acts)
    assert halt.value.number == number
    assert isinstance(halt.value.refusal, Conflict)
    assert halt.value.refusal.state["test_run"] == "unlike"


@pytest.mark.parametrize(
    "act", [{"dance": "a"}, {"task": ""}, {"wait": "tomorrow"}, {"task": "a", "answer": [1]}, {"task": 5}]
)
def test_an_act_that_is_not_understood_is_refused(act: Act) -> None:
    with pytest.raises(Unplayable) as halt:
        play(built(TASKS), {}, act)
    assert isinstance(halt.value.refusal, Invalid)
    assert [fault.pointer for fault in halt.value.refusal.faults] == ["/act"]


def test_timers_without_end_are_stopped() -> None:
    spec = built(
        '<startEvent id="start"/><userTask id="a"/><endEvent id="end"/><endEvent id="told"/>'
        '<boundaryEvent id="each" attachedToRef="a" cancelActivity="false">'
        f"{timer('timeCycle', 'R/PT1S')}</boundaryEvent>{path('start', 'a', 'end')}{flow('each', 'told')}"
    )
    with pytest.raises(Unplayable) as halt:
        play(spec, {}, {"wait": "P1D"})
    assert isinstance(halt.value.refusal, Conflict)
    assert halt.value.refusal.state["test_run"] == "long"


STORIES = [
    (TASKS, "", [{}]),
    (
        TASKS,
        "",
        [{"data": {"n": 1.5, "t": "0012", "e": "1e5", "no": "no", "many": [None, True, {"a": "الف‌ب"}]}}],
    ),
    (
        TASKS,
        "",
        [{}, {"task": "a", "answer": {"x": "12:30", "y": "2026-03-21", "z": "a\tb\n\x7f: #"}}, {"task": "b"}],
    ),
    (LATE, "", [{}, {"wait": "P1DT1M30S"}]),
    (WAITING, DEFINITIONS, [{"data": {"bill": "B-1"}}]),
    (
        WAITING,
        DEFINITIONS,
        [
            {"data": {"bill": 7}},
            {"message": "paid", "keys": {"bill": 7}, "data": {"paid": True}},
            {"signal": "storm"},
        ],
    ),
    (ASKING, "", [{"data": {"number": 1}}, {"reply": "ask", "data": {"found": "yes"}}]),
    (ASKING, "", [{"data": {"number": 1}}, {"fail": "ask"}]),
    (FAILING, "", [{"data": {"x": 0}}]),
    (FAILING, "", [{"data": {"x": 0}}, {"retry": "s", "data": {"x": 0}}, {"retry": "s", "data": {"x": 2}}]),
    (FAILING, "", [{"data": {"x": 0}}, {"skip": "s", "data": {"y": 1}}]),
]


@pytest.mark.parametrize(("body", "more", "acts"), STORIES)
def test_what_was_played_is_written_as_a_scenario_that_passes(
    body: str, more: str, acts: Sequence[Act]
) -> None:
    spec = built(body, more=more)
    played = play(spec, *acts)
    content = scenarios.write("بازی | Played: yes", played)
    [told], findings = scenarios.read({"scenarios/p.yaml": content})
    assert not findings
    assert told.at == AT
    assert (told.steps[-1].data if told.steps else told.start.data) == played.done[-1].act.data
    report = scenarios.run_all([told], {"process": spec})
    assert not report.findings, content.decode()
