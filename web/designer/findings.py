"""Findings of a check for pages: the most severe first, each with its text in the reader's language."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.bpmn import Finding
from engine.platform.messages.findings import readable
from web.texts import for_reader, reader

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding, with its texts in the reader's language."""

    code: str
    severity: str
    reason: str
    fix: str
    file: str
    line: int | None
    element: str | None
    name: str | None
    attribute: str | None = None
    foreign: Mapping[str, Any] | None = None


def sort_findings(findings: Iterable[Mapping[str, Any] | Finding]) -> Sequence[Shown]:
    """Return all of them, the most severe first."""
    plain = [asdict(item) if isinstance(item, Finding) else item for item in findings]
    return sorted(map(_render_finding, plain), key=lambda item: SEVERITIES.index(item.severity))


def marks(findings: Iterable[Shown], file: str) -> dict[str, str]:
    """Return the classes of a diagram's elements: the severity of their worst finding."""
    return {
        item.element: f"finding-{item.severity}"
        for item in reversed(list(findings))
        if item.element is not None and item.file == file
    }


def counts(findings: Iterable[Shown]) -> Mapping[str, int]:
    """Return the number of findings of each severity."""
    return Counter(item.severity for item in findings)


def _render_finding(finding: Mapping[str, Any]) -> Shown:
    found = readable(finding, for_reader())
    return Shown(
        code=found["code"],
        severity=found["severity"],
        reason=found["reason"],
        fix=found["fix"],
        file=found["file"],
        line=found.get("line"),
        element=found.get("element"),
        name=reader().half(found["name"]) if found.get("name") else None,
        attribute=found.get("attribute"),
        foreign=found.get("foreign"),
    )
