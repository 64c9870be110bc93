"""Deployments that set up a test: the same files are checked, and their scenarios run, once in a process.

Both take longer than most tests, and their results depend on nothing but the files. What a test itself
deploys, by a request or a command, is checked each time.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from engine import bpmn
from engine.bpmn import Report, Spec
from engine.definitions import scenarios
from engine.definitions.scenarios import Scenario, ScenarioReport

_setting_up = ContextVar("setting_up", default=False)
_reports: dict[Any, Report] = {}
_runs: dict[Any, ScenarioReport] = {}
_check, _run_all = bpmn.check, scenarios.run_all


@contextmanager
def checked_once() -> Iterator[None]:
    """In this block, results of the same files are used again."""
    token = _setting_up.set(True)
    try:
        yield
    finally:
        _setting_up.reset(token)


def check(files: Mapping[str, bytes], known: Collection[str] = (), now: datetime | None = None) -> Report:
    """Return what `bpmn.check` returns, perhaps of an earlier check: `now` matters only for fixed dates."""
    if not _setting_up.get():
        return _check(files, known, now)
    key = (tuple(sorted(files.items())), frozenset(known))
    if key not in _reports:
        _reports[key] = _check(files, known, now)
    return _reports[key]


def run_all(
    told: Sequence[Scenario],
    specs: Mapping[str, Spec],
    tell: Callable[[int], object] | None = None,
) -> ScenarioReport:
    """Return what `scenarios.run_all` returns, perhaps of an earlier run."""
    if not _setting_up.get():
        return _run_all(told, specs, tell)
    # The digest is that of all files, also of those that a process calls.
    key = tuple((name, spec.digest) for name, spec in specs.items())
    if key not in _runs:
        _runs[key] = _run_all(told, specs, tell)
    return _runs[key]
