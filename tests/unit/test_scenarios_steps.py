"""Each kind of step of a scenario: what it does, and how it is explained that it isn't possible."""

import pytest

from engine.bpmn import Spec
from tests.driving import built, flow, path, script
from tests.eventful import DEFINITIONS, error, message, signal, throw, timer
from tests.stories import fails, passes, run_stories

TASKS = (
    '<laneSet><lane id="l" name="بازرس | Inspector"><flowNodeRef>a</flowNodeRef></lane></laneSet>'
    '<startEvent id="start"/><userTask id="a"/><userTask id="b"/>'
    f'<endEvent id="end" parvandeh:outcome="done"/>{path("start", "a", "b", "end")}'
)
SERVICE = (
    '<startEvent id="start"/><serviceTask id="ask" parvandeh:connector="registry"'
    """ parvandeh:request="{'id': number}" parvandeh:result="answer"/>"""
    f'<boundaryEvent id="unknown" attachedToRef="ask" parvandeh:result="problem">{error()}</boundaryEvent>'
    '<endEvent id="end" parvandeh:outcome="known"/><endEvent id="no" parvandeh:outcome="unknown"/>'
    f"{path('start', 'ask', 'end')}{flow('unknown', 'no')}"
)
WAITING = (
    '<startEvent id="start"/>'
    """<intermediateCatchEvent id="pay" parvandeh:correlation="{'bill': bill}" parvandeh:result="payment">"""
    f"{message()}</intermediateCatchEvent>"
    f'<intermediateCatchEvent id="blow">{signal()}</intermediateCatchEvent>'
    f'<endEvent id="end"/>{path("start", "pay", "blow", "end")}'
)
REMINDING = (
    '<startEvent id="start"/><userTask id="a"/><endEvent id="end"/>'
    '<boundaryEvent id="weekly" attachedToRef="a" cancelActivity="false">'
    f"{timer('timeCycle', 'R3/P7D')}</boundaryEvent>"
    f'<boundaryEvent id="over" attachedToRef="a">{timer("timeDuration", "P1Y")}</boundaryEvent>'
    '<endEvent id="late" parvandeh:outcome="late"/>'
    f'<endEvent id="reminded">{message()}</endEvent>'
    f"{path('start', 'a', 'end')}{flow('weekly', 'reminded')}{flow('over', 'late')}"
)
FAILING = (
    f'<startEvent id="start"/>{script("s", "y = 1 // x")}<endEvent id="end"/>{path("start", "s", "end")}'
)


@pytest.fixture(scope="module")
def tasks() -> Spec:
    return built(TASKS)


@pytest.fixture(scope="module")
def service() -> Spec:
    return built(SERVICE, more=DEFINITIONS)


@pytest.fixture(scope="module")
def waiting() -> Spec:
    return built(WAITING, more=DEFINITIONS)


@pytest.fixture(scope="module")
def reminding() -> Spec:
    return built(REMINDING, more=DEFINITIONS)


@pytest.fixture(scope="module")
def failing() -> Spec:
    return built(FAILING)


# Tasks


def test_tasks_are_completed_with_their_answers(tasks: Spec) -> None:
    assert passes(
        tasks,
        """
        steps:
          - task: a
            by: Inspector
            answer: {x: 1}
            then: {tasks: [b], path: [a]}
          - task: b
        expect:
          outcome: done
          path: [start, a, b, end]
          data: {x: 1}
        """,
    )


def test_task_that_is_not_open_fails_the_step(tasks: Spec) -> None:
    result = fails(tasks, "steps:\n  - task: a\n  - task: a\nexpect: {outcome: done}\n")
    assert (result.step, result.line, result.element) == (2, 6, "a")
    assert (result.expected, result.came) == ("the task a is open", "open tasks: b")


def test_task_for_somebody_else_fails_the_step(tasks: Spec) -> None:
    result = fails(tasks, "steps: [{task: a, by: Mayor}]\nexpect: {tasks: [b]}\n")
    assert result.expected == "the role Mayor does the task a"
    assert "Inspector" in result.came


@pytest.fixture(scope="module")
def formal() -> Spec:
    form = (
        '<extensionElements><camunda:formData><camunda:formField id="visits" type="long"/>'
        "</camunda:formData></extensionElements>"
    )
    body = f'<startEvent id="start"/><userTask id="a">{form}</userTask><endEvent id="end"/>'
    return built(body + path("start", "a", "end"))


def test_answer_must_fit_the_form(formal: Spec) -> None:
    result = fails(formal, "steps: [{task: a, answer: {visits: many, more: 1}}]\nexpect: {ended: true}\n")
    assert result.expected == "an answer that fits the form of a"
    assert "visits" in result.came
    assert "more: This field" in result.came


def test_answer_may_be_expected_to_be_refused(formal: Spec) -> None:
    assert passes(
        formal,
        """
        steps:
          - task: a
            answer: {visits: many}
            refused: true
            then: {tasks: [a], path: []}
          - task: a
            answer: {visits: 2}
        expect: {ended: true, data: {visits: 2}}
        """,
    )
    result = fails(formal, "steps: [{task: a, answer: {visits: 2}, refused: true}]\nexpect: {tasks: [a]}\n")
    assert (result.expected, result.came) == ("an answer that the form of a refuses", "the answer fits")


def test_nothing_can_be_done_in_a_case_that_has_ended(tasks: Spec) -> None:
    story = "steps: [{task: a}, {task: b}, {wait: P1D}]\nexpect: {ended: true}\n"
    result = fails(tasks, story)
    assert (result.step, result.came) == (3, "the case has ended with the outcome done")


# Other systems


def test_reply_comes_to_the_service_task_that_asked(service: Spec) -> None:
    assert passes(
        service,
        """
        start:
          data: {number: 7}
          then: {waits: [ask]}
        steps:
          - reply: ask
            connector: registry
            request: {id: 7}
            data: {result: match}
        expect:
          outcome: known
          data: {answer: {result: match}}
        """,
    )


def test_other_request_fails_the_step(service: Spec) -> None:
    story = "start: {data: {number: 7}}\nsteps: [{reply: ask, request: {id: 8}}]\nexpect: {ended: true}\n"
    result = fails(service, story)
    assert (result.expected, result.came) == ("ask sends {'id': 8}", "{'id': 7}")


def test_other_system_that_is_asked_fails_the_step(service: Spec) -> None:
    story = "start: {data: {number: 7}}\nsteps: [{fail: ask, connector: tax}]\nexpect: {ended: true}\n"
    result = fails(service, story)
    assert (result.expected, result.came) == ("the call uses the connector tax", "registry")


def test_error_of_another_system_takes_its_way(service: Spec) -> None:
    assert passes(
        service,
        """
        start: {data: {number: 7}}
        steps:
          - fail: ask
            error: MISSING
            data: {hint: moved}
        expect:
          outcome: unknown
          contains: [unknown, "no"]
          data: {problem: {code: MISSING, hint: moved}}
        """,
    )


def test_call_that_fails_for_good_is_an_incident_that_is_retried_or_skipped(service: Spec) -> None:
    assert passes(
        service,
        """
        start: {data: {number: 7}}
        steps:
          - fail: ask
            then: {incidents: {ask: unreachable}, waits: []}
          - retry: ask
            then: {incidents: [], waits: [ask]}
          - fail: ask
            then: {incidents: [ask]}
          - skip: ask
            data: {answer: by telephone}
        expect: {outcome: known, data: {answer: by telephone}, incidents: []}
        """,
    )


def test_reply_that_nobody_awaits_fails_the_step(waiting: Spec) -> None:
    result = fails(waiting, "start: {data: {bill: 7}}\nsteps: [{reply: pay}]\nexpect: {ended: true}\n")
    assert (result.expected, result.came) == ("pay waits for a reply", "replies are awaited at: none")


# Messages and signals


def test_message_and_signal_reach_the_case(waiting: Spec) -> None:
    assert passes(
        waiting,
        """
        start: {data: {bill: 7}, then: {waits: [pay]}}
        steps:
          - message: paid
            keys: {bill: "7"}
            data: {amount: 5}
          - signal: storm
        expect: {ended: true, data: {payment: {amount: 5}}}
        """,
    )


def test_number_of_the_case_reaches_it_too(waiting: Spec) -> None:
    story = "start: {data: {bill: 7}}\nsteps: [{message: paid, keys: {case_number: any}}]\n"
    assert passes(waiting, story + "expect: {waits: [blow]}\n")


def test_message_with_other_keys_fails_the_step(waiting: Spec) -> None:
    story = "start: {data: {bill: 7}}\nsteps: [{message: paid, keys: {bill: 8}}]\nexpect: {ended: true}\n"
    result = fails(waiting, story)
    assert result.expected == "the case waits for the message paid with the keys {'bill': 8}"
    assert result.came == "awaited messages: paid {'bill': 7}"


def test_signal_that_nobody_awaits_fails_the_step(waiting: Spec) -> None:
    result = fails(waiting, "start: {data: {bill: 7}}\nsteps: [{signal: storm}]\nexpect: {ended: true}\n")
    assert result.came == "awaited signals: none"


def test_what_the_case_throws_reaches_the_case_itself() -> None:
    body = (
        '<startEvent id="start"/><parallelGateway id="fork"/>'
        f'<intermediateCatchEvent id="hear">{signal()}</intermediateCatchEvent>'
        f'<intermediateCatchEvent id="get">{message()}</intermediateCatchEvent>'
        f'<endEvent id="end"/><endEvent id="end2"/><userTask id="a"/>{throw("call", signal())}'
        f"{throw('send', message())}<endEvent id='end3'/>"
        f"{path('start', 'fork', 'hear', 'end')}{path('fork', 'get', 'end2')}"
        f"{path('fork', 'a', 'call', 'send', 'end3')}"
    )
    spec = built(body, more=DEFINITIONS)
    assert passes(
        spec,
        """
        steps:
          - task: a
            then: {thrown: [{signal: storm}, {message: paid, keys: {}}]}
        expect: {ended: true, contains: [call, hear], waits: []}
        """,
    )


# Time


def test_each_timer_fires_at_its_own_instant_and_a_year_passes_at_once(reminding: Spec) -> None:
    assert passes(
        reminding,
        """
        zone: Asia/Tehran
        start:
          then:
            due: {weekly: 2026-03-28T09:00, over: "2027-03-21T09:00+03:30"}
        steps:
          - wait: P8D
            then:
              thrown: [{message: paid}]
              due: {weekly: 2026-04-04T09:00}
          - wait: P1M
            then: {thrown: [{message: paid}, {message: paid}], waits: [over]}
          - wait: P1Y
        expect: {outcome: late, contains: [weekly, reminded, weekly, weekly, over]}
        """,
    )


def test_task_is_still_open_a_day_before_its_time_is_over(reminding: Spec) -> None:
    assert passes(reminding, "steps: [{wait: P364D}]\nexpect: {tasks: [a], ended: false}\n")


def test_timer_without_end_ends_at_the_limit_of_commands() -> None:
    spec = built(
        '<startEvent id="start"/><userTask id="a"/><endEvent id="end"/>'
        '<boundaryEvent id="tick" attachedToRef="a" cancelActivity="false">'
        f"{timer('timeCycle', 'R/PT1S')}</boundaryEvent><endEvent id='ticked'/>"
        f"{path('start', 'a', 'end')}{flow('tick', 'ticked')}"
    )
    result = fails(spec, "steps: [{wait: P1Y}]\nexpect: {tasks: [a]}\n")
    assert result.expected == "the scenario takes at most 1,000 commands"


def test_time_does_not_pass_beyond_all_measure(tasks: Spec) -> None:
    for time in ("P500Y", "P999999999D"):
        result = fails(tasks, f"steps: [{{wait: {time}}}]\nexpect: {{tasks: [a]}}\n")
        assert "too far away" in result.came


# Starts


@pytest.mark.parametrize(
    ("start", "data"),
    [
        ("{message: paid, data: {x: 1}}", "{got: {x: 1}}"),
        ("{signal: storm, data: {x: 1}}", "{x: 1}"),
        ("{timer: yearly}", "{}"),
        ("{data: {x: 2}}", "{x: 2}"),
    ],
)
def test_case_begins_by_a_person_a_message_a_signal_or_a_timer(start: str, data: str) -> None:
    assert passes(built(STARTS, more=DEFINITIONS), f"start: {start}\nexpect: {{tasks: [a], data: {data}}}\n")


STARTS = (
    f'<startEvent id="plain"/><startEvent id="by" parvandeh:result="got">{message()}</startEvent>'
    f'<startEvent id="storms">{signal()}</startEvent>'
    f'<startEvent id="yearly">{timer("timeCycle", "R/P1Y")}</startEvent>'
    '<exclusiveGateway id="g"/><userTask id="a"/><endEvent id="end"/>'
    f"{flow('plain', 'g')}{flow('by', 'g')}{flow('storms', 'g')}{flow('yearly', 'g')}{path('g', 'a', 'end')}"
)


def test_case_begins_by_nothing_else() -> None:
    spec = built(STARTS, more=DEFINITIONS)
    result = fails(spec, "start: {message: asked}\nexpect: {tasks: [a]}\n")
    assert (result.step, result.line) == (0, 4)
    assert "message paid" in result.came


def test_person_cannot_start_what_begins_by_itself() -> None:
    body = f'<startEvent id="by">{message()}</startEvent><userTask id="a"/>{path("by", "a")}'
    result = fails(built(body, more=DEFINITIONS), "expect: {tasks: [a]}\n")
    assert result.came == "it starts automatically or by a message"


def test_application_may_be_expected_to_be_refused() -> None:
    form = (
        '<extensionElements><camunda:formData><camunda:formField id="visits" type="long"/>'
        "</camunda:formData></extensionElements>"
    )
    spec = built(f'<startEvent id="start">{form}</startEvent><userTask id="a"/>{path("start", "a")}')
    story = "start: {data: {visits: %s}, refused: true}\nexpect: {tasks: [], ended: false}\n"
    assert passes(spec, story % "many")
    result = fails(spec, story % "2")
    assert (result.step, result.expected) == (0, "an answer that the start form refuses")


def test_who_starts_the_case_is_told() -> None:
    body = f'<startEvent id="s" parvandeh:starter="who"/><userTask id="a"/>{path("s", "a")}'
    assert passes(built(body), "start: {by: portal}\nexpect: {tasks: [a], data: {who: portal}}\n")


# Incidents and limits


def test_incident_that_nobody_expects_fails_the_step(failing: Spec) -> None:
    result = fails(failing, "start: {data: {x: 0}}\nexpect: {ended: true}\n")
    assert (result.step, result.element, result.expected) == (0, "s", "no incident")
    assert result.came.startswith("script-failed, line 1 of the script: ZeroDivisionError")


def test_incident_is_repaired_and_tried_again(failing: Spec) -> None:
    story = """
        start: {data: {x: 0}, then: {incidents: {s: script-failed}}}
        steps: [{retry: s, data: {x: 1}}]
        expect: {ended: true, data: {y: 1}}
        """
    assert passes(failing, story)


def test_incident_may_be_what_is_expected_at_the_end(failing: Spec) -> None:
    assert passes(failing, "start: {data: {x: 0}}\nexpect: {ended: false, incidents: [s]}\n")


def test_gateway_that_stands_cannot_be_skipped() -> None:
    body = (
        '<startEvent id="start"/><exclusiveGateway id="g"/><userTask id="a"/><userTask id="b"/>'
        f"{path('start', 'g')}{flow('g', 'a', 'x == 1')}{flow('g', 'b', 'x == 2')}"
    )
    story = "start: {data: {x: 3}, then: {incidents: {g: no-flow}}}\nsteps: [{skip: g}]\n"
    result = fails(built(body), story + "expect: {tasks: [a]}\n")
    assert result.expected == "g can be skipped"


def test_scripts_that_never_end_stop_at_the_limit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.definitions.scenarios.running.SECONDS", 0.2)
    body = (
        f'<startEvent id="start"/><exclusiveGateway id="g"/>{script("s", "n = max(n, 0) + 1")}'
        '<exclusiveGateway id="enough" default="back"/><endEvent id="end"/>'
        f"{path('start', 'g', 's', 'enough')}{flow('enough', 'g', name='back')}"
        f"{flow('enough', 'end', 'n == 100000')}"
    )
    result = fails(built(body), "start: {data: {n: 0}}\nexpect: {ended: true}\n")
    assert result.came == "it took longer"


def test_all_scenarios_together_have_a_limit_of_time(tasks: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.definitions.scenarios.running.ALL_SECONDS", -1.0)
    made = run_stories(tasks, "expect: {tasks: [a]}\n", "expect: {tasks: [a]}\n")
    assert [str(result.came) for result in made.results] == ["it took longer"] * 2


def test_more_scenarios_than_are_run_are_refused(tasks: Spec) -> None:
    made = run_stories(tasks, *["expect: {tasks: [a]}\n"] * 101)
    assert [finding.code for finding in made.findings] == ["too-many-scenarios"]
