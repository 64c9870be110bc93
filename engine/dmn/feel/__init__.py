"""FEEL, the expression language of DMN 1.5 (§10): parses texts, and compiles them to Python functions."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.dmn.errors import TooMuch, Unreadable
from engine.dmn.feel import tree
from engine.dmn.feel.building import build
from engine.dmn.feel.frames import Frame, Run
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.names import Names, normalized
from engine.dmn.feel.parser import parse
from engine.dmn.feel.parts import Code
from engine.dmn.feel.types import Type

__all__ = ["Code", "Expression", "Frame", "Run", "TooMuch", "Unreadable", "evaluate"]


class Expression:
    """A compiled expression; can be evaluated repeatedly and in several threads.

    `names` are the variables that it may use: those with spaces or symbols must be known. Raises Unreadable.
    """

    def __init__(self, text: str, names: Iterable[str] = (), types: Mapping[str, Type] | None = None) -> None:
        self.text = text
        self.tree: tree.Node = parse(text, Names(BUILT_IN, names), types or {})
        self._code = build(self.tree, (text, ""))
        # A variable may have the name of a function, as long as nothing calls it.
        self._functions = BUILT_IN.keys() - tree.values_named(self.tree)

    @property
    def names(self) -> frozenset[str]:
        """Returns the variables that it may use: in a filter, some may be members of the filtered items."""
        return tree.free_names(self.tree) - self._functions

    @property
    def certain_names(self) -> frozenset[str]:
        """Returns those of them that are definitely not members."""
        return tree.free_names(self.tree, filters=False) - self._functions

    def __call__(self, values: Mapping[str, Any], run: Run | None = None) -> Any:
        """Returns its value, None also if it has none. Raises TooMuch."""
        run = run or Run()
        try:
            return self._code(Frame(run, values, Frame(run, BUILT_IN)))
        except RecursionError:
            raise TooMuch("The evaluation goes too deep.") from None


def evaluate(text: str, values: Mapping[str, Any] | None = None) -> Any:
    """Evaluates an expression that is used once. Raises Unreadable and TooMuch."""
    known = {normalized(name): value for name, value in (values or {}).items()}
    return Expression(text, known)(known)
