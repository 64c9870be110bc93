"""Compares the connectors in a deployment with those that the installation has.

A draft may name one that is added later; a published version may not.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Literal

from engine import bpmn
from engine.bpmn import Finding, Report, RequiredConnector
from engine.platform.config import Publishing
from engine.platform.findings import Value

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
    return missing(bpmn.required_connectors(files), operations, draft=draft)


def missing(named: Iterable[RequiredConnector], operations: Operations, *, draft: bool) -> list[Finding]:
    """Returns findings on those of these connectors and operations that the installation lacks."""
    if operations is None:
        return []
    severity: Literal["error", "warning"] = "warning" if draft else "error"
    return [found for each in named if (found := _missing(each, operations, severity)) is not None]


def _missing(
    named: RequiredConnector, operations: Mapping[str, Collection[str]], severity: Literal["error", "warning"]
) -> Finding | None:
    has = operations.get(named.connector)
    values: dict[str, Value] = {"connector": named.connector}
    if has is None:
        code, about = "unknown-connector", "parvandeh:connector"
    elif (named.operation is None and len(has) != 1) or (
        named.operation is not None and named.operation not in has
    ):
        code, about = "unknown-operation", "parvandeh:operation"
        values["allowed"] = tuple(sorted(has))
        if named.operation is not None:
            values["operation"] = named.operation
    else:
        return None
    return Finding(
        severity,
        code,
        named.file,
        element=named.element,
        name=named.name,
        line=named.line,
        attribute=about,
        values=values,
    )
