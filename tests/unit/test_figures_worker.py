"""The worker that brings the figures of oversight up to date."""

import asyncio
from typing import Any

import pytest

from engine.oversight import projection
from engine.worker import figures


class Stopped(Exception):
    """Ends the worker."""


def test_worker_tries_again_to_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database doesn't answer at first: without its cursors, there is never anything to do."""
    monkeypatch.setattr(figures, "PAUSE", 0.0)
    answers = [None, True, 1]
    asked: list[Any] = []

    class Runner:
        async def poll(self, command: Any, view: str = "write") -> Any:
            asked.append(command)
            if not answers:
                raise Stopped
            return answers.pop(0)

    runner: Any = Runner()
    with pytest.raises(Stopped):
        asyncio.run(figures.project(runner))
    assert asked[:3] == [projection.prepare, projection.prepare, projection.transactions]
