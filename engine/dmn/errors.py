"""Errors of decisions that aren't results: they can't be read, or exceed a limit."""

from typing import Any

from engine.platform.messages.phrases import Phrase


class Unreadable(Exception):
    """Raised for a text that isn't valid FEEL: the `reason`, and `at` in `text` (characters from 0)."""

    def __init__(self, mistake: str, text: str, at: int, /, **values: Any) -> None:
        super().__init__(mistake)
        self.reason = Phrase(f"parsers.feel.{mistake}", values)
        self.text = text
        self.at = at

    def __str__(self) -> str:
        """Return the reason and its place in English."""
        return f"{self.reason} (at character {self.at + 1})"


class TooMuch(Exception):
    """Raised when an evaluation exceeds one of its limits."""
