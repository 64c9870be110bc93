"""Converts JSON to declared types: a text becomes a date where a date is declared, and nothing is guessed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.dmn.errors import TooMuch
from engine.dmn.feel.frames import Run
from engine.dmn.feel.names import normalized
from engine.dmn.feel.notation import read_date, read_date_time, read_duration, read_time
from engine.dmn.feel.types import ANY, Type, conforms
from engine.dmn.feel.values import kind, rounded

Wanted = Mapping[str, "Type | Mapping[str, Type]"]  # by name, or nested under the name of an import


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that doesn't fit its declaration: its place as a JSON Pointer, the error, a stable code."""

    pointer: str
    reason: str
    code: str


class Wrong(Exception):
    """Raised for values that don't fit; contains every place."""

    def __init__(self, misfits: list[Misfit]) -> None:
        super().__init__("; ".join(f"{each.pointer} {each.reason}" for each in misfits))
        self.misfits = misfits


def as_declared(wanted: Wanted, values: Mapping[str, Any]) -> dict[str, Any]:
    """Converts values to their declared types. Raises Wrong and TooMuch."""
    misfits: list[Misfit] = []
    try:
        found = _named(wanted, values, "", misfits)
    except RecursionError:
        raise TooMuch("What is given is nested too deeply.") from None
    if misfits:
        raise Wrong(misfits)
    return found


def _named(wanted: Wanted, values: Mapping[str, Any], at: str, misfits: list[Misfit]) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        of, here = wanted.get(normalized(name)), f"{at}/{_token(name)}"
        if of is None:
            known = ", ".join(sorted(wanted)) or "none"
            misfits.append(Misfit(here, f"is no input of the decision. There are: {known}.", "unknown"))
        elif isinstance(of, Type):
            found[normalized(name)] = _allowed(value, of, here, misfits)
        elif isinstance(value, dict):
            found[normalized(name)] = _named(of, value, here, misfits)
        else:
            misfits.append(Misfit(here, "is no context", "type"))
    return found


def _allowed(value: Any, of: Type, at: str, misfits: list[Misfit]) -> Any:
    """Converts a value; checks that all its parts are allowed together. Raises TooMuch."""
    before = len(misfits)
    found = _fitted(value, of, at, misfits)
    if found is not None and len(misfits) == before and not conforms(found, of, Run()):
        misfits.append(Misfit(at, "is not allowed, or something in it", "not-allowed"))
    return found


def _fitted(value: Any, of: Type, at: str, misfits: list[Misfit]) -> Any:
    """Converts a value; records its misfits."""
    if value is None:
        return None
    maker: Callable[..., Any] = _MAKERS.get(of.name, _plain)
    found = maker(value, of, at, misfits)
    if found is None:
        misfits.append(Misfit(at, f"is no {of.name}", "type"))
    return found


def _plain(value: Any, of: Type, at: str, misfits: list[Misfit]) -> Any:
    """Returns a value of JSON's own types; None for any other."""
    if of.name == "Any" and isinstance(value, list | dict):
        return (_list if isinstance(value, list) else _context)(value, of, at, misfits)
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    found = rounded(value) if number else value
    return found if of.name in ("Any", kind(found)) else None


def _list(value: Any, of: Type, at: str, misfits: list[Misfit]) -> Any:
    if not isinstance(value, list):
        return None
    return [_fitted(item, of.of or ANY, f"{at}/{number}", misfits) for number, item in enumerate(value)]


def _context(value: Any, of: Type, at: str, misfits: list[Misfit]) -> Any:
    if not isinstance(value, dict):
        return None
    members = dict(of.members)
    named = {normalized(name): item for name, item in value.items()}
    misfits += (
        Misfit(f"{at}/{_token(name)}", "is missing", "missing") for name in members if name not in named
    )
    return dict(_members(named, members, at, misfits))


def _members(
    named: Mapping[str, Any], members: Mapping[str, Type], at: str, misfits: list[Misfit]
) -> Iterator[tuple[str, Any]]:
    for name, item in named.items():
        yield name, _fitted(item, members.get(name, ANY), f"{at}/{_token(name)}", misfits)


def _read(reader: Callable[[str], Any]) -> Callable[..., Any]:
    """Returns a conversion from a text."""

    def made(value: Any, of: Type, _at: str, _misfits: list[Misfit]) -> Any:
        found = reader(value) if isinstance(value, str) else None
        return found if kind(found) == of.name else None

    return made


def _token(name: str) -> str:
    """Returns a name as a token of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


_MAKERS: Mapping[str, Callable[..., Any]] = {
    "list": _list,
    "context": _context,
    "date": _read(read_date),
    "time": _read(read_time),
    "date and time": _read(read_date_time),
    "days and time duration": _read(read_duration),
    "years and months duration": _read(read_duration),
}
