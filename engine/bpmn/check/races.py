"""Warns of elements that may run at the same time and use one variable: the last value counts."""

from collections.abc import Iterable, Iterator
from itertools import islice

from engine.bpmn.check.variables import Process
from engine.bpmn.expressions.scripts import names
from engine.bpmn.model import writers
from engine.bpmn.model.diagram import Node
from engine.bpmn.model.notes import Notes, place

_MOST = 20  # findings of a process
_SHOWN = 5  # names in a finding


def check_races(processes: Iterable[Process], notes: Notes) -> None:
    """Checks the processes of all files without errors."""
    for process in processes:
        for code, first, second, variables in islice(_races(process), _MOST):
            shown = tuple(sorted(variables)[:_SHOWN])
            where = place(process.diagram.file, second.element)
            notes.warn(where, code, first=_name(first), second=_name(second), variables=shown)


def _races(process: Process) -> Iterator[tuple[str, Node, Node, list[str]]]:
    for scope in process.diagram.scopes:
        # As masks: there are many pairs.
        shown = {
            node: _mask(process, writers.only_shown(node.element, process.schemas)) for node in scope.nodes
        }
        written = {node: process.sets[node] & ~shown[node] for node in scope.nodes}
        read = {node: _mask(process, _decides_by(node)) for node in scope.nodes}
        for one, other in process.together[scope.element].pairs():
            if both := process.names(written[one] & written[other]):
                yield "race-to-write", one, other, both
            for writer, chooser in ((one, other), (other, one)):
                if found := process.names(written[writer] & read[chooser]):
                    yield "race-to-read", writer, chooser, found


def _mask(process: Process, names: Iterable[str]) -> int:
    found = 0
    for name in names:
        found |= process.bits.get(name, 0)
    return found


def _decides_by(node: Node) -> set[str]:
    """Returns the names that the conditions behind a gateway read."""
    found: set[str] = set()
    for flow in node.outgoing:
        if flow.condition is not None:
            try:
                found |= names((flow.condition.text or "").strip(), "eval").reads
            except SyntaxError:
                continue  # another rule reports it
    return found


def _name(node: Node) -> str:
    return str(node.element.get("name") or node.element.get("id"))[:80]
