"""Types of FEEL: which values are instances, and conversions (DMN 1.5 §10.3.2.9).

Functions are defined here, too: they are values that contain types, of their parameters and of their result.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.dmn.feel.frames import Run
from engine.dmn.feel.moments import Date, DateTime, Time
from engine.dmn.feel.values import Range, kind

Values = Mapping[str, Any]
NOTHING: Values = {}


@dataclass(frozen=True, slots=True)
class Type:
    """A type: by `name`, with its component types.

    `of` is a list's item, a range's ends or a function's result; `members` a context's; `takes` a function's
    parameters. `allows` checks further restrictions on values, in a run and with the sibling members; `tests`
    are the trees of these restrictions.
    """

    name: str
    of: "Type | None" = None
    members: "tuple[tuple[str, Type], ...]" = ()
    takes: "tuple[Type, ...] | None" = None
    allows: Callable[[Any, Run, Values], bool] | None = None
    tests: "tuple[Any, ...]" = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: `optional` may be missing, `nullable` may be null, `many` accepts all that follow."""

    name: str
    type: Type
    optional: bool = False
    nullable: bool = True
    many: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function with one or several signatures, of which the first that fits is used.

    `call` gets a value for each parameter of that signature: None for a missing one, a list for many. `name`
    is that of a built-in function.
    """

    ways: tuple[tuple[Parameter, ...], ...]
    result: Type
    call: Callable[[Run, list[Any]], Any]
    name: str = ""


ANY = Type("Any")
STRING = Type("string")
NUMBER = Type("number")
BOOLEAN = Type("boolean")
BASIC = {
    name: Type(name)
    for name in (
        *("Any", "Null", "string", "number", "boolean", "date", "time", "date and time"),
        *("days and time duration", "years and months duration", "list", "context", "range", "function"),
    )
} | {
    "dateTime": Type("date and time"),
    "dayTimeDuration": Type("days and time duration"),
    "yearMonthDuration": Type("years and months duration"),
}


def is_bare(of: Type) -> bool:
    """Whether it is only the name of a generic type, such as `list`, which isn't a type itself."""
    return of.name in _INSIDE and of.of is None and not of.members and of.takes is None


def conforms(value: Any, wanted: Type, run: Run, around: Values = NOTHING) -> bool:
    """Whether a value is an instance of a type, and allowed together with the sibling members."""
    return is_instance(value, wanted, run, around) and (
        wanted.allows is None or wanted.allows(value, run, around)
    )


def is_instance(value: Any, wanted: Type, run: Run, around: Values = NOTHING) -> bool:
    """Whether a value is an instance of a type; its components must be allowed, too."""
    if wanted.name == "Any":
        return True
    fits = kind(value) == wanted.name or (wanted.name == "Null" and value is None)
    if fits and wanted.name in _INSIDE:
        fits = _INSIDE[wanted.name](value, wanted, run, around)
    return fits


def fitted(value: Any, wanted: Type, run: Run) -> Any:
    """Converts a value: itself, a list's only item, a list of it, a day's midnight; None if none fits."""
    if value is None or (wanted.name == "Any" and wanted.allows is None):
        return value
    if conforms(value, wanted, run):
        return value
    if wanted.name == "list":
        item = fitted(value, wanted.of or ANY, run)
        made = None if item is None else [item]
        return made if made is not None and conforms(made, wanted, run) else None
    if isinstance(value, list) and len(value) == 1:
        return value[0] if conforms(value[0], wanted, run) else None
    if isinstance(value, Date) and wanted.name == "date and time":
        return DateTime(value, Time(0, 0))
    return None


def narrower(one: Type, other: Type) -> bool:
    """Whether all values of one are values of the other (§10.3.2.9.2)."""
    if other.name == "Any" or one.name == "Null":
        return True
    if one.name != other.name:
        return False
    if one.name == "function":
        return _narrower_function(one, other)
    if one.name == "context":
        has = dict(one.members)
        return all(name in has and narrower(has[name], wanted) for name, wanted in other.members)
    return other.of is None or narrower(one.of or ANY, other.of)


def _narrower_function(one: Type, other: Type) -> bool:
    """Whether one accepts all arguments of the other and its result is narrower, or undeclared."""
    if other.takes is None:
        return True
    takes, result = one.takes or (), one.of or ANY
    return (
        len(takes) == len(other.takes)
        and all(narrower(wanted, has) for has, wanted in zip(takes, other.takes, strict=True))
        and (result.name == "Any" or narrower(result, other.of or ANY))
    )


def _list(value: list[Any], wanted: Type, run: Run, around: Values) -> bool:
    of = wanted.of
    if of is None or of is ANY:
        return True
    run.spend(len(value))
    return all(item is None or conforms(item, of, run, around) for item in value)


def _context(value: Values, wanted: Type, run: Run, _: Values) -> bool:
    run.spend(len(wanted.members))
    return all(
        name in value and (value[name] is None or conforms(value[name], of, run, value))
        for name, of in wanted.members
    )


def _range(value: Range, wanted: Type, run: Run, _: Values) -> bool:
    of = wanted.of
    ends = [end for end in (value.low, value.high) if end is not None]
    return of is None or (bool(ends) and all(conforms(end, of, run) for end in ends))


def _function(value: Function, wanted: Type, _: Run, __: Values) -> bool:
    ways = (tuple(parameter.type for parameter in way) for way in value.ways)
    return any(narrower(Type("function", of=value.result, takes=takes), wanted) for takes in ways)


_INSIDE: Mapping[str, Callable[[Any, Type, Run, Values], bool]] = {
    "list": _list,
    "context": _context,
    "range": _range,
    "function": _function,
}
