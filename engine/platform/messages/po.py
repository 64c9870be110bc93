"""Catalogues as PO files, for translators' tools: out of the TOML files, and back into them.

An entry has the key as `msgctxt`, the English text as `msgid` and the Persian one as `msgstr`. A text that
depends on a number has two entries: `key#one` and `key#other`. The TOML files stay the source: reading
changes only the lines whose translation differs, so that a round trip leaves every byte as it was.
"""

import json
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.platform.errors import Fault, Invalid
from engine.platform.language import Language

SOURCE: Language = "en"
TARGET: Language = "fa"
_HEADER = f"Language: {TARGET}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
_STRING = re.compile(r'(?:(msgctxt|msgid|msgstr)\s+)?("(?:[^"\\]|\\.)*")\s*')
_VALUE = re.compile(r"(?P<before>\s*[^=]+=\s*)(?P<value>.*)")


@dataclass(slots=True)
class Entry:
    """One text: its key, the English and the Persian one. A tool marks an unsure translation as fuzzy."""

    key: str = ""
    english: str = ""
    persian: str = ""
    fuzzy: bool = False


@dataclass(slots=True)
class _Line:
    """A line of a TOML file that contains a text of one language, by the forms of the text."""

    number: int
    key: str
    language: str
    forms: dict[str, str] = field(default_factory=dict)


def write(toml: str, name: str) -> str:
    """Return a catalogue as a PO file; `name` begins its keys."""
    entries = (_block(entry.key, entry.english, entry.persian) for entry in _entries(toml, name))
    return "\n".join([_block("", "", _HEADER), *entries])


def read(po: str) -> list[Entry]:
    """Return the entries of a PO file without its header and obsolete entries. Raises Invalid."""
    found = [_entry(block) for block in re.split(r"\n\s*\n", po.replace("\r\n", "\n"))]
    return [entry for entry in found if entry is not None and entry.key]


def merge(toml: str, name: str, entries: list[Entry]) -> str:
    """Return a catalogue with other translations; empty and fuzzy ones are ignored.

    Raises Invalid for a key that the catalogue doesn't have, for an English text that has changed since the
    export, and for a translation with other placeholders.
    """
    english = {entry.key: entry.english for entry in _entries(toml, name)}
    faults = [fault for entry in entries for fault in _faults(entry, english)]
    if faults:
        raise Invalid(f"The translation of {name}.toml can't be read.", faults)
    wanted = {entry.key: entry.persian for entry in entries if entry.persian and not entry.fuzzy}
    lines = toml.split("\n")
    for line in _lines(toml, name):
        told = {form: wanted.get(_key(line.key, form), text) for form, text in line.forms.items()}
        if line.language == TARGET and told != line.forms:
            lines[line.number] = _changed(lines[line.number], told)
    return "\n".join(lines)


def _faults(entry: Entry, english: Mapping[str, str]) -> Iterator[Fault]:
    if entry.key not in english:
        yield Fault(entry.key, "The catalogue has no text with this key.", "unknown-key")
    elif english[entry.key] != entry.english:
        yield Fault(entry.key, "The English text has changed since the export. Export again.", "stale")
    elif entry.persian and not entry.fuzzy:
        missing = _placeholders(entry.english) ^ _placeholders(entry.persian)
        missing -= {"count"} if entry.key.endswith("#one") else set()
        if missing:
            named = ", ".join(f"{{{one}}}" for one in sorted(missing))
            detail = f"The placeholders differ from those of the English text: {named}."
            yield Fault(entry.key, detail, "placeholders")


def _placeholders(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:  # a brace without its other
        return {text}


def _entries(toml: str, name: str) -> Iterator[Entry]:
    """Yield the texts of a catalogue, by the forms of the translation; English may have other forms."""
    lines = list(_lines(toml, name))
    english = {line.key: line.forms for line in lines if line.language == SOURCE}
    for line in lines:
        if line.language == TARGET:
            for form, text in line.forms.items():
                told = english[line.key]
                yield Entry(_key(line.key, form), told.get(form) or told.get("other") or told[""], text)


def _key(key: str, form: str) -> str:
    return f"{key}#{form}" if form else key


def _lines(toml: str, name: str) -> Iterator[_Line]:
    """Yield the lines with texts. Each text is on one line, as a test requires."""
    table: list[str] = []
    for number, line in enumerate(toml.split("\n")):
        if not line.strip() or line.startswith("#"):
            continue
        path, value = _path(tomllib.loads(line))
        if line.startswith("["):
            table = path
        else:
            *keys, language = [*table, *path]
            forms = value if isinstance(value, dict) else {"": value}
            yield _Line(number, ".".join((name, *keys)), language, forms)


def _path(tree: Mapping[str, Any]) -> tuple[list[str], Any]:
    """Return the keys that lead to the only value, which is a text, or a text for each number."""
    path = []
    value: Any = tree
    while isinstance(value, dict) and len(value) == 1:
        ((key, value),) = value.items()
        path.append(key)
    return path, value


def _changed(line: str, forms: Mapping[str, str]) -> str:
    match = _VALUE.fullmatch(line)
    if match is None:
        raise ValueError(f"not a text of a catalogue: {line}")
    literal = match["value"].startswith("'")
    quoted = {form: _quoted(text, literal=literal) for form, text in forms.items()}
    inside = ", ".join(f"{form} = {text}" for form, text in quoted.items())
    return match["before"] + quoted.get("", f"{{ {inside} }}")


def _quoted(text: str, *, literal: bool) -> str:
    if literal and "'" not in text and "\n" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def _block(key: str, english: str, persian: str) -> str:
    context = f"msgctxt {json.dumps(key, ensure_ascii=False)}\n" if key else ""
    texts = (json.dumps(text, ensure_ascii=False) for text in (english, persian))
    return context + "".join(
        f"{name} {text}\n" for name, text in zip(("msgid", "msgstr"), texts, strict=True)
    )


def _entry(block: str) -> Entry | None:
    """Return the entry of a block; None if it has only comments."""
    parts: dict[str, str] = {}
    current = ""
    fuzzy = False
    for line in filter(None, map(str.strip, block.split("\n"))):
        if line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            continue
        match = _STRING.fullmatch(line)
        if match is None:
            raise Invalid(f"The PO file has a line that is not understood: {line[:80]}")
        current = match[1] or current
        parts[current] = parts.get(current, "") + json.loads(match[2])
    return (
        Entry(parts.get("msgctxt", ""), parts.get("msgid", ""), parts.get("msgstr", ""), fuzzy)
        if parts
        else None
    )
