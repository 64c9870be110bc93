"""Running scenarios in tests: the text of one, on a small process."""

import textwrap
from typing import NamedTuple

from engine.bpmn import Finding, Spec
from engine.definitions import scenarios
from engine.definitions.scenarios import ScenarioReport

HEAD = "name: n\nprocess: process\nat: 2026-03-21T09:00\n"


def run_stories(spec: Spec, *stories: str) -> ScenarioReport:
    """Return the results of scenarios, each with a default head unless it has its own."""
    texts = (textwrap.dedent(story).lstrip() for story in stories)
    files = {
        f"{number}.yaml": (text if text.startswith("name:") else HEAD + text).encode()
        for number, text in enumerate(texts)
    }
    return scenarios.run(files, {"process": spec})


def passes(spec: Spec, story: str) -> bool:
    """Require that a scenario passes; otherwise the assertion shows why."""
    findings = run_stories(spec, story).findings
    assert not findings, [(finding.line, finding.reason) for finding in findings]
    return True


class Failure(NamedTuple):
    """The result of a failing scenario, with its phrases in English."""

    step: int | None
    line: int
    element: str | None
    expected: str
    came: str


def fails(spec: Spec, story: str) -> Failure:
    """Return the result of a failing scenario, as its finding describes it."""
    made = run_stories(spec, story)
    [result] = made.results
    [finding] = made.findings
    assert not result.passed
    assert (finding.code, finding.line, finding.element) == ("scenario-failed", result.line, result.element)
    failure = Failure(result.step, result.line, result.element, str(result.expected), str(result.came))
    assert f"Expected: {failure.expected}. Result: {failure.came}" in finding.reason
    return failure


def wrong(spec: Spec, story: str) -> Finding:
    """Return the only finding on a scenario that can't be run."""
    made = run_stories(spec, story)
    assert not made.results
    [finding] = made.findings
    assert finding.severity == "error"
    assert finding.fix
    return finding
