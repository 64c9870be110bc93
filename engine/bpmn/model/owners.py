"""Which scope of a process owns each variable. Decided from the diagram alone, never by what has run.

A declared name belongs to the scope that declares it. A name that only elements inside one multi-instance
activity or event sub-process read or write belongs to each instance or run. All others, and data whose names
the diagram doesn't say, belong to the process instance (BPMN 2.0.2 §10.4).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.bpmn.model import answers
from engine.bpmn.model.answers import Gathered
from engine.bpmn.model.diagram import Diagram, by_event, read_diagram
from engine.bpmn.model.homes import COUNTERS, Homes, find_homes, iterates, names_of
from engine.bpmn.model.texts import Text
from engine.bpmn.notation.bills import BILL
from engine.bpmn.notation.conflicts import INCIDENT, OVERWRITE, on_conflict
from engine.bpmn.notation.findings import MOST_SHOWN, Owner
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
    homes, lists = _read(read_diagram("", process), schemas, rules)
    found = _by_element(homes)
    return Owners(
        {element.get("id"): frozenset(names) for element, names in found.items() if element is not process},
        {activity.get("id"): gathered for activity, gathered in lists.items()},
    )


def list_owners(
    diagram: Diagram, schemas: Mapping[str, Any], rules: Decisions, *, called: bool
) -> Iterator[Owner]:
    """Yields the scopes that own variables of a process, itself first; `called`: another one calls it."""
    homes, _ = _read(diagram, schemas, rules)
    found = _by_element(homes)
    shared = {name for name, chain in homes.chains.items() if not chain} | found.pop(diagram.element, set())
    if shared:
        yield _owner("call" if called else "case", diagram, None, shared)
    for element in diagram.element.iter("{*}*"):
        if names := found.get(element, set()) - COUNTERS:
            yield _owner(_kind(element), diagram, element, names)
        if (one := homes.declared.get(element)) is not None and one.inputs:
            yield _owner("input", diagram, element, one.inputs)


def _kind(element: Any) -> Literal["instance", "run", "sub-process"]:
    if iterates(element):
        return "instance"
    return "run" if by_event(element) else "sub-process"


def _owner(kind: Any, diagram: Diagram, element: Any, names: Iterable[str]) -> Owner:
    at = diagram.element if element is None else element
    shown = sorted(names)
    return Owner(
        kind,
        diagram.file,
        diagram.key or "",
        None if element is None else element.get("id"),
        at.get("name") or at.get("id"),
        tuple(shown[:MOST_SHOWN]),
        len(shown),
    )


def _read(
    diagram: Diagram, schemas: Mapping[str, Any], rules: Decisions
) -> tuple[Homes, Mapping[Any, Gathered]]:
    """Returns the homes of all names, those of the lists of answers included, and these lists."""
    homes = find_homes(diagram, schemas, rules).copied()
    lists = answers.gathered(diagram, homes, schemas, rules)
    for activity, gathered in lists.items():
        for name in gathered.lists.values():
            homes.use(name, activity.getparent())
    return homes, lists


def _by_element(homes: Homes) -> dict[Any, set[str]]:
    """Returns the names that elements own; those of the case that nothing declares are left out."""
    found = {element: set(one.stored) for element, one in homes.declared.items()}
    for name, chain in homes.chains.items():
        if chain:
            found[chain[-1]].add(name)
    return {element: names for element, names in found.items() if element.get("id") and names}


def guarded(process: Any) -> frozenset[str]:
    """Returns the names that no reply may overwrite if they were changed since its call was made.

    These are those of legal decisions and of bills, unless their data objects say otherwise, and those whose
    data objects say so.
    """
    found: set[str] = set()
    for element in process.iter("{*}*"):
        decision = element.get(DECISION)
        if decision:
            found |= {decision, GROUND}
        if element.get(f"{OURS}{BILL}"):
            text = Text(element, element.get(f"{OURS}request", ""), "eval", "request")
            found |= names_of(text)
    said = dict(on_conflict(process))
    found |= {name for name, value in said.items() if value == INCIDENT}
    return frozenset(name for name in found if said.get(name) != OVERWRITE)
