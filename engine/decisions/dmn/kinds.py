"""Item definitions as types of FEEL (DMN 1.5 §7.3.2)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.decisions.dmn import model
from engine.decisions.feel.building import build
from engine.decisions.feel.frames import Frame, Run
from engine.decisions.feel.functions import BUILT_IN
from engine.decisions.feel.matching import build_tests
from engine.decisions.feel.names import Names
from engine.decisions.feel.parser import parse_tests, parse_type
from engine.decisions.feel.types import ANY, Type


class Kinds(Mapping[str, Type]):
    """The types that a file knows by name, its own and those of its imports; made when asked for."""

    def __init__(self, definitions: model.Definitions, imported: Mapping[str, "Kinds"]) -> None:
        self._items = {item.name: item for item in definitions.items}
        self._imported = imported
        self._made: dict[str, Type] = {}

    def __getitem__(self, name: str) -> Type:
        if name in self._made:
            return self._made[name]
        if name in self._items:
            self._made[name] = ANY  # of a type that is made of itself, no more is demanded
            self._made[name] = self._item(self._items[name])
            return self._made[name]
        prefix, _, rest = name.partition(".")
        return self._imported[prefix][rest]

    def __iter__(self) -> Iterator[str]:
        yield from self._items
        for prefix, kinds in self._imported.items():
            yield from (f"{prefix}.{name}" for name in kinds)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def named(self, name: str | None) -> Type:
        """A type by what a `typeRef` says; any if it says nothing. Raises Unreadable for what is no type."""
        return ANY if name is None else parse_type(name, self)

    def _item(self, item: model.Item) -> Type:
        found = self._plain(item)
        if item.allowed is not None and item.allowed.text:
            found = restricted(found, item.allowed.text)
        return Type("list", of=found) if item.collection else found

    def _plain(self, item: model.Item) -> Type:
        if item.components:
            return Type("context", members=tuple((each.name, self._item(each)) for each in item.components))
        if item.function is not None:
            takes, result = item.function
            return Type("function", of=self.named(result), takes=tuple(self.named(each) for each in takes))
        return self.named(item.type)


def restricted(of: Type, tests: str) -> Type:
    """A type of which only values are allowed that pass tests. Raises Unreadable."""
    parsed = parse_tests(tests, Names(BUILT_IN), {})
    test = build_tests(parsed, build)

    def allows(value: Any) -> bool:
        run = Run()
        return (of.allows is None or of.allows(value)) and test(value, Frame(run, BUILT_IN)) is True

    return replace(of, allows=allows, tests=(*of.tests, parsed))


def members(items: Sequence[model.Item]) -> Iterator[str]:
    """The names of all components, also of those inside."""
    for item in items:
        for component in item.components:
            yield component.name
        yield from members(item.components)
