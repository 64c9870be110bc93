"""Decisions of DMN for business rule tasks: what a case's data give, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from lxml import etree

from engine.bpmn.feel import Unfit, as_data, as_feel
from engine.bpmn.values import Unportable, plain, portable
from engine.decisions.dmn import model
from engine.decisions.dmn.completing import completed
from engine.decisions.dmn.graph import Graph, Key, around
from engine.decisions.dmn.reading import read
from engine.decisions.errors import TooMuch
from engine.decisions.feel import Run

SUFFIX = ".dmn"
# What is made of a result, as Camunda has it; without a word, it is what DMN says it is.
RESULTS = ("singleEntry", "singleResult", "collectEntries", "resultList")
_SEVERAL = frozenset({"R", "O", "C"})  # hit policies by which a table gives a list


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a decision gave, and why, as the log keeps it.

    `rows` are the results with the names of their outputs, one for each rule that counted.
    """

    result: Any
    rows: Sequence[Mapping[str, Any]]
    why: Mapping[str, Any]

    def mapped(self, how: str | None) -> Any:
        """What Camunda makes of it. Raises RuleFailed."""
        if how is None:
            return self.result
        if how == "resultList":
            return list(self.rows)
        if how == "collectEntries":
            return [_entry(row) for row in self.rows]
        if len(self.rows) > 1:
            raise RuleFailed(f"it gives {len(self.rows)} results, and {how} takes one at most")
        row = next(iter(self.rows), None)
        return row if row is None or how == "singleResult" else _entry(row)


class RuleFailed(Exception):
    """A decision that gave no result that may be used: the reasons, with the numbers of rules."""


class Rules:
    """The decisions of the files of a deployment, by id or name."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        contents = {name: content for name, content in files.items() if name.endswith(SUFFIX)}
        found = {name: completed(read(name, content)) for name, content in contents.items()}
        self._digests = {name: sha256(content).hexdigest() for name, content in contents.items()}
        self.graphs = [around(file, [*found.values()]) for file in found.values()]

    def all(self, name: str) -> list[tuple[Graph, Key]]:
        """The decisions and services of that id or name, of which there should be one."""
        found = ((graph, graph.find(name)) for graph in self.graphs)
        return [(graph, key) for graph, key in found if key is not None]

    def inputs(self, name: str) -> frozenset[str]:
        """The names of the data of which a decision speaks."""
        return next((graph.inputs(key) for graph, key in self.all(name)), frozenset())

    def outputs(self, name: str) -> tuple[str, ...]:
        """The names of what a decision gives, where no other name takes it as a whole."""
        return next((_outputs(graph, key) for graph, key in self.all(name)), ())

    @property
    def names(self) -> list[str]:
        """The ids of all decisions and services."""
        kinds = (model.Decision, model.Service)
        files = (graph.main for graph in self.graphs)
        return [each.id for file in files for each in file.elements.values() if isinstance(each, kinds)]

    def decide(self, name: str, data: Mapping[str, Any], now: datetime) -> Ruling:
        """What a decision gives for data. Raises RuleFailed."""
        graph, key = next(iter(self.all(name)), (None, None))
        if graph is None or key is None:
            raise RuleFailed("there is no such decision")
        run = Run(now=now, explained=[])
        try:
            given = {each: as_feel(data[each]) for each in sorted(graph.inputs(key)) if each in data}
            result = as_data(graph.evaluate(key, given, run))
            # What has no value for a fault would go on as nothing, and rules decide by nothing, too.
            if run.faults:
                raise RuleFailed(" ".join(dict.fromkeys(fault.reason for fault in run.faults)))
            why = self._why(graph, key, given, run)
        except (TooMuch, Unfit, Unportable) as error:
            raise RuleFailed(str(error)) from error
        return Ruling(result, _rows(graph, key, result), {**why, "result": plain(result)})

    def _why(self, graph: Graph, key: Key, given: Mapping[str, Any], run: Run) -> dict[str, Any]:
        """The reasons. Raises TooMuch, and Unportable for what cannot be kept."""
        element, kept = graph.element(key), Run()  # which counts what all of them come to
        told = [each for each in run.explained or () if each.get("decision") != element.id]
        tables = [each for each in told if "table" in each]
        return {
            "decision": element.id,
            "name": element.name,
            "file": graph.main.file,
            "digest": self._digests[graph.main.file],
            "inputs": _plain(given, kept),
            "tables": [_told(each, _table(graph, each["table"]), kept) for each in tables],
            "required": [{**each, "value": _plain(each["value"], kept)} for each in told if "value" in each],
        }


NO_RULES = Rules({})


def fingerprint(files: Mapping[str, bytes], decision: str | None) -> str | None:
    """What tells the rules behind a decision from others: its whole file, but for the drawing."""
    for name, content in files.items() if decision is not None else ():
        if name.endswith(SUFFIX):
            root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, remove_blank_text=True))
            if any(decision in (each.get("id"), each.get("name")) for each in root):
                for drawing in root.findall("{*}DMNDI"):
                    root.remove(drawing)
                return sha256(etree.tostring(root, method="c14n")).hexdigest()
    return None


def _entry(row: Mapping[str, Any]) -> Any:
    if len(row) != 1:
        raise RuleFailed(f"it gives {', '.join(row)}, where one entry is to be taken")
    return next(iter(row.values()))


def _leading(graph: Graph, key: Key) -> model.Element:
    """The decision that gives the result: for a service with one output, that."""
    element = graph.element(key)
    if isinstance(element, model.Service) and len(element.outputs) == 1:
        output = graph.resolve(graph.file_of(key), element.outputs[0])
        return element if output is None else graph.element(output)
    return element


def _columns(graph: Graph, key: Key) -> tuple[str, ...]:
    """The names of a table's outputs; none for what is no table."""
    element = _leading(graph, key)
    logic = element.logic if isinstance(element, model.Decision) else None
    outputs = logic.outputs if isinstance(logic, model.Table) else ()
    return tuple(each.name or element.name for each in outputs)


def _outputs(graph: Graph, key: Key) -> tuple[str, ...]:
    element = _leading(graph, key)
    if isinstance(element, model.Service):
        found = (graph.resolve(graph.file_of(key), each) for each in element.outputs)
        return tuple(graph.element(each).name for each in found if each)
    logic = element.logic if isinstance(element, model.Decision) else None
    if isinstance(logic, model.Entries) and all(name for name, _, _ in logic.entries):
        return tuple(name or "" for name, _, _ in logic.entries)
    return _columns(graph, key) or (element.name,)


def _rows(graph: Graph, key: Key, result: Any) -> list[Mapping[str, Any]]:
    element, columns = _leading(graph, key), _columns(graph, key)
    if not columns:
        return [{element.name: result}]
    logic = element.logic if isinstance(element, model.Decision) else None
    several = isinstance(logic, model.Table) and logic.policy in _SEVERAL and isinstance(result, list)
    results = result if several else [result]
    if len(columns) > 1:
        return [each for each in results if isinstance(each, dict)]
    return [{columns[0]: each} for each in results if several or each is not None]


def _table(graph: Graph, table: str) -> model.Table | None:
    """The table with this id, if it is all that a decision is."""
    elements = (each for file in graph.files for each in file.elements.values())
    logics = (each.logic for each in elements if isinstance(each, model.Decision))
    return next((each for each in logics if isinstance(each, model.Table) and each.id == table), None)


def _told(why: Mapping[str, Any], table: model.Table | None, kept: Run) -> dict[str, Any]:
    """How a table came to its result: by the rules that counted, of which FIRST has one."""
    rules = why["rules"]
    if table is not None:
        rules = rules[:1] if table.policy == "F" else rules
        rules = [{**each, "remark": table.rules[each["number"] - 1].remark} for each in rules]
    return {
        **why,
        "policy": table.policy if table is not None else None,
        "inputs": _plain(why["inputs"], kept),
        "rules": rules,
        "result": _plain(why["result"], kept),
    }


def _plain(value: Any, kept: Run) -> Any:
    """A value of FEEL as the log keeps it."""
    try:
        return plain(portable(as_data(value, kept)))
    except Unfit as error:
        return str(error)
