"""Compares the connectors in a deployment with those that the installation has.

A draft may name one that is added later; a published version may not.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Literal

from engine import bpmn
from engine.bpmn import Finding, Report, RequiredConnector
from engine.platform.config import Publishing
from engine.platform.findings import sentence

# The operations of each connector; None if unknown, such as on the command line.
Operations = Mapping[str, Collection[str]] | None


def compare(
    report: Report, files: Mapping[str, bytes], operations: Operations, publishing: Publishing
) -> Report:
    """Returns a report with the missing connectors; as errors if the deployment publishes at once."""
    found = findings(files, operations, draft=publishing != "direct")
    return replace(report, findings=(*report.findings, *found))


def findings(files: Mapping[str, bytes], operations: Operations, *, draft: bool) -> list[Finding]:
    """Returns findings on connectors and operations that the files name and the installation lacks."""
    if operations is None:
        return []
    severity: Literal["error", "warning"] = "warning" if draft else "error"
    named = bpmn.required_connectors(files)
    return [found for each in named if (found := _missing(each, operations, severity)) is not None]


def _missing(
    named: RequiredConnector, operations: Mapping[str, Collection[str]], severity: Literal["error", "warning"]
) -> Finding | None:
    has = operations.get(named.connector)
    if has is None:
        code, reason = (
            "unknown-connector",
            sentence(f"The installation has no connector {named.connector!r}.", connector=named.connector),
        )
        fix = f"Correct parvandeh:connector, or add [{named.connector}] to the connectors' file and restart."
    elif named.operation is None and len(has) != 1:
        code, reason = (
            "unknown-operation",
            sentence(
                f"The connector {named.connector!r} has several operations.",
                connector=named.connector,
                allowed=tuple(sorted(has)),
            ),
        )
        fix = f"Name one, as in parvandeh:operation={min(has, default='…')!r}."
    elif named.operation is not None and named.operation not in has:
        code = "unknown-operation"
        reason = sentence(
            f"The connector {named.connector!r} has no operation {named.operation!r}.",
            connector=named.connector,
            operation=named.operation or "",
            allowed=tuple(sorted(has)),
        )
        fix = f"Name one that it has ({', '.join(sorted(has))}), or add it to its file and restart."
    else:
        return None
    about = "parvandeh:connector" if code == "unknown-connector" else "parvandeh:operation"
    return Finding(severity, code, named.file, reason, fix, named.element, named.name, named.line, about)
