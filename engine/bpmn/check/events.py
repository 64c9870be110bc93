"""Checks events and service tasks: what they refer to exists, has a name, and is unambiguous."""

import keyword
from datetime import datetime
from typing import Any

from engine import deadlines
from engine.bpmn.check.allow_list import CHILDREN
from engine.bpmn.model.diagram import NAMES, Diagram, Node, Scope, definitions, known_as, named
from engine.bpmn.model.notes import Notes, Rules, qualified
from engine.bpmn.model.texts import written_time
from engine.bpmn.notation import timers
from engine.bpmn.notation.vocabulary import CAMUNDA, EVENTS, PARVANDEH, THROWN, TIMES, bpmn, local
from engine.bpmn.values import MAX_NAME

MAX_CODE = 100  # of an error code: it becomes the outcome of a case if nothing catches it
_LONGEST = {"message": MAX_NAME, "signal": MAX_NAME, "error": MAX_CODE, "escalation": MAX_CODE}
_TARGETS = (f"{{{PARVANDEH}}}connector", f"{{{PARVANDEH}}}topic", f"{{{CAMUNDA}}}topic")


def check_events(diagram: Diagram, now: datetime, notes: Notes) -> None:
    """Checks every event, event gateway and service task of a process; times before `now` are past."""
    rules = _Rules(diagram, now, notes)
    for node in diagram.nodes():
        rules.node(node)
    rules.starts(diagram.scopes[0])


class _Rules(Rules):
    def __init__(self, diagram: Diagram, now: datetime, notes: Notes) -> None:
        super().__init__(diagram.file, notes)
        self.now = now
        self.named = named(diagram)

    def node(self, node: Node) -> None:
        if node.kind in EVENTS:
            self.event(node)
        if node.kind in ("sendTask", "receiveTask"):
            self.reference(node.element, "message")
        if node.kind == "boundaryEvent":
            self.boundary(node)
        elif node.kind == "serviceTask":
            self.service(node.element)
        elif node.kind == "eventBasedGateway":
            self.gateway(node)
        self.variables(node.element)

    def event(self, node: Node) -> None:
        found = definitions(node.element)
        if len(found) > 1:
            self.error(node.element, "several-definitions")
        elif not found and (node.kind in ("intermediateCatchEvent", "boundaryEvent") or node.handles):
            self.undefined(node)
        for definition in found:
            kind = local(definition).removesuffix("EventDefinition")
            outside = node.kind == "startEvent" and kind in THROWN and not node.handles
            if local(definition) not in CHILDREN[node.kind] or outside:
                continue  # already rejected
            if kind == "timer":
                self.timer(node, definition)
            elif kind == "conditional":
                self.condition(definition)
            elif kind in NAMES:
                beside = node.kind == "boundaryEvent" or node.handles
                self.reference(definition, kind, optional=beside and kind in THROWN)

    def undefined(self, node: Node) -> None:
        endings = ("EventDefinition", "eventDefinitionRef")
        if not any(local(child).endswith(endings) for child in node.element.iterchildren(tag=bpmn("*"))):
            self.error(
                node.element,
                "no-definition",
            )

    def reference(self, at: Any, kind: str, *, optional: bool = False) -> None:
        """Checks the message, signal, error or escalation of an event; an `optional` one may be missing."""
        name = at.get(f"{kind}Ref")
        if name is None:
            if not optional:
                self.error(at, "no-reference", what=kind)
            return
        found = self.named[kind].get(name.rpartition(":")[2])
        if found is None:
            self.error(at, "unknown-reference", what=kind, name=name[:100])
            return
        event = at.getparent() if at.tag.endswith("Definition") else at
        if event.get(f"{{{PARVANDEH}}}name") is None:  # else it is computed at each use
            self.known(found, kind, optional=optional)

    def known(self, found: Any, kind: str, *, optional: bool) -> None:
        """Checks the name or code of the definition that an event refers to."""
        attribute, longest = NAMES[kind], _LONGEST[kind]
        text = found.get(attribute)
        if (text is None and not optional) or (text is not None and not is_name(text, longest)):
            self.error(found, "no-name", what=kind, attribute=attribute, limit=longest)
        elif text is not None and _is_computed(text):
            self.error(found, "name-computed", what=kind, attribute=attribute, value=text[:80])

    def timer(self, node: Node, definition: Any) -> None:
        times = [child for name in TIMES for child in definition.findall(bpmn(name))]
        if len(times) != 1:
            self.error(definition, "timer-times", count=len(times))
            return
        value = written_time(times[0].text or "")
        if value is None and node.kind == "startEvent" and not node.handles:
            self.error(times[0], "timer-computed")
        elif value is not None:
            self.time(node, times[0], value)

    def condition(self, definition: Any) -> None:
        if definition.find(bpmn("condition")) is None:
            self.error(definition, "missing-condition.event")

    def time(self, node: Node, element: Any, value: Any) -> None:
        """Checks a literal time."""
        kind = local(element)
        try:
            if kind == "timeDuration":
                self.duration(node, element, value)
            elif kind == "timeDate":
                found = timers.within_reach(timers.instant(value, self.now), self.now)
                self.past(element, found <= self.now)
            else:
                self.cycle(node, element, value)
        except timers.Untimely as error:
            self.error(element, f"invalid-timer.{error.code}", attribute=kind, value=str(value)[:80])

    def duration(self, node: Node, element: Any, value: Any) -> None:
        if timers.in_working_time(value):
            if node.kind == "startEvent" and not node.handles:
                raise timers.Untimely("working-start", "a start event has no calendar")
            deadlines.term(value)
            return
        found = timers.duration(value)
        timers.within_reach(found.after(self.now), self.now)
        if found.empty:
            self.warn(element, "timer-at-once")

    def cycle(self, node: Node, element: Any, value: Any) -> None:
        found = timers.cycle(value, self.now)
        timers.within_reach(found.first, self.now)
        passed = found.passed(self.now)
        over = found.count is not None and passed >= found.count
        begins = node.kind == "startEvent" and not node.handles
        self.past(element, over if begins else passed > 0)
        once = node.kind == "intermediateCatchEvent" or node.interrupting
        if once and not begins and found.count != 1:
            self.warn(element, "cycle-once")

    def past(self, element: Any, is_past: bool) -> None:
        if is_past:
            self.warn(
                element,
                "timer-past",
            )

    def boundary(self, node: Node) -> None:
        if node.host is None:
            self.error(node.element, "boundary-host", host=str(node.element.get("attachedToRef"))[:100])
            return

    def starts(self, scope: Scope) -> None:
        """Checks that the start events of a process wait for different messages."""
        seen = set()
        for node in scope.nodes:
            if node.kind != "startEvent" or node.trigger != "message":
                continue
            name = known_as(node, self.named)
            if name is not None and name in seen:
                self.error(node.element, "several-starts", message=name[:80])
            seen.add(name)

    def service(self, element: Any) -> None:
        named = [element.get(name) for name in _TARGETS if element.get(name) is not None]
        if len(named) != 1:
            self.error(element, "service-target", count=len(named))
        for name in (*_TARGETS, f"{{{PARVANDEH}}}operation"):
            text = element.get(name)
            if text is not None and not (is_name(text) and not _is_computed(text)):
                self.error(
                    element,
                    "service-target",
                    attribute=qualified(element, name),
                    value=text[:80],
                    limit=MAX_NAME,
                )

    def gateway(self, node: Node) -> None:
        if len(node.outgoing) < 2:
            tell = self.warn if node.outgoing else self.error
            tell(
                node.element,
                "event-gateway.flows",
                count=len(node.outgoing),
            )
        for flow in node.outgoing:
            target = flow.target
            if target is not None and not _can_be_first(target):
                self.error(target.element, "event-gateway.target")

    def variables(self, element: Any) -> None:
        """Checks the names of variables for received data."""
        for attribute in ("result", "code", "detail", "starter"):
            name = element.get(f"{{{PARVANDEH}}}{attribute}")
            if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
                self.error(element, "invalid-variable", attribute=f"parvandeh:{attribute}", value=name[:80])


def is_name(text: str, longest: int = MAX_NAME) -> bool:
    """Whether a text is a valid public name."""
    return text == text.strip() and 0 < len(text) <= longest


def _is_computed(text: str) -> bool:
    return "${" in text or "#{" in text or text.startswith("=")


def _can_be_first(node: Node) -> bool:
    if len(node.incoming) > 1:
        return False
    if node.kind == "receiveTask":
        several = node.element.find(bpmn("multiInstanceLoopCharacteristics")) is not None
        return not node.boundaries and not several
    return node.kind == "intermediateCatchEvent"
