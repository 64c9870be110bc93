"""JUEL where other engines have it: checked, and written as our expressions are.

An expression of ours in JUEL begins with `${`. What Camunda puts together from several texts becomes one
expression, for which EL 3.0 has words: `+=` between texts, lists and maps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.bpmn.expressions import juel
from engine.bpmn.expressions.juel import is_juel, tree

__all__ = ["Untranslatable", "Value", "expression", "is_juel", "mapping", "read", "value"]


class Untranslatable(Exception):
    """An expression without a meaning here; the text says why."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it is written in JUEL, and in Python if no expression is in it; the names that it reads."""

    juel: str
    python: str | None = None
    names: frozenset[str] = frozenset()

    @classmethod
    def variable(cls, name: str) -> "Value":
        """The value of a variable."""
        return cls(name, name, frozenset({name}))

    @classmethod
    def text(cls, text: str) -> "Value":
        """A text as it stands."""
        return cls(juel.quoted(text), repr(text))

    @property
    def code(self) -> str:
        """An expression of ours. Raises Untranslatable."""
        if self.python is not None:
            return self.python
        code = f"${{{self.juel}}}"
        try:
            juel.expression(code)
        except juel.Unreadable as error:  # such as a variable that is called like an operator
            raise Untranslatable(str(error)) from error
        return code


NOTHING = Value("null", "None")


def read(text: str, *, whole: bool = False) -> juel.Expression:
    """A text as JUEL reads it; `whole` as for `strict`. Raises Untranslatable."""
    try:
        return juel.strict(text, whole=whole)
    except juel.Unreadable as error:
        raise Untranslatable(str(error)) from error


def expression(text: str, *, whole: bool = False) -> str:
    """A text with expressions in it as one of ours: `a${x}` is a text. Raises Untranslatable.

    A text without any, where it may be one, is said in Python: it needs not be evaluated to be known.
    """
    found = read(text, whole=whole)
    if not whole and isinstance(found.tree, tree.Constant) and isinstance(found.tree.value, str):
        return repr(found.tree.value)
    return f"${{{juel.source(text.strip())}}}"


def value(text: str) -> Value:
    """What a text means among other values. Raises Untranslatable."""
    text = text.strip()
    if not is_juel(text):
        return Value.text(text)
    found = read(text)
    return Value(juel.source(text), names=found.names)


def listing(values: Iterable[Value]) -> Value:
    """A list of values."""
    found = list(values)
    return _together(
        found,
        f"[{', '.join(item.juel for item in found)}]",
        f"[{', '.join(str(item.python) for item in found)}]",
    )


def mapping(values: Iterable[tuple[Value, Value]]) -> Value:
    """Values by keys."""
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
