"""The public interface of decisions: which ones exist, their inputs, their results and reasons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from engine.dmn.errors import TooMuch
from engine.dmn.feel.faults import Fault
from engine.dmn.feel.frames import Run
from engine.dmn.feel.names import normalized
from engine.dmn.inputs import Wanted, Wrong, as_declared
from engine.dmn.model import syntax
from engine.dmn.model.completion import completed, is_undrawn
from engine.dmn.model.graph import Graph, Key, around
from engine.dmn.model.reader import read_file
from engine.dmn.outputs import outputs, rows
from engine.platform import apart
from engine.platform.budget import spend

SUFFIX = ".dmn"


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a decision; `type` is its name in the file."""

    name: str
    type: str | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A decision or decision service of a file, with its inputs."""

    id: str
    name: str
    file: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of a decision and its reasons; `digest` is the SHA-256 of its file.

    `rows` are the results with the names of their outputs, one for each rule that counted.
    """

    of: Offered
    digest: str
    result: Any
    rows: Sequence[Mapping[str, Any]]
    inputs: Mapping[str, Any]
    tables: Sequence[Mapping[str, Any]]  # in the order of evaluation
    required: Sequence[Mapping[str, Any]]
    faults: Sequence[Fault]

    @property
    def unusable(self) -> list[str]:
        """Returns why there is no usable result: a grave fault, or a part without a value."""
        missing = self.result is None
        found = (each for each in self.faults if each.grave or (missing and not each.is_null))
        return list(dict.fromkeys(each.reason for each in found))

    @property
    def why(self) -> dict[str, Any]:
        """Returns the reasons without the result, as they are stored."""
        told = {"inputs": self.inputs, "tables": self.tables, "required": self.required}
        return {**told, "faults": [asdict(fault) for fault in self.faults]}


class Decisions:
    """The decisions of a set of files: each file may import the others."""

    def __init__(self, files: Sequence[syntax.Definitions]) -> None:
        whole = [completed(file) for file in files]
        self._graphs = [around(file, whole) for file in whole]

    @property
    def offered(self) -> list[Offered]:
        """Returns all decisions, in file order."""
        spend(10 * sum(len(graph.main.elements) for graph in self._graphs))
        return [_offered(graph, key) for graph in self._graphs for key in _callable(graph)]

    @property
    def unread(self) -> list[tuple[str, int, str]]:
        """Returns unreadable expressions of the first file and its imports: file, line, reason."""
        flaws = self._graphs[0].logic.flaws if self._graphs else {}
        return [(file, flaw.line, flaw.reason) for file, found in flaws.items() for flaw in found]

    def named(self, name: str) -> list[Offered]:
        """Returns the decisions with that id or name, at most one per file; only one should exist."""
        return [_offered(graph, key) for graph, key in self._places(name)]

    def reads(self, name: str) -> frozenset[str]:
        """Returns the names of the data that a decision reads, including those of imports."""
        graph, key = next(self._places(name), (None, None))
        if graph is None or key is None:
            return frozenset()
        return frozenset(graph.known_as(graph.main, each)[0] for each in graph.parameters(key))

    def undrawn(self, name: str) -> frozenset[str]:
        """Returns the names of a decision's inputs that its file doesn't draw."""
        graph, key = next(self._places(name), (None, None))
        if graph is None or key is None:
            return frozenset()
        found = (graph.element(each) for each in graph.parameters(key))
        return frozenset(each.name for each in found if is_undrawn(each))

    def outputs(self, name: str) -> tuple[str, ...]:
        """Returns the names of a decision's outputs, if no other name is used for the whole result."""
        return next((outputs(graph, key) for graph, key in self._places(name)), ())

    def _places(self, name: str) -> Iterator[tuple[Graph, Key]]:
        spend(sum(len(graph.main.elements) for graph in self._graphs))
        found = ((graph, graph.find(name)) for graph in self._graphs)
        return ((graph, key) for graph, key in found if key is not None)

    def ask(self, asked: Offered, values: Mapping[str, Any], now: datetime) -> Evaluation:
        """Evaluates a decision for JSON by the names of its inputs. Raises Wrong and TooMuch.

        Ignores data for other decisions of the file.
        """
        graph, key = self._place(asked)
        wanted = _wanted(graph, key)
        others = _data(graph) - wanted.keys()
        inputs = as_declared(
            wanted, {name: values[name] for name in values if normalized(name) not in others}
        )
        return self.decide(asked, inputs, now)

    def decide(self, asked: Offered, values: Mapping[str, Any], now: datetime) -> Evaluation:
        """Evaluates a decision for values of FEEL. Raises TooMuch."""
        return apart.run(lambda until: self._decide(asked, values, now, until), (TooMuch,))

    def _decide(self, asked: Offered, values: Mapping[str, Any], now: datetime, until: float) -> Evaluation:
        graph, key = self._place(asked)
        run = Run(now=now, explained=[], until=until)
        result = graph.evaluate(key, values, run)
        told = [each for each in run.explained or () if each.get("decision") != asked.id]
        return Evaluation(
            asked,
            graph.main.digest,
            result,
            rows(graph, key, result),
            values,
            [each for each in told if "table" in each],
            [each for each in told if "table" not in each],
            run.faults,
        )

    def _place(self, asked: Offered) -> tuple[Graph, Key]:
        graph = next(each for each in self._graphs if each.main.file == asked.file)
        return graph, (graph.main.namespace, asked.id)


def decisions(files: Mapping[str, bytes]) -> Decisions:
    """Returns the decisions of the DMN files among these. Raises NotDmn."""
    return Decisions([read_file(name, content) for name, content in files.items() if name.endswith(SUFFIX)])


def _callable(graph: Graph) -> list[Key]:
    kinds = (syntax.Decision, syntax.Service)
    space = graph.main.namespace
    return [(space, each.id) for each in graph.main.elements.values() if isinstance(each, kinds)]


def _data(graph: Graph) -> set[str]:
    """Returns the names of all inputs of a file's decisions."""
    elements = graph.main.elements.values()
    return {each.name for each in elements if isinstance(each, syntax.InputData)}


def _offered(graph: Graph, key: Key) -> Offered:
    element = graph.element(key)
    parameters = graph.parameters(key)
    spend(5 * len(parameters))
    inputs = [
        Input(".".join(graph.known_as(graph.main, each)), graph.element(each).type) for each in parameters
    ]
    return Offered(
        element.id, element.name, graph.main.file, tuple(sorted(inputs, key=lambda each: each.name))
    )


def _wanted(graph: Graph, key: Key) -> Wanted:
    found: dict[str, Any] = {}
    for each in graph.parameters(key):
        *above, name = graph.known_as(graph.main, each)
        place = found.setdefault(above[0], {}) if above else found
        place[name] = graph.logic.types[each]
    return found


__all__ = ["SUFFIX", "Decisions", "Evaluation", "Input", "Offered", "Wrong", "decisions"]
