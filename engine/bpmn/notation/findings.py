"""The result of a check of uploaded BPMN files: findings, processes and decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.dmn import Offered
from engine.platform.findings import Finding, Severity

__all__ = ["Finding", "Owner", "Process", "Report", "Severity"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process found in the files, with the keys of processes that it calls and of its appeal process."""

    key: str
    name: str
    file: str
    calls: frozenset[str]
    appeal: str | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """A scope and the variables that it owns, in alphabetical order: the first `MOST_SHOWN` of `count`.

    Of `kind` "case" (the process itself), "call" (one that is called by another of the files), "instance" (of
    a repeated activity), "run" (of an event sub-process), "sub-process" (what it declares) or "input" (of an
    activity). `element` is the activity; None for a process, whose key is `process`.
    """

    kind: Literal["case", "call", "instance", "run", "sub-process", "input"]
    file: str
    process: str
    element: str | None
    name: str
    variables: tuple[str, ...]
    count: int


MOST_SHOWN = 100  # variables of one scope in a report


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, processes and DMN decisions of a set of files. Runnable only without errors.

    `owners` are the scopes that own variables, of the files without errors.
    """

    findings: tuple[Finding, ...]
    processes: tuple[Process, ...]
    decisions: tuple[Offered, ...] = ()
    owners: tuple[Owner, ...] = ()

    @property
    def errors(self) -> Sequence[Finding]:
        """Returns the findings that prevent a deployment."""
        return [finding for finding in self.findings if finding.severity == "error"]
