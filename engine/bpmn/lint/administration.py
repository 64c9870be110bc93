"""Rules for administrations. They apply to processes that decide, or that name the applicant.

A process decides if one of its end events has an outcome; it names the applicant if a lane or pool has that
name, or if it declares presence, channels or legal bases.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.bpmn.forms import schema_of
from engine.bpmn.lint.accepted import accepts
from engine.bpmn.lint.grounds import Grounds, gives_reasons
from engine.bpmn.lint.once_only import check_held
from engine.bpmn.lint.paths import comes_without
from engine.bpmn.lint.rights import check_rights
from engine.bpmn.model.diagram import Diagram, Node, handlers, known_as, named
from engine.bpmn.model.loops import targets
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.broadcast import WITHDRAWAL
from engine.bpmn.notation.clock import BREACH, DEEMED, WARNING
from engine.bpmn.notation.outcomes import DECISION, OUTCOME, effect_of, of_process, of_task
from engine.bpmn.notation.requirements import CHANNELS, PARTY, PRESENCES
from engine.bpmn.notation.vocabulary import HUMAN, PARVANDEH, bpmn
from engine.platform.findings import Value

_DUE = f"{{{PARVANDEH}}}due"
_PRESENCE = f"{{{PARVANDEH}}}presence"
_BASIS = f"{{{PARVANDEH}}}legalBasis"
_CHANNEL = f"{{{PARVANDEH}}}channel"
_IN_PERSON = frozenset({"optional", "required"})
_PRESENCES = {*PRESENCES, None}
_APPLICANT = re.compile(r"\b(applicant|citizen|resident)s?\b|متقاضی|شهروند|درخواست‌کننده|ارباب رجوع", re.I)
_SPLITS = frozenset({"parallelGateway", "inclusiveGateway"})
_ENDINGS = frozenset({"terminate", "error", "escalation"})  # including other work
_LAW = re.compile(
    r"§|\b(art(icle|\.)|sec(tion|\.)|act|law|code|regulations?|by-?law|decree|statute)\b"
    r"|ماده|مادّه|قانون|آیین.?نامه|تبصره|مصوب|بخشنامه|دستورالعمل",
    re.I,
)


def check_administration(diagrams: Sequence[Diagram], schemas: Mapping[str, Any], notes: Notes) -> None:
    """Checks the processes of all files."""
    grounds = Grounds(diagrams, schemas)
    called = {
        node.element.get("calledElement")
        for diagram in diagrams
        for node in diagram.nodes()
        if node.kind == "callActivity"
    }
    for diagram in diagrams:
        if _administers(diagram):
            rules = _Rules(diagram, schemas, notes)
            rules.withdrawal()
            rules.refusals(grounds)
            rules.decisions()
            rules.presence()
            rules.deadlines()
            rules.held()
            rules.waits()
            check_rights(diagram, called, rules.warn)


def _administers(diagram: Diagram) -> bool:
    element = diagram.element
    told = (_PRESENCE, _CHANNEL, _BASIS, OUTCOME, DECISION)
    if any(item.get(name) is not None for item in element.iter() for name in told):
        return True
    pools = element.getroottree().getroot().iter(bpmn("participant"))
    names = [item.get("name", "") for item in (*element.iter(bpmn("lane")), *pools)]
    return any(_APPLICANT.search(name) for name in names)


class _Rules:
    def __init__(self, diagram: Diagram, schemas: Mapping[str, Any], notes: Notes) -> None:
        self.diagram = diagram
        self.schemas = schemas
        self.notes = notes
        self.nodes = list(diagram.nodes())
        self.outcomes = of_process(diagram.element)
        self.homes = {node.element: scope.element for scope in diagram.scopes for node in scope.nodes}

    def warn(self, element: Any, code: str, /, **values: Value) -> None:
        if not accepts(element, code):
            self.notes.warn(place(self.diagram.file, element), code, **values)

    def withdrawal(self) -> None:
        """Checks withdrawal: the engine ends the case, unless its process waits for withdrawals."""
        defined = named(self.diagram)
        at_once = any(node.kind in _SPLITS for node in self.nodes)
        for node in self.nodes:
            if _catches(node) and _message(node, defined) == WITHDRAWAL and _goes_on(node, at_once=at_once):
                self.warn(node.element, "no-withdrawal")

    def refusals(self, grounds: Grounds) -> None:
        """Checks that a refusal has grounds, and that a person is responsible for it."""
        for end in self.nodes:
            outcome = end.element.get(OUTCOME)
            if end.kind != "endEvent" or effect_of(self.outcomes, outcome) != "refuses":
                continue
            if comes_without(end, self.diagram, grounds.given):
                self.warn(end.element, "refusal-without-ground")
            if comes_without(end, self.diagram, lambda node: node.kind in HUMAN):
                self.warn(
                    end.element,
                    "refusal-without-person",
                )

    def decisions(self) -> None:
        """Checks that a decision's form has a field for grounds: the engine requires them for refusals."""
        for node in self.nodes:
            form = schema_of(node.element, self.schemas) if node.element.get(DECISION) else None
            refuses = any(one.effect == "refuses" for one in of_task(node.element))
            if form is not None and refuses and not gives_reasons(form):
                self.warn(node.element, "decision-without-ground")

    def presence(self) -> None:
        """Checks that steps in person or on paper have a legal basis."""
        for node in self.nodes:
            element, text = node.element, _documented(node.element)
            if element.get(_PRESENCE) not in _PRESENCES:
                self.notes.error(
                    place(self.diagram.file, element), "invalid-presence", value=element.get(_PRESENCE)[:40]
                )
            self._channel(element)
            if node.kind not in HUMAN or element.get(_BASIS, "").strip():
                continue
            if element.get(_PRESENCE) in _IN_PERSON and not _LAW.search(text):
                self.warn(element, "in-person-without-basis")
            elif node.kind == "manualTask" and element.get(_PRESENCE) is None and not text:
                self.warn(element, "manual-without-basis")

    def _channel(self, element: Any) -> None:
        """Checks that the channel is one of the known ones, and in person where the applicant has to come."""
        channel, at = element.get(_CHANNEL), place(self.diagram.file, element)
        if channel is None:
            return
        if channel not in CHANNELS:
            self.notes.error(at, "invalid-channel", value=channel[:40])
        elif channel != "in_person" and element.get(_PRESENCE) == "required":
            self.notes.error(at, "channel-without-presence", value=channel)

    def deadlines(self) -> None:
        """Reports work for people without a deadline."""
        for node in self.nodes:
            if node.kind in HUMAN and node.element.get(_DUE) is None and not self._timed(node):
                self.warn(node.element, "no-deadline")

    def _timed(self, node: Node) -> bool:
        """Whether a task has a timer, on its boundary or around it."""
        around = {scope.element: scope for scope in self.diagram.scopes}
        by_element = {each.element: each for each in self.nodes}
        current: Node | None = node
        while current is not None:
            if any(event.trigger == "timer" for event in current.boundaries):
                return True
            scope = self.homes[current.element]
            if any(start.trigger == "timer" for _, start in handlers(around[scope])):
                return True
            current = by_element.get(scope)
        return False

    def waits(self) -> None:
        """Reports waits for a message of nobody: figures can't say for whom the case waited."""
        defined = named(self.diagram)
        for node in self.nodes:
            waits = _catches(node) and node.kind in ("intermediateCatchEvent", "receiveTask")
            if waits and node.element.get(PARTY) is None and not _is_own(_message(node, defined)):
                self.warn(node.element, "party-not-stated")

    def held(self) -> None:
        """Reports data requested from the applicant that a registry already has."""
        for start, name, source in check_held(self.diagram, self.schemas):
            self.warn(start, "data-held", field=name[:80], source=source[:80])


def _message(node: Node, defined: Mapping[str, Mapping[str, Any]]) -> str | None:
    if node.kind == "receiveTask":
        found = defined["message"].get(node.element.get("messageRef"))
        name: str | None = None if found is None else found.get("name")
        return name
    return known_as(node, defined)


def _is_own(message: str | None) -> bool:
    """Whether the engine itself sends a message."""
    return message in (WITHDRAWAL, WARNING, BREACH, DEEMED)


def _catches(node: Node) -> bool:
    waits = node.kind in ("intermediateCatchEvent", "boundaryEvent", "receiveTask") or node.handles
    return waits and node.trigger == "message"


def _goes_on(event: Node, *, at_once: bool) -> bool:
    """Whether other work continues after an event: the event neither interrupts nor ends all work.

    `at_once`: whether the process has parallel work.
    """
    if event.handles or event.kind == "boundaryEvent":
        beside = not event.interrupting
    else:
        first = any(flow.source and flow.source.kind == "eventBasedGateway" for flow in event.incoming)
        beside = at_once and not first
    seen: set[Node] = set()
    waiting = [event] if beside else []
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += targets(node)
    return beside and not any(node.kind == "endEvent" and node.trigger in _ENDINGS for node in seen)


def _documented(element: Any) -> str:
    told = ("".join(item.itertext()) for item in element.iterchildren(bpmn("documentation")))
    return " ".join(told).strip()
