"""What a case throws reaches the waits of the same case in the same command, before the thrower continues.

A signal reaches all of them; a message the only one with its name and keys, as from outside: one that
matches several isn't delivered. A payment is booked on its bill before a case receives it, so one that the
case throws itself takes the same path as all others. A wait that begins later receives nothing.
"""

from typing import Any

from engine.bpmn.notation import broadcast
from engine.bpmn.notation.bills import BILL
from engine.bpmn.run.step import Fired, Thrown
from engine.bpmn.run.tokens import STARTED, WAIT
from engine.bpmn.values import canonical


def receivers(workflow: Any, thrown: Thrown) -> list[Any]:
    """Returns the tokens of the case that receive what it throws."""
    if thrown.kind == "message" and broadcast.is_reserved(thrown.name):
        return []
    found = [token for token, wait in workflow.waits().values() if _matches(thrown, wait)]
    unclear = len(found) > 1 and thrown.kind == "message" and not broadcast.PATTERN.fullmatch(thrown.name)
    return [] if unclear else found


def deliver(workflow: Any, thrown: Thrown) -> tuple[Fired, ...]:
    """Triggers the events that wait for it; one that an earlier one has removed waits no longer."""
    reached = []
    for token in receivers(workflow, thrown):
        if token._state == STARTED and WAIT in token.internal_data:
            token.task_spec.fire(token, thrown.data, workflow.sandbox.now)
            reached.append(Fired(token.id, token.task_spec.element.path, thrown.kind, thrown.name))
    return tuple(reached)


def _matches(thrown: Thrown, wait: dict[str, Any]) -> bool:
    if (wait["kind"], wait.get("name")) != (thrown.kind, thrown.name) or BILL in wait:
        return False
    return thrown.kind == "signal" or canonical(wait["correlation"]) == canonical(thrown.keys)
