"""Data that a file's expressions speak of without drawing them, as many modelers leave them out.

The standard has input data drawn and joined to the decisions that use them. A file that draws none at all
means by every name that nothing else gives a meaning to something that comes from outside.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from engine.decisions.dmn import model
from engine.decisions.errors import Unreadable
from engine.decisions.feel.functions import BUILT_IN
from engine.decisions.feel.names import Names
from engine.decisions.feel.parser import parse, parse_tests
from engine.decisions.feel.tree import free_names, values_named


def completed(file: model.Definitions) -> model.Definitions:
    """The same file, with the data of which its decisions speak; as it is if it draws any."""
    if file.imports or any(isinstance(each, model.InputData) for each in file.elements.values()):
        return file
    elements = dict(file.elements)
    known = {each.name for each in file.elements.values()}
    for element in file.elements.values():
        if isinstance(element, model.Decision):
            types = _types(element.logic)
            missing = sorted(_spoken_of(element.logic) - known)
            elements |= {
                _id(name): model.InputData(_id(name), name, types.get(name), element.line) for name in missing
            }
            requires = (*element.requires, *(f"#{_id(name)}" for name in missing))
            elements[element.id] = replace(element, requires=requires)
    return replace(file, elements=elements)


def _id(name: str) -> str:
    return f"data {name}"  # no id of XML has a space in it


def _types(logic: model.Boxed | None) -> dict[str, str]:
    """What the columns of a table say of the data that they test."""
    columns = (each.expression for each in logic.inputs) if isinstance(logic, model.Table) else ()
    return {each.text: each.type for each in columns if each.type is not None}


def _spoken_of(logic: Any) -> set[str]:
    """The names that the expressions read, and nothing in them gives a meaning."""
    found: set[str] = set()
    given: set[str] = set()
    for part in _parts(logic):
        match part:
            case model.Text():
                found |= _names(part.text)
            case model.Entries(entries=entries):
                given |= {name for name, _, _ in entries if name}
            case model.Parameterized(parameters=parameters):
                given |= {name for name, _ in parameters}
            case model.Iterated(variable=variable):
                given |= {variable, "partial"}
    return found - given - {"?", "item"}


def _parts(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
        elif is_dataclass(part):
            yield part
            waiting += [getattr(part, field.name) for field in fields(part)]


def _names(text: str) -> frozenset[str]:
    """The names in an expression or in a cell; what cannot be read is told elsewhere."""
    for read in (parse, parse_tests):
        try:
            node = read(text, Names(BUILT_IN), {})
            return free_names(node, filters=False) - (BUILT_IN.keys() - values_named(node))
        except (Unreadable, RecursionError):
            continue
    return frozenset()
