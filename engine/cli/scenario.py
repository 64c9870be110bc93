"""Run the scenarios of process folders without deploying them."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import orjson

from engine import bpmn
from engine.bpmn import Source, Spec
from engine.cli import folders
from engine.cli.check import describe
from engine.definitions import scenarios
from engine.definitions.scenarios import Coverage, Part, Result, ScenarioReport
from engine.platform.config import Settings
from engine.platform.errors import Invalid
from engine.platform.language import Language, Reader, Texts
from engine.platform.messages import findings, messages
from engine.platform.messages.scenarios import readable


def run(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Run them and print the results."""
    groups = list(folders.groups(arguments.paths).values())
    if arguments.all:
        groups = [bpmn.all_executable(files) for files in groups]
    reports = [scenarios.run(files, specs) for files, specs in zip(groups, _built(groups), strict=True)]
    if not any(report.results or report.findings for report in reports):
        raise Invalid(f"No scenario was found. Save scenarios of a folder as scenarios/*{scenarios.SUFFIX}.")
    (_print_json if arguments.json else _print)(reports, arguments.language)
    return 1 if any(report.failed for report in reports) else 0


def _built(groups: Sequence[Mapping[str, bytes]]) -> list[dict[str, Spec]]:
    """Build the processes of each group, with those of the others that they call. Raises Invalid."""
    reports = folders.check(groups)
    homes = {process.key: number for number, report in enumerate(reports) for process in report.processes}
    errors = [finding for report in reports for finding in report.errors]
    if errors:
        describe(errors, to=sys.stderr)
        raise Invalid("The processes can't run. Include the processes that they call, too.")
    sources: dict[int, Source] = {}

    def source(number: int, callers: tuple[int, ...] = ()) -> Source:
        if number in callers:
            raise Invalid("The processes of these folders call each other in a circle.")
        if number not in sources:
            keys = {key for process in reports[number].processes for key in process.calls}
            called = {homes[key] for key in keys} - {number}
            calls = {key: source(homes[key], (*callers, number)) for key in keys if homes[key] in called}
            digest = bpmn.digest(groups[number], {key: call.digest for key, call in calls.items()})
            sources[number] = Source(digest, groups[number], calls)
        return sources[number]

    try:
        return [
            {process.key: bpmn.build(source(number), process.key) for process in report.processes}
            for number, report in enumerate(reports)
        ]
    except bpmn.Unbuildable as error:
        raise Invalid(error.finding.reason) from error


def _print_json(reports: Sequence[ScenarioReport], language: Language) -> None:
    texts = messages(Reader.of(language))
    printed = {
        "scenarios": [readable(asdict(result), texts) for report in reports for result in report.results],
        "coverage": [asdict(covered) for report in reports for covered in report.coverage],
        "findings": [findings.readable(finding, texts) for report in reports for finding in report.findings],
    }
    print(orjson.dumps(printed, option=orjson.OPT_INDENT_2).decode())


def _print(reports: Sequence[ScenarioReport], language: Language) -> None:
    for report in reports:
        if not report.results:
            describe(report.findings, to=sys.stdout, language=language)
        for covered in report.coverage:
            print(covered.process)
            for result in report.results:
                if result.process == covered.process:
                    _print_result(result, messages(Reader.of(language)))
            _print_coverage(covered)
    results = [result for report in reports for result in report.results]
    failed = sum(not result.passed for result in results)
    faulty = any(report.findings and not report.results for report in reports)
    unread = "(no scenario runs if a file has errors)" if faulty else ""
    print(f"{len(results)} scenarios, {failed} failed{unread}")


def _print_result(result: Result, texts: Texts) -> None:
    print(f"  {'passed' if result.passed else 'FAILED'}  {result.name} ({result.file}:{result.line})")
    if not result.passed:
        place = {None: "at the end", 0: "at the start"}.get(result.step, f"step {result.step}")
        element = f", at {result.element}" if result.element else ""
        print(f"          {place}{element}")
        shown = readable(asdict(result), texts)
        print(f"          expected: {shown['expected']}\n          actual:   {shown['actual']}")


def _print_coverage(covered: Coverage) -> None:
    print(f"  {_figures(covered.elements, 'elements')}, {_figures(covered.flows, 'flows')}")
    lists = {
        "elements not passed": covered.elements.missing,
        "flows not passed": covered.flows.missing,
        "conditions never true": covered.never_true,
        "conditions never false": covered.never_false,
    }
    for what, ids in lists.items():
        if ids:
            print(f"  {what}: {', '.join(ids)}")


def _figures(part: Part, what: str) -> str:
    return f"{part.passed} of {part.total} {what}"
