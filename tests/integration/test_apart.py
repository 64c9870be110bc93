"""Long evaluations in processes of their own: same results, while this process answers health checks."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.bpmn.expressions import feel
from engine.dmn import TooMuch
from engine.platform import apart
from engine.platform.pulse import PULSE

NOW = datetime(2026, 3, 21, tzinfo=UTC)
LONG = {
    "steps": "= sum(for a in 1..400, b in 1..300 return a * b)",
    "list": "= for a in 1..100000 return a * 2",
    "context": '= {a: count(for x in 1..150000 return x), b: date("2026-03-21"), c: duration("P1D")}',
    "pattern": '= matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")',
    "too much": "= for a in 1..1000, b in 1..1000 return a",
    "function": "= {f: function(x) x, a: count(for x in 1..200000 return x)}",
    "fault": "= (for x in 1..200000 return x)[1] + null",
}


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """This process may have children, and the beats of its waits are noted."""
    noted: list[int] = []
    monkeypatch.setattr(apart._Children, "allowed", True)
    monkeypatch.setattr(PULSE, "_followers", [lambda: noted.append(os.getpid())])
    return noted


def outcome(text: str) -> Any:
    try:
        return feel.evaluate(text, {}, NOW)
    except feel.Unfit as error:
        return str(error)


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_a_long_evaluation_has_the_same_result_elsewhere(
    text: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    here = outcome(text)
    monkeypatch.setattr(apart, "HERE", 0.0)
    request.getfixturevalue("beats")
    there = outcome(text)
    assert (there, type(there)) == (here, type(here))


def test_health_checks_are_answered_during_a_long_evaluation(
    beats: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "HERE", 0.0)
    outcome(LONG["steps"])
    assert beats


def test_a_short_evaluation_has_no_process_of_its_own(
    beats: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("a child"))
    assert outcome("= 1 + 1") == 2


def _kill_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("end", [_kill_oneself, lambda: 1 / 0], ids=["killed", "crashed"])
def test_work_whose_process_dies_is_done_here(beats: list[int], end: Callable[[], Any]) -> None:
    own = os.getpid()

    def work(until: float) -> Decimal:
        if until < float("inf"):
            raise apart.Slow
        if os.getpid() != own:
            end()
        return Decimal(own)

    assert apart.run(work, (TooMuch,)) == own
