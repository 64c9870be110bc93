"""Scenarios: cases described in advance, run before a process is published. Pure: files in, results out.

No database and no network: the engine's commands run in memory, on a clock of the scenario's own.
"""

from collections.abc import Mapping

from engine.bpmn import Finding, Spec
from engine.definitions.scenarios.coverage import Coverage, Part, cover
from engine.definitions.scenarios.manual_run import MAX_ACTS, Done, Played, Unplayable, clock, play
from engine.definitions.scenarios.plan import TRIGGERS, Action, Scenario, Start
from engine.definitions.scenarios.reading import SUFFIX, ZONE, read_file
from engine.definitions.scenarios.running import (
    MAX_FINDINGS,
    MAX_SCENARIOS,
    Result,
    Run,
    ScenarioReport,
    run_all,
    run_each,
)
from engine.definitions.scenarios.writing import write
from engine.platform.budget import spend

__all__ = [
    "MAX_ACTS",
    "MAX_SCENARIOS",
    "SUFFIX",
    "TRIGGERS",
    "ZONE",
    "Action",
    "Coverage",
    "Done",
    "Part",
    "Played",
    "Result",
    "Run",
    "Scenario",
    "ScenarioReport",
    "Start",
    "Unplayable",
    "check",
    "clock",
    "cover",
    "play",
    "read",
    "run",
    "run_all",
    "run_each",
    "write",
]


def read(files: Mapping[str, bytes]) -> tuple[list[Scenario], list[Finding]]:
    """Returns the scenarios among a deployment's files, and findings on those that cannot be run."""
    scenarios: list[Scenario] = []
    findings: list[Finding] = []
    for name, content in files.items():
        if name.endswith(SUFFIX):
            spend(len(content))
            found, wrong = read_file(name, content)
            scenarios += found
            findings += wrong
    return scenarios, findings[:MAX_FINDINGS]


def check(files: Mapping[str, bytes]) -> list[Finding]:
    """Returns findings on the scenario files, without running them."""
    return read(files)[1]


def run(files: Mapping[str, bytes], specs: Mapping[str, Spec]) -> ScenarioReport:
    """Runs the scenarios among a deployment's files on its processes, by key."""
    scenarios, findings = read(files)
    return ScenarioReport(findings=tuple(findings)) if findings else run_all(scenarios, specs)
