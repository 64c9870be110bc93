"""Faults of an evaluation: what has no value, its place, and the reason. They contain types, never values."""

from collections.abc import Mapping
from dataclasses import dataclass

MOST = 100  # faults of one kind that are recorded in an evaluation
_SHOWN = 200  # characters of an expression that a fault quotes

# Reasons why an expression is null. FEEL continues with null; a process may open an incident.
NULLS: Mapping[str, str] = {
    "missing-input": "The input {0!r} was not given.",
    "null-operand": "{0!r} has an operand that is null ({1} and {2}).",
    "operand-types": "{0!r} is not defined for a {1} and a {2}.",
    "no-result": "{0!r} has no result for these values.",
    "unknown-name": "Nothing is called {0!r} here.",
    "unknown-member": "A {1} has no member {0!r}.",
    "unknown-function": "What is called is a {0}, not a function.",
    "argument-type": "{0} does not take these arguments: {1}.",
    "null-argument": "{0} does not take null: {1}.",
    "condition-type": "A condition is a {0}, not true or false.",
    "not-a-list": "What is iterated over is neither a list nor a range.",
    "invalid-range": "A range cannot have these ends: a {0} and a {1}.",
    "invalid-type": "The type in 'instance of' is not complete.",
    "duplicate-key": "The context has two entries of the same name.",
    "external-function": "A function in another language is never called.",
    "test-type": "The input “{0}” is a {1}, with which the test of rule {2} cannot be compared.",
}

_LACKING = ("null-operand", "unknown-name", "unknown-member", "null-argument")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in the evaluation of an element; if it is grave, there is no usable result.

    `expression` is the text, and `at` the character from 1 at which it is null, if known.
    """

    reason: str
    element: str
    grave: bool
    code: str = "invalid"
    expression: str | None = None
    at: int | None = None

    def __str__(self) -> str:
        where = f" (at character {self.at} of “{self.expression}”)" if self.expression else ""
        return f"{self.reason}{where}"

    @property
    def is_null(self) -> bool:
        """Whether FEEL itself defines the value to be null, so that the evaluation continues."""
        return self.code in NULLS


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A character of an expression, in the logic of an element."""

    text: str
    element: str
    at: int
    of_items: bool = False  # in a condition on items, some of which may lack the members that it reads

    def records(self, code: str) -> bool:
        """Whether this counts as a fault here."""
        return not (self.of_items and code in _LACKING)

    def fault(self, code: str, *values: str) -> Fault:
        """Returns the fault for a null here."""
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}…"
        return Fault(NULLS[code].format(*values), self.element, False, code, text, self.at + 1)
