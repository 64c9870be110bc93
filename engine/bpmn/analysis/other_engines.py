"""Extensions of other engines in a diagram: finds them by a finding, removes or translates them.

Files are changed at that place only; everything else is preserved byte for byte.
"""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from lxml import etree

from engine.bpmn.notation.source import read_xml
from engine.bpmn.notation.vocabulary import HUMAN, OURS, OWNERS, bpmn, local
from engine.bpmn.translate import translate
from engine.bpmn.translate.translations import CAMUNDA
from engine.bpmn.translate.vendors import PREFIXES, RELATIVES, qualified
from engine.platform.findings import Finding

# Findings on something of another engine, or on one of the product's own attributes without effect.
CODES = frozenset({"unsupported-extension", "unknown-extension", "ignored-extension", "starters-ignored"})
_EXTENSIONS = bpmn("extensionElements")
_WRITTEN = re.compile(rb"""([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*')""")


@dataclass(frozen=True, slots=True)
class Foreign:
    """An attribute or element of another engine; `translation` are the equivalent attributes."""

    name: str
    value: str
    translation: Mapping[str, str] | None


class Gone(Exception):
    """Raised if the file doesn't contain it (any more)."""


def foreigns(file: str, content: bytes, findings: Iterable[Finding]) -> dict[Finding, Foreign]:
    """Returns what each finding on a file refers to, if that can be removed. Raises Unreadable."""
    about = [one for one in findings if _is_foreign(one) and one.file == file]
    if not about:
        return {}
    root = read_xml(file, content).getroot()
    places = {
        one.get("id"): one for one in root.iter(etree.Element) if local(one) in OWNERS and one.get("id")
    }
    found = {}
    for finding in about:
        part = _part(places.get(finding.element), finding.attribute or "")
        if part is not None:
            value = part.value if part.attribute else ""
            found[finding] = Foreign(finding.attribute or "", value, part.translation())
    return found


def without(file: str, content: bytes, element: str, attribute: str) -> bytes:
    """Returns the file without it. Raises Gone and Unreadable."""
    part = _find(file, content, element, attribute)
    text = _Bytes(content, part.owner.getroottree())
    text.drop(part)
    return text.content


def translated(file: str, content: bytes, element: str, attribute: str) -> bytes:
    """Returns the file with the product's own attributes instead.

    Raises Gone, also without a translation, and Unreadable.
    """
    part = _find(file, content, element, attribute)
    said = part.translation()
    if said is None:
        raise Gone(attribute)
    text = _Bytes(content, part.owner.getroottree())
    text.drop(part)
    text.add(part.at, said)
    return text.content


def _is_foreign(finding: Finding) -> bool:
    told = finding.code in CODES or finding.code.startswith("translated-")
    return told and ":" in (finding.attribute or "")


def _find(file: str, content: bytes, element: str, attribute: str) -> "_Part":
    root = read_xml(file, content).getroot()
    owners = (one for one in root.iter(etree.Element) if local(one) in OWNERS and one.get("id") == element)
    part = _part(next(owners, None), attribute) if ":" in attribute else None
    if part is None:
        raise Gone(attribute)
    return part


@dataclass(frozen=True, slots=True)
class _Part:
    """`at` is the element with the attribute of this name; without a name, `element` itself is foreign."""

    owner: Any
    at: Any
    element: Any
    attribute: str | None

    @property
    def value(self) -> str:
        return str(self.element.get(self.attribute))

    def translation(self) -> Mapping[str, str] | None:
        """Returns the translation of the part alone, if it consists of attributes of its element."""
        if self.at is not self.owner:
            return None
        alone = self._alone()
        before = dict(alone.attrib)
        translate(alone.getroottree().getroot())
        said = {name: value for name, value in alone.attrib.items() if name not in before}
        left = [child for child in alone if child.tag != _EXTENSIONS or len(child)]
        if left or not said or (self.attribute is not None and _unified(self.attribute) in alone.attrib):
            return None
        return {qualified(self.owner, name): value for name, value in said.items()}

    def _alone(self) -> Any:
        """Returns the element with only this part, in a document of its own."""
        root = etree.Element(bpmn("definitions"), nsmap=self.owner.nsmap)
        around = etree.SubElement(root, bpmn("process"), id="p")
        tag = bpmn("userTask") if local(self.owner) in HUMAN else self.owner.tag
        alone = etree.SubElement(around, tag, id=self.owner.get("id") or "e")
        ours = (name for name in self.owner.attrib if name.startswith(OURS))
        for name in ours:  # existing attributes aren't repeated
            alone.set(name, self.owner.get(name))
        if self.attribute is not None:
            alone.set(self.attribute, self.value)
        else:
            holder = etree.SubElement(alone, _EXTENSIONS)
            holder.append(deepcopy(self.element))
        return alone


def _part(owner: Any, attribute: str) -> _Part | None:
    """Returns the first part of an element with this name, excluding elements drawn within it."""
    if owner is None:
        return None
    waiting = [owner]
    while waiting:
        at = waiting.pop(0)
        for name in at.attrib:
            if name.startswith("{") and _is_called(at, name, attribute):
                return _Part(owner, at, at, name)
        for child in at.iterchildren(etree.Element):
            if local(child) not in OWNERS:
                if not local(child) and _is_called(child, child.tag, attribute):
                    return _Part(
                        owner, owner if at.tag == _EXTENSIONS and at.getparent() is owner else at, child, None
                    )
                waiting.append(child)
    return None


def _is_called(at: Any, name: str, attribute: str) -> bool:
    """Whether a finding uses this name: as it is written, or as it is after translation."""
    return attribute in (qualified(at, name), qualified(at, _unified(name)))


def _unified(name: str) -> str:
    space, _, short = name[1:].partition("}")
    return CAMUNDA + short if space in RELATIVES else name


class _Bytes:
    """The content of a file with changes. Other encodings are changed as UTF-8 and converted back."""

    def __init__(self, content: bytes, tree: Any) -> None:
        self._encoding = tree.docinfo.encoding or "utf-8"
        self._data = content.decode(self._encoding).encode()
        self._order = {element: number for number, element in enumerate(tree.getroot().iter(etree.Element))}
        self._spans = _spans(self._data)
        self._edits: list[tuple[int, int, bytes]] = []

    @property
    def content(self) -> bytes:
        """Returns the content with all changes, applied from the last place to the first."""
        data = self._data
        for start, end, new in sorted(self._edits, reverse=True):
            data = data[:start] + new + data[end:]
        return data.decode().encode(self._encoding)

    def drop(self, part: _Part) -> None:
        """Removes an attribute with the space before it, or an element with its line."""
        if part.attribute is not None:
            start, end = self._attribute(part.element, part.attribute)
            self._edits.append((start, end, b""))
            return
        element = part.element
        holder = element.getparent()
        if holder.tag == _EXTENSIONS and len(holder) == 1:
            element = holder  # which would be empty
        self._edits.append((*self._line(*self._whole(element)), b""))

    def add(self, element: Any, said: Mapping[str, str]) -> None:
        """Adds attributes at the end of an element's start tag, and declares their prefixes."""
        declared = {prefix for prefix in element.nsmap if prefix}
        at = self._tag_end(element)
        new = "".join(f" {name}={quoteattr(value)}" for name, value in said.items())
        for prefix in sorted({name.partition(":")[0] for name in said} - declared):
            space = next(space for space, one in PREFIXES.items() if one == prefix)
            new += f" xmlns:{prefix}={quoteattr(space)}"
        self._edits.append((at, at, new.encode()))

    def _whole(self, element: Any) -> tuple[int, int]:
        start, _, end = self._spans[self._order[element]]
        return start, end

    def _tag_end(self, element: Any) -> int:
        """Returns the position for further attributes of an element."""
        start, end, _ = self._spans[self._order[element]]
        inside = self._data[start:end]
        return start + len(inside.rstrip(b">").rstrip(b"/").rstrip())

    def _attribute(self, element: Any, name: str) -> tuple[int, int]:
        start, end, _ = self._spans[self._order[element]]
        space, _, short = name[1:].partition("}")
        prefixes = {prefix for prefix, found in element.nsmap.items() if found == space and prefix}
        for match in _WRITTEN.finditer(self._data, start, end):
            prefix, _, written = match[1].decode().partition(":")
            if prefix in prefixes and written == short:
                before = match.start()
                while self._data[before - 1 : before].isspace():
                    before -= 1
                return before, match.end()
        raise Gone(name)

    def _line(self, start: int, end: int) -> tuple[int, int]:
        """Extends a range to the line break and indentation before it, if it is alone on its line."""
        before = start
        while self._data[before - 1 : before] in (b" ", b"\t"):
            before -= 1
        return (before - 1, end) if self._data[before - 1 : before] == b"\n" else (start, end)


def _spans(data: bytes) -> list[tuple[int, int, int]]:
    """Returns for each element the start and end of its start tag, and its end."""
    found: list[list[int]] = []
    unfinished: list[int] = []
    parser = expat.ParserCreate("utf-8")

    def start(*_: Any) -> None:
        unfinished.append(len(found))
        at = parser.CurrentByteIndex
        found.append([at, _end_of_tag(data, at), 0])

    def end(*_: Any) -> None:
        span, at = found[unfinished.pop()], parser.CurrentByteIndex
        empty = data[span[1] - 2 : span[1]] == b"/>"
        span[2] = span[1] if empty else data.index(b">", at) + 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    return [(one[0], one[1], one[2]) for one in found]


def _end_of_tag(data: bytes, at: int) -> int:
    """Returns the position after the `>` of a tag; values may also contain this character."""
    quote = b""
    while True:
        char = data[at : at + 1]
        at += 1
        if quote:
            quote = b"" if char == quote else quote
        elif char in (b'"', b"'"):
            quote = char
        elif char == b">":
            return at
