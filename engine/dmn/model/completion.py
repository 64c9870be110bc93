"""Completes a file with names that its expressions use without drawing them, as many modelers allow.

The standard requires input data to be drawn and connected to the decisions that use them, and refers to the
result of a required decision by that decision's name. Camunda's engine and its successors use the names of
its outputs. In a file that draws no input data at all, every other undefined name is an input.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from engine.dmn.errors import Unreadable
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.names import Names
from engine.dmn.feel.parser import parse, parse_tests
from engine.dmn.feel.tree import free_names, values_named
from engine.dmn.model import syntax


def completed(file: syntax.Definitions) -> syntax.Definitions:
    """Returns the file with the names that its decisions use: results by output, and undrawn inputs."""
    elements = dict(file.elements)
    for element in file.elements.values():
        if isinstance(element, syntax.Decision):
            elements[element.id] = _with_results(element, file)
    found = replace(file, elements=elements)
    draws = file.imports or any(isinstance(each, syntax.InputData) for each in elements.values())
    return found if draws else _with_data(found)


def _with_data(file: syntax.Definitions) -> syntax.Definitions:
    """Adds the inputs that the file doesn't draw."""
    elements = dict(file.elements)
    known = {each.name for each in file.elements.values()}
    for element in file.elements.values():
        if isinstance(element, syntax.Decision):
            types = _types(element.logic)
            results = {*element.ambiguous, *(each.name for each in element.results)}
            missing = sorted(_spoken_of(element.logic, results) - known - results)
            elements |= {
                _id(name): syntax.InputData(_id(name), name, types.get(name), element.line)
                for name in missing
            }
            requires = (*element.requires, *(f"#{_id(name)}" for name in missing))
            elements[element.id] = replace(element, requires=requires)
    return replace(file, elements=elements)


_UNDRAWN = "data "  # no XML id contains a space


def _id(name: str) -> str:
    return f"{_UNDRAWN}{name}"


def is_undrawn(element: syntax.Element) -> bool:
    """Whether it is an input that its file doesn't draw."""
    return element.id.startswith(_UNDRAWN)


# Results by the names of outputs


def _with_results(element: syntax.Decision, file: syntax.Definitions) -> syntax.Decision:
    """Adds to a decision the output names that it uses for what it requires; the nearest takes precedence."""
    known = {each.name for each in file.elements.values()} | set(file.imports.values())
    results: dict[str, syntax.Named] = {}
    ambiguous: set[str] = set()
    for level in _levels(element, file):
        outputs = _outputs(level)
        names = outputs.keys() - known - results.keys() - ambiguous
        for name in sorted(names & _spoken_of(element.logic, names, filters=True)) if names else ():
            if len(outputs[name]) > 1:
                ambiguous.add(name)
            else:
                results[name] = outputs[name][0]
    if not results and not ambiguous:
        return element
    needed = dict.fromkeys((*element.requires, *(each.reference for each in results.values())))
    return replace(
        element, requires=tuple(needed), results=tuple(results.values()), ambiguous=tuple(sorted(ambiguous))
    )


def _levels(element: syntax.Decision, file: syntax.Definitions) -> Iterator[list[syntax.Decision]]:
    """Yields the decisions of a file that one requires, then those that these require, and so on."""
    seen = {element.id}
    level: list[syntax.Decision] = [element]
    while level:
        ids = dict.fromkeys(
            each.rpartition("#")[2] for one in level for each in one.requires if _is_own(each, file)
        )
        found = [file.elements[each] for each in ids if each in file.elements and each not in seen]
        level = [each for each in found if isinstance(each, syntax.Decision)]
        seen |= ids.keys()
        yield level


def _is_own(reference: str, file: syntax.Definitions) -> bool:
    return reference.rpartition("#")[0] in ("", file.namespace)


def _outputs(decisions: list[syntax.Decision]) -> Mapping[str, list[syntax.Named]]:
    """Returns the decisions by the names of their outputs."""
    found: dict[str, list[syntax.Named]] = {}
    for each in decisions:
        columns = each.logic.outputs if isinstance(each.logic, syntax.Table) else ()
        for name in dict.fromkeys(column.name for column in columns if column.name):
            several = name if len(columns) > 1 else None
            found.setdefault(name, []).append(syntax.Named(name, f"#{each.id}", several))
    return found


# Names


def _types(logic: syntax.Boxed | None) -> dict[str, str]:
    """Returns the types that the columns of a table declare for the data that they test."""
    columns = (each.expression for each in logic.inputs) if isinstance(logic, syntax.Table) else ()
    return {each.text: each.type for each in columns if each.type is not None}


def _spoken_of(logic: Any, known: Iterable[str], *, filters: bool = False) -> set[str]:
    """Returns the names that the expressions read and don't define.

    `known` are names that may have spaces in them; `filters` defines whether conditions of filters count.
    """
    found: set[str] = set()
    given: set[str] = set()
    names = (*known,)
    for part in _parts(logic):
        match part:
            case syntax.Text():
                found |= _names(part.text, names, filters)
            case syntax.Entries(entries=entries):
                given |= {name for name, _, _ in entries if name}
            case syntax.Parameterized(parameters=parameters):
                given |= {name for name, _ in parameters}
            case syntax.Iterated(variable=variable):
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


def _names(text: str, known: Iterable[str], filters: bool) -> frozenset[str]:
    """Returns the names in an expression or cell; one that can't be read is reported elsewhere."""
    for read in (parse, parse_tests):
        try:
            node = read(text, Names(BUILT_IN, known), {})
            return free_names(node, filters=filters) - (BUILT_IN.keys() - values_named(node))
        except (Unreadable, RecursionError):
            continue
    return frozenset()
