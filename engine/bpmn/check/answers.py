"""Checks what instances that run in parallel set: results that aren't collected overwrite each other."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.bpmn.model import answers, writers
from engine.bpmn.model.diagram import Diagram, Node
from engine.bpmn.model.homes import MANY, find_homes
from engine.bpmn.model.notes import Notes, Place, Rules, place
from engine.bpmn.notation.vocabulary import TASKS
from engine.bpmn.translate.vendors import of_other_engine
from engine.dmn import Decisions
from engine.platform.findings import Value

_SHOWN = 5  # names in a finding


def check_answers(diagram: Diagram, schemas: Mapping[str, Any], decisions: Decisions, notes: Notes) -> None:
    """Checks the multi-instance activities of a process."""
    parallel = [node for node in diagram.nodes() if answers.is_uncollected(node)]
    if not parallel:
        return
    rules = _Rules(diagram.file, notes)
    homes = find_homes(diagram, schemas, decisions)
    found = answers.uncollected(diagram, homes, schemas, decisions)
    gathered = answers.lists_of(found, diagram, homes, schemas, decisions)
    for node in parallel:
        names = found.get(node.element, answers.Uncollected())
        if node.element in gathered:
            rules.gathered(node, gathered[node.element])
        elif names.outer:
            rules.overwritten(node, names.outer)
        elif names.own:
            rules.warned(node, "answers-collide.lost", variables=_shown(names.own))
        elif _sets_anything(node, schemas):
            rules.warned(node, "answers-collide")


class _Rules(Rules):
    def overwritten(self, node: Node, names: frozenset[str]) -> None:
        if of_other_engine(node.element):
            self.warned(node, "answers-collide.last", variables=_shown(names))
        else:
            self.notes.error(self._at(node), "answers-collide", variables=_shown(names))

    def gathered(self, node: Node, gathered: answers.Gathered) -> None:
        if gathered.lists:
            lists = _shown(gathered.lists.values())
            self.warned(node, "answers-collide", variables=_shown(gathered.lists), lists=lists)
        else:
            self.warned(node, "answers-collide.gathered")

    def warned(self, node: Node, code: str, /, **values: Value) -> None:
        self.notes.warn(self._at(node), code, **values)

    def _at(self, node: Node) -> Place:
        return place(self.file, node.element.find(MANY), attribute="loopDataOutputRef")


def _shown(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names)[:_SHOWN])


def _sets_anything(node: Node, schemas: Mapping[str, Any]) -> bool:
    """Whether it is a task that sets variables whose names the diagram doesn't say."""
    tasks = node.kind in TASKS - {"sendTask"}
    return tasks and writers.written(node, schemas, outside=False).anything
