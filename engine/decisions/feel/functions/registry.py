"""How built-in functions are told: their names and parameters as the standard writes them."""

from collections.abc import Callable, Mapping
from decimal import DecimalException
from typing import Any

from engine.decisions.feel.frames import Run
from engine.decisions.feel.parser import parse_type
from engine.decisions.feel.types import ANY
from engine.decisions.feel.values import Function, Parameter

Python = Callable[..., Any]
_functions: dict[str, Function] = {}
BUILT_IN: Mapping[str, Function] = _functions


def built_in(name: str, *ways: str, with_run: bool = False) -> Callable[[Python], Python]:
    """Register a function, with one or several ways to call it.

    `"string: string, length?: number, rest*: Any, m: Any?"`: `?` behind a name is one that may be left out,
    `*` all that follow; `?` behind a type lets it be null. None is given for what is left out.
    """

    def register(python: Python) -> Python:
        def call(run: Run, arguments: list[Any]) -> Any:
            try:
                return python(run, *arguments) if with_run else python(*arguments)
            except DecimalException:
                return None

        _functions[name] = Function(tuple(_way(text) for text in ways), ANY, call)
        return python

    return register


def _way(text: str) -> tuple[Parameter, ...]:
    return tuple(_parameter(part) for part in text.split(", ")) if text else ()


def _parameter(text: str) -> Parameter:
    name, _, of = text.partition(": ")
    return Parameter(
        name.rstrip("?*"),
        parse_type(of.removesuffix("?"), {}),
        optional=name.endswith("?"),
        nullable=of.endswith("?"),
        many=name.endswith("*"),
    )
