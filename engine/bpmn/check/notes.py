"""Where findings are gathered, each with its place. Judges nothing itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.bpmn.check.allow_list import OWNERS, local
from engine.bpmn.findings import Finding, Severity

MAX_FINDINGS = 1_000
_LAST_LINE = 65_535  # libxml2 counts no further: from there on the line is not known


@dataclass(frozen=True, slots=True)
class Place:
    """The file and, in a diagram, the element and the line that a finding is about."""

    file: str
    element: str | None = None
    name: str | None = None
    line: int | None = None


def place(file: str, element: Any, shift: int = 0) -> Place:
    """The place of an XML element: its line (`shift` lines further down), and what designers see it as."""
    owner = element
    while owner is not None and not (owner.get("id") and local(owner) in OWNERS):
        owner = owner.getparent()
    if owner is None:
        owner = element
    drawn = element
    while drawn.sourceline is None and drawn.getparent() is not None:  # made by a translation
        drawn = drawn.getparent()
    line = drawn.sourceline
    known = line is not None and line < _LAST_LINE
    return Place(file, owner.get("id"), owner.get("name"), line + shift if known else None)


class Notes:
    """All findings of one check, in the order of files and lines."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}  # a set that remembers the order
        self._left_out = 0
        self._refused: set[str] = set()

    def error(self, where: Place, code: str, reason: str, mend: str) -> None:
        """Note something that forbids the deployment."""
        self._note("error", where, code, (reason, mend))

    def warn(self, where: Place, code: str, reason: str, mend: str) -> None:
        """Note something that runs, perhaps not as meant."""
        self._note("warning", where, code, (reason, mend))

    def translated(self, where: Place, code: str, reason: str) -> None:
        """Note what was said in other words, and is read in ours."""
        self._note("note", where, code, (reason, "Nothing to do, if that is what is meant."))

    def add(self, finding: Finding) -> None:
        """Note a finding that was made elsewhere."""
        if finding.severity == "error":
            self._refused.add(finding.file)
        if len(self._findings) < MAX_FINDINGS:
            self._findings[finding] = None
        else:
            self._left_out += finding not in self._findings

    @property
    def refused(self) -> set[str]:
        """The files in which errors were found so far."""
        return self._refused

    def sorted(self, files: Iterable[str]) -> tuple[Finding, ...]:
        """All findings, by file in the given order, then by line."""
        rank = {name: index for index, name in enumerate(files)}
        found = sorted(self._findings, key=lambda item: (rank.get(item.file, -1), item.line or 0))
        if self._left_out:
            reason = f"There are {self._left_out} more findings, which are not shown."
            found.append(
                Finding("error", "too-many-findings", "", reason, "Mend those that are shown first.")
            )
        return tuple(found)

    def _note(self, severity: Severity, where: Place, code: str, text: tuple[str, str]) -> None:
        reason, mend = text
        self.add(Finding(severity, code, where.file, reason, mend, where.element, where.name, where.line))


class Rules:
    """What the rules on the elements of one file share: how they tell what they find."""

    def __init__(self, file: str, notes: Notes) -> None:
        self.file = file
        self.notes = notes

    def error(self, at: Any, code: str, reason: str, mend: str) -> None:
        """Note something about an element that forbids the deployment."""
        self.notes.error(place(self.file, at), code, reason, mend)

    def warn(self, at: Any, code: str, reason: str, mend: str) -> None:
        """Note something about an element that runs, perhaps not as meant."""
        self.notes.warn(place(self.file, at), code, reason, mend)
