"""The scenarios of a version, run anew, with what each of them passes."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from engine import access, bpmn, definitions, scenarios
from engine.bpmn import Awaited, Spec
from engine.bpmn.values import encode, plain
from engine.db import UnitOfWork
from engine.definitions import Version
from engine.models import DefinitionVersion, DeploymentFile
from engine.scenarios import SUFFIX, Action, Coverage, Result, Run, Scenario, Start

CACHED = 64  # versions whose scenarios have all passed: their content never changes, so they would again

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
    """What came of a version's scenarios. Without any there is no coverage."""

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


def tried(uow: UnitOfWork, key: str, number: int) -> tuple[DefinitionVersion, Spec]:
    """A version for whoever may try it, and its process. Raises NotFound, Forbidden."""
    access.require(uow.actor, "definitions.publish")
    version = definitions.version(uow, key, number)
    return version, spec_of(uow, version)


def spec_of(uow: UnitOfWork, version: DefinitionVersion) -> Spec:
    """Its process, ready to run."""
    one = Version(version.id, version.key, version.number, version.digest, version.deployment_id)
    return definitions.spec(uow.session, one)


def told_of(uow: UnitOfWork, version: DefinitionVersion) -> list[Scenario]:
    """The scenarios of the version's process among its files."""
    named = (DeploymentFile.deployment_id == version.deployment_id, DeploymentFile.name.endswith(SUFFIX))
    rows = uow.session.execute(select(DeploymentFile.name, DeploymentFile.content).where(*named))
    files = {name: content for name, content in rows}
    return [one for one in scenarios.read(files)[0] if one.process == version.key]


@dataclass(frozen=True, slots=True)
class Example:
    """What a scenario answers somewhere."""

    scenario: str
    data: Mapping[str, Any]


def examples(uow: UnitOfWork, version: DefinitionVersion, do: str, name: str) -> list[Example]:
    """What the version's scenarios do with an element, a message or a signal of this name; each once."""
    kept = (version.digest, version.key)
    if kept not in _told:
        if len(_told) >= CACHED:
            _told.clear()
        _told[kept] = told_of(uow, version)
    found: dict[bytes, Example] = {}
    for scenario in _told[kept]:
        acts: list[Start | Action] = [scenario.start, *scenario.steps]
        for act in acts:
            if _KINDS.get(do) == act.kind and act.name == name and act.data and not act.refused:
                found.setdefault(encode(plain(dict(act.data))), Example(scenario.name, act.data))
    return list(found.values())


def awaited(uow: UnitOfWork, version: DefinitionVersion, element: str, known: Collection[str]) -> Awaited:
    """What the version's process expects of the reply to a call of its own.

    `known` are variables that do not come with it. Of calls of called processes nothing is told.
    """
    spec = spec_of(uow, version)
    asked = {name for one in spec.elements.values() if one.form for name in one.form.schema["properties"]}
    content = definitions.bpmn_file(uow, version)
    return bpmn.awaited(version.file, content, version.key, element, {*known, *asked})


def rehearsal(uow: UnitOfWork, key: str, number: int) -> Rehearsal:
    """Run the scenarios of a version. Raises NotFound, Forbidden."""
    version, spec = tried(uow, key, number)
    known = _runs.get((version.digest, key))
    if known is not None:
        return known
    told = told_of(uow, version)
    runs = scenarios.run_each(told, {key: spec})
    found = Rehearsal(runs, scenarios.cover(spec, [run.seen for run in runs]) if runs else None)
    if all(result.passed for result in found.results):
        if len(_runs) >= CACHED:
            _runs.clear()
        _runs[version.digest, key] = found
    return found
