"""What a case throws reaches its own waits in the same command, before the thrower continues."""

import pytest

from tests.driving import Run, built, path, script
from tests.eventful import (
    DEFINITIONS,
    boundary,
    catch,
    handler,
    line,
    message,
    shared,
    signal,
    spec,
    sub,
    throw,
)

FORK = '<startEvent id="start"/><parallelGateway id="fork"/>' + path("start", "fork")
SERVICE = '<serviceTask id="call" parvandeh:topic="registry" parvandeh:result="reply"/>'
KEYS = "parvandeh:correlation=\"{'order': order}\""
DATA = "parvandeh:data=\"{'sum': 5}\""


def branches(*parts: str) -> str:
    """A fork to the first element of each pair of (elements, their ids in order)."""
    return FORK + "".join(parts)


def test_signal_reaches_another_branch_before_the_thrower_continues() -> None:
    body = branches(
        catch("hear", signal(), 'parvandeh:result="news"'),
        '<userTask id="go"/><userTask id="heard"/><userTask id="after"/>',
        throw("cry", signal()).replace("<intermediateThrowEvent ", f"<intermediateThrowEvent {DATA} "),
        path("fork", "hear", "heard"),
        path("fork", "go", "cry", "after"),
    )
    run = Run(spec(body)).answer("go")
    assert sorted(run.waiting) == ["after", "heard"]
    assert run.data["news"] == {"sum": 5}
    assert run.passed.index("hear") > run.passed.index("cry")
    (thrown,) = run.step.thrown
    assert [(one.element, one.kind, one.name) for one in thrown.reached] == [("hear", "signal", "storm")]
    assert not run.waits


@pytest.mark.parametrize("at_end", [False, True])
def test_interrupting_event_subprocess_takes_the_thrower_away(at_end: bool) -> None:
    """Operaton's testNoContinuationWhenSignalInterruptsThrowingActivity."""
    cry = f'<endEvent id="cry">{signal()}</endEvent>' if at_end else throw("cry", signal())
    behind = "" if at_end else '<userTask id="behind"/>' + path("cry", "behind")
    body = '<startEvent id="start"/><userTask id="go"/>' + cry + behind + path("start", "go", "cry")
    run = Run(spec(body, handler("alarm", signal()))).answer("go")
    assert run.waiting == ["alarm-task"]
    assert "behind" not in [element for _, element in run.log]
    assert run.answer(run.waiting[0]).state is None


def test_call_behind_an_interrupted_thrower_is_never_made() -> None:
    run = Run(spec(line("userTask go", throw("cry", signal()), SERVICE), handler("alarm", signal())))
    run.answer("go")
    assert run.step.calls == ()
    assert run.waiting == ["alarm-task"]


def test_boundary_event_takes_the_thrower_away_with_its_sub_process() -> None:
    work = sub("work", "userTask go", throw("cry", signal()), "userTask behind")
    run = Run(spec(line(work), boundary("stop", "work", signal()))).answer("go")
    assert run.waiting == ["stop-task"]
    assert "behind" not in [element for _, element in run.log]


def test_boundary_event_of_a_call_hears_the_called_process() -> None:
    called = line("userTask go", throw("cry", signal()), "userTask behind")
    body = line('<callActivity id="work" calledElement="called"/>') + boundary("stop", "work", signal())
    run = Run(spec(body, calls={"called": called})).answer("called/go")
    assert run.waiting == ["stop-task"]


def test_events_that_do_not_interrupt_receive_it_once_and_wait_on() -> None:
    work = sub("work", "userTask go", throw("cry", signal()), "userTask behind")
    run = Run(
        spec(
            line(work),
            boundary("note", "work", signal(), interrupting=False),
            handler("alarm", signal(), interrupting=False),
        )
    ).answer("go")
    assert sorted(run.waiting) == ["alarm-task", "behind", "note-task"]
    assert sorted(run.awaited) == ["alarm.in", "note"]


def test_wait_that_begins_after_the_throw_receives_nothing() -> None:
    run = Run(spec(line(throw("cry", signal()), catch("hear", signal()))))
    assert run.awaited == ["hear"]
    assert run.step.thrown[0].reached == ()


def test_signal_ends_only_the_first_of_the_events_behind_a_gateway() -> None:
    body = branches(
        '<eventBasedGateway id="first"/>',
        catch("one", signal()),
        catch("two", signal()),
        '<userTask id="go"/><userTask id="a"/><userTask id="b"/>',
        throw("cry", signal()),
        path("fork", "first", "one", "a"),
        path("first", "two", "b"),
        path("fork", "go", "cry"),
    )
    assert len(Run(spec(body)).answer("go").waiting) == 1


def test_other_names_are_not_reached() -> None:
    more = DEFINITIONS + '<signal id="calm" name="calm"/>'
    body = branches(
        catch("hear", signal("calm")),
        '<userTask id="go"/>',
        throw("cry", signal()),
        path("fork", "hear"),
        path("fork", "go", "cry"),
    )
    run = Run(built(body, more=more)).answer("go")
    assert run.awaited == ["hear"]


def _messages(*waits: str) -> str:
    return branches(
        *waits,
        '<userTask id="go"/><userTask id="after"/>',
        f'<sendTask id="send" messageRef="paid" {KEYS} {DATA}/>',
        path("fork", "go", "send", "after"),
    )


@pytest.mark.parametrize(("order", "reached"), [(7, True), (8, False)])
def test_message_reaches_the_wait_with_its_keys(order: int, reached: bool) -> None:
    awaited = catch("hear", message(), "parvandeh:correlation=\"{'order': 7}\"")
    run = Run(spec(_messages(awaited, path("fork", "hear"))), order=order).answer("go")
    assert bool(run.step.thrown[0].reached) is reached
    assert run.awaited == ([] if reached else ["hear"])
    assert run.data.get("sum") == (5 if reached else None)


def test_message_that_matches_several_waits_is_not_delivered() -> None:
    waits = catch("one", message(), KEYS), catch("two", message(), KEYS)
    run = Run(spec(_messages(*waits, path("fork", "one"), path("fork", "two"))), order=7).answer("go")
    assert sorted(run.awaited) == ["one", "two"]
    assert run.step.thrown[0].reached == ()


def test_message_that_interrupts_its_sender() -> None:
    starts = handler("stop", message(), more=KEYS)
    run = Run(spec(_messages(), starts), order=7).answer("go")
    assert run.waiting == ["stop-task"]


def test_sender_whose_outputs_fail_has_thrown_nothing_yet() -> None:
    send = '<sendTask id="send" messageRef="paid" parvandeh:outputs="{\'half\': 1 // zero}"/>' + catch(
        "hear", message()
    )
    run = Run(
        spec(branches(send, '<userTask id="go"/>', path("fork", "go", "send"), path("fork", "hear"))), zero=0
    ).answer("go")
    assert (run.failed, run.step.thrown, run.awaited) == ([("send", "script-failed")], (), ["hear"])
    run.retry(zero=1)
    assert (len(run.step.thrown), run.awaited, run.state) == (1, [], None)


def test_data_that_the_case_cannot_hold_are_an_incident_of_the_sender() -> None:
    long = "parvandeh:data=\"{'copy': text, 'again': text}\""
    body = branches(
        catch("hear", signal()),
        '<userTask id="go"/>',
        throw("cry", signal()).replace("<intermediateThrowEvent ", f"<intermediateThrowEvent {long} "),
        path("fork", "hear"),
        path("fork", "go", "cry"),
    )
    run = Run(spec(body), text="x" * 400_000).answer("go")
    assert (run.failed, run.awaited) == ([("cry", "correlation")], ["hear"])


def test_payload_is_written_to_the_owner_of_its_names() -> None:
    starts = handler("alarm", signal(), script("sees", "seen = sum"), interrupting=False)
    cry = throw("cry", signal()).replace("<intermediateThrowEvent ", f"<intermediateThrowEvent {DATA} ")
    run = Run(spec(shared("seen"), line("userTask go", cry, "userTask after"), starts)).answer("go")
    assert (run.data["seen"], "sum" in run.data) == (5, False)


def test_receiver_runs_as_a_parallel_branch_of_the_thrower() -> None:
    body = branches(
        catch("hear", signal()),
        script("writes", "x = 1"),
        '<userTask id="go"/>',
        throw("cry", signal()),
        '<userTask id="after"/>',
        path("fork", "hear", "writes"),
        path("fork", "go", "cry", "after"),
    )
    run = Run(spec(body)).answer("go")
    assert (run.data["x"], run.waiting) == (1, ["after"])
