"""The decisions, data and functions of several files, with their names and types."""

from collections.abc import Callable, Mapping, Sequence

from engine.dmn.check.scopes import Signature
from engine.dmn.check.sweep import Effort
from engine.dmn.errors import Unreadable
from engine.dmn.feel.types import ANY, Type
from engine.dmn.model import syntax
from engine.dmn.model.graph import Graph, Key
from engine.dmn.model.item_types import Kinds
from engine.dmn.model.ordering import walk_required_first
from engine.platform.budget import spend


class Elements:
    """The elements of all files. `infer` returns the type of a decision that doesn't declare it."""

    def __init__(self, files: Sequence[syntax.Definitions], infer: Callable[[Key], Type]) -> None:
        self.files: Mapping[str, syntax.Definitions] = {each.namespace: each for each in files}
        self._graph = Graph(files)
        self.names = self._graph.names  # so that expressions are parsed as at run time
        self._infer = infer
        self.effort = Effort()
        self._named: dict[str, frozenset[str]] = {}

    def kinds(self, file: syntax.Definitions) -> Kinds:
        """Returns the types that a file defines or imports."""
        return self._graph.kinds(file)

    def declared(self, file: syntax.Definitions, name: str | None) -> Type:
        """Returns a type by its name; Any if it is unknown."""
        try:
            return self.kinds(file).named(name)
        except Unreadable:
            return ANY

    def called(self, file: syntax.Definitions) -> frozenset[str]:
        """Returns the names of a file's elements."""
        if file.namespace not in self._named:
            self._named[file.namespace] = frozenset(each.name for each in file.elements.values())
        return self._named[file.namespace]

    def missing(self, file: syntax.Definitions) -> list[str]:
        """Returns the names of imports whose files are missing."""
        return [name for space, name in file.imports.items() if name and space not in self.files]

    def type(self, key: Key) -> Type:
        """Returns the type of an element: of data, of a result, or of a function."""
        file = self.files[key[0]]
        element = file.elements[key[1]]
        of = self.declared(file, element.type)
        if isinstance(element, syntax.Decision) and of.name == "Any":
            return self._infer(key)
        if isinstance(element, syntax.Knowledge):
            return self._knowledge(file, element, of, key)
        return self._service(file, element, of) if isinstance(element, syntax.Service) else of

    def _knowledge(self, file: syntax.Definitions, of: syntax.Knowledge, declared: Type, key: Key) -> Type:
        if of.logic is None:
            return ANY
        result = (declared.of or ANY) if declared.name == "function" else declared
        result = self._infer(key) if result.name == "Any" else result
        takes = tuple(self.declared(file, each) for _, each in of.logic.parameters)
        return Signature(
            "function", of=result, takes=takes, names=tuple(name for name, _ in of.logic.parameters)
        )

    def _service(self, file: syntax.Definitions, of: syntax.Service, declared: Type) -> Type:
        keys = self._graph.parameters((file.namespace, of.id))
        names = tuple(self.files[key[0]].elements[key[1]].name for key in keys)
        result = (declared.of or ANY) if declared.name == "function" else declared
        return Signature("function", of=result, takes=tuple(map(self.type, keys)), names=names)

    def required(
        self, file: syntax.Definitions, element: syntax.Decision | syntax.Knowledge
    ) -> dict[str, Type]:
        """Returns the names available to an element; those of another file are members of its import."""
        found: dict[str, Type] = dict.fromkeys(self.missing(file), ANY)
        for key in self._graph.required((file.namespace, element.id)):
            *above, name = self._graph.known_as(file, key)
            if above:
                known = found.get(above[0], Type("context")).members
                found[above[0]] = Type("context", members=(*known, (name, self.type(key))))
            elif key[0] == file.namespace or name not in found:
                found[name] = self.type(key)
        if isinstance(element, syntax.Decision):
            found |= dict.fromkeys(element.ambiguous, ANY)  # already reported
        for each in element.results if isinstance(element, syntax.Decision) else ():
            target = self._graph.resolve(file, each.reference)
            found[each.name] = ANY if target is None else _output(self.type(target), each.output)
        return found

    def in_order(self) -> list[Key]:
        """Returns all elements, each after those whose types it needs."""
        everything = [(file.namespace, each) for file in self.files.values() for each in file.elements]
        return list(walk_required_first(reversed(everything), self._needed))

    def _needed(self, key: Key) -> list[Key]:
        """Returns the elements whose types are needed for the type of one."""
        is_service = isinstance(self.files[key[0]].elements[key[1]], syntax.Service)
        needed = self._graph.parameters(key) if is_service else self._graph.required(key)
        spend(1 + len(needed))
        return needed

    def requirements(self) -> dict[Key, list[Key]]:
        """Returns the direct requirements of each element."""
        return {
            (file.namespace, each): self._graph.required((file.namespace, each))
            for file in self.files.values()
            for each in file.elements
        }


def _output(of: Type, name: str | None) -> Type:
    """Returns the type of one output of a result that has several."""
    if name is None:
        return of
    if of.name == "list":
        return Type("list", of=_output(of.of or ANY, name))
    return dict(of.members).get(name, ANY)
