"""A difference between expected and actual results, and when a value equals the expected one."""

from collections.abc import Sequence
from typing import Any, Literal

from engine.platform.messages.phrases import Phrase

# The kind of a difference: of an action, or of an expectation.
Difference = Literal[
    "start", "act", "ended", "people", "form", "call", "time", "incident", "incidents", "tasks", "waits",
    "path", "due", "data", "thrown", "end", "limit",
]  # fmt: skip
MAX_SHOWN = 200  # characters of a value


class Mismatch(Exception):
    """A result differs from the scenario; `kind` is the kind of the difference.

    `came` is a phrase, too, or a value that is shown unchanged.
    """

    def __init__(
        self, kind: Difference, expected: Phrase, came: Phrase | str, element: str | None = None
    ) -> None:
        super().__init__(kind)
        self.kind, self.expected, self.came, self.element = kind, expected, came, element


def phrase(code: str, /, **values: Any) -> Phrase:
    """Returns a phrase of `scenarios.toml`; an empty list in it is shown as "none"."""
    none = Phrase("scenarios.none")
    return Phrase(
        f"scenarios.{code}", {name: none if value == () else value for name, value in values.items()}
    )


def names(found: Sequence[str]) -> Phrase:
    """Returns names as a list."""
    return phrase("names", names=tuple(found))


def render(value: Any) -> str:
    """Returns a value as text."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def covers(came: Any, expected: Any) -> bool:
    """Returns whether a value is the expected one; of an object, only the named fields count.

    True is no number.
    """
    if isinstance(expected, dict):
        return isinstance(came, dict) and all(
            name in came and covers(came[name], part) for name, part in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(came, list)
            and len(came) == len(expected)
            and all(covers(one, part) for one, part in zip(came, expected, strict=True))
        )
    return isinstance(came, bool) == isinstance(expected, bool) and bool(came == expected)
