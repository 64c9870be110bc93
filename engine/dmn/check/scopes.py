"""The types of names at a place, as far as they are known before evaluation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.types import ANY, BASIC, STRING, Type
from engine.dmn.feel.values import kind
from engine.platform.budget import spend

LIST = BASIC["list"]
_COMPARING = 10  # steps for comparing the spelling of two names
_TEXTS = Type("list", of=STRING)


@dataclass(frozen=True, slots=True)
class Signature(Type):
    """The type of a function whose parameter names are known."""

    names: tuple[str, ...] = ()


class Scope:
    """The types of names; those of the enclosing scope in `around`.

    In an open scope, any other name may also be known; in a scope `of_items`, it may be a member of some of
    the items.
    """

    def __init__(
        self,
        types: Mapping[str, Type],
        around: "Scope | None" = None,
        *,
        is_open: bool = False,
        of_items: bool = False,
    ) -> None:
        self.types = dict(types)
        self._around = around
        self._is_open = is_open
        self.of_items: bool = of_items or (around is not None and around.of_items)

    def find(self, name: str) -> Type | None:
        """Returns the type of a name; None if it is unknown."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.types:
                return scope.types[name]
            if scope._is_open:
                return ANY
            scope = scope._around
        return None

    def within(self, types: Mapping[str, Type], *, is_open: bool = False, of_items: bool = False) -> "Scope":
        """Returns a scope inside of this one."""
        return Scope(types, self, is_open=is_open, of_items=of_items)

    def names(self) -> Iterator[str]:
        """Yields all names known here."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.types
            scope = scope._around


def nearest(name: str, known: Iterator[str]) -> str | None:
    """Returns the known name with the most similar spelling."""
    spelled = {each.casefold(): each for each in known}
    spend(_COMPARING * len(spelled))
    found = get_close_matches(name.casefold(), spelled, n=1, cutoff=0.7)
    return spelled[found[0]] if found else None


_RESULTS: Mapping[str, str] = {
    "string": "string, string join, substring, substring before, substring after, upper case, lower case, "
    "replace, day of week, month of year, jalali string",
    "number": "number, string length, decimal, floor, ceiling, round up, round down, round half up, "
    "round half down, modulo, sqrt, log, exp, count, sum, product, mean, median, stddev, day of year, "
    "week of year, jalali year, jalali month, jalali day, jalali months between",
    "boolean": "not, contains, starts with, ends with, matches, list contains, all, any, odd, even, "
    "is, before, after, meets, met by, overlaps, overlaps before, overlaps after, finishes, finished by, "
    "includes, during, starts, started by, coincides",
    "list": "sublist, append, concatenate, insert before, remove, list replace, reverse, index of, union, "
    "distinct values, flatten, sort, mode, get entries",
    "date": "date, today, jalali, jalali date, jalali month end, jalali add months",
    "time": "time",
    "date and time": "date and time, now",
    "years and months duration": "years and months duration",
    "context": "context, context put, context merge",
    "range": "range",
}
RESULTS: Mapping[str, Type] = {
    name: BASIC[of] for of, names in _RESULTS.items() for name in names.split(", ") if name in BUILT_IN
} | {"split": _TEXTS}
# Functions that return a list of the items passed to them.
_SAME_ITEMS = {"sublist", "insert before", "remove", "list replace", "reverse", "distinct values", "sort"}


def result_of(name: str, given: list[Type]) -> Type:
    """Returns the result type of a built-in function for arguments of these types."""
    first = given[0] if given else ANY
    if name in _SAME_ITEMS and first.name == "list":
        return first
    if name == "sum" and not all(_sums_numbers(each) for each in given):
        return ANY  # including durations
    if name in ("min", "max") and first.name == "list" and len(given) == 1:
        return first.of or ANY
    if name == "abs":
        return first
    return RESULTS.get(name, ANY)


def _sums_numbers(of: Type) -> bool:
    return of.name == "number" or (of.name == "list" and of.of is not None and of.of.name == "number")


def type_of(value: Any) -> Type:
    """Returns the type of a constant; unknown for null."""
    if value is None:
        return ANY
    name = kind(value)
    if name == "list":
        return Type("list", of=common([type_of(item) for item in value]))
    if name == "range":
        ends = [type_of(end) for end in (value.low, value.high) if end is not None]
        return Type("range", of=ends[0] if ends else None)
    if name == "context":
        return Type("context", members=tuple((each, type_of(item)) for each, item in value.items()))
    return BASIC.get(name, ANY)


def common(types: list[Type]) -> Type:
    """Returns a common type of all of them, if they are of one kind."""
    known = [each for each in types if each.name != "Null"]
    if not known or any(each.name != known[0].name for each in known):
        return ANY
    first = known[0]
    if all(_same(each, first) for each in known):
        return first
    if first.name in ("list", "range"):
        return Type(first.name, of=common([each.of or ANY for each in known]))
    return BASIC.get(first.name, ANY)


def _same(one: Type, other: Type) -> bool:
    """Whether two types are equal. Types share their parts: each pair of these is compared once."""
    waiting, seen = [(one, other)], set[tuple[int, int]]()
    while waiting:
        left, right = waiting.pop()
        if left is right or (id(left), id(right)) in seen:
            continue
        seen.add((id(left), id(right)))
        spend()
        if _shape(left) != _shape(right):
            return False
        waiting += zip(_parts(left), _parts(right), strict=True)
    return True


def _shape(of: Type) -> tuple[Any, ...]:
    """Returns what distinguishes a type from others, except its parts."""
    members = tuple(name for name, _ in of.members)
    takes = None if of.takes is None else len(of.takes)
    names = of.names if isinstance(of, Signature) else None
    return type(of), of.name, of.of is None, members, takes, of.allows, of.tests, names


def _parts(of: Type) -> list[Type]:
    """Returns the types that a type consists of."""
    return [*([] if of.of is None else [of.of]), *(part for _, part in of.members), *(of.takes or ())]


def may_fit(given: Type, wanted: Type) -> bool:
    """Whether a value of one type may be, or be converted to, one of another."""
    if "Any" in (given.name, wanted.name) or given.name == "Null":
        return True
    if given.name == wanted.name:
        inside = given.name in ("list", "range")
        return not inside or may_fit(given.of or ANY, wanted.of or ANY)
    if wanted.name == "list":
        return may_fit(given, wanted.of or ANY)
    if given.name == "list":
        return may_fit(given.of or ANY, wanted)
    return given.name == "date" and wanted.name == "date and time"


def type_text(of: Type) -> str:
    """Formats a type for messages."""
    if of.name in ("list", "range") and of.of is not None and of.of.name != "Any":
        return f"{of.name} of {type_text(of.of)}"
    return of.name
