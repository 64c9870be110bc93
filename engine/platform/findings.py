"""Findings of a check of uploaded files: each has a place, and a code with values for its text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.platform.language import Reader
from engine.platform.messages import messages
from engine.platform.messages.findings import explain
from engine.platform.messages.phrases import Phrase

Severity = Literal["error", "warning", "note"]
MAX_FINDINGS = 1_000
LAST_LINE = 65_535  # libxml2 stops counting here: beyond it the line is unknown


Value = str | int | Phrase | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: an error prevents the deployment, a note says what was translated.

    `code` is stable; `line` counts from 1 in `file`. Reason and fix are those of the catalogue for `code`,
    `variant` and `values`, in English; those that are passed were stored with it.
    """

    severity: Severity
    code: str
    file: str
    reason: str = ""
    fix: str = ""
    element: str | None = None
    name: str | None = None
    line: int | None = None
    attribute: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)
    variant: str = ""

    def __post_init__(self) -> None:
        """Split `code.variant`; set the attribute from the values, and the English texts."""
        code, _, variant = self.code.partition(".")
        if variant:
            object.__setattr__(self, "code", code)
            object.__setattr__(self, "variant", variant)
        if self.attribute is None:
            said = self.values.get("attribute")
            object.__setattr__(self, "attribute", said if isinstance(said, str) else None)
        if not (self.reason and self.fix):
            plain = {name: getattr(self, name) for name in ("code", "variant", "values", "reason", "fix")}
            reason, fix = explain(plain, messages(Reader.of("en")))
            object.__setattr__(self, "reason", self.reason or reason)
            object.__setattr__(self, "fix", self.fix or fix)


@dataclass(frozen=True, slots=True)
class Place:
    """The file and, in a diagram, the element and line of a finding.

    `attribute` is the element's attribute, with its prefix, or the name of the child element.
    """

    file: str
    element: str | None = None
    name: str | None = None
    line: int | None = None
    attribute: str | None = None


class Notes:
    """All findings of one check, in the order of files and lines."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}  # a set that preserves the order
        self._left_out = 0
        self._worst_left_out: Severity = "warning"
        self._refused: set[str] = set()

    def error(self, where: Place, code: str, /, **values: Value) -> None:
        """Add an error, which prevents the deployment."""
        self.report("error", where, code, **values)

    def warn(self, where: Place, code: str, /, **values: Value) -> None:
        """Add a warning: it runs, but perhaps not as intended."""
        self.report("warning", where, code, **values)

    def translated(self, where: Place, code: str, /, **values: Value) -> None:
        """Add a note: a foreign notation that is translated into ours."""
        self.report("note", where, code, **values)

    def report(self, severity: Severity, where: Place, code: str, /, **values: Value) -> None:
        """Add a finding of this severity; `code` may name a variant of its text: `loop.two-markers`."""
        place = (where.element, where.name, where.line, where.attribute)
        self.add(Finding(severity, code, where.file, "", "", *place, values))

    def add(self, finding: Finding) -> None:
        """Add a finding that was created elsewhere."""
        if finding.severity == "error":
            self._refused.add(finding.file)
        if len(self._findings) < MAX_FINDINGS:
            self._findings[finding] = None
        else:
            self._left_out += finding not in self._findings
            self._worst_left_out = "error" if finding.severity == "error" else self._worst_left_out

    @property
    def refused(self) -> set[str]:
        """Return the files in which errors have been found so far."""
        return self._refused

    def sorted(self, files: Iterable[str]) -> tuple[Finding, ...]:
        """Return all findings, by file in the given order, then by line."""
        rank = {name: index for index, name in enumerate(files)}
        found = sorted(self._findings, key=lambda item: (rank.get(item.file, -1), item.line or 0))
        if self._left_out:
            left_out = {"count": self._left_out}
            found.append(Finding(self._worst_left_out, "too-many-findings", "", values=left_out))
        return tuple(found)
