"""Runs pure work that takes long in a process of its own, while this one answers health checks.

A web server's process serves one request at a time. Work that may be long checks the time as it goes, and
raises `Slow` when it has taken too long here; a child process then begins it again, with the same result.
"""

import os
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from math import inf
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any, NoReturn, TypeVar, cast

from engine.platform import parent_death
from engine.platform.pulse import INTERVAL, PULSE

T = TypeVar("T")

HERE = 0.1  # seconds that such work may take in this process


class _Children:
    """Whether this process may have them."""

    allowed = False


class Slow(BaseException):
    """Raised by work that has taken too long here. Nothing but `run` may catch it."""


def enable() -> None:
    """Let this process have children for long work. It must have no threads of Python."""
    _Children.allowed = True


def run(work: Callable[[float], T], refusals: tuple[type[Exception], ...]) -> T:
    """Return the result of work that depends on nothing but memory, and changes nothing.

    It gets the instant (`time.monotonic`) after which it has to raise `Slow`. Raises what it raises: of a
    child `refusals` are passed on, and after anything else the work is done here, to its end.
    """
    if not _Children.allowed:
        return work(inf)
    with suppress(Slow):
        return work(monotonic() + HERE)
    outcome = _in_child(lambda: work(inf), refusals)
    if outcome is None:
        return work(inf)
    refusal, result = outcome
    if refusal is not None:
        raise refusal
    return cast(T, result)


def _in_child(
    work: Callable[[], Any], refusals: tuple[type[Exception], ...]
) -> tuple[Exception | None, Any] | None:
    """Return the refusal or the result; None if the child died, or its result can't be sent."""
    reading, writing = Pipe(duplex=False)
    parent = os.getpid()
    with warnings.catch_warnings():
        # The threads of others, such as the sandbox's, aren't in the child, which needs none of their locks.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _work_and_exit(work, refusals, writing, parent)
    writing.close()
    try:
        while not reading.poll(INTERVAL):
            PULSE.beat()
        return cast(tuple[Exception | None, Any], reading.recv())
    except EOFError:
        return None
    finally:
        reading.close()
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _work_and_exit(
    work: Callable[[], Any],
    refusals: tuple[type[Exception], ...],
    writing: "Connection[Any, Any]",
    parent: int,
) -> NoReturn:
    """In the child: send the outcome, and end without any cleanup, which is the parent's."""
    _Children.allowed = False
    try:
        parent_death.follow(parent, signal.SIGKILL)
        for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        try:
            outcome: tuple[Exception | None, Any] = None, work()
        except refusals as refusal:
            outcome = refusal, None
        writing.send(outcome)
    finally:
        os._exit(0)
