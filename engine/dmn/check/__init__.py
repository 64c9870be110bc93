"""Checks uploaded DMN files before they are evaluated. Pure: bytes in, findings out.

Reports all findings at once, and never raises because of the files' content.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.dmn.check.boxes import Boxes
from engine.dmn.check.cycles import cycle
from engine.dmn.check.elements import Elements
from engine.dmn.check.expressions import Expressions
from engine.dmn.check.scopes import Scope
from engine.dmn.check.structure import Structure
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.types import ANY, Type
from engine.dmn.model import syntax
from engine.dmn.model.completion import completed
from engine.dmn.model.graph import Key
from engine.dmn.model.reader import NotDmn, parse_xml, read_file
from engine.platform.budget import look_at, spend
from engine.platform.findings import Finding, Notes, Place

__all__ = ["Checked", "check"]

MAX_FILE = 8 << 20  # bytes
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """All findings, the readable files, and the type of each decision's result.

    For files with errors, only their readable parts.
    """

    findings: tuple[Finding, ...]
    files: Sequence[syntax.Definitions] = ()
    types: Mapping[Key, Type] = field(default_factory=dict)


def check(files: Mapping[str, bytes]) -> Checked:
    """Checks DMN files that belong together, by file name and content."""
    notes = Notes()
    found = _read(files, notes)
    if found and not any(
        isinstance(each, syntax.Decision) for file in found for each in file.elements.values()
    ):
        notes.warn(Place(found[0].file), "no-decision")
    if not found or not _apart(found, notes):
        return Checked(notes.sorted(files))
    judged = _Judged(found, notes)
    judged.run()
    return Checked(notes.sorted(files), found, judged.types())


def _read(files: Mapping[str, bytes], notes: Notes) -> list[syntax.Definitions]:
    """Returns the files that can be read; reports the others."""
    found, roots = [], {}
    for name, content in files.items():
        look_at(name)
        spend(len(content) // 4)
        try:
            if len(content) > MAX_FILE:
                raise NotDmn("file-too-large", limit=MAX_FILE >> 20)
            roots[name] = parse_xml(content)
            if roots[name].xpath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")"):
                raise NotDmn("too-deep", limit=MAX_DEPTH)
            found.append(completed(read_file(name, content)))
        except NotDmn as error:
            notes.error(Place(name, line=error.line), error.code, **error.values)
    known = {each.namespace: set(each.elements) for each in found}
    for each in found:
        Structure(each.file, roots[each.file], notes).check(known)
    return found


def _apart(found: Sequence[syntax.Definitions], notes: Notes) -> bool:
    """Whether every file has its own namespace."""
    spaces = {each.namespace: each for each in found}
    for each in found:
        if spaces[each.namespace] is not each:
            other = spaces[each.namespace].file
            notes.error(
                Place(each.file, line=1), "namespace-twice", file=other, namespace=each.namespace[:120]
            )
    return len(spaces) == len(found)


class _Judged:
    """The elements of all files, each checked once, after those that it requires."""

    def __init__(self, files: Sequence[syntax.Definitions], notes: Notes) -> None:
        self._notes = notes
        self._types: dict[Key, Type] = {}
        self._begun: set[Key] = set()
        self._elements = Elements(files, self._inferred)

    def run(self) -> None:
        """Checks all elements."""
        self._cycles()
        for file in self._elements.files.values():
            for item in file.items:
                self._item(file, item, item.name)
        for key in self._elements.in_order():
            self._inferred(key)

    def _cycles(self) -> None:
        way = cycle(self._elements.requirements())
        if way:
            passed = [self._elements.files[key[0]].elements[key[1]] for key in way]
            file = self._elements.files[way[0][0]]
            place = Place(file.file, passed[0].id, passed[0].name, passed[0].line)
            names = tuple(each.name for each in passed)
            self._notes.error(place, "requirement-cycle", names=" → ".join(names))

    def _item(
        self, file: syntax.Definitions, item: syntax.Item, name: str, beside: Sequence[str] = ()
    ) -> None:
        """Reads the types and allowed values of an item definition; `beside` are its sibling components."""
        at = Expressions(self._elements, file, syntax.Element("", name, None, 0), self._notes)
        with (
            at.at(at_type=name),
            self._elements.names.within([*BUILT_IN, *beside]),
        ):
            plain = ANY
            if not item.components and item.function is None:
                plain = at.declared(item.type, item.allowed.line if item.allowed else 0)
            for text in (item.allowed, item.constraint):
                tests = at.read_tests(text) if text is not None else None
                if text is not None and tests is not None:
                    of = plain if text is item.allowed and not item.components else ANY
                    at.tested(text, tests, of, Scope(dict.fromkeys(beside, ANY)))
        inside = [each.name for each in item.components]
        for component in item.components:
            self._item(file, component, f"{name}.{component.name}", inside)

    def _inferred(self, key: Key) -> Type:
        """Returns the type of an element's result; checks the element on first use."""
        if key in self._types or key in self._begun:
            return self._types.get(key, ANY)
        self._begun.add(key)
        file = self._elements.files[key[0]]
        look_at(file.file)
        spend(20)
        element = file.elements[key[1]]
        at = Boxes(self._elements, file, element, self._notes)
        declared = at.declared(element.type, element.line)
        self._types[key] = ANY
        for name in element.ambiguous if isinstance(element, syntax.Decision) else ():
            at.error(element.line, "ambiguous-output", name=name)
        if isinstance(element, syntax.Decision | syntax.Knowledge):
            required = self._elements.required(file, element)  # checks them, if that hasn't been done yet
            with self._elements.names.within([*BUILT_IN, *required]):
                self._types[key] = self._logic(at, element, Scope(required), declared)
        return self._types[key]

    def _logic(
        self, at: Boxes, element: syntax.Decision | syntax.Knowledge, scope: Scope, declared: Type
    ) -> Type:
        if isinstance(element, syntax.Knowledge):
            if element.logic is None:
                return ANY
            found = at.function(element.logic, scope)
            wanted = element.type if declared.name != "function" else None
            return at.fits(found.of or ANY, wanted, element.line)
        return at.fits(at.box(element.logic, scope), element.type, element.line)

    def types(self) -> dict[Key, Type]:
        """Returns the types of decisions' results."""
        return {
            (file.namespace, each.id): self._elements.type((file.namespace, each.id))
            for file in self._elements.files.values()
            for each in file.elements.values()
            if isinstance(each, syntax.Decision)
        }
