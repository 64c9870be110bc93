"""Registers built-in functions with their names and parameters as in the standard."""

from collections.abc import Callable, Mapping
from decimal import DecimalException
from typing import Any

from engine.dmn.feel.frames import Run
from engine.dmn.feel.parser import parse_type
from engine.dmn.feel.types import ANY, Function, Parameter

Python = Callable[..., Any]
# Result types of functions, for `instance of`; others may return anything.
_GIVEN = {
    parse_type(of, {}): names
    for of, names in {
        "boolean": {
            *("not", "contains", "starts with", "ends with", "matches", "list contains", "all", "any", "odd"),
            *("even", "is", "before", "after", "meets", "met by", "overlaps", "overlaps before", "during"),
            *("overlaps after", "finishes", "finished by", "includes", "starts", "started by", "coincides"),
        },
        "string": {
            *("string", "substring", "upper case", "lower case", "substring before", "substring after"),
            *("replace", "string join", "day of week", "month of year", "jalali string"),
        },
        "number": {
            *("number", "string length", "count", "sum", "mean", "product", "median", "stddev", "decimal"),
            *("floor", "ceiling", "round up", "round down", "round half up", "round half down", "modulo"),
            *(
                "sqrt",
                "log",
                "exp",
                "day of year",
                "week of year",
                "jalali year",
                "jalali month",
                "jalali day",
            ),
            "jalali months between",
        },
        "date": {"date", "today", "jalali", "jalali date", "jalali month end", "jalali add months"},
        "time": {"time"},
        "date and time": {"date and time", "now"},
        "years and months duration": {"years and months duration"},
        "list<string>": {"split"},
        "list<number>": {"index of", "mode"},
        "list<context<key: string, value: Any>>": {"get entries"},
        "list<Any>": {
            *("sublist", "append", "concatenate", "insert before", "remove", "reverse", "union", "sort"),
            *("distinct values", "flatten", "list replace"),
        },
        "context": {"context", "context put", "context merge"},
    }.items()
}
_functions: dict[str, Function] = {}
BUILT_IN: Mapping[str, Function] = _functions


def built_in(name: str, *ways: str, with_run: bool = False) -> Callable[[Python], Python]:
    """Registers a function, with one or several signatures.

    `"string: string, length?: number, rest*: Any, m: Any?"`: `?` after a name makes it optional, `*` accepts
    all that follow; `?` after a type allows null. Missing arguments are None.
    """

    def register(python: Python) -> Python:
        def call(run: Run, arguments: list[Any]) -> Any:
            try:
                return python(run, *arguments) if with_run else python(*arguments)
            except DecimalException:
                return None

        result = next((of for of, names in _GIVEN.items() if name in names), ANY)
        _functions[name] = Function(tuple(_way(text) for text in ways), result, call, name)
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
