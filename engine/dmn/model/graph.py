"""Decision requirement graphs (DMN 1.5 §6): dependencies between elements, and their evaluation."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from engine.dmn.errors import TooMuch
from engine.dmn.feel.faults import Place
from engine.dmn.feel.frames import Frame, Run
from engine.dmn.feel.functions import BUILT_IN
from engine.dmn.feel.names import Names, normalized
from engine.dmn.feel.parts import Code
from engine.dmn.feel.types import ANY, Function, Parameter, Type, fitted
from engine.dmn.model import syntax
from engine.dmn.model.boxes import Builder, function
from engine.dmn.model.item_types import Kinds, members
from engine.dmn.model.literals import Flaw, fitting
from engine.dmn.model.ordering import walk_required_first
from engine.platform.budget import spend

Key = tuple[str, str]  # the namespace and id of an element


@dataclass(frozen=True, slots=True)
class Logic:
    """The compiled expressions of a graph, and the types of its elements.

    `flaws` lists by file what can't be read; such expressions have no value.
    """

    flaws: Mapping[str, list[Flaw]]
    codes: dict[Key, Code] = field(default_factory=dict)
    types: dict[Key, Type] = field(default_factory=dict)


class Graph:
    """All files that belong together; the first is the one to evaluate, the others may be imported.

    Their expressions are compiled on first use, since many callers evaluate nothing.
    """

    def __init__(self, files: Sequence[syntax.Definitions]) -> None:
        self.main = files[0]
        self._files = {each.namespace: each for each in reversed(files)}
        self._kinds = {namespace: Kinds(file) for namespace, file in self._files.items()}
        self.names = Names((), members=self._all_names())
        self._required: dict[Key, list[Key]] = {}
        self._data: dict[Key, frozenset[Key]] = {}
        self._logic: Logic | None = None
        self._building = Lock()
        for file in self._files.values():
            self.kinds(file).imported += [
                (name, self._kinds[namespace])
                for namespace, name in file.imports.items()
                if namespace in self._files
            ]

    # Linking

    def _all_names(self) -> Iterator[str]:
        for file in self._files.values():
            yield from members(file.items)
            yield from file.imports.values()
            for element in file.elements.values():
                yield element.name
                if isinstance(element, syntax.Decision | syntax.Knowledge) and element.logic is not None:
                    yield from syntax.members(element.logic)

    def kinds(self, file: syntax.Definitions) -> Kinds:
        """Returns the types that a file defines or imports."""
        return self._kinds[file.namespace]

    def resolve(self, file: syntax.Definitions, reference: str) -> Key | None:
        """Returns the element of a reference: `#id`, perhaps with a namespace before it."""
        namespace, _, element = reference.rpartition("#")
        target = self._files.get(namespace or file.namespace)
        return (target.namespace, element) if target and element in target.elements else None

    def resolved(self, file: syntax.Definitions, references: Iterable[str]) -> list[Key]:
        """Returns the elements of references, as far as they exist."""
        return [target for each in references if (target := self.resolve(file, each)) is not None]

    @property
    def logic(self) -> Logic:
        """Returns its compiled expressions."""
        with self._building:
            if self._logic is None:
                self._logic = self._build()
            return self._logic

    def _build(self) -> Logic:
        builders = {
            file.namespace: Builder(self.kinds(file), self.names, file.language)
            for file in self._files.values()
        }
        logic = Logic({file.file: builders[file.namespace].flaws for file in self._files.values()})
        for key in self._in_order():
            element, builder = self.element(key), builders[key[0]]
            of = logic.types[key] = builder.type(element.type, element)
            if isinstance(element, syntax.Decision | syntax.Knowledge):
                logic.codes[key] = self._code(builder, key, element, of)
        return logic

    def _in_order(self) -> list[Key]:
        """Returns all elements, required ones before those that use their members."""
        everything = [(file.namespace, each) for file in self._files.values() for each in file.elements]
        return list(walk_required_first(everything, self.required))

    def required(self, key: Key) -> list[Key]:
        """Returns the elements that one requires, as far as they exist."""
        if key not in self._required:
            element = self.element(key)
            references = element.requires if isinstance(element, syntax.Decision | syntax.Knowledge) else ()
            self._required[key] = self.resolved(self.file_of(key), references)
            spend(1 + len(references))
        return self._required[key]

    def _code(
        self, builder: Builder, key: Key, element: syntax.Decision | syntax.Knowledge, of: Type
    ) -> Code:
        known = (self.known_as(self.file_of(key), each)[0] for each in self.required(key))
        results = (each.name for each in element.results) if isinstance(element, syntax.Decision) else ()
        with self.names.within([*BUILT_IN, *known, *results]):
            if isinstance(element, syntax.Decision):
                return builder.typed(builder.code(element.logic), element.type, element)
            if element.logic is None:
                return lambda _: None
            # The type of its variable is that of the function, or of its result.
            result = builder.type(element.logic.type, element.logic)
            return function(builder, element.logic, (of.of or ANY) if of.name == "function" else result)

    def known_as(self, file: syntax.Definitions, key: Key) -> tuple[str, ...]:
        """Returns the names of an element in a file; imported ones are members of their import."""
        prefix = "" if key[0] == file.namespace else file.imports.get(key[0], "")
        name = self.element(key).name
        return (prefix, name) if prefix else (name,)

    @property
    def files(self) -> list[syntax.Definitions]:
        """Returns all its files."""
        return list(self._files.values())

    def element(self, key: Key) -> syntax.Element:
        """Returns the element with this key."""
        return self._files[key[0]].elements[key[1]]

    def file_of(self, key: Key) -> syntax.Definitions:
        """Returns the file of an element."""
        return self._files[key[0]]

    def find(self, name: str) -> Key | None:
        """Returns a decision or service of the first file by its id, else by its name."""
        asked = [
            each for each in self.main.elements.values() if isinstance(each, syntax.Decision | syntax.Service)
        ]
        named = (each for of in ("id", "name") for each in asked if getattr(each, of) == name)
        found = next(named, None)
        return None if found is None else (self.main.namespace, found.id)

    def parameters(self, key: Key) -> list[Key]:
        """Returns the inputs of a decision; for a service, its declared ones."""
        element = self.element(key)
        if isinstance(element, syntax.Service):
            return self.resolved(self.file_of(key), (*element.input_data, *element.input_decisions))
        for each in self.unfinished(key, self._data):
            self._data[each] = self._data_of(each)
        return list(self._data[key])

    def _data_of(self, key: Key) -> frozenset[Key]:
        """Returns the inputs of an element, when those of its requirements are known."""
        if isinstance(self.element(key), syntax.InputData):
            return frozenset([key])
        below = {id(found): found for each in self.required(key) if (found := self._data.get(each))}
        spend(1 + sum(map(len, below.values())))
        if len(below) == 1:  # shared, as there may be thousands in a row
            return next(iter(below.values()))
        return frozenset().union(*below.values())

    def unfinished(self, key: Key, finished: Container[Key]) -> Iterator[Key]:
        """Yields an element and its unfinished requirements, required ones first.

        Elements of a cycle occur once.
        """
        return walk_required_first([key], lambda each: reversed(self.required(each)), finished)

    # Evaluation

    def evaluate(self, key: Key, values: Mapping[str, Any], run: Run | None = None) -> Any:
        """Evaluates a decision or service for data by name. Raises TooMuch."""
        run = run or Run()
        given = {normalized(name): value for name, value in values.items()}
        try:
            evaluator = _Evaluator(self, run, given)
            element = self.element(key)
            if isinstance(element, syntax.Service):
                return evaluator.serve(key, element, given)
            return evaluator.value(key)
        except RecursionError:
            raise TooMuch("The evaluation goes too deep.") from None


def around(main: syntax.Definitions, files: Sequence[syntax.Definitions]) -> Graph:
    """Returns the graph of a file and of those it refers to, directly or not: compiling all is slow."""
    known = {each.namespace: each for each in reversed(files)} | {main.namespace: main}
    found: dict[str, syntax.Definitions] = {}
    waiting = [main.namespace]
    while waiting:
        space = waiting.pop()
        if space in known and space not in found:
            found[space] = known[space]
            waiting += _spoken_of(known[space])
    return Graph([*found.values()])


def _spoken_of(file: syntax.Definitions) -> set[str]:
    """Returns the namespaces that it imports or refers to."""
    spaces = set(file.imports)
    for element in file.elements.values():
        references: Sequence[str] = ()
        if isinstance(element, syntax.Decision | syntax.Knowledge):
            references = element.requires
        elif isinstance(element, syntax.Service):
            references = (*element.outputs, *element.input_decisions, *element.input_data)
        spaces.update(each.rpartition("#")[0] for each in references)
    return spaces


def _output(result: Any, name: str | None) -> Any:
    """Returns one output of a result that has several; of a list that of each item."""
    if name is None:
        return result
    if isinstance(result, list):
        return [_output(item, name) for item in result]
    return result.get(name) if isinstance(result, dict) else None


class _Evaluator:
    """One evaluation: every element once."""

    def __init__(self, graph: Graph, run: Run, values: Mapping[str, Any]) -> None:
        self._graph = graph
        self._logic = graph.logic
        self._run = run
        self._values = values
        self._known: dict[Key, Any] = {}
        self._begun: set[Key] = set()

    def value(self, key: Key) -> Any:
        """Returns the value of an element: data, a decision's result or a function.

        Its requirements are evaluated before, in a loop: there may be thousands in a row.
        """
        if key not in self._known:
            for each in self._graph.unfinished(key, self._known):
                if each != key and each not in self._begun:
                    self._value(each)
        return self._value(key)

    def _value(self, key: Key) -> Any:
        if key not in self._known:
            if key in self._begun:
                self._run.add_fault("It requires itself.", key[1], grave=True)
                return None
            self._begun.add(key)
            value = self._known[key] = self._evaluated(key)
            element = self._graph.element(key)
            if isinstance(element, syntax.Decision):
                self._run.explain(decision=element.id, name=element.name, value=value)
        return self._known[key]

    def _evaluated(self, key: Key) -> Any:
        element = self._graph.element(key)
        if isinstance(element, syntax.InputData):
            return self._given(key, element, self._values)
        if isinstance(element, syntax.Service):
            return self._as_function(key, element)
        return self._logic.codes[key](self._frame(key, element))

    def _given(self, key: Key, element: syntax.Element, values: Mapping[str, Any]) -> Any:
        """Returns the value passed for an element, by its name or nested under that of its import."""
        *above, name = self._graph.known_as(self._graph.main, key)
        imported = values.get(above[0]) if above else None
        given = imported if isinstance(imported, dict) else values
        value = given.get(name)
        if value is None and name not in given:
            self._run.note(Place(element.name, element.id, 0), "missing-input", element.name)
        found = fitted(value, self._logic.types[key], self._run)
        if found is None and value is not None:
            self._run.add_fault(f"The value of {element.name} is not of its type.", element.id)
        return found

    def _frame(self, key: Key, element: syntax.Element) -> Frame:
        file = self._graph.file_of(key)
        own: dict[str, Any] = {}
        imported: dict[str, Any] = {}
        requires = element.requires if isinstance(element, syntax.Decision | syntax.Knowledge) else ()
        for reference in requires:
            target = self._graph.resolve(file, reference)
            if target is None:
                self._run.add_fault(f"What it requires is not there: {reference}.", element.id, grave=True)
                continue
            *above, name = self._graph.known_as(file, target)
            inside = imported if target[0] != file.namespace else own
            within = inside.setdefault(above[0], {}) if above else inside
            within[name] = self.value(target)
        for each in element.results if isinstance(element, syntax.Decision) else ():
            target = self._graph.resolve(file, each.reference)
            own[each.name] = _output(None if target is None else self.value(target), each.output)
        return Frame(self._run, {**imported, **own}, Frame(self._run, BUILT_IN))

    # Services

    def _result_type(self, key: Key) -> Type:
        """Returns the type of a service's result: its variable has that type, or that of the function."""
        of = self._logic.types[key]
        return (of.of or ANY) if of.name == "function" else of

    def _as_function(self, key: Key, service: syntax.Service) -> Function:
        parameters = self._graph.parameters(key)
        way = tuple(Parameter(self._graph.element(each).name, self._logic.types[each]) for each in parameters)
        result = self._result_type(key)

        def call(run: Run, arguments: list[Any]) -> Any:
            inner = _Evaluator(self._graph, run, {})
            inner._known = dict(zip(parameters, arguments, strict=True))
            return fitting(run, inner._result(key, service), result, service.id)

        return Function((way,), result, call)

    def serve(self, key: Key, service: syntax.Service, values: Mapping[str, Any]) -> Any:
        """Evaluates a service for data by name."""
        for each in self._graph.parameters(key):
            self._known[each] = self._given(each, self._graph.element(each), values)
        return fitting(self._run, self._result(key, service), self._result_type(key), service.id)

    def _result(self, key: Key, service: syntax.Service) -> Any:
        outputs = self._graph.resolved(self._graph.file_of(key), service.outputs)
        if len(outputs) == 1:
            return self.value(outputs[0])
        return {self._graph.element(each).name: self.value(each) for each in outputs}
