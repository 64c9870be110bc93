"""Runs scenarios, each on a case of its own, within limits of steps and time, and returns their results."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from time import monotonic
from typing import Any

from engine.bpmn import Finding, OutOfTime, Spec, Trace
from engine.definitions.scenarios.comparison import compare, require_no_incident
from engine.definitions.scenarios.coverage import Coverage, Seen, cover
from engine.definitions.scenarios.difference import Difference, Mismatch, phrase
from engine.definitions.scenarios.plan import Action, Scenario, Start
from engine.definitions.scenarios.simulated_case import MAX_COMMANDS, Case, TooLong
from engine.organisation import calendars
from engine.platform.budget import spend
from engine.platform.findings import Value
from engine.platform.messages.phrases import Phrase

SECONDS = 5.0  # for one scenario
ALL_SECONDS = 10.0
MAX_SCENARIOS = 100
MAX_FINDINGS = 1_000
ACTION = 400  # steps of the budget


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a scenario.

    If it failed: the step (0 is the start, null the end), the `expected` result, the actual one (`came`),
    and a word for the kind of `difference`.
    """

    name: str
    process: str
    file: str
    line: int
    passed: bool
    step: int | None = None
    element: str | None = None
    expected: Phrase | None = None
    came: Phrase | str | None = None
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a scenario, and what it has passed."""

    result: Result
    seen: Seen


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """The results of all scenarios of a set of files, and their coverage, by process."""

    results: tuple[Result, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def plain(self) -> dict[str, Any]:
        """Returns results and coverage as they are stored and shown."""
        return {
            "scenarios": [asdict(result) for result in self.results],
            "coverage": [asdict(covered) for covered in self.coverage],
        }

    @property
    def failed(self) -> bool:
        """Returns whether a result prevents the deployment."""
        return bool(self.findings)


def run_all(
    scenarios: Sequence[Scenario],
    specs: Mapping[str, Spec],
    tell: Callable[[int], object] | None = None,
) -> ScenarioReport:
    """Runs scenarios on the processes that they name; calls `tell` with the number done after each."""
    findings = [finding for scenario in scenarios for finding in _unknown(scenario, specs)]
    if len(scenarios) > MAX_SCENARIOS:
        values = {"count": len(scenarios), "limit": MAX_SCENARIOS}
        findings.append(Finding("error", "too-many-scenarios", scenarios[MAX_SCENARIOS].file, values=values))
    if findings:
        return ScenarioReport(findings=tuple(findings[:MAX_FINDINGS]))
    runs = run_each(scenarios, specs, tell)
    covered = [
        cover(specs[key], [one.seen for one in runs if one.result.process == key])
        for key in dict.fromkeys(scenario.process for scenario in scenarios)
    ]
    failed = tuple(_failed(one.result) for one in runs if not one.result.passed)
    return ScenarioReport(tuple(one.result for one in runs), tuple(covered), failed)


def run_each(
    scenarios: Sequence[Scenario],
    specs: Mapping[str, Spec],
    tell: Callable[[int], object] | None = None,
) -> list[Run]:
    """Runs each scenario separately; all their processes are known."""
    until = monotonic() + ALL_SECONDS
    runs = []
    for scenario in scenarios:
        runs.append(Run(*run(scenario, specs[scenario.process], until)))
        if tell is not None:
            tell(len(runs))
    return runs


def _unknown(scenario: Scenario, specs: Mapping[str, Spec]) -> Iterable[Finding]:
    """Returns findings on names in a scenario that the diagram does not have."""
    where: dict[str, Any] = {"severity": "error", "code": "scenario-unknown", "file": scenario.file}
    if scenario.process not in specs:
        named: dict[str, Value] = {"process": scenario.process[:100], "allowed": tuple(specs)}
        yield Finding(**where, line=scenario.line, values=named)
        return
    known = specs[scenario.process].elements
    for element, line in scenario.elements.items():
        if element not in known:
            named = {"process": scenario.process[:100], "element": element[:100]}
            yield Finding(**where, line=line, values=named)


def run(scenario: Scenario, spec: Spec, until: float) -> tuple[Result, Seen]:
    """Runs one scenario, until an instant of the monotonic clock at most."""
    trace = Trace(min(until, monotonic() + SECONDS))
    counted = replace(spec, trace=trace, calendar=lambda: calendars.usual(scenario.at))
    case = Case(counted, scenario.at)
    result = Result(scenario.name, scenario.process, scenario.file, scenario.line, passed=True)
    difference = _difference(scenario, case, trace)
    if difference is not None:
        step, line, unlike = difference
        result = replace(
            result,
            line=line,
            passed=False,
            step=step,
            element=unlike.element,
            expected=unlike.expected,
            came=unlike.came,
            difference=unlike.kind,
        )
    return result, Seen(frozenset(case.passed), frozenset(trace.flows), frozenset(trace.answers))


def _difference(scenario: Scenario, case: Case, trace: Trace) -> tuple[int | None, int, Mismatch] | None:
    """Returns the step at which the scenario fails, if any: its number, its line and the difference."""
    place: tuple[int | None, int] = 0, scenario.start.line
    try:
        todo: Sequence[Start | Action] = (scenario.start, *scenario.steps)
        for number, action in enumerate(todo):
            place = number, action.line
            spend(ACTION)
            trace.require_time()
            passed, thrown = len(case.passed), len(case.thrown)
            if isinstance(action, Start):
                case.start(action)
            else:
                case.act(action)
            last = number == len(scenario.steps)
            require_no_incident(case, action.then, scenario.expect if last else None)
            if action.then is not None:
                compare(case, action.then, case.passed[passed:], case.thrown[thrown:])
        place = None, scenario.expect.line
        compare(case, scenario.expect, case.passed, case.thrown)
    except Mismatch as difference:
        return *place, difference
    except OutOfTime:
        limit = phrase("limit.time", seconds=f"{SECONDS:g}", total=f"{ALL_SECONDS:g}")
        return *place, Mismatch("limit", limit, phrase("limit.longer"))
    except TooLong:
        limit = phrase("limit.commands", limit=MAX_COMMANDS)
        return *place, Mismatch("limit", limit, phrase("limit.more"))
    return None


def _failed(result: Result) -> Finding:
    variant = {None: "at-the-end", 0: "at-the-start"}.get(result.step, "at-step")
    told: dict[str, Value] = {
        "scenario": result.name,
        "expected": result.expected or "",
        "came": result.came or "",
    }
    if result.step:
        told["step"] = result.step
    code = f"scenario-failed.{variant}"
    return Finding("error", code, result.file, element=result.element, line=result.line, values=told)
