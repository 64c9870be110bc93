"""Findings of a check as they are shown: the worst first, each with its text in the reader's language.

A text that names values has a variant of its own, `findings.<code>.<names>`; a finding without values, as
older releases have stored them, has the text of its code alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.bpmn import Finding
from web.texts import TEXTS, reader, said, say

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding; `exactly` is the engine's own sentence, in English, with details that texts leave out."""

    code: str
    severity: str
    reason: str
    exactly: str
    mend: str
    file: str
    line: int | None
    element: str | None
    name: str | None
    attribute: str | None = None
    foreign: Mapping[str, Any] | None = None


def shown(findings: Iterable[Mapping[str, Any] | Finding]) -> Sequence[Shown]:
    """All of them, the worst first."""
    plain = [asdict(item) if isinstance(item, Finding) else item for item in findings]
    return sorted(map(_shown, plain), key=lambda item: SEVERITIES.index(item.severity))


def marks(findings: Iterable[Shown], file: str) -> dict[str, str]:
    """The classes of a diagram's elements: the severity of their worst finding."""
    return {
        item.element: f"finding-{item.severity}"
        for item in reversed(list(findings))
        if item.element is not None and item.file == file
    }


def counts(findings: Iterable[Shown]) -> Mapping[str, int]:
    """How many there are of each severity."""
    return Counter(item.severity for item in findings)


def variant(values: Iterable[str]) -> str:
    """What the text of a finding with such values is called: `attribute-kind`."""
    return "-".join(sorted(name for name in values if not name.startswith(_AT)))


def _texts(finding: Mapping[str, Any]) -> tuple[str, str]:
    """The reason, with the values that it names, and the fix."""
    code, values = f"findings.{finding['code']}", finding.get("values") or {}
    own = f"{code}.{variant(values)}"
    words = {name: _word(name, value) for name, value in values.items()}
    reason = (
        say(f"{own}.reason", **words)
        if f"{own}.reason" in TEXTS
        else said(f"{code}.reason", finding["reason"])
    )
    mend = say(f"{own}.mend", **words) if f"{own}.mend" in TEXTS else said(f"{code}.mend", finding["mend"])
    return _place(words) + reason, mend


def _place(words: Mapping[str, Any]) -> str:
    """Where in a table or type something is."""
    at = {name: word for name, word in words.items() if name.startswith(_AT)}
    names = "-".join(sorted(name.removeprefix(_AT) for name in at))
    return say(f"findings.place.{names}", **at) + " " if at else ""


def _word(name: str, value: Any) -> Any:
    """A value as it stands in a sentence; parts of BPMN and types have names in the reader's language."""
    if isinstance(value, list | tuple):
        return _between().join(f"\u2068{one}\u2069" for one in value)
    for area in _WORDS.get(name, ()):
        if f"{area}.{value}" in TEXTS:
            return say(f"{area}.{value}")
    return value


def _between() -> str:
    return "، " if reader().language == "fa" else ", "


_AT = "at_"
_PARTS, _KINDS = ("findings.part",), ("differences.kind", "findings.part")
_EVENTS, _TYPES = ("findings.trigger",), ("findings.type",)
_WORDS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("part", "attribute", "end"), _PARTS),
    **dict.fromkeys(("kind", "around"), _KINDS),
    **dict.fromkeys(("what", "trigger"), _EVENTS),
    **dict.fromkeys(("found", "wanted", "left", "right"), _TYPES),
    **dict.fromkeys(("negated", "called", "invoked", "condition"), _TYPES),
}


def _shown(finding: Mapping[str, Any]) -> Shown:
    reason, mend = _texts(finding)
    return Shown(
        code=finding["code"],
        severity=finding["severity"],
        reason=reason,
        exactly=finding["reason"],
        mend=mend,
        file=finding["file"],
        line=finding.get("line"),
        element=finding.get("element"),
        name=reader().half(finding["name"]) if finding.get("name") else None,
        attribute=finding.get("attribute"),
        foreign=finding.get("foreign"),
    )
