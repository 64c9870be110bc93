"""What a picture shows in addition to the diagram: findings, changes, tokens, counts and heat."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.bpmn.draw.interchange import Box
from engine.bpmn.draw.svg import tag, text
from engine.bpmn.draw.texts import reads_rtl
from engine.bpmn.notation.findings import Finding
from engine.bpmn.notation.vocabulary import bpmn

TokenMark = Literal["task", "wait", "incident"]
ChangeMark = Literal["added", "removed", "changed"]
_SHOWN = 5  # findings in a title
_RANK = ("error", "warning", "note")
_SIGNS = {"error": "!", "warning": "!", "note": "i"}
_CHANGES = {"added": "+", "removed": "\u2212", "changed": "~"}
_TOLD = {"task": "open task", "wait": "waiting", "incident": "incident"}


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks by element: findings, current tokens, passed ones, counts, heat from 0 to 1, changes, texts.

    Marks on hidden elements (inside a collapsed sub-process or a called process) are shown on what hides
    them.
    """

    findings: Sequence[Finding] = ()
    tokens: Sequence[tuple[str, TokenMark]] = ()
    passed: Collection[str] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    heat: Mapping[str, float] = field(default_factory=dict)
    changes: Mapping[str, ChangeMark] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)  # one for each drawn element: the first


@dataclass(slots=True)
class Mark:
    """All marks of one drawn element."""

    findings: list[Finding] = field(default_factory=list)
    tokens: list[TokenMark] = field(default_factory=list)
    passed: bool = False
    count: int | None = None
    heat: float | None = None
    change: ChangeMark | None = None
    label: str | None = None

    @property
    def severity(self) -> str | None:
        """Returns the severity of the worst finding."""
        return next((name for name in _RANK if any(item.severity == name for item in self.findings)), None)

    def classes(self) -> list[str]:
        """Returns the classes for the style sheet."""
        found = [word for word in (self.severity, self.change) if word]
        if self.heat is not None:
            found.append(f"heat{min(9, int(self.heat * 10))}")
        if self.tokens:
            found.append("stuck" if "incident" in self.tokens else "here")
        elif self.passed:
            found.append("passed")
        return found

    def describe(self) -> list[str]:
        """Returns the marks in words."""
        lines = [f"{item.severity}: {item.reason}"[:300] for item in self.findings[:_SHOWN]]
        if len(self.findings) > _SHOWN:
            lines.append(f"and {len(self.findings) - _SHOWN} more findings")
        lines += [_TOLD[kind] for kind in dict.fromkeys(self.tokens)]
        lines += ["passed"] if self.passed else []
        lines += [self.change] if self.change else []
        lines += [f"count: {self.count}"] if self.count is not None else []
        lines += [self.label] if self.label is not None else []
        return lines + ([f"heat: {self.heat:.0%}"] if self.heat is not None else [])


def placed(
    marks: Marks, process: Any, elements: Mapping[str, Any], drawn: Collection[Any]
) -> dict[Any, Mark]:
    """Returns the marks by the drawn elements that show them; those without such an element under None.

    Marks of other processes that are not drawn are omitted.
    """
    found: dict[Any, Mark] = defaultdict(Mark)
    places = _Places(process, elements, drawn)
    for finding in marks.findings:
        found[places(finding.element)].findings.append(finding)
    for element, token in marks.tokens:
        found[places(element)].tokens.append(token)
    for element in marks.passed:
        if (place := places(element)) is not None:  # a case also passes elements that a translation added
            found[place].passed = True
    for element, count in marks.counts.items():
        mark = found[places(element)]
        mark.count = (mark.count or 0) + count
    for element, heat in marks.heat.items():
        mark = found[places(element)]
        mark.heat = max(mark.heat or 0, min(1.0, heat)) if math.isfinite(heat) else mark.heat
    for element, label in marks.labels.items():
        mark = found[places(element)]
        mark.label = mark.label or label
    _place_changes(marks, places, found)
    found.pop(_ELSEWHERE, None)
    return found


def finder(process: Any, elements: Mapping[str, Any], drawn: Collection[Any]) -> Callable[[str], Any]:
    """Returns a function that finds the drawn element for a name, or None."""
    find = _Places(process, elements, drawn)

    def found(name: str) -> Any:
        place = find(name)
        return None if place is _ELSEWHERE else place

    return found


def _place_changes(marks: Marks, places: "_Places", found: Mapping[Any, Mark]) -> None:
    """Places changes.

    They may exist only in the other version. A hidden change marks its container as changed.
    """
    for element, change in marks.changes.items():
        place = places(element)
        if place is not None and place is not _ELSEWHERE:
            found[place].change = change if place.get("id") == element else "changed"


_ELSEWHERE = object()


class _Places:
    """Finds the shape of an id, or of a path such as `called/step` in a called process."""

    def __init__(self, process: Any, elements: Mapping[str, Any], drawn: Collection[Any]) -> None:
        self.process = process
        self.elements = elements
        self.drawn = drawn
        self.calls = {
            element.get("calledElement", "").rpartition(":")[2]: element
            for element in elements.values()
            if element.tag == bpmn("callActivity")
        }
        self.pools = {
            element.get("processRef", "").rpartition(":")[2]: element
            for element in elements.values()
            if element.tag == bpmn("participant")
        }

    def __call__(self, name: str | None) -> Any:
        key, _, inner = (name or "").partition("/")
        element = self.calls.get(key) if inner else self.elements.get(key)
        while element is not None and element not in self.drawn:
            pool = self.pools.get(element.get("id"))
            if pool is not None and pool in self.drawn:
                return pool
            if element.tag == bpmn("process") and element is not self.process:
                return _ELSEWHERE
            element = element.getparent()
        return element


def badges(mark: Mark, box: Box) -> str:
    """Draws the badges at the corners of an element."""
    drawn = []
    if mark.severity:
        many = len(mark.findings)
        sign = _SIGNS[mark.severity]
        drawn.append(_badge(f"{sign} {many}" if many > 1 else sign, mark.severity, box.right, box.y))
    if mark.change:
        drawn.append(_badge(_CHANGES[mark.change], mark.change, box.x, box.bottom))
    for shift, kind in enumerate(dict.fromkeys(mark.tokens)):
        count = str(mark.tokens.count(kind))
        drawn.append(_badge(count, kind, box.x + 24 * shift, box.y))
    if mark.count is not None:
        drawn.append(_badge(f"{mark.count:,}", "count", box.right, box.bottom))
    elif mark.label is not None:
        drawn.append(_badge(mark.label, "count", box.right, box.bottom))
    return "".join(drawn)


def _badge(words: str, kind: str, x: float, y: float) -> str:
    wide = max(18.0, 7.2 * len(words) + 9)
    frame = tag("rect", x=x - wide / 2, y=y - 9, width=wide, height=18, rx=9)
    said = tag("text", text(words), x=x, y=y + 4, font_size=11.5, class_="rtl" if reads_rtl(words) else None)
    return tag("g", frame, said, class_=f"badge {kind}")


def listed(parts: Iterable[str]) -> str:
    """Formats the lines of a title."""
    return "\n".join(filter(None, parts))
