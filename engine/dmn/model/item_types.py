"""Item definitions as types of FEEL (DMN 1.5 §7.3.3)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.dmn.feel.building import Building
from engine.dmn.feel.frames import Frame, Run
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.matching import build_tests
from engine.dmn.feel.names import Names
from engine.dmn.feel.parser import parse_tests, parse_type
from engine.dmn.feel.types import ANY, Type, Values
from engine.dmn.model import syntax

ELSEWHERE = {
    "any": "Any",
    "integer": "number",
    "long": "number",
    "double": "number",
}  # names that tools write


class Kinds(Mapping[str, Type]):
    """The types of a file by name, its own and those of its imports; created on first use.

    `imported` are the types of other files by the name of the import, which may be empty.
    """

    def __init__(self, definitions: syntax.Definitions) -> None:
        self.own = {item.name: item for item in definitions.items}
        self.imported: list[tuple[str, Kinds]] = []
        self._made: dict[str, Type] = {}

    def __getitem__(self, name: str) -> Type:
        if name in self._made:
            return self._made[name]
        if name in self.own:
            self._made[name] = ANY  # for a recursive type, nothing more is required
            self._made[name] = self._item(self.own[name], {})
            return self._made[name]
        for prefix, kinds in self.imported:
            local = name.removeprefix(f"{prefix}.") if prefix else name
            if local in kinds.own and _joined(prefix, local) == name:
                return kinds[local]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        for prefix, kinds in self.imported:
            yield from (_joined(prefix, name) for name in kinds.own)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def named(self, name: str | None) -> Type:
        """Returns the type of a `typeRef`; Any if it is missing. Raises Unreadable for an invalid one."""
        if name is None:
            return ANY
        return parse_type(name if name in self else ELSEWHERE.get(name, name), self)

    def _item(self, item: syntax.Item, around: Mapping[str, syntax.Item]) -> Type:
        """Returns the type of an item; `around` are its sibling components, which its tests may use."""
        found = self._plain(item)
        if item.allowed is not None and item.allowed.text:
            found = self._restricted(found, item.allowed.text, around)
        if item.collection:
            found = Type("list", of=found)
        if item.constraint is not None and item.constraint.text:
            found = self._restricted(found, item.constraint.text, around)
        return found

    def _plain(self, item: syntax.Item) -> Type:
        if item.components:
            beside = {each.name: each for each in item.components}
            parts = ((each.name, self._item(each, beside)) for each in item.components)
            return Type("context", members=tuple(parts))
        if item.function is not None:
            takes, result = item.function
            return Type("function", of=self.named(result), takes=tuple(self.named(each) for each in takes))
        return self.named(item.type)

    def _restricted(self, of: Type, tests: str, around: Mapping[str, syntax.Item]) -> Type:
        """Restricts a type to the values that match the tests. Raises Unreadable."""
        names = Names(BUILT_IN, around, members=members(tuple(self.own.values())))
        read = parse_tests(tests, names, self)
        test = build_tests(read, Building(None))

        def allows(value: Any, run: Run, beside: Values) -> bool:
            frame = Frame(run, beside, Frame(run, BUILT_IN))
            return (of.allows is None or of.allows(value, run, beside)) and test(value, frame) is True

        return replace(of, allows=allows, tests=(*of.tests, read))


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def members(items: Sequence[syntax.Item]) -> Iterator[str]:
    """Yields the names of all components, including nested ones."""
    for item in items:
        for component in item.components:
            yield component.name
        yield from members(item.components)
