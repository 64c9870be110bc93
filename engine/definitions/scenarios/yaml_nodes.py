"""Parses untrusted YAML: plain values with their lines, without anything that could grow or execute.

The tree is built from the parser's events, so that aliases, tags and depth are refused before anything is
built. Only `true`, `false`, `null` and plain numbers are more than text: a date, `no` or `0012345679` remain
as written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from engine.platform.findings import Value
from engine.platform.messages import parsers

MAX_BYTES = 128 << 10
MAX_DEPTH = 32
MAX_NODES = 10_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,18})")
_BROKEN = re.compile(r"-?(0|[1-9]\d*)(\.\d+([eE][-+]?\d+)?|[eE][-+]?\d+)")
_LONGEST = 40  # characters of a number


class Unreadable(Exception):
    """A file that cannot be read as YAML of this kind: the variant of its finding, with values."""

    def __init__(self, variant: str, line: int | None = None, /, **values: Value) -> None:
        super().__init__(variant)
        self.variant, self.line, self.values = variant, line, values


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its line: a scalar, a list of nodes or a dictionary of nodes by text."""

    value: Any
    line: int

    @classmethod
    def of(cls, value: Any, line: int = 0) -> "Node":
        """Returns the node of a plain value, with its line."""
        if isinstance(value, Mapping):
            return cls({name: cls.of(part, line) for name, part in value.items()}, line)
        if isinstance(value, list):
            return cls([cls.of(part, line) for part in value], line)
        return cls(value, line)

    @property
    def plain(self) -> Any:
        """Returns the value without lines."""
        if isinstance(self.value, dict):
            return {name: part.plain for name, part in self.value.items()}
        if isinstance(self.value, list):
            return [part.plain for part in self.value]
        return self.value


def read(content: bytes) -> list[Node]:
    """Returns the documents of a file, without empty ones. Raises Unreadable."""
    if len(content) > MAX_BYTES:
        raise Unreadable("limit", limit=MAX_BYTES >> 10)
    try:
        text = content.decode("utf-8-sig")
        return [node for node in _documents(yaml.parse(text, Loader=_LOADER)) if node.value is not None]
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable("not-utf-8", line) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = () if mark is None else (mark.line + 1, mark.column + 1)
        problem = parsers.phrase("yaml", getattr(error, "problem", None) or str(error), *place)
        raise Unreadable("yaml", place[0] if place else None, error=problem) from error


class _Open:
    """A list or dictionary whose parts are being parsed."""

    def __init__(self, line: int, *, mapping: bool) -> None:
        value: Any = {} if mapping else []
        self.node = Node(value, line)
        self.key: str | None = None

    def take(self, part: Node) -> None:
        if isinstance(self.node.value, list):
            self.node.value.append(part)
        elif self.key is None:
            self.key = _key(part)
            if self.key in self.node.value:
                raise Unreadable("name", part.line, name=self.key[:80])
        else:
            self.node.value[self.key] = part
            self.key = None


def _documents(events: Iterator[Any]) -> Iterator[Node]:
    open_parts: list[_Open] = []
    for count, event in enumerate(events):
        line = event.start_mark.line + 1
        if count > 2 * MAX_NODES:
            raise Unreadable("count", line, count=MAX_NODES)
        _require_harmless(event, line, len(open_parts))
        done = None
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            open_parts.append(_Open(line, mapping=isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.ScalarEvent):
            done = Node(_scalar(event, line), line)
        elif isinstance(event, yaml.CollectionEndEvent):
            done = open_parts.pop().node
        if done is not None and open_parts:
            open_parts[-1].take(done)
        elif done is not None:
            yield done


def _require_harmless(event: Any, line: int, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Unreadable("deep", line, limit=MAX_DEPTH)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise Unreadable("alias", line)
    if getattr(event, "tag", None) is not None:
        raise Unreadable("tag", line)


def _key(node: Node) -> str:
    if isinstance(node.value, list | dict):
        raise Unreadable("key", node.line)
    if node.value is None or isinstance(node.value, bool):
        raise Unreadable("key-unquoted", node.line)
    return str(node.value)


def _scalar(event: Any, line: int) -> Any:
    text: str = event.value
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Unreadable("character", line)
    if event.style is not None and event.style != "":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST and _WHOLE.fullmatch(text):
        number = int(text)
        if -(2**63) <= number < 2**63:
            return number
    if len(text) <= _LONGEST and _BROKEN.fullmatch(text):
        return _float(text, line)
    return text


def _float(text: str, line: int) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Unreadable("number", line, value=text)
    return number
