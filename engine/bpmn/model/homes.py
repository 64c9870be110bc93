"""Where each variable of a process belongs: the scopes around all places that use it. Checks nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from engine.bpmn.model import writers
from engine.bpmn.model.diagram import Diagram, Node, by_event
from engine.bpmn.model.texts import Text, read_texts, variables
from engine.bpmn.notation.outcomes import VARIABLE
from engine.bpmn.notation.vocabulary import bpmn
from engine.dmn import Decisions

COUNTERS = frozenset({"loopCounter", "nrOfInstances"})
MANY, _LOOP = bpmn("multiInstanceLoopCharacteristics"), bpmn("standardLoopCharacteristics")
_LIST, _COUNT = bpmn("loopDataInputRef"), bpmn("loopCardinality")
_AROUND = frozenset({_LIST, _COUNT, bpmn("loopDataOutputRef")})  # read or set before and after all instances

Chain = tuple[Any, ...]  # the elements of the scopes around a place, outermost first


@dataclass(frozen=True, slots=True)
class Declares:
    """What an element declares: names that its scope stores, and inputs, which end with it.

    It `divides` if each of its runs or instances also owns what nothing outside of it uses.
    """

    stored: frozenset[str]
    inputs: frozenset[str]
    divides: bool


@dataclass(frozen=True, slots=True)
class Homes:
    """What each element of a process declares, and the scopes around all uses of each other name."""

    declared: Mapping[Any, Declares]
    chains: dict[str, Chain]

    def copied(self) -> "Homes":
        """Returns the same homes, to which uses can be added."""
        return Homes(self.declared, dict(self.chains))

    def use(self, name: str, place: Any, *, for_inputs: bool = False) -> None:
        """Adds a use of a name by an element; `for_inputs`: to compute its inputs."""
        chain = _chain(name, place, self.declared, for_inputs=for_inputs)
        if chain is not None:
            self.chains[name] = chain if name not in self.chains else _common(self.chains[name], chain)

    def owner(self, name: str, place: Any) -> Any:
        """Returns the element whose scope owns a name that is used at a place; None: the process."""
        element = place
        while element is not None:
            one = self.declared.get(element)
            if one is not None and (name in one.stored or name in one.inputs):
                return element
            element = element.getparent()
        chain = self.chains.get(name)
        return chain[-1] if chain else None


def find_homes(diagram: Diagram, schemas: Mapping[str, Any], rules: Decisions) -> Homes:
    """Returns the homes of all names that a process reads or writes.

    They are found once for a diagram, whose forms and rules are always the same. Who adds a use copies them.
    """
    if diagram.homes is None:
        diagram.homes = _find(diagram, schemas, rules)
    found: Homes = diagram.homes
    return found


def _find(diagram: Diagram, schemas: Mapping[str, Any], rules: Decisions) -> Homes:
    found = Homes(dict(_declared(diagram.element)), {})
    for name, place, for_inputs in _uses(diagram, schemas, rules):
        if name != VARIABLE:
            found.use(name, place, for_inputs=for_inputs)
    return found


def iterates(element: Any) -> bool:
    """Whether an activity has several instances, or is a loop."""
    return element.find(MANY) is not None or element.find(_LOOP) is not None


def _declared(process: Any) -> Iterator[tuple[Any, Declares]]:
    for element in process.iter("{*}*"):
        names = {item.get("id", "") for item in element.findall(bpmn("dataObject"))}
        many = element.find(MANY) is not None
        if iterates(element):
            names |= writers.items(element).names | COUNTERS
        inputs = writers.inputs(element).names
        if names or inputs or many or by_event(element):
            yield element, Declares(frozenset(names), inputs, many or by_event(element))


def _chain(name: str, place: Any, declared: Mapping[Any, Declares], *, for_inputs: bool) -> Chain | None:
    """Returns the scopes around a use that may own a name; None if one of the elements around declares it.

    `for_inputs`: it is read to compute the inputs of this element, which don't know each other.
    """
    found = []
    before, element = None, place
    while element is not None:
        one = declared.get(element)
        around = before is not None and before.tag == MANY and place.tag in _AROUND
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
        for name in names_of(text):
            yield name, text.element, text.attribute == "inputs"
    for node in diagram.nodes():
        for name in written_by(node, schemas, rules, outside=node.element.getparent() is diagram.element):
            yield name, node.element, False
        collected = writers.collected(node.element)
        if collected:
            yield collected, node.element.getparent(), False


def written_by(node: Node, schemas: Mapping[str, Any], rules: Decisions, *, outside: bool) -> Iterator[str]:
    """Yields the names that an element writes, and those of its form."""
    for origin, given in writers.sources(node, schemas, outside=outside):
        if origin != "condition":
            yield from given.names
    yield from writers.ruled(node.element, rules)


def names_of(text: Text) -> frozenset[str]:
    """Returns the variables of a text; none if it is unfinished."""
    try:
        found = variables(text)
    except SyntaxError:
        return frozenset()
    return found.reads | found.writes
