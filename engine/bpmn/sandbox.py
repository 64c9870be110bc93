"""The processes that run scripts of uploaded files: never the current one, each script in its own session."""

import os
import sys
import textwrap
import threading
from datetime import datetime
from importlib.util import find_spec
from typing import Any

import pydantic_monty as monty

from engine.bpmn.expressions.syntax import Mode
from engine.platform.errors import Busy

LIMITS: monty.ResourceLimits = {
    "max_feed_duration_secs": 0.5,
    "max_memory": 64 << 20,
    "max_recursion_depth": 200,
}
CHECKOUT_SECONDS = 5.0
PROCESSES = 4


class ScriptFailed(Exception):
    """Raised when a script or expression fails; `line` counts from 1 within its text."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class _Pool:
    """The sandbox processes of this process. Created after a fork: a child using its parent's would hang."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: monty.Monty | None = None
        self._pid = 0

    def open(self) -> monty.Monty:
        if self._pool is not None and self._pid == os.getpid():
            return self._pool
        with self._lock:
            if self._pool is None or self._pid != os.getpid():
                _forgo_telemetry()
                pool = monty.Monty(
                    min_processes=1, max_processes=PROCESSES, checkout_timeout=CHECKOUT_SECONDS
                )
                self._pool, self._pid = pool.__enter__(), os.getpid()
            return self._pool

    def close(self) -> None:
        with self._lock:
            if self._pool is not None and self._pid == os.getpid():
                self._pool.__exit__(None, None, None)
            self._pool = None


def _forgo_telemetry() -> None:
    """Reports once that OpenTelemetry is missing; otherwise the sandbox would search for it at every run."""
    if "opentelemetry" not in sys.modules and find_spec("opentelemetry") is None:
        for name in ("opentelemetry", "opentelemetry.context"):  # it imports the second one at every run
            sys.modules[name] = None  # type: ignore[assignment]  # as Python itself marks a missing module


_pool = _Pool()
open_pool = _pool.open
close_pool = _pool.close


def run(code: str, given: dict[str, Any], now: datetime, seed: int, before: str | None = None) -> Any:
    """Runs code and returns the value of its last expression, with given names, an instant and a random seed.

    `before` runs first in the same session, without the names. Raises ScriptFailed, and Busy if no process is
    free in time.
    """
    policy: monty.OSPolicy = {"datetime": now, "sleep": "zero", "random_start": {"seed": seed}}
    try:
        with _pool.open().checkout(script_name="script", limits=LIMITS, os_policy=policy) as session:
            if before is not None:
                session.feed_run(before)
            return session.feed_run(code, inputs=given, print_callback=monty.CollectString(10_000))
    except TimeoutError as error:
        raise Busy("All script sandboxes are busy") from error
    except monty.MontyCrashedError as error:
        raise ScriptFailed("the script was stopped: it broke its sandbox's limits") from error
    except (monty.MontyRuntimeError, monty.MontySyntaxError) as error:
        raise ScriptFailed(error.display("type-msg"), _line(error)) from error
    except monty.MontyConversionError as error:
        raise ScriptFailed(f"a value cannot leave the script: {error}") from error


def unsupported(code: str, mode: Mode) -> list[tuple[int | None, str]]:
    """Returns the unsupported constructs of a text that is valid Python.

    As (line, reason), found without running it.
    """
    if mode == "eval":
        probe, shift = f"lambda: (\n{code}\n)", 1
    else:
        probe, shift = f"def probe():\n{textwrap.indent(code, ' ')}\n pass", 1
    try:
        with _pool.open().checkout(script_name="script", limits=LIMITS) as session:
            session.feed_run(probe, print_callback=monty.CollectString(1000))
    except TimeoutError as error:
        raise Busy("All script sandboxes are busy") from error
    except (monty.MontySyntaxError, monty.MontyRuntimeError) as error:
        line = _line(error)
        return [(line - shift if line else None, error.display("msg"))]
    except monty.MontyCrashedError:
        return [(None, "the sandbox could not read it")]
    return []


def _line(error: monty.MontyRuntimeError | monty.MontySyntaxError) -> int | None:
    frames = error.traceback()
    return frames[-1].line if frames else None
