"""Secrets by reference: the file of connectors names a place, and the secret is read there at each call."""

import os
from dataclasses import dataclass
from pathlib import Path

MAX_CHARACTERS = 4096


class Unreadable(Exception):
    """Raised if there is no usable secret at a place; the message contains the place but not its content."""


@dataclass(frozen=True, slots=True)
class Secret:
    """`env:NAME` or `file:PATH`. Only the place is stored or printed, so a new secret needs no restart."""

    place: str

    def value(self) -> str:
        """Returns the secret itself, without a trailing newline. Raises Unreadable."""
        kind, _, name = self.place.partition(":")
        text = (os.environ.get(name) or "") if kind == "env" else self._content(Path(name))
        text = text.rstrip("\r\n")
        if not text:
            raise Unreadable(f"there is nothing at {self.place}")
        if len(text) > MAX_CHARACTERS or not (text.isascii() and text.isprintable()):
            raise Unreadable(
                f"what stands at {self.place} is not one line of at most {MAX_CHARACTERS} ASCII characters"
            )
        return text

    def _content(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise Unreadable(f"{self.place} cannot be read") from None
