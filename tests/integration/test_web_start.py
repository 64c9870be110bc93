"""The start of the web server: it has time as long as it works."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from engine.cli import web
from engine.cli.web import Web
from engine.platform.config import Settings
from engine.platform.errors import Unusable
from tests.working import free_port

BUSY = "while True: pass"
IDLE = "import time; time.sleep(600)"
BUSY_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"

Start = Callable[[str], Web]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a web server that runs this program instead of answering."""
    started: list[Web] = []

    def begin(program: str) -> Web:
        monkeypatch.setattr(web, "COMMAND", [sys.executable, "-c", program])
        started.append(Web(Settings.read({"PORT": str(free_port())}), "unused"))
        return started[-1]

    monkeypatch.setattr(web, "PATIENCE", 0.5)
    yield begin
    for each in started:
        os.killpg(each.process.pid, signal.SIGKILL)
        each.process.wait()


@pytest.mark.parametrize("program", [BUSY, BUSY_CHILD])
def test_start_that_works_may_take_long(start: Start, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    late = time.monotonic() + 4 * web.PATIENCE
    monkeypatch.setattr(web, "_answers", lambda _port: time.monotonic() > late)
    start(program).await_answer()


def test_start_that_does_nothing_is_given_up(start: Start) -> None:
    with pytest.raises(Unusable, match="did nothing"):
        start(IDLE).await_answer()
