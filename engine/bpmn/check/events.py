"""Events and service tasks: what they wait for, throw or ask is there, named, and read as it is meant."""

import keyword
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from engine.bpmn import timers
from engine.bpmn.check.allow_list import CHILDREN, EVENTS, REFUSED_NODES, TIMES, bpmn, local
from engine.bpmn.check.diagram import Diagram, Node, Scope, definitions
from engine.bpmn.check.expressions import written_time
from engine.bpmn.check.extensions import CAMUNDA, PARVANDEH
from engine.bpmn.check.notes import Notes, place

MAX_NAME = 200  # characters of a message's or signal's name
MAX_CODE = 100  # of an error's: it becomes the outcome of a case in which nothing catches it
_NAMES = {"message": ("name", MAX_NAME), "signal": ("name", MAX_NAME), "error": ("errorCode", MAX_CODE)}
_TARGETS = (f"{{{PARVANDEH}}}connector", f"{{{PARVANDEH}}}topic", f"{{{CAMUNDA}}}topic")
_THROWING = frozenset({"subProcess", "callActivity", "serviceTask"})  # where an error can come from
_AT_ONCE = frozenset({"scriptTask", "sendTask"})  # nothing can happen meanwhile


def check_events(diagram: Diagram, now: datetime, notes: Notes) -> None:
    """Every event, gateway of events and service task of a process; `now` tells what is past."""
    rules = _Rules(diagram, now, notes)
    homes = {node.element: (node, scope) for scope in diagram.scopes for node in scope.nodes}
    for scope in diagram.scopes:
        for node in scope.nodes:
            rules.node(node)
            rules.caught_twice(node)
            if scope.depth and node.kind == "endEvent" and node.trigger == "error":
                rules.uncaught(node, list(_around(scope, homes)))
    rules.starts(diagram.scopes[0])


def _around(scope: Scope, homes: dict[Any, tuple[Node, Scope]]) -> Iterator[Node]:
    """The sub-processes around what stands in a scope, nearest first."""
    while scope.element in homes:
        node, scope = homes[scope.element]
        yield node


class _Rules:
    def __init__(self, diagram: Diagram, now: datetime, notes: Notes) -> None:
        self.file = diagram.file
        self.now = now
        self.notes = notes
        root = diagram.element.getroottree().getroot()
        self.named = {
            kind: {item.get("id"): item for item in root.iterchildren(bpmn(kind))} for kind in _NAMES
        }

    def error(self, at: Any, code: str, reason: str, mend: str) -> None:
        self.notes.error(place(self.file, at), code, reason, mend)

    def warn(self, at: Any, code: str, reason: str, mend: str) -> None:
        self.notes.warn(place(self.file, at), code, reason, mend)

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
        self.result(node.element)

    def event(self, node: Node) -> None:
        found = definitions(node.element)
        if len(found) > 1:
            self.error(
                node.element,
                "several-definitions",
                "The event is about several things at once.",
                "Keep one definition; wait for the first of several behind an event-based gateway.",
            )
        elif not found and node.kind in ("intermediateCatchEvent", "boundaryEvent"):
            self.undefined(node)
        for definition in found:
            if local(definition) not in CHILDREN[node.kind]:
                continue  # refused already
            kind = local(definition).removesuffix("EventDefinition")
            if kind == "timer":
                self.timer(node, definition)
            elif kind in _NAMES:
                self.reference(definition, kind, optional=node.kind == "boundaryEvent" and kind == "error")

    def undefined(self, node: Node) -> None:
        endings = ("EventDefinition", "eventDefinitionRef")
        if not any(local(child).endswith(endings) for child in node.element.iterchildren(tag=bpmn("*"))):
            self.error(
                node.element,
                "no-definition",
                "The event does not say what it waits for.",
                "Make it a timer, message or signal event.",
            )

    def reference(self, at: Any, kind: str, *, optional: bool = False) -> None:
        """The message, signal or error that an event names; without one, an `optional` error is any."""
        name = at.get(f"{kind}Ref")
        if name is None:
            if not optional:
                self.error(
                    at,
                    "no-reference",
                    f"It does not say which {kind} it is about.",
                    f'Define <{kind} id="…"> beside the process, and name it: {kind}Ref="…".',
                )
            return
        found = self.named[kind].get(name.rpartition(":")[2])
        if found is None:
            self.error(
                at,
                "unknown-reference",
                f"The {kind} {name[:100]!r} is not defined in this file.",
                f'Define <{kind} id="{name[:40]}"> beside the process.',
            )
            return
        attribute, longest = _NAMES[kind]
        text = found.get(attribute)
        if (text is None and not optional) or (text is not None and not _is_name(text, longest)):
            self.error(
                found,
                "no-name",
                f"The {kind} has no {attribute}, or one with more than {longest} characters or with space"
                " around it: nobody else can know it by its id.",
                f'Write {attribute}="a short word".',
            )
        elif text is not None and _is_computed(text):
            self.error(
                found,
                "name-computed",
                f"The {kind}'s {attribute} {text[:80]!r} would be taken as it stands.",
                "Write a name as it stands; parvandeh:correlation tells one message from another.",
            )

    def timer(self, node: Node, definition: Any) -> None:
        times = [child for name in TIMES for child in definition.findall(bpmn(name))]
        if len(times) != 1:
            self.error(
                definition,
                "timer-times",
                f"The timer has {len(times) or 'no'} times.",
                "Give it one of <timeDate>, <timeDuration> and <timeCycle>.",
            )
            return
        value = written_time(times[0].text or "")
        if value is None and node.kind == "startEvent":
            self.error(
                times[0],
                "timer-computed",
                "There are no data from which the time could be computed before a case starts.",
                "Write it as it stands: R/2026-03-21T08:00/P1D, P30D or 2026-03-21T08:00.",
            )
        elif value is not None:
            self.time(node, times[0], value)

    def time(self, node: Node, element: Any, value: Any) -> None:
        """A time that is known now."""
        kind = local(element)
        try:
            if kind == "timeDuration":
                self.duration(element, value)
            elif kind == "timeDate":
                found = timers.within_reach(timers.instant(value, self.now), self.now)
                self.past(element, found <= self.now)
            else:
                self.cycle(node, element, value)
        except timers.Untimely as error:
            self.error(
                element,
                "invalid-timer",
                f"The <{kind}> {error}.",
                "Write it as ISO 8601 has it, or as a Python expression whose value is such a text.",
            )

    def duration(self, element: Any, value: Any) -> None:
        found = timers.duration(value)
        timers.within_reach(found.after(self.now), self.now)
        if found.empty:
            self.warn(element, "timer-at-once", "The timer fires at once.", "Nothing to do, or give it time.")

    def cycle(self, node: Node, element: Any, value: Any) -> None:
        found = timers.cycle(value, self.now)
        timers.within_reach(found.first, self.now)
        passed = found.passed(self.now)
        over = found.count is not None and passed >= found.count
        self.past(element, over if node.kind == "startEvent" else passed > 0)
        once = node.kind == "intermediateCatchEvent" or (node.kind == "boundaryEvent" and node.interrupting)
        if once and found.count != 1:
            self.warn(
                element,
                "cycle-once",
                "The event happens once: what comes after the first repetition has no effect.",
                "Write a duration; only boundary events that do not interrupt, and start events, repeat.",
            )

    def past(self, element: Any, is_past: bool) -> None:
        if is_past:
            self.warn(
                element,
                "timer-past",
                "The time is over already: the timer fires at once.",
                "Nothing to do, or write a later one.",
            )

    def boundary(self, node: Node) -> None:
        if node.host is None:
            self.error(
                node.element,
                "boundary-host",
                f"attachedToRef={node.element.get('attachedToRef')!r:.100} is no activity of the same"
                " (sub-)process.",
                "Draw the event on the border of a task, sub-process or call activity.",
            )
            return
        if node.trigger == "error" and not node.interrupting:
            self.error(
                node.element,
                "error-not-interrupting",
                "An error ends its activity; there is nothing left to go on.",
                'Remove cancelActivity="false".',
            )
        self.never(node, node.host.kind)

    def caught_twice(self, host: Node) -> None:
        """Error events of which another one on the same activity takes all."""
        seen = set()
        for event in host.boundaries:
            if event.trigger != "error":
                continue
            code = self.known_as(event)
            if code in seen:
                what = "every error" if code is None else f"the error {code[:MAX_CODE]!r}"
                self.error(
                    event.element,
                    "error-caught-twice",
                    f"Another event on the activity's border catches {what} already.",
                    "Keep one of them.",
                )
            seen.add(code)

    def starts(self, scope: Scope) -> None:
        """Start events of a process that wait for the same message."""
        seen = set()
        for node in scope.nodes:
            if node.kind != "startEvent" or node.trigger != "message":
                continue
            name = self.known_as(node)
            if name is not None and name in seen:
                self.error(
                    node.element,
                    "several-starts",
                    f"Another start event waits for {name[:80]!r}, too: one message would begin two cases.",
                    "Keep one of them, with a gateway behind it.",
                )
            seen.add(name)

    def never(self, node: Node, host: str) -> None:
        """Events that cannot happen where they stand."""
        if node.trigger == "error" and host not in _THROWING | REFUSED_NODES:
            self.error(
                node.element,
                "boundary-never",
                f"No error comes out of a <{host}>: a script that fails is an incident, and people answer"
                " with data.",
                "Let a variable say it, and ask that with an exclusive gateway behind the activity.",
            )
        elif host in _AT_ONCE:
            self.warn(
                node.element,
                "boundary-never",
                f"A <{host}> is done at once: the event never happens.",
                "Remove it, or draw it on what takes time.",
            )

    def service(self, element: Any) -> None:
        named = [element.get(name) for name in _TARGETS if element.get(name) is not None]
        if len(named) != 1:
            self.error(
                element,
                "service-target",
                f"The service task names {len(named) or 'no'} systems to ask.",
                'Write parvandeh:connector="…" for a connector of the installation, or parvandeh:topic="…"'
                " for work that another program fetches.",
            )
        for name in (*_TARGETS, f"{{{PARVANDEH}}}operation"):
            text = element.get(name)
            if text is not None and not (_is_name(text) and not _is_computed(text)):
                self.error(
                    element,
                    "service-target",
                    f"{name.rpartition('}')[2]}={text[:80]!r} is empty, longer than {MAX_NAME} characters,"
                    " surrounded by space, or an expression.",
                    "Write a name as it stands.",
                )

    def gateway(self, node: Node) -> None:
        if len(node.outgoing) < 2:
            self.error(
                node.element,
                "event-gateway",
                "Fewer than two flows lead out of the event-based gateway.",
                "Draw one flow to each event that may come first, or remove the gateway.",
            )
        for flow in node.outgoing:
            target = flow.target
            if target is not None and not _can_be_first(target):
                self.error(
                    target.element,
                    "event-gateway",
                    "Behind an event-based gateway stand intermediate timer, message and signal events, and"
                    " receive tasks without boundary events and markers; no other flow leads to them.",
                    "Put such an event between, and the rest behind it.",
                )

    def result(self, element: Any) -> None:
        name = element.get(f"{{{PARVANDEH}}}result")
        if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
            self.error(
                element,
                "invalid-variable",
                f"parvandeh:result={name[:80]!r} names no variable.",
                'Write the name of a variable, as in parvandeh:result="answer".',
            )

    def uncaught(self, node: Node, around: list[Node]) -> None:
        """An error that is thrown in a sub-process, and that no event around it catches."""
        code = self.known_as(node)
        boundaries = [event for host in around for event in host.boundaries if event.trigger == "error"]
        if code is not None and not any(self.known_as(event) in (code, None) for event in boundaries):
            self.warn(
                node.element,
                "error-not-caught",
                f"Nothing in this process catches the error {code[:MAX_CODE]!r}: the case would end with it.",
                "Draw an error event on the border of the sub-process, or use another end event if the case"
                " is to go on.",
            )

    def known_as(self, node: Node) -> str | None:
        """The name or code of what an event is about."""
        definition = definitions(node.element)[0]
        kind = local(definition).removesuffix("EventDefinition")
        found = self.named[kind].get((definition.get(f"{kind}Ref") or "").rpartition(":")[2])
        name: str | None = None if found is None else found.get(_NAMES[kind][0])
        return name


def _is_name(text: str, longest: int = MAX_NAME) -> bool:
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
