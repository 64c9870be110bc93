"""Errors of decisions that aren't results: they can't be read, or exceed a limit."""


class Unreadable(Exception):
    """Raised for a text that isn't valid FEEL: `reason`, and `at` in `text` (characters from 0)."""

    def __init__(self, reason: str, text: str, at: int) -> None:
        super().__init__(f"{reason} (at character {at + 1})")
        self.reason = reason
        self.text = text
        self.at = at


class TooMuch(Exception):
    """Raised when an evaluation exceeds one of its limits."""
