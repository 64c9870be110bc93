"""Which scope of a process owns each variable. Decided from the diagram alone, never by what has run.

A declared name belongs to the scope that declares it. A name that only elements inside one multi-instance
activity or event sub-process read or write belongs to each instance or run. All others, and data whose names
the diagram doesn't say, belong to the process instance (BPMN 2.0.2 §10.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn.model import answers
from engine.bpmn.model.answers import Gathered
from engine.bpmn.model.diagram import read_diagram
from engine.bpmn.model.homes import find_homes, names_of
from engine.bpmn.model.texts import Text
from engine.bpmn.notation.bills import BILL
from engine.bpmn.notation.outcomes import DECISION, GROUND
from engine.bpmn.notation.rule_tasks import NO_DECISIONS
from engine.bpmn.notation.vocabulary import OURS
from engine.dmn import Decisions


@dataclass(frozen=True, slots=True)
class Owners:
    """The names that scopes inside a process own, and the lists of answers, by the ids of their elements."""

    names: Mapping[str, frozenset[str]]
    gathered: Mapping[str, Gathered]


def owners(process: Any, schemas: Mapping[str, Any], rules: Decisions = NO_DECISIONS) -> Owners:
    """Returns the owners of the variables of a process."""
    diagram = read_diagram("", process)
    homes = find_homes(diagram, schemas, rules)
    lists = answers.gathered(diagram, homes, schemas, rules)
    for activity, gathered in lists.items():
        for name in gathered.lists.values():
            homes.use(name, activity.getparent())
    found = {
        element.get("id"): set(one.stored)
        for element, one in homes.declared.items()
        if element is not process
    }
    for name, chain in homes.chains.items():
        if chain:
            found[chain[-1].get("id")].add(name)
    return Owners(
        {element: frozenset(names) for element, names in found.items() if element and names},
        {activity.get("id"): gathered for activity, gathered in lists.items()},
    )


def guarded(process: Any) -> frozenset[str]:
    """Returns the names that no reply may overwrite unnoticed: those of legal decisions, and of bills."""
    found: set[str] = set()
    for element in process.iter("{*}*"):
        decision = element.get(DECISION)
        if decision:
            found |= {decision, GROUND}
        if element.get(f"{OURS}{BILL}"):
            text = Text(element, element.get(f"{OURS}request", ""), "eval", "request")
            found |= names_of(text)
    return frozenset(found)
