"""Reads tables of a TOML file of a version key by key. Collects a finding for each key that is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.definitions.toml_files.document import Document, Path
from engine.platform import persian
from engine.platform.findings import Notes, Value
from engine.platform.language import LANGUAGES, Reader

MAX_LINE = 300  # characters of a name
MAX_TEXT = 5_000
MAX_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class Both:
    """A text in both languages."""

    fa: str
    en: str

    def of(self, reader: Reader) -> str:
        """Returns it in the reader's language."""
        return self.fa if reader.language == "fa" else self.en


class Table:
    """One table. Each key is read once; `close` reports the others: a misspelt key must not be ignored.

    After a finding reading continues with a substitute, so that all findings are reported at once.
    """

    def __init__(
        self, document: Document, notes: Notes, values: Mapping[str, Any] | None = None, path: Path = ()
    ) -> None:
        self._document = document
        self._notes = notes
        self._left = dict(document.values if values is None else values)
        self._path = path
        self._known: set[str] = set()
        self.failed = False  # whether a key of this table was reported

    def error(self, key: str | Path, code: str, /, **values: Value) -> None:
        """Reports an error of a key, or of one below it."""
        self.failed = True
        path = (*self._path, *((key,) if isinstance(key, str) and key else key))
        shown = ".".join(part for part in path if not part.isdecimal())[:100]
        self._notes.error(self._document.place(path), code, key=shown, **values)

    def left(self) -> Sequence[str]:
        """Returns the unread keys."""
        return list(self._left)

    def take(self, key: str, *, required: bool = False) -> Any:
        """Returns the value of a key; None if there is none."""
        self._known.add(key)
        if required and key not in self._left:
            self.error(key, "toml-missing")
        return self._left.pop(key, None)

    def forbid(self, key: str) -> None:
        """Reads a key that is not allowed here, and that the caller reports."""
        self._left.pop(key, None)

    def text(
        self, key: str, *, most: int = MAX_LINE, pattern: str = "", required: bool = False, form: str = "form"
    ) -> str | None:
        """Returns a text of at most so many characters, which matches the pattern, if there is one.

        `form` is the variant of the finding that describes the pattern.
        """
        value = self.take(key, required=required)
        if value is None:
            return None
        if not _is_text(value, most):
            self.error(key, "toml-value.text", limit=most)
            return None
        if pattern and not re.fullmatch(pattern, value):
            self.error(key, f"toml-value.{form}")
            return None
        return str(value).strip()

    def both(self, key: str, *, most: int = MAX_LINE, required: bool = False) -> Both | None:
        """Returns a text in both languages: `{ fa = "…", en = "…" }`."""
        value = self.take(key, required=required)
        if value is None:
            return None
        if not isinstance(value, dict) or value.keys() != LANGUAGES.keys():
            self.error(key, "toml-value.both")
            return None
        if not all(_is_text(text, most) for text in value.values()):
            self.error(key, "toml-value.text", limit=most)
            return None
        return Both(value["fa"].strip(), value["en"].strip())

    def words(
        self,
        key: str,
        pattern: str,
        *,
        most: int = MAX_ENTRIES,
        allowed: Sequence[str] | None = None,
        required: bool = False,
    ) -> Mapping[str, str]:
        """Returns a table of texts, of those allowed if any are given. Its keys match the pattern."""
        part = self.table(key, required=required)
        if part is None:
            return {}
        names = part.left()
        if len(names) > most:
            self.error(key, "toml-value.many", count=len(names), limit=most)
        found = {}
        for name in names[:most]:
            value = part.text(name) if allowed is None else part.choice(name, allowed)
            if not re.fullmatch(pattern, name):
                part.error(name, "toml-value.form")
            elif value is not None:
                found[name] = value
        self.failed = self.failed or part.failed
        return found

    def texts(self, key: str, pattern: str, *, most: int = MAX_ENTRIES) -> tuple[str, ...]:
        """Returns a list of texts that match the pattern, each at most once."""
        value = self.take(key)
        if value is None:
            return ()
        fits = isinstance(value, list) and all(
            isinstance(one, str) and re.fullmatch(pattern, one) and value.count(one) == 1 for one in value
        )
        if not fits or not value or len(value) > most:
            self.error(key, "toml-value.form")
            return ()
        return tuple(value)

    def yes(self, key: str) -> bool | None:
        """Returns true or false."""
        value = self.take(key)
        if value is not None and not isinstance(value, bool):
            self.error(key, "toml-value.yes")
            return None
        return value

    def choice(self, key: str, options: Sequence[str], *, required: bool = False) -> str | None:
        """Returns one of these words."""
        value = self.take(key, required=required)
        if value is None or value in options:
            return None if value is None else str(value)
        self.error(key, "toml-value.one-of", allowed=tuple(options), value=_shown(value))
        return None

    def choices(self, key: str, options: Sequence[str]) -> tuple[str, ...]:
        """Returns a list of these words, each at most once."""
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or any(one not in options or value.count(one) > 1 for one in value):
            listed = value if isinstance(value, list) else [value]
            wrong = [one for one in listed if one not in options or listed.count(one) > 1] or listed
            shown = ", ".join(_shown(one) for one in wrong[:5])
            self.error(key, "toml-value.some-of", allowed=tuple(options), value=shown)
            return ()
        return tuple(map(str, value))

    def table(self, key: str, *, required: bool = False) -> "Table | None":
        """Returns the table below a key."""
        value = self.take(key, required=required)
        if value is not None and not isinstance(value, dict):
            self.error(key, "toml-value.table")
            return None
        return None if value is None else self._below(value, key)

    def tables(self, key: str, *, most: int = MAX_ENTRIES, required: bool = False) -> Sequence["Table"]:
        """Returns the tables of an array: `[[key]]`."""
        value = self.take(key, required=required)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.error(key, "toml-value.tables")
            return ()
        if len(value) > most:
            self.error(key, "toml-value.many", count=len(value), limit=most)
        return [self._below(one, key, str(number)) for number, one in enumerate(value[:most])]

    def named(self, key: str, pattern: str, *, most: int = MAX_ENTRIES) -> Mapping[str, "Table"]:
        """Returns the tables below a key by their names, which match the pattern: `[key.name]`."""
        value = self.take(key)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
            self.error(key, "toml-value.table")
            return {}
        if len(value) > most:
            self.error(key, "toml-value.many", count=len(value), limit=most)
        found = {name: self._below(one, key, name) for name, one in list(value.items())[:most]}
        for name in found:
            if not re.fullmatch(pattern, name):
                self.error(f"{key}.{name}", "toml-value.form")
        return found

    def close(self) -> None:
        """Reports the keys that nobody has read."""
        for key in self._left:
            self.error(key, "toml-unknown-key", allowed=tuple(sorted(self._known)))

    def _below(self, values: Mapping[str, Any], *path: str) -> "Table":
        return Table(self._document, self._notes, values, (*self._path, *path))


def _shown(value: object) -> str:
    """Returns a wrong value as a finding mentions it: short, and in one line."""
    return " ".join(str(value).split())[:60]


def _is_text(value: object, most: int) -> bool:
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        return False
    return all(persian.printable(sign) or sign == "\n" for sign in value)
