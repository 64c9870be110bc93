"""Checks JUEL from other engines and writes it as the product's own expressions.

An expression in JUEL begins with `${`. Where Camunda combines several texts, they become one expression in
the syntax of EL 3.0: `+=` between texts, lists and maps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.bpmn.expressions import juel
from engine.bpmn.expressions.juel import is_juel, tree

__all__ = ["Untranslatable", "Value", "expression", "is_juel", "mapping", "read", "value"]


class Untranslatable(Exception):
    """Raised for an expression that isn't supported; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it is written in JUEL, and in Python if it has no expression; the names that it reads."""

    juel: str
    python: str | None = None
    names: frozenset[str] = frozenset()

    @classmethod
    def variable(cls, name: str) -> "Value":
        """Returns the value of a variable."""
        return cls(name, name, frozenset({name}))

    @classmethod
    def variable_or_null(cls, name: str) -> "Value":
        """Returns the value of a variable; null if it has never been set."""
        return cls(f"execution.getVariable({juel.quoted(name)})", None, frozenset({name}))

    @classmethod
    def text(cls, text: str) -> "Value":
        """Returns a literal text."""
        return cls(juel.quoted(text), repr(text))

    @property
    def code(self) -> str:
        """Returns the value as an expression. Raises Untranslatable."""
        if self.python is not None:
            return self.python
        code = f"${{{self.juel}}}"
        try:
            juel.expression(code)
        except juel.Unreadable as error:  # such as a variable with the name of an operator
            raise Untranslatable(str(error)) from error
        return code


NOTHING = Value("null", "None")


def read(text: str, *, whole: bool = False) -> juel.Expression:
    """Parses a text as JUEL does; `whole` as for `strict`. Raises Untranslatable."""
    try:
        return juel.strict(text, whole=whole)
    except juel.Unreadable as error:
        raise Untranslatable(str(error)) from error


def expression(text: str, *, whole: bool = False) -> str:
    """Converts a text with JUEL to an expression: `a${x}` is a text. Raises Untranslatable.

    A text without JUEL, where allowed, becomes a Python literal: its value is known without evaluation.
    """
    found = read(text, whole=whole)
    if not whole and isinstance(found.tree, tree.Constant) and isinstance(found.tree.value, str):
        return repr(found.tree.value)
    return f"${{{juel.source(text.strip())}}}"


def value(text: str) -> Value:
    """Returns a text as a value among others. Raises Untranslatable."""
    text = text.strip()
    if not is_juel(text):
        return Value.text(text)
    found = read(text)
    return Value(juel.source(text), names=found.names)


def listing(values: Iterable[Value]) -> Value:
    """Returns a list of values."""
    found = list(values)
    return _together(
        found,
        f"[{', '.join(item.juel for item in found)}]",
        f"[{', '.join(str(item.python) for item in found)}]",
    )


def mapping(values: Iterable[tuple[Value, Value]]) -> Value:
    """Returns a map of values by keys."""
    found = list(values)
    return _together(
        [part for pair in found for part in pair],
        "{" + ", ".join(f"{name.juel}: {part.juel}" for name, part in found) + "}",
        "{" + ", ".join(f"{name.python}: {part.python}" for name, part in found) + "}",
    )


def _together(parts: list[Value], written: str, python: str) -> Value:
    plain = all(part.python is not None for part in parts)
    names: frozenset[str] = frozenset[Any]().union(*(part.names for part in parts))
    return Value(written, python if plain else None, names)
