"""A database that dies again and again is not started for ever."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.cli import restarts
from engine.platform.errors import Unusable


class Mortal:
    """A server that starts, or does not."""

    def __init__(self, *starts: bool) -> None:
        self.process = SimpleNamespace(returncode=-9)
        self.log = Path("/var/postgres.log")
        self.starts = [*starts]

    def restart(self) -> None:
        if not self.starts.pop(0):
            raise Unusable("The embedded PostgreSQL does not start: No space left on device")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited for, without waiting; the clock only moves then."""
    waited: list[float] = []
    clock = SimpleNamespace(sleep=waited.append, monotonic=lambda: sum(waited))
    monkeypatch.setattr(restarts, "time", clock)
    return waited


def watching(server: Any) -> restarts.Restarts:
    return restarts.Restarts(server)


def test_server_that_dies_for_the_fourth_time_within_a_minute_ends_everything(pauses: list[float]) -> None:
    database = watching(Mortal(True, True, True))
    for _ in range(3):
        database.restart()
    with pytest.raises(Unusable, match=r"died \(exit code -9\).*\n.*3 times within a minute.*postgres.log"):
        database.restart()
    assert pauses == [0, 1, 2]


def test_server_that_dies_seldom_is_always_started_again(pauses: list[float]) -> None:
    database = watching(Mortal(*[True] * 10))
    for _ in range(10):
        database.restart()
        pauses.append(restarts.WINDOW)


def test_server_that_does_not_start_is_tried_again_and_its_reason_is_told(pauses: list[float]) -> None:
    watching(Mortal(False, False, True)).restart()
    with pytest.raises(Unusable, match="No space left on device"):
        watching(Mortal(False, False, False)).restart()
