"""Decision requirement graphs (DMN 1.5 §6): what needs what, and the evaluation of it all."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.decisions.dmn import model
from engine.decisions.dmn.boxes import Builder, Flaw, function
from engine.decisions.dmn.kinds import Kinds, members
from engine.decisions.errors import TooMuch
from engine.decisions.feel.building import Code
from engine.decisions.feel.frames import Frame, Run
from engine.decisions.feel.functions import BUILT_IN
from engine.decisions.feel.names import Names, normalized
from engine.decisions.feel.types import ANY, Type, fitted
from engine.decisions.feel.values import Function, Parameter

Key = tuple[str, str]  # the namespace and id of an element


class Graph:
    """All files that were put together; the first is the one that is asked, the others it may import.

    `flaws` tells by file what cannot be read; such expressions have no value.
    """

    def __init__(self, files: Sequence[model.Definitions]) -> None:
        self.main = files[0]
        self._files = {each.namespace: each for each in reversed(files)}
        self._kinds = {namespace: Kinds(file) for namespace, file in self._files.items()}
        self._members = Names((), members=self._all_names())
        self._codes: dict[Key, Code] = {}
        self._types: dict[Key, Type] = {}
        self.flaws: Mapping[str, list[Flaw]] = {}
        for file in self._files.values():
            self.kinds(file).imported += [
                (name, self._kinds[namespace])
                for namespace, name in file.imports.items()
                if namespace in self._files
            ]
        self._build()

    # Putting together

    def _all_names(self) -> Iterator[str]:
        for file in self._files.values():
            yield from members(file.items)
            yield from file.imports.values()
            for element in file.elements.values():
                yield element.name
                if isinstance(element, model.Decision | model.Knowledge) and element.logic is not None:
                    yield from model.members(element.logic)

    def kinds(self, file: model.Definitions) -> Kinds:
        """The types that a file knows."""
        return self._kinds[file.namespace]

    def resolve(self, file: model.Definitions, reference: str) -> Key | None:
        """The element that a reference means: `#id`, or the namespace before it."""
        namespace, _, element = reference.rpartition("#")
        target = self._files.get(namespace or file.namespace)
        return (target.namespace, element) if target and element in target.elements else None

    def _build(self) -> None:
        builders = {
            file.namespace: Builder(self.kinds(file), self._members, file.language)
            for file in self._files.values()
        }
        self.flaws = {file.file: builders[file.namespace].flaws for file in self._files.values()}
        for key in self._in_order():
            element, builder = self.element(key), builders[key[0]]
            self._types[key] = builder.type(element.type, element)
            if isinstance(element, model.Decision | model.Knowledge):
                self._codes[key] = self._code(builder, self.file_of(key), element)

    def _in_order(self) -> list[Key]:
        """All elements, those that are required before those that require them and speak of their members."""
        waiting = [(file.namespace, each) for file in self._files.values() for each in file.elements]
        begun: set[Key] = set()
        found: dict[Key, None] = {}
        while waiting:
            key = waiting[-1]
            if key in begun:
                found[waiting.pop()] = None
                continue
            begun.add(key)
            waiting += [each for each in self.required(key) if each not in begun]
        return list(found)

    def required(self, key: Key) -> list[Key]:
        """The elements that one requires, as far as they are there."""
        element, file = self.element(key), self.file_of(key)
        references = element.requires if isinstance(element, model.Decision | model.Knowledge) else ()
        return [target for each in references if (target := self.resolve(file, each)) is not None]

    def _code(
        self, builder: Builder, file: model.Definitions, element: model.Decision | model.Knowledge
    ) -> Code:
        required = self.required((file.namespace, element.id))
        with self._members.within([*BUILT_IN, *(self._known_as(file, key) for key in required)]):
            if isinstance(element, model.Decision):
                return builder.typed(builder.code(element.logic), element.type, element)
            if element.logic is None:
                return lambda _: None
            # The type of its variable is the function's, or that of what it gives.
            of = self._types[(file.namespace, element.id)]
            result = builder.type(element.logic.type, element.logic)
            return function(builder, element.logic, (of.of or ANY) if of.name == "function" else result)

    def _known_as(self, file: model.Definitions, key: Key) -> str:
        return self._prefix(file, key) or self.element(key).name

    @staticmethod
    def _prefix(file: model.Definitions, key: Key) -> str:
        """The name of the import by which a file knows an element; nothing for its own."""
        return "" if key[0] == file.namespace else file.imports.get(key[0], "")

    @property
    def files(self) -> list[model.Definitions]:
        """All files of it."""
        return list(self._files.values())

    def element(self, key: Key) -> model.Element:
        """What stands there."""
        return self._files[key[0]].elements[key[1]]

    def file_of(self, key: Key) -> model.Definitions:
        """Where it stands."""
        return self._files[key[0]]

    def type_of(self, key: Key) -> Type:
        """What its variable is."""
        return self._types[key]

    def result_type(self, key: Key) -> Type:
        """What a service gives: its variable has that type, or that of the function that it is."""
        of = self._types[key]
        return (of.of or ANY) if of.name == "function" else of

    def find(self, name: str) -> Key | None:
        """A decision or service of the first file by its id, else by its name."""
        asked = [
            each for each in self.main.elements.values() if isinstance(each, model.Decision | model.Service)
        ]
        named = (each for of in ("id", "name") for each in asked if getattr(each, of) == name)
        found = next(named, None)
        return None if found is None else (self.main.namespace, found.id)

    def inputs(self, key: Key) -> frozenset[str]:
        """The names of the data on which a decision or service depends."""
        data = self.data(key)
        return frozenset(self.main.imports.get(each[0]) or self.element(each).name for each in data)

    def data(self, key: Key) -> list[Key]:
        """The data on which a decision or service depends."""
        found: list[Key] = []
        seen: set[Key] = set()
        waiting = [key]
        while waiting:
            here = waiting.pop()
            if here in seen:
                continue
            seen.add(here)
            element = self.element(here)
            if isinstance(element, model.InputData):
                found.append(here)
            waiting += self._next(here, element)
        return found

    def _next(self, key: Key, element: model.Element) -> list[Key]:
        references: Sequence[str] = ()
        if isinstance(element, model.Decision | model.Knowledge):
            references = element.requires
        elif isinstance(element, model.Service):
            references = (*element.input_data, *element.input_decisions)
        found = (self.resolve(self.file_of(key), each) for each in references)
        return [target for target in found if target]

    # Evaluating

    def evaluate(self, key: Key, values: Mapping[str, Any], run: Run | None = None) -> Any:
        """What a decision or service gives for data by name. Raises TooMuch."""
        run = run or Run()
        given = {normalized(name): value for name, value in values.items()}
        evaluation = Evaluation(self, run, given)
        try:
            element = self.element(key)
            if isinstance(element, model.Service):
                return evaluation.serve(key, element, given)
            return evaluation.value(key)
        except RecursionError:
            raise TooMuch("The evaluation goes too deep.") from None


def around(main: model.Definitions, files: Sequence[model.Definitions]) -> Graph:
    """The graph of a file, and of those that it and these speak of: to build all others takes long."""
    known = {each.namespace: each for each in reversed(files)} | {main.namespace: main}
    found: dict[str, model.Definitions] = {}
    waiting = [main.namespace]
    while waiting:
        space = waiting.pop()
        if space in known and space not in found:
            found[space] = known[space]
            waiting += _spoken_of(known[space])
    return Graph([*found.values()])


def _spoken_of(file: model.Definitions) -> set[str]:
    """The namespaces that it imports, or to which it refers."""
    spaces = set(file.imports)
    for element in file.elements.values():
        references: Sequence[str] = ()
        if isinstance(element, model.Decision | model.Knowledge):
            references = element.requires
        elif isinstance(element, model.Service):
            references = (*element.outputs, *element.input_decisions, *element.input_data)
        spaces.update(each.rpartition("#")[0] for each in references)
    return spaces


class Evaluation:
    """One evaluation: every element once."""

    def __init__(self, graph: Graph, run: Run, values: Mapping[str, Any]) -> None:
        self._graph = graph
        self._run = run
        self._values = values
        self._known: dict[Key, Any] = {}
        self._begun: set[Key] = set()

    def value(self, key: Key) -> Any:
        """The value of an element: data, a decision's result or a function."""
        if key not in self._known:
            if key in self._begun:
                self._run.tell("It requires itself.", key[1], grave=True)
                return None
            self._begun.add(key)
            value = self._known[key] = self._evaluated(key)
            element = self._graph.element(key)
            if isinstance(element, model.Decision):
                self._run.explain(decision=element.id, name=element.name, value=value)
        return self._known[key]

    def _evaluated(self, key: Key) -> Any:
        element = self._graph.element(key)
        if isinstance(element, model.InputData):
            return self._given(key, element, self._values)
        if isinstance(element, model.Service):
            return self._as_function(key, element)
        return self._graph._codes[key](self._frame(key, element))

    def _given(self, key: Key, element: model.Element, values: Mapping[str, Any]) -> Any:
        """What was handed over for an element, by its name or under that of its import."""
        imported = values.get(self._graph._prefix(self._graph.main, key))
        value = (imported if isinstance(imported, dict) else values).get(element.name)
        found = fitted(value, self._graph._types[key], self._run)
        if found is None and value is not None:
            self._run.tell(f"The value of {element.name} is not of its type.", element.id)
        return found

    def _frame(self, key: Key, element: model.Element) -> Frame:
        file = self._graph.file_of(key)
        own: dict[str, Any] = {}
        imported: dict[str, Any] = {}
        requires = element.requires if isinstance(element, model.Decision | model.Knowledge) else ()
        for reference in requires:
            target = self._graph.resolve(file, reference)
            if target is None:
                self._run.tell(f"What it requires is not there: {reference}.", element.id, grave=True)
                continue
            prefix = self._graph._prefix(file, target)
            inside = imported if target[0] != file.namespace else own
            within = inside.setdefault(prefix, {}) if prefix else inside
            within[self._graph.element(target).name] = self.value(target)
        return Frame(self._run, {**imported, **own}, Frame(self._run, BUILT_IN))

    # Services

    def _parameters(self, key: Key, service: model.Service) -> list[Key]:
        file = self._graph.file_of(key)
        found = (self._graph.resolve(file, each) for each in (*service.input_data, *service.input_decisions))
        return [target for target in found if target]

    def _as_function(self, key: Key, service: model.Service) -> Function:
        parameters = self._parameters(key, service)
        way = tuple(
            Parameter(self._graph.element(each).name, self._graph._types[each]) for each in parameters
        )
        result = self._graph.result_type(key)

        def call(run: Run, arguments: list[Any]) -> Any:
            inner = Evaluation(self._graph, run, {})
            inner._known = dict(zip(parameters, arguments, strict=True))
            return fitted(inner._result(key, service), result, run)

        return Function((way,), result, call)

    def serve(self, key: Key, service: model.Service, values: Mapping[str, Any]) -> Any:
        """A service with data by name."""
        for each in self._parameters(key, service):
            self._known[each] = self._given(each, self._graph.element(each), values)
        return fitted(self._result(key, service), self._graph.result_type(key), self._run)

    def _result(self, key: Key, service: model.Service) -> Any:
        file = self._graph.file_of(key)
        outputs = [target for each in service.outputs if (target := self._graph.resolve(file, each))]
        if len(outputs) == 1:
            return self.value(outputs[0])
        return {self._graph.element(each).name: self.value(each) for each in outputs}
