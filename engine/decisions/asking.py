"""Decisions that are asked from outside: which there are, what they take as JSON, what they give and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from engine.decisions.dmn import model
from engine.decisions.dmn.completing import completed
from engine.decisions.dmn.graph import Graph, Key, around
from engine.decisions.dmn.reading import read
from engine.decisions.feel.frames import Fault, Run
from engine.decisions.feel.names import normalized
from engine.decisions.given import Given, Wrong, given

SUFFIX = ".dmn"


@dataclass(frozen=True, slots=True)
class Input:
    """What a decision may be given; `type` is as its file names it."""

    name: str
    type: str | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A decision or decision service of a file, and what it may be given."""

    id: str
    name: str
    file: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it."""

    result: Any
    inputs: Mapping[str, Any]
    tables: Sequence[Mapping[str, Any]]  # in the order in which they were evaluated
    required: Sequence[Mapping[str, Any]]
    faults: Sequence[Fault]

    @property
    def unusable(self) -> list[str]:
        """Why there is no result that may be used: something grave, or what it is that has no value."""
        missing = self.result is None
        return list(dict.fromkeys(fault.reason for fault in self.faults if fault.grave or missing))

    @property
    def why(self) -> dict[str, Any]:
        """All but the result, as it is told."""
        told = {"inputs": self.inputs, "tables": self.tables, "required": self.required}
        return {**told, "faults": [asdict(fault) for fault in self.faults]}


class Decisions:
    """The decisions of files that were put together: each file may import the others."""

    def __init__(self, files: Sequence[model.Definitions]) -> None:
        whole = [completed(file) for file in files]
        self._graphs = [around(file, whole) for file in whole]
        self._places = [(graph, key) for graph in self._graphs for key in _callable(graph)]

    @property
    def offered(self) -> list[Offered]:
        """All of them, in the order of the files."""
        return [_offered(graph, key) for graph, key in self._places]

    @property
    def unread(self) -> list[tuple[str, int, str]]:
        """Expressions that cannot be read, of the first file and what it imports: file, line, reason."""
        flaws = self._graphs[0].flaws if self._graphs else {}
        return [(file, flaw.line, flaw.reason) for file, found in flaws.items() for flaw in found]

    def ask(self, asked: Offered, values: Mapping[str, Any], now: datetime) -> Answer:
        """What a decision gives for JSON by the names of its inputs. Raises Wrong, and TooMuch.

        Data that only other decisions of the file take are left aside.
        """
        graph, key = next(
            place for place in self._places if place[0].main.file == asked.file and place[1][1] == asked.id
        )
        wanted = _given(graph, key)
        others = _data(graph) - wanted.keys()
        inputs = given(wanted, {name: values[name] for name in values if normalized(name) not in others})
        run = Run(now=now, explained=[])
        result = graph.evaluate(key, inputs, run)
        told = [each for each in run.explained or () if each.get("decision") != asked.id]
        return Answer(
            result,
            inputs,
            [each for each in told if "table" in each],
            [each for each in told if "table" not in each],
            run.faults,
        )


def decisions(files: Mapping[str, bytes]) -> Decisions:
    """Those of the DMN files among some. Raises NotDmn."""
    return Decisions([read(name, content) for name, content in files.items() if name.endswith(SUFFIX)])


def _callable(graph: Graph) -> list[Key]:
    kinds = (model.Decision, model.Service)
    space = graph.main.namespace
    return [(space, each.id) for each in graph.main.elements.values() if isinstance(each, kinds)]


def _parameters(graph: Graph, key: Key) -> list[Key]:
    """The data that it needs; of a service, what it says that it takes."""
    element, file = graph.element(key), graph.file_of(key)
    if not isinstance(element, model.Service):
        return graph.data(key)
    found = (graph.resolve(file, each) for each in (*element.input_data, *element.input_decisions))
    return [target for target in found if target]


def _known_as(graph: Graph, key: Key) -> tuple[str, ...]:
    """By which names something is given: what is imported stands below the name of its import."""
    prefix, name = graph.main.imports.get(key[0]), graph.element(key).name
    return (prefix, name) if prefix else (name,)


def _data(graph: Graph) -> set[str]:
    """The names of all that the decisions of a file may be given."""
    elements = graph.main.elements.values()
    return {each.name for each in elements if isinstance(each, model.InputData)}


def _offered(graph: Graph, key: Key) -> Offered:
    element = graph.element(key)
    inputs = [
        Input(".".join(_known_as(graph, each)), graph.element(each).type) for each in _parameters(graph, key)
    ]
    return Offered(
        element.id, element.name, graph.main.file, tuple(sorted(inputs, key=lambda each: each.name))
    )


def _given(graph: Graph, key: Key) -> Given:
    found: dict[str, Any] = {}
    for each in _parameters(graph, key):
        *above, name = _known_as(graph, each)
        place = found.setdefault(above[0], {}) if above else found
        place[name] = graph.type_of(each)
    return found


__all__ = ["SUFFIX", "Answer", "Decisions", "Input", "Offered", "Wrong", "decisions"]
