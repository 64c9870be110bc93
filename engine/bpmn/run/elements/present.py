"""The current data of unfinished work."""

from typing import Any

from engine.bpmn.run.activity_scope import outside
from engine.bpmn.run.completions import private
from engine.bpmn.run.elements.activities import CallActivity
from engine.bpmn.run.elements.branches import ABSENT, changed, consumed, set_since, together
from engine.bpmn.run.tokens import COMPLETED, FUTURE, HOST, READY, STARTED, WAITING, Token


def within(scope: Any) -> dict[str, Any]:
    """Returns the current data of a process or sub-process: its initial data and all changes so far.

    Later changes of a branch override earlier ones of another. Those of multi-instance activities are
    excluded.
    """
    first = scope.task_tree
    joining = consumed(scope)
    ends = [
        (token, token.parent.data if token.id.hex in joining else _reached(token))
        for token in scope.tasks.values()
        if not token.triggered
    ]
    changes = together(
        (set_since(first, token, data) for token, data in ends if data is not None), conflicts=False
    )
    return {name: value for name, value in {**first.data, **changes}.items() if value is not ABSENT}


def present(work: Token) -> dict[str, Any]:
    """Returns the data after an activity, if it completed now."""
    return outside(work, seen(work))


def seen(work: Token) -> dict[str, Any]:
    """Returns the current data in an activity, with its inputs."""
    inner = work.workflow.top_workflow.subprocesses.get(work.id)
    if inner is None or inner.completed or work.task_spec.own.apart:
        return work.data
    return within(inner)


def _reached(token: Token) -> dict[str, Any] | None:
    """Returns the data of a live token; None for others, and for events that only wait."""
    if token._state & (READY | STARTED) and HOST not in token.internal_data:
        return present(token)
    if token._state & (WAITING | FUTURE) and token.parent is not None and token.parent._state == COMPLETED:
        data: dict[str, Any] = token.parent.data
        return data
    return None


def known(scope: Any) -> dict[str, Any]:
    """Returns the current data of a process or sub-process, with later changes in enclosing scopes.

    A called process doesn't see these. Cached, since many conditions may be evaluated on the same data.
    """
    asked: dict[Any, dict[str, Any]] = scope.top_workflow.known
    if scope not in asked:
        asked[scope] = _known(scope)
    return asked[scope]


def _known(scope: Any) -> dict[str, Any]:
    here = within(scope)
    host = scope.host
    if host is None or isinstance(host.task_spec, CallActivity):
        return here
    around = changed(host.data, known(host.workflow), besides=private(host))
    inside = changed(scope.task_tree.data, here)
    merged = {**scope.task_tree.data, **around, **inside}
    return {name: value for name, value in merged.items() if value is not ABSENT}
