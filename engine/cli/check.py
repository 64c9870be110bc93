"""Check process files without deploying them."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import TextIO

from engine import bpmn
from engine.bpmn import Finding, Owner
from engine.cli import folders
from engine.definitions import scenarios, toml_files
from engine.platform.config import Settings
from engine.platform.language import Language, Reader
from engine.platform.messages import messages
from engine.platform.messages.findings import explain


def run(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Print the report."""
    groups = folders.groups(arguments.paths)
    if arguments.all:
        groups = {folder: bpmn.all_executable(files) for folder, files in groups.items()}
    reports = folders.check(list(groups.values()), arguments.known)
    count: Counter[str] = Counter()
    for (folder, files), report in zip(groups.items(), reports, strict=True):
        if len(groups) > 1:
            print(folder)
        described = toml_files.check(files, report.processes)
        findings = [*report.findings, *scenarios.check(files), *described]
        describe(findings, to=sys.stdout, language=arguments.language)
        for process in report.processes:
            print(f"process {process.key}: {process.name}")
            _print_owners(report.owners, process.key, arguments.language)
        count.update(finding.severity for finding in findings)
    print(f"{count['error']} errors, {count['warning']} warnings, {count['note']} translations")
    return 1 if count["error"] else 0


def _print_owners(owners: Iterable[Owner], process: str, language: Language) -> None:
    """Print which scope of a process owns each variable."""
    texts = messages(Reader.of(language))
    for owner in owners:
        if owner.process == process:
            more = owner.count - len(owner.variables)
            names = [*owner.variables, *([texts.say("scopes.more", count=more)] if more else [])]
            print(f"    {texts.say(f'scopes.{owner.kind}', name=owner.name)}: {', '.join(names)}")


def describe(findings: Iterable[Finding], *, to: TextIO, language: Language = "en") -> None:
    """Describe each finding: the place, the reason, how to fix it."""
    texts = messages(Reader.of(language))
    for finding in findings:
        reason, fix = explain(asdict(finding), texts)
        place = finding.file if finding.line is None else f"{finding.file}:{finding.line}"
        element = f" {finding.element}" if finding.element else ""
        name = f" ({finding.name})" if finding.name else ""
        print(f"{place}: {finding.severity} {finding.code}{element}{name}", file=to)
        print(f"    {reason}\n    {fix}", file=to)
