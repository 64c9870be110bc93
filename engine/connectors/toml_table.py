"""Parses tables of a TOML file key by key. Collects every fault with its fix, without any values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.platform.errors import Unusable


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault of a key, and how to fix it."""

    key: str
    reason: str
    fix: str


class Misconfigured(Unusable, ValueError):
    """Raised for an unusable file; the message names every faulty key with its fault and fix."""

    def __init__(self, file: Path, faults: Sequence[Fault]) -> None:
        super().__init__(
            "\n".join(f"{file}: {fault.key} {fault.reason}\n    {fault.fix}" for fault in faults)
        )
        self.faults = tuple(faults)


class Table:
    """One table. Each key is read once; `close` reports the unread ones.

    After a fault parsing continues with a substitute value, so that all faults are found at once.
    """

    def __init__(self, values: Mapping[str, Any], faults: list[Fault], key: str = "") -> None:
        self._left = dict(values)
        self._faults = faults
        self._key = key
        self._known: set[str] = set()

    def blame(self, name: str, reason: str, fix: str) -> None:
        """Records a fault of a key or, with an empty name, of the table itself."""
        self._faults.append(Fault(self._place(name), reason, fix))

    def take(self, name: str) -> Any:
        """Returns the value of a key; None if there is none."""
        self._known.add(name)
        return self._left.pop(name, None)

    def has(self, name: str) -> bool:
        """Returns whether a key that was not read yet is written."""
        return name in self._left

    def text(self, name: str, pattern: str, fix: str, default: str | None = None) -> str:
        """Returns a text that matches this pattern. Without a default it is required."""
        value = self.take(name)
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        if value is not None or default is None:
            self.blame(name, "is missing" if value is None else "cannot be used", fix)
        return default or ""

    def choice(self, name: str, options: Sequence[str], default: str | None = None) -> str:
        """Returns one of these texts."""
        pattern = "|".join(map(re.escape, options))
        return self.text(name, pattern, f"Write one of: {', '.join(options)}.", default)

    def flag(self, name: str, *, default: bool) -> bool:
        """Returns true or false."""
        value = self.take(name)
        if value is not None and not isinstance(value, bool):
            self.blame(name, "cannot be used", "Write true or false.")
        return value if isinstance(value, bool) else default

    def number(self, name: str, least: float, most: float, default: float) -> float:
        """Returns a number within these bounds."""
        value = self.take(name)
        if value is not None and not _is_number(value, least, most):
            self.blame(name, "cannot be used", f"Write a number from {least:g} to {most:g}.")
            return default
        return default if value is None else float(value)

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        """Returns a whole number within these bounds."""
        value = self.take(name)
        if value is not None and not (isinstance(value, int) and _is_number(value, least, most)):
            self.blame(name, "cannot be used", f"Write a whole number from {least} to {most}.")
            return default
        return default if value is None else value

    def numbers(self, name: str, most: float, default: Sequence[float]) -> tuple[float, ...]:
        """Returns a list of non-negative numbers."""
        value = self.take(name)
        if value is None:
            return tuple(default)
        if isinstance(value, list) and all(_is_number(part, 0, most) for part in value):
            return tuple(map(float, value))
        self.blame(name, "cannot be used", f"Write a list of numbers from 0 to {most:g}.")
        return tuple(default)

    def table(self, name: str) -> "Table":
        """Returns the table below this key; an empty one if it is missing."""
        value = self.take(name)
        if value is not None and not isinstance(value, dict):
            self.blame(name, "is not a table", f"Write [{self._place(name)}], and its keys below it.")
        return Table(value if isinstance(value, dict) else {}, self._faults, self._place(name))

    def tables(self, pattern: str, fix: str) -> Iterator[tuple[str, "Table"]]:
        """Returns all unread tables, whose names match this pattern."""
        for name in list(self._left):
            if not re.fullmatch(pattern, name):
                self.blame(name, "is not a valid name", fix)
            yield name, self.table(name)

    def close(self) -> None:
        """Reports unread keys: a misspelt key must not be ignored."""
        for name in self._left:
            self.blame(
                name, "is not known here", f"Remove or correct it. Known: {', '.join(sorted(self._known))}."
            )

    def _place(self, name: str) -> str:
        return ".".join(part for part in (self._key, name) if part)


def _is_number(value: object, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
