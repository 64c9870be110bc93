"""Checks that whatever is thrown in a process is caught, and that whatever is caught can be thrown.

Doesn't check names.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.bpmn.model.diagram import Diagram, Node, Scope, handlers, known_as, named
from engine.bpmn.model.notes import Notes, Rules
from engine.bpmn.notation.vocabulary import REFUSED_NODES, SUBPROCESSES, THROWN, bpmn

_THROWING: Mapping[str, frozenset[str]] = {
    "error": SUBPROCESSES | {"callActivity", "serviceTask"},
    "escalation": SUBPROCESSES | {"callActivity"},
}  # the activities that can throw it
_AT_ONCE = frozenset({"scriptTask", "sendTask"})  # nothing can happen in the meantime


def check_catching(diagram: Diagram, notes: Notes) -> None:
    """Checks every boundary event, and the errors and escalations of a process with their catch events."""
    rules = _Rules(diagram, notes)
    homes = {node.element: (node, scope) for scope in diagram.scopes for node in scope.nodes}
    for scope in diagram.scopes:
        for node in scope.nodes:
            rules.caught_twice(node.boundaries)
            for event in node.boundaries:
                rules.boundary(event, node)
            if node.kind in ("endEvent", "intermediateThrowEvent") and node.trigger in THROWN:
                rules.uncaught(node, scope, _around(scope, homes))
        found = dict(handlers(scope))
        rules.caught_twice(list(found.values()))
        for node, event in found.items():
            rules.handler(event, node, scope)


def _around(scope: Scope, homes: Mapping[Any, tuple[Node, Scope]]) -> Iterator[Node]:
    """Yields the events that may catch something thrown directly in a scope, nearest first."""
    own = None
    while True:
        yield from (event for node, event in handlers(scope) if node is not own)
        if scope.element not in homes:
            return
        own, scope = homes[scope.element]
        yield from own.boundaries


class _Rules(Rules):
    def __init__(self, diagram: Diagram, notes: Notes) -> None:
        super().__init__(diagram.file, notes)
        self.named = named(diagram)

    def caught_twice(self, events: list[Node]) -> None:
        """Reports events that never trigger because another one at the same place catches everything."""
        seen = set()
        for event in events:
            if event.trigger not in THROWN:
                continue
            code = known_as(event, self.named)
            if (event.trigger, code) in seen:
                error = event.trigger == "error"
                kind = "error-caught-twice" if error else "escalation-caught-twice"
                told = {} if code is None else {"code": code[:100]}
                self.error(event.element, kind, **told)
            seen.add((event.trigger, code))

    def boundary(self, event: Node, host: Node) -> None:
        if event.trigger in ("compensate", "cancel"):
            return  # see check/compensation.py
        if event.trigger == "error" and not event.interrupting:
            self.error(event.element, "error-not-interrupting.boundary")
        if event.trigger in THROWN and host.kind not in _THROWING[event.trigger] | REFUSED_NODES:
            self.error(event.element, "boundary-never", kind=host.kind, trigger=event.trigger or "")
        elif host.kind in _AT_ONCE or host.empty:
            self.warn(event.element, "boundary-never", kind=host.kind)
        elif event.trigger == "escalation":
            self.never_thrown(event, [host.element])

    def handler(self, event: Node, handler: Node, scope: Scope) -> None:
        """Checks the start event of an event sub-process."""
        if event.trigger == "error" and not event.interrupting:
            self.error(event.element, "error-not-interrupting.start")
        if event.trigger in THROWN:
            self.never_thrown(event, [node.element for node in scope.nodes if node is not handler])

    def never_thrown(self, event: Node, inside: list[Any]) -> None:
        """Reports an error or escalation that is never thrown."""
        kind, code = event.trigger or "", known_as(event, self.named)
        if not any(self.throws(element, kind, code) for element in inside):
            told = {} if code is None else {"code": code[:100]}
            self.warn(event.element, "never-thrown", what=kind, **told)

    def throws(self, element: Any, kind: str, code: str | None) -> bool:
        """Whether an element, or one inside it, can throw what a catch event waits for."""
        calls = ("callActivity", "serviceTask") if kind == "error" else ("callActivity",)
        if next(element.iter(*map(bpmn, calls)), None) is not None:
            return True
        thrown = (
            known_as(Node(event, "endEvent"), self.named)
            for event in element.iter(bpmn("endEvent"), bpmn("intermediateThrowEvent"))
            if event.find(bpmn(f"{kind}EventDefinition")) is not None
        )
        return any(code in (None, other) for other in thrown)

    def uncaught(self, node: Node, scope: Scope, around: Iterator[Node]) -> None:
        """Reports an error or escalation that is thrown in a sub-process and not caught around it."""
        kind, code = node.trigger, known_as(node, self.named)
        if code is None or scope.of_case:
            return
        if any(event.trigger == kind and known_as(event, self.named) in (code, None) for event in around):
            return
        if kind == "error":
            self.warn(node.element, "error-not-caught", code=code[:100])
        else:
            self.warn(node.element, "escalation-not-caught", code=code[:100])
