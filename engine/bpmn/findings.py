"""What a check of uploaded files found: every finding with its place, its reason and its mend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: an error forbids the deployment, a note tells what was translated.

    `code` is stable; `line` counts from 1 in `file`; `mend` says what to do about it.
    """

    severity: Severity
    code: str
    file: str
    reason: str
    mend: str
    element: str | None = None
    name: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process found in the files, with the keys of the processes that it calls and is appealed by."""

    key: str
    name: str
    file: str
    calls: frozenset[str]
    appeal: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings and all processes of a set of files. Runnable only without errors."""

    findings: tuple[Finding, ...]
    processes: tuple[Process, ...]

    @property
    def errors(self) -> Sequence[Finding]:
        """The findings that forbid a deployment."""
        return [finding for finding in self.findings if finding.severity == "error"]
