"""Which scope of a process owns each variable. Decided from the diagram alone, never by what has run.

A declared name belongs to the scope that declares it. A name that only elements inside one multi-instance
activity or event sub-process read or write belongs to each instance or run. All others, and data whose names
the diagram doesn't say, belong to the process instance (BPMN 2.0.2 §10.4).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from engine.bpmn.model import writers
from engine.bpmn.model.diagram import Diagram, Node, by_event, read_diagram
from engine.bpmn.model.texts import Text, read_texts, variables
from engine.bpmn.notation.bills import BILL
from engine.bpmn.notation.conflicts import INCIDENT, OVERWRITE, on_conflict
from engine.bpmn.notation.outcomes import DECISION, GROUND, VARIABLE
from engine.bpmn.notation.rule_tasks import NO_DECISIONS
from engine.bpmn.notation.vocabulary import OURS, bpmn
from engine.dmn import Decisions

COUNTERS = frozenset({"loopCounter", "nrOfInstances"})
_MANY, _LOOP = bpmn("multiInstanceLoopCharacteristics"), bpmn("standardLoopCharacteristics")
_LIST, _COUNT = bpmn("loopDataInputRef"), bpmn("loopCardinality")
_AROUND = frozenset({_LIST, _COUNT, bpmn("loopDataOutputRef")})  # read or set before and after all instances

Chain = tuple[Any, ...]  # the elements of the scopes around a place, outermost first


def owners(
    process: Any, schemas: Mapping[str, Any], rules: Decisions = NO_DECISIONS
) -> dict[str, frozenset[str]]:
    """Returns the names that scopes inside a process own, by the ids of their elements."""
    diagram = read_diagram("", process)
    declared = dict(_declared(process))
    homes: dict[str, Chain] = {}
    for name, place, for_inputs in _uses(diagram, schemas, rules):
        chain = _chain(name, place, declared, for_inputs=for_inputs)
        if chain is not None:
            homes[name] = chain if name not in homes else _common(homes[name], chain)
    found = {
        element.get("id"): set(one.stored) for element, one in declared.items() if element is not process
    }
    for name, chain in homes.items():
        if chain and name != VARIABLE:
            found[chain[-1].get("id")].add(name)
    return {element: frozenset(names) for element, names in found.items() if element and names}


@dataclass(frozen=True, slots=True)
class _Declares:
    """What an element declares: names that its scope stores, and inputs, which end with it.

    It `divides` if each of its runs or instances also owns what nothing outside of it uses.
    """

    stored: frozenset[str]
    inputs: frozenset[str]
    divides: bool


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
            found |= _names(text)
    said = dict(on_conflict(process))
    found |= {name for name, value in said.items() if value == INCIDENT}
    return frozenset(name for name in found if said.get(name) != OVERWRITE)


def iterates(element: Any) -> bool:
    """Whether an activity has several instances, or is a loop."""
    return element.find(_MANY) is not None or element.find(_LOOP) is not None


def _declared(process: Any) -> Iterator[tuple[Any, _Declares]]:
    for element in process.iter("{*}*"):
        names = {item.get("id", "") for item in element.findall(bpmn("dataObject"))}
        many = element.find(_MANY) is not None
        if iterates(element):
            names |= writers.items(element).names | COUNTERS
        inputs = writers.inputs(element).names
        if names or inputs or many or by_event(element):
            yield element, _Declares(frozenset(names), inputs, many or by_event(element))


def _chain(name: str, place: Any, declared: Mapping[Any, _Declares], *, for_inputs: bool) -> Chain | None:
    """Returns the scopes around a use that may own a name; None if one of the elements around declares it.

    `for_inputs`: it is read to compute the inputs of this element, which don't know each other.
    """
    found = []
    before, element = None, place
    while element is not None:
        one = declared.get(element)
        around = before is not None and before.tag == _MANY and place.tag in _AROUND
        if one is not None and not around:
            if name in one.stored or (name in one.inputs and not (for_inputs and element is place)):
                return None
            if one.divides:
                found.append(element)
        before, element = element, element.getparent()
    return tuple(reversed(found))


def _common(one: Chain, other: Chain) -> Chain:
    """Returns the scopes that are around both places."""
    return tuple(a for a, _ in takewhile(lambda pair: pair[0] is pair[1], zip(one, other, strict=False)))


def _uses(diagram: Diagram, schemas: Mapping[str, Any], rules: Decisions) -> Iterator[tuple[str, Any, bool]]:
    """Yields each name that is read or written, the element where that is, and whether for its inputs."""
    for text in read_texts(diagram.element, rules):
        for name in _names(text):
            yield name, text.element, text.attribute == "inputs"
    for node in diagram.nodes():
        for name in _written(node, schemas, rules, outside=node.element.getparent() is diagram.element):
            yield name, node.element, False
        collected = writers.collected(node.element)
        if collected:
            yield collected, node.element.getparent(), False


def _written(node: Node, schemas: Mapping[str, Any], rules: Decisions, *, outside: bool) -> Iterator[str]:
    """Yields the names that an element writes, and those of its form."""
    for origin, given in writers.sources(node, schemas, outside=outside):
        if origin != "condition":
            yield from given.names
    yield from writers.ruled(node.element, rules)


def _names(text: Text) -> frozenset[str]:
    try:
        found = variables(text)
    except SyntaxError:
        return frozenset()  # of an unfinished diagram
    return found.reads | found.writes
