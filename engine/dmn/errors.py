"""What goes wrong with decisions that is nobody's value: it cannot be read, or it takes too much."""


class Unreadable(Exception):
    """A text is no FEEL: `reason` says why, `at` where in `text` (characters from 0)."""

    def __init__(self, reason: str, text: str, at: int) -> None:
        super().__init__(f"{reason} (at character {at + 1})")
        self.reason = reason
        self.text = text
        self.at = at


class TooMuch(Exception):
    """An evaluation was stopped at one of its limits."""
