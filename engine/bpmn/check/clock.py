"""Checks the clock of each process: its terms, and the elements that start and pause it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from engine.bpmn.model.diagram import Diagram, Node, known_as, named
from engine.bpmn.model.loops import targets
from engine.bpmn.model.notes import Notes, Rules
from engine.bpmn.notation import broadcast, clock
from engine.bpmn.notation.vocabulary import ACTIVITIES, OURS

_WAITING = ACTIVITIES - {"scriptTask", "sendTask", "businessRuleTask"} | {"intermediateCatchEvent"}
_CHOICES: Mapping[str, Sequence[str]] = {
    "onSilence": clock.SILENCES,
    "onBreach": clock.ON_BREACH,
    "clock": clock.MARKS,
    "opinionsPause": clock.FLAGS,
}
_TERMS: Mapping[str, Callable[[str], bool]] = {
    # An expression is checked with the others, and its value when it is evaluated.
    "statutory": lambda text: not clock.is_literal(text) or clock.is_length(text),
    "norm": clock.is_length,
    "acceptWithin": clock.is_length,
}


def check_clock(diagram: Diagram, called: bool, notes: Notes) -> None:
    """Checks a process; `called`: it runs within the cases of another one, which has the term."""
    rules = _Clock(diagram.file, notes)
    nodes, defined = list(diagram.nodes()), named(diagram)
    for element in (diagram.element, *(node.element for node in nodes)):
        rules.values(element)
    for node in nodes:
        if node.element.get(clock.CLOCK) == "pause" and node.kind not in _WAITING:
            rules.error(node.element, "invalid-clock.nothing-waits")
        name = _thrown(node, defined)
        if name is not None and broadcast.is_reserved(name):
            rules.error(node.element, "reserved-message", name=name[:80])
    starts = [node for node in nodes if node.element.get(clock.CLOCK) == "start"]
    rules.twice(starts)
    if not called:
        rules.process(diagram, nodes, starts)


class _Clock(Rules):
    def values(self, element: Any) -> None:
        for name, allowed in _CHOICES.items():
            value = element.get(OURS + name)
            if value is not None and value not in allowed:
                found = {"attribute": f"parvandeh:{name}", "value": value[:80]}
                self.error(element, "invalid-clock.choice", **found, allowed=tuple(allowed))
        for name, fits in _TERMS.items():
            value = element.get(OURS + name)
            if value is not None and not fits(value):
                found = {"attribute": f"parvandeh:{name}", "value": value[:80]}
                self.error(element, "invalid-clock.term", **found, limit=clock.MAX_YEARS)

    def twice(self, starts: Sequence[Node]) -> None:
        """Warns of an element that starts the clock after another one on its path."""
        for start in starts:
            if any(after in starts for after in _after(start)):
                self.warn(start.element, "clock-starts-twice")

    def process(self, diagram: Diagram, nodes: Sequence[Node], starts: Sequence[Node]) -> None:
        process, defined = diagram.element, named(diagram)
        rules = clock.clock_rules(process)
        if rules.safety == "true" and rules.on_silence in ("grant", "refuse"):
            self.error(process, "silence-and-safety", value=rules.on_silence)
        if rules.statutory is None:
            self._useless(process, nodes)
        elif rules.accept_within is not None and not starts:
            self.warn(process, "accept-without-start")
        for node in nodes:
            if rules.on_silence not in ("grant", "refuse") and _caught(node, defined) == clock.DEEMED:
                self.warn(node.element, "deemed-without-silence")

    def _useless(self, process: Any, nodes: Sequence[Node]) -> None:
        """Warns of rules for a clock that the process doesn't have."""
        for name in ("onSilence", "acceptWithin", "onBreach"):
            if process.get(OURS + name) is not None:
                self.warn(process, "clock-without-term", attribute=f"parvandeh:{name}")
        marked = next((node for node in nodes if node.element.get(clock.CLOCK) == "start"), None)
        if marked is not None:
            self.warn(marked.element, "clock-without-term", attribute="parvandeh:clock")


def _caught(node: Node, defined: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Returns the name of the message that a node waits for."""
    if node.kind == "receiveTask":
        return _of_task(node, defined)
    waits = node.kind in ("intermediateCatchEvent", "boundaryEvent") or node.handles
    return known_as(node, defined) if waits and node.trigger == "message" else None


def _thrown(node: Node, defined: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Returns the name of the message that a node throws."""
    if node.kind == "sendTask":
        return _of_task(node, defined)
    throws = node.kind in ("intermediateThrowEvent", "endEvent")
    return known_as(node, defined) if throws and node.trigger == "message" else None


def _of_task(node: Node, defined: Mapping[str, Mapping[str, Any]]) -> str | None:
    found = defined["message"].get((node.element.get("messageRef") or "").rpartition(":")[2])
    name: str | None = None if found is None else found.get("name")
    return name


def _after(start: Node) -> Iterator[Node]:
    """Yields the nodes that a token may reach after a node, in its scope."""
    seen: set[Node] = set()
    waiting = [flow.target for flow in start.outgoing if flow.target is not None]
    while waiting:
        node = waiting.pop()
        if node not in seen and node is not start:
            seen.add(node)
            yield node
            waiting += targets(node)
