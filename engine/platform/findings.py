"""Findings of a check of uploaded files: each has a place, a reason and how to fix it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.platform.language import Reader
from engine.platform.messages import messages
from engine.platform.messages.findings import explain

Severity = Literal["error", "warning", "note"]
MAX_FINDINGS = 1_000
LAST_LINE = 65_535  # libxml2 stops counting here: beyond it the line is unknown


Value = str | int | tuple[str, ...]


class Sentence(str):
    """A sentence of a finding, with the values that it names: translations name them too."""

    __slots__ = ("values",)
    values: Mapping[str, Value]

    def __add__(self, other: str) -> "Sentence":
        text = "" if other == "" and isinstance(other, Sentence) else str(self) + str(other)
        return sentence(text, **{**self.values, **values_of(other)})

    def __radd__(self, other: str) -> "Sentence":
        return sentence(str(other) + str(self), **self.values)


def sentence(text: str, /, **values: Value) -> Sentence:
    """Build a sentence that names values, and perhaps some more that only the fix names.

    Values whose names begin with `at_` say where in a table or form something is.
    """
    found = Sentence(text)
    found.values = values
    return found


def with_values(**named: Value) -> Sentence:
    """Build an empty sentence with values: its text is in engine/platform/messages/findings.toml."""
    return sentence("", **named)


def values_of(text: str) -> Mapping[str, Value]:
    """Return the values that a sentence names; none for a plain text."""
    return text.values if isinstance(text, Sentence) else {}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: an error prevents the deployment, a note says what was translated.

    `code` is stable; `line` counts from 1 in `file`; `fix` says how to fix it. `values` are named in the
    reason. If the reason or fix is empty, the catalogue's English text for code and values is used.
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

    def __post_init__(self) -> None:
        """Set the values from the sentence, and the attribute from the values."""
        if not self.values:
            object.__setattr__(self, "values", dict(values_of(self.reason)))
        if self.attribute is None:
            said = self.values.get("attribute")
            object.__setattr__(self, "attribute", said if isinstance(said, str) else None)
        if not (self.reason and self.fix):
            plain = {"code": self.code, "values": self.values, "reason": self.reason, "fix": self.fix}
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

    def error(self, where: Place, code: str, reason: str = "", fix: str = "") -> None:
        """Add an error, which prevents the deployment."""
        self.report("error", where, code, reason, fix)

    def warn(self, where: Place, code: str, reason: str = "", fix: str = "") -> None:
        """Add a warning: it runs, but perhaps not as intended."""
        self.report("warning", where, code, reason, fix)

    def translated(self, where: Place, code: str, reason: str = "") -> None:
        """Add a note: a foreign notation that is translated into ours."""
        self.report("note", where, code, reason)

    def report(self, severity: Severity, where: Place, code: str, reason: str = "", fix: str = "") -> None:
        """Add a finding of this severity."""
        place = (where.element, where.name, where.line, where.attribute)
        self.add(Finding(severity, code, where.file, reason, fix, *place))

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
            left_out = with_values(count=self._left_out)
            found.append(Finding(self._worst_left_out, "too-many-findings", "", left_out))
        return tuple(found)
