"""Reads a TOML file of a version: its values, and the line of each key. Knows no particular file."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.platform.findings import Notes, Place
from engine.platform.messages import parsers

MAX_FILE = 64 << 10  # bytes
Path = tuple[str, ...]

_BARE = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_BARE}(?:\s*\.\s*{_BARE})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_PART = re.compile(_BARE)
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a file and, by the path of each key, its line; entries of arrays have numbers."""

    file: str
    values: Mapping[str, Any]
    lines: Mapping[Path, int]

    def place(self, path: Path) -> Place:
        """Returns the place of a key: its line, else that of the table around it."""
        known = (self.lines.get(path[:length]) for length in range(len(path), 0, -1))
        return Place(self.file, line=next((line for line in known if line is not None), None))


def read(file: str, content: bytes, notes: Notes) -> Document | None:
    """Returns the document, or None with a finding that says why the file can't be read."""
    if len(content) > MAX_FILE:
        notes.error(Place(file), "toml-unreadable.limit", limit=MAX_FILE >> 10)
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        notes.error(Place(file), "toml-unreadable.not-utf-8")
        return None
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # also for numbers with thousands of digits
        _report(file, text, str(error), notes)
        return None
    return Document(file, values, _lines(text))


def _report(file: str, text: str, message: str, notes: Notes) -> None:
    found = _AT.search(message)
    last = text.count("\n") + 1
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (last, None)
    problem = parsers.phrase("toml", _AT.sub("", message), line if column else None, column)
    notes.error(Place(file, line=line), "toml-unreadable.parser", error=problem)


def _lines(text: str) -> dict[Path, int]:
    """Returns the lines of keys and tables, which the parser doesn't report. The text is correct TOML."""
    found: dict[Path, int] = {}
    many: dict[Path, int] = {}
    table: Path = ()
    closing = ""  # what ends the text of several lines that this line is in
    for number, line in enumerate(text.splitlines(), 1):
        if not closing:
            if header := _HEADER.match(line):
                table = _table(_parts(header[2]), many, repeated=header[1] == "[[")
                found.setdefault(table, number)
            elif key := _KEY.match(line):
                found.setdefault((*table, *_parts(key[1])), number)
        closing = _closing(line, closing)
    return found


def _table(parts: Path, many: dict[Path, int], *, repeated: bool) -> Path:
    """Returns the path of a table, with the number of each entry of an array on it."""
    path: Path = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in many:
            path = (*path, str(many[path]))
    path = (*path, parts[-1])
    if repeated:
        many[path] = many.get(path, -1) + 1
        path = (*path, str(many[path]))
    return path


def _closing(line: str, closing: str) -> str:
    for quotes in ('"""', "'''"):
        if closing in ("", quotes) and line.count(quotes) % 2:
            return "" if closing else quotes
    return closing


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
