"""The scenarios of a version or a draft, run again, with what each of them passes."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import bpmn
from engine.bpmn import Awaited
from engine.bpmn.values import encode, plain
from engine.definitions import scenarios
from engine.definitions.scenarios import Action, Coverage, Result, Run, Scenario, Start
from engine.design.test_runs import subjects
from engine.design.test_runs.subjects import Subject
from engine.platform.db import UnitOfWork

CACHED = 64  # contents whose scenarios have run: those of the same content would come out the same

# What a scenario calls what can be done.
_KINDS: Mapping[str, str] = {
    "start": "person",
    "start-message": "message",
    "start-signal": "signal",
    "start-timer": "timer",
    "task": "task",
    "call": "reply",
    "incident": "retry",
    "message": "message",
    "signal": "signal",
}

_runs: dict[tuple[str, str], "Rehearsal"] = {}
_told: dict[tuple[str, str], list[Scenario]] = {}


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of the scenarios. Without any there is no coverage."""

    runs: Sequence[Run] = ()
    coverage: Coverage | None = None

    @property
    def results(self) -> list[Result]:
        """What came of each."""
        return [run.result for run in self.runs]

    def passed(self, chosen: int | None = None) -> Counter[str]:
        """How many scenarios have passed each element and flow; of the `chosen` one alone, if there is it."""
        runs = self.runs if chosen is None else self.runs[chosen : chosen + 1]
        return Counter(path for run in runs for path in (*run.seen.elements, *run.seen.flows))


def list_scenarios(uow: UnitOfWork, subject: Subject) -> list[Scenario]:
    """The scenarios of the subject's process among its files; of those that can be read."""
    found = scenarios.read(subjects.scenario_files(uow, subject))[0]
    return [one for one in found if one.process == subject.key][: scenarios.MAX_SCENARIOS]


@dataclass(frozen=True, slots=True)
class Example:
    """What a scenario answers somewhere."""

    scenario: str
    data: Mapping[str, Any]


def examples(uow: UnitOfWork, subject: Subject, do: str, name: str) -> list[Example]:
    """What the subject's scenarios do with an element, a message or a signal of this name; each once."""
    kept = (subject.digest, subject.key)
    if kept not in _told:
        if len(_told) >= CACHED:
            _told.clear()
        _told[kept] = list_scenarios(uow, subject)
    found: dict[bytes, Example] = {}
    for scenario in _told[kept]:
        acts: list[Start | Action] = [scenario.start, *scenario.steps]
        for act in acts:
            if _KINDS.get(do) == act.kind and act.name == name and act.data and not act.refused:
                found.setdefault(encode(plain(dict(act.data))), Example(scenario.name, act.data))
    return list(found.values())


def awaited(uow: UnitOfWork, subject: Subject, element: str, known: Collection[str]) -> Awaited:
    """What the subject's process expects of the reply to a call of its own.

    `known` are variables that do not come with it. Of calls of called processes nothing is told.
    """
    forms = [one.form for one in subject.spec.elements.values() if one.form]
    asked = {name for form in forms for name in form.schema["properties"]}
    content = subjects.content(uow, subject)
    return bpmn.awaited(subject.file, content, subject.key, element, {*known, *asked})


def rehearsal(uow: UnitOfWork, subject: Subject) -> Rehearsal:
    """Run the subject's scenarios."""
    kept = (subject.digest, subject.key)
    if kept in _runs:
        return _runs[kept]
    runs = scenarios.run_each(list_scenarios(uow, subject), {subject.key: subject.spec})
    found = Rehearsal(runs, scenarios.cover(subject.spec, [run.seen for run in runs]) if runs else None)
    if not any(result.difference == "limit" for result in found.results):  # another time it may be faster
        if len(_runs) >= CACHED:
            _runs.clear()
        _runs[kept] = found
    return found
