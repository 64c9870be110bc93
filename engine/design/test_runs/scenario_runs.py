"""Runs the scenarios of a version or a draft again, with what each of them passes."""

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

CACHED = 64  # contents whose scenarios have run; equal content has equal results

# The names of possible acts in scenarios.
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
    """The results of the scenarios. Without any there is no coverage."""

    runs: Sequence[Run] = ()
    coverage: Coverage | None = None

    @property
    def results(self) -> list[Result]:
        """Returns the result of each scenario."""
        return [run.result for run in self.runs]

    def passed(self, chosen: int | None = None) -> Counter[str]:
        """Returns how many scenarios have passed each element and flow.

        Of the `chosen` one only, if it exists.
        """
        runs = self.runs if chosen is None else self.runs[chosen : chosen + 1]
        return Counter(path for run in runs for path in (*run.seen.elements, *run.seen.flows))


def list_scenarios(uow: UnitOfWork, subject: Subject) -> list[Scenario]:
    """Returns the scenarios of the subject's process among its files, if they can be read."""
    found = scenarios.read(subjects.scenario_files(uow, subject))[0]
    return [one for one in found if one.process == subject.key][: scenarios.MAX_SCENARIOS]


@dataclass(frozen=True, slots=True)
class Example:
    """What a scenario answers at an element."""

    scenario: str
    data: Mapping[str, Any]


def examples(uow: UnitOfWork, subject: Subject, do: str, name: str) -> list[Example]:
    """Returns what the subject's scenarios do with an element, message or signal; no duplicates."""
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
    """Returns what the subject's process expects of the reply to one of its own calls.

    `known` are variables that do not come with it. Calls of called processes are not included.
    """
    forms = [one.form for one in subject.spec.elements.values() if one.form]
    asked = {name for form in forms for name in form.schema["properties"]}
    content = subjects.content(uow, subject)
    return bpmn.awaited(subject.file, content, subject.key, element, {*known, *asked})


def rehearsal(uow: UnitOfWork, subject: Subject) -> Rehearsal:
    """Runs the subject's scenarios."""
    kept = (subject.digest, subject.key)
    if kept in _runs:
        return _runs[kept]
    runs = scenarios.run_each(list_scenarios(uow, subject), {subject.key: subject.spec})
    found = Rehearsal(runs, scenarios.cover(subject.spec, [run.seen for run in runs]) if runs else None)
    if not any(result.difference == "limit" for result in found.results):  # another run may be faster
        if len(_runs) >= CACHED:
            _runs.clear()
        _runs[kept] = found
    return found
