"""What instances that run in parallel set without collecting it. Checks nothing.

In files of Camunda, Operaton and Flowable the last value counts, as there, and the answers of all instances
are also gathered as a list, `<name>_of_each`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn import forms
from engine.bpmn.model import writers
from engine.bpmn.model.diagram import Diagram, Node, by_event
from engine.bpmn.model.homes import MANY, Homes, written_by
from engine.bpmn.notation.vocabulary import HUMAN, bpmn
from engine.bpmn.translate.vendors import of_camunda
from engine.dmn import Decisions

_SUFFIX = "_of_each"


@dataclass(frozen=True, slots=True)
class Uncollected:
    """Names that each of several parallel instances sets: of a scope outside, and answers of their own.

    `anything`: it is a person's task without a form, whose names are unknown.
    """

    outer: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    anything: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """The variable with the answers of all instances, by the name that each sets."""

    lists: Mapping[str, str]
    anything: bool

    def list_of(self, name: str) -> str | None:
        """Returns the variable for the answers; None for a name whose values aren't."""
        return self.lists.get(name) or (name + _SUFFIX if self.anything else None)


def uncollected(
    diagram: Diagram, homes: Homes, schemas: Mapping[str, Any], rules: Decisions
) -> dict[Any, Uncollected]:
    """Returns the names by activity; those without any are left out."""
    nodes = list(diagram.nodes())
    found = {}
    for activity in filter(is_uncollected, nodes):
        outer, own = set(), set()
        for node in nodes:
            if activity.element in (node.element, *node.element.iterancestors()) and not _undoes(node):
                owned = {
                    name: homes.owner(name, node.element) for name in _set(node, diagram, schemas, rules)
                }
                outer |= {name for name, owner in owned.items() if not _within(owner, activity.element)}
                own |= {name for name in _answers(node, schemas) if owned.get(name) is activity.element}
        anything = activity.kind in HUMAN and writers.asked(activity.element, schemas).anything
        if outer or own or anything:
            found[activity.element] = Uncollected(frozenset(outer), frozenset(own), anything)
    return found


def _undoes(node: Node) -> bool:
    """Whether it is part of a compensation handler: these run one after the other."""
    around = (node.element, *node.element.iterancestors(bpmn("subProcess")))
    return any(element.get("isForCompensation") == "true" or _compensates(element) for element in around)


def _compensates(element: Any) -> bool:
    return (
        by_event(element) and element.find(f"{{*}}startEvent/{bpmn('compensateEventDefinition')}") is not None
    )


def _within(owner: Any, activity: Any) -> bool:
    return owner is activity or (owner is not None and activity in owner.iterancestors())


def gathered(
    diagram: Diagram, homes: Homes, schemas: Mapping[str, Any], rules: Decisions
) -> dict[Any, Gathered]:
    """Returns the lists that are gathered, by activity: none in the product's own files."""
    if not of_camunda(diagram.element):
        return {}
    return lists_of(uncollected(diagram, homes, schemas, rules), diagram, homes, schemas, rules)


def lists_of(
    found: Mapping[Any, Uncollected],
    diagram: Diagram,
    homes: Homes,
    schemas: Mapping[str, Any],
    rules: Decisions,
) -> dict[Any, Gathered]:
    """Returns the same from the uncollected names."""
    if not found or not of_camunda(diagram.element):
        return {}
    taken = {name for one in homes.declared.values() for name in one.stored | one.inputs}
    taken.update(name for node in diagram.nodes() for name in _set(node, diagram, schemas, rules))
    return {
        activity: Gathered({name: _list_name(name, taken) for name in one.outer | one.own}, one.anything)
        for activity, one in found.items()
    }


def _list_name(name: str, taken: set[str]) -> str:
    """Returns a name that no element of the process sets."""
    found = name + _SUFFIX
    while found in taken:
        found += "_"
    return found


def is_uncollected(node: Node) -> bool:
    """Whether it has several instances that run in parallel, and no collection for their results."""
    marker = node.element.find(MANY)
    sequential = marker is None or marker.get("isSequential") == "true"
    return not sequential and writers.collected(node.element) is None


def _set(node: Node, diagram: Diagram, schemas: Mapping[str, Any], rules: Decisions) -> Iterator[str]:
    outside = node.element.getparent() is diagram.element
    shown = writers.only_shown(node.element, schemas)
    yield from (name for name in written_by(node, schemas, rules, outside=outside) if name not in shown)
    collected = writers.collected(node.element)
    if collected:
        yield collected


def _answers(node: Node, schemas: Mapping[str, Any]) -> Iterator[str]:
    if node.kind == "userTask" and forms.schema_of(node.element, schemas) is not None:
        yield from writers.asked(node.element, schemas).names - writers.only_shown(node.element, schemas)
