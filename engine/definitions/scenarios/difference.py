"""A difference between what was expected and what came, and when a value is as expected."""

from typing import Any, Literal

# Of what sort a difference is: what was to be done, or what was to be so.
Difference = Literal[
    "start", "act", "ended", "people", "form", "call", "time", "incident", "incidents", "tasks", "waits",
    "path", "due", "data", "thrown", "end", "limit",
]  # fmt: skip
MAX_SHOWN = 200  # characters of a value


class Mismatch(Exception):
    """Something came otherwise than the scenario says; `kind` is of what sort that is."""

    def __init__(self, kind: Difference, expected: str, came: str, element: str | None = None) -> None:
        super().__init__(expected)
        self.kind, self.expected, self.came, self.element = kind, expected, came, element


def join_names(names: list[str]) -> str:
    """Names in a row."""
    return ", ".join(names) or "none"


def render(value: Any) -> str:
    """A value to be told."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def covers(came: Any, expected: Any) -> bool:
    """Whether a value is what is expected; of an object, the fields that are named. True is no number."""
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
