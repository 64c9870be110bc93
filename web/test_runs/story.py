"""The history of a test run, in plain words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.bpmn import Spec, Step
from engine.definitions.scenarios import Action, Done, Played
from web import texts
from web.test_runs.subject import named


@dataclass(frozen=True, slots=True)
class Entry:
    """An action and its effects: each with its instant, if that differs from the action's."""

    number: int
    title: str
    at: datetime
    lines: tuple[tuple[datetime | None, str], ...]


def entries(played: Played) -> list[Entry]:
    """Return the entries, the newest action first."""
    found = [_entry(played.spec, number, done) for number, done in enumerate(played.done, 1)]
    return found[::-1]


def _entry(spec: Spec, number: int, done: Done) -> Entry:
    lines = [
        (when if when != done.at else None, line) for when, step in done.steps for line in _lines(spec, step)
    ]
    return Entry(number, _title(spec, done), done.at, tuple(lines))


def _title(spec: Spec, done: Done) -> str:
    act = done.act
    kind = act.kind if isinstance(act, Action) else f"start-{act.kind}"
    name = named(spec, act.name) if kind not in ("wait", "message", "signal") and act.name else act.name
    return texts.say(f"test-runs.did.{kind}", name=name, until=done.until)


def _lines(spec: Spec, step: Step) -> Iterator[str]:
    """Return what a step did; passed elements without a name are omitted."""

    def line(key: str, path: str, **values: object) -> str:
        return texts.say(f"test-runs.line.{key}", name=named(spec, path), **values)

    yield from (line(f"fired-{one.kind}", one.element) for one in step.fired)
    passed = [named(spec, one.element) for one in step.passages if one.movement == "passed"]
    known = {path.rpartition("/")[2] for path in spec.elements}
    yield from _listed("passed", [name for name in passed if name.rpartition("/")[2] not in known])
    yield from (line("asks", one.element, system=one.connector or one.topic or "") for one in step.calls)
    yield from (line("opened", work.element) for work in step.opened)
    yield from (
        line(f"waits-{wait.kind}", wait.element, what=wait.due or wait.name or "") for wait in step.waits
    )
    yield from (texts.say(f"test-runs.line.thrown-{one.kind}", what=one.name) for one in step.thrown)
    yield from (line("failed", failure.element, code=failure.code) for failure in step.failures)
    yield from _listed("set", list(step.changes))
    if step.ended:
        yield texts.say(
            f"test-runs.line.{'outcome' if step.outcome else 'ended'}", outcome=step.outcome or ""
        )


def _listed(key: str, names: list[str]) -> Iterator[str]:
    if names:
        apart = [f"\u2068{name}\u2069" for name in dict.fromkeys(names)]  # each in its own direction
        yield texts.say(f"test-runs.line.{key}", names=texts.reader().both(apart))
