"""Decisions of DMN for business rule tasks: what a case's data give, and why."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from engine.bpmn.feel import Unfit, as_data, as_feel
from engine.bpmn.values import plain
from engine.decisions.dmn.graph import Graph, Key
from engine.decisions.dmn.reading import read
from engine.decisions.errors import TooMuch
from engine.decisions.feel import Run

SUFFIX = ".dmn"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a decision gave, and why, as the log keeps it."""

    result: Any
    why: Mapping[str, Any]


class RuleFailed(Exception):
    """A decision that gave no result that may be used: the reasons, with the numbers of rules."""


class Rules:
    """The decisions of the files of a deployment, by id or name."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        contents = {name: content for name, content in files.items() if name.lower().endswith(SUFFIX)}
        read_files = {name: read(name, content) for name, content in contents.items()}
        self._digests = {name: sha256(content).hexdigest() for name, content in contents.items()}
        self._graphs = [
            Graph([file, *(other for other in read_files.values() if other is not file)])
            for file in read_files.values()
        ]

    def find(self, name: str) -> tuple[Graph, Key] | None:
        """The decision or service of that id, else of that name."""
        found = ((graph, graph.find(name)) for graph in self._graphs)
        return next(((graph, key) for graph, key in found if key is not None), None)

    def inputs(self, name: str) -> frozenset[str]:
        """The names of the data of which a decision speaks."""
        found = self.find(name)
        return frozenset() if found is None else found[0].inputs(found[1])

    def decide(self, name: str, data: Mapping[str, Any], now: datetime) -> Ruling:
        """What a decision gives for data. Raises RuleFailed."""
        found = self.find(name)
        if found is None:
            raise RuleFailed(f"there is no decision {name!r}")
        graph, key = found
        run = Run(now=now, explained=[])
        given = {each: as_feel(data[each]) for each in graph.inputs(key) if each in data}
        try:
            value = graph.evaluate(key, given, run)
        except TooMuch as error:
            raise RuleFailed(str(error)) from error
        grave = [fault.reason for fault in run.faults if fault.grave]
        if grave:
            raise RuleFailed(" ".join(grave))
        try:
            result = as_data(value)
        except Unfit as error:
            raise RuleFailed(str(error)) from error
        element = graph.element(key)
        why = {
            "decision": element.id,
            "name": element.name,
            "file": graph.main.file,
            "digest": self._digests[graph.main.file],
            "inputs": {each: plain(as_data(item)) for each, item in given.items()},
            "tables": [_told(table) for table in run.explained or ()],
            "faults": [asdict(fault) for fault in run.faults],
            "result": plain(result),
        }
        return Ruling(result, why)


def _told(table: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {name: plain(as_data(value)) for name, value in table["inputs"].items()}
    return {**table, "inputs": inputs, "result": plain(as_data(table["result"]))}
