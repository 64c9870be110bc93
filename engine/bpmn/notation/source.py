"""Uploaded files as they are stored, and the reader for their XML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from lxml import etree

from engine.bpmn.notation.findings import Finding
from engine.bpmn.notation.vocabulary import bpmn
from engine.platform import xml
from engine.platform.findings import Value

MAX_FILE = 2 << 20  # bytes
MAX_ELEMENTS = 10_000
MAX_DEPTH = 100
BPMN_SUFFIXES = (".bpmn", ".bpmn20.xml", ".xml")

# References in element texts. XML Schema ignores the white space around them, SpiffWorkflow doesn't.
_REFERENCES = tuple(
    map(bpmn, ("flowNodeRef", "sourceRef", "targetRef", "loopDataInputRef", "loopDataOutputRef"))
)
_NOT_EXECUTABLE = re.compile(rb"""(<(?:[\w.-]+:)?process\b[^<>]*?\sisExecutable\s*=\s*)(["'])false\2""")
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_COUNT = etree.XPath("count(//*)")


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """The files of one deployment; `calls` holds the bound processes of other deployments by key."""

    digest: str
    files: Mapping[str, bytes]
    calls: Mapping[str, "Source"]


def all_executable(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Returns the files with every process marked as executable, otherwise unchanged."""
    return {
        name: _NOT_EXECUTABLE.sub(rb"\1\2true\2", content) if name.endswith(BPMN_SUFFIXES) else content
        for name, content in files.items()
    }


class Unreadable(Exception):
    """Raised for a file that can't be read as XML; `finding` has the place and the reason."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


def digest(files: Mapping[str, bytes], calls: Mapping[str, str]) -> str:
    """Returns the SHA-256 of files and bound calls (key to digest). Equal digests mean equal content."""
    total = sha256(b"parvandeh source 1\n")
    # Each part is preceded by its length, so that different sets of files never have the same bytes.
    parts = {("file", name): sha256(content).hexdigest() for name, content in files.items()}
    parts.update((("call", key), bound) for key, bound in calls.items())
    for (kind, name), content in sorted(parts.items()):
        for part in (kind, name, content):
            data = part.encode()
            total.update(b"%d:" % len(data) + data)
    return total.hexdigest()


def read_xml(name: str, content: bytes) -> Any:
    """Returns the lxml tree of a file, without comments, processing instructions and space around references.

    Raises Unreadable.
    """
    if len(content) > MAX_FILE:
        raise _unreadable(name, "file-too-large", limit=MAX_FILE >> 20)
    try:
        tree = xml.parse(content).getroottree()
    except xml.HasDoctype as error:
        raise _has_doctype(name, error.line) from error
    except xml.NotXml as error:
        raise _unreadable(name, "not-xml.parser", error.line or None, error=error.reason) from error
    _bounded(name, tree)
    for reference in tree.iter(*_REFERENCES):
        reference.text = (reference.text or "").strip()
    return tree


def _bounded(name: str, tree: Any) -> None:
    if _TOO_DEEP(tree):
        raise _unreadable(name, "too-deep", limit=MAX_DEPTH)
    if _COUNT(tree) > MAX_ELEMENTS:
        raise _unreadable(name, "too-many-elements", limit=MAX_ELEMENTS)


def _has_doctype(name: str, line: int | None) -> Unreadable:
    return _unreadable(name, "doctype", line)


def _unreadable(name: str, code: str, line: int | None = None, /, **values: Value) -> Unreadable:
    return Unreadable(Finding("error", code, name, line=line, values=values))
