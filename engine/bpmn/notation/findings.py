"""The result of a check of uploaded BPMN files: findings, processes and decisions."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.dmn import Offered
from engine.platform.findings import Finding, Severity

__all__ = ["Finding", "Process", "Report", "Severity"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process found in the files, with the keys of processes that it calls and of its appeal process."""

    key: str
    name: str
    file: str
    calls: frozenset[str]
    appeal: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, processes and DMN decisions of a set of files. Runnable only without errors."""

    findings: tuple[Finding, ...]
    processes: tuple[Process, ...]
    decisions: tuple[Offered, ...] = ()

    @property
    def errors(self) -> Sequence[Finding]:
        """Returns the findings that prevent a deployment."""
        return [finding for finding in self.findings if finding.severity == "error"]
