"""Compensation: what has completed is undone by its handlers, the last one first (BPMN 2.0.2 §13.5.5).

The throwing event reserves the records of what is to be compensated, and becomes ready again whenever one of
them is done. A handler's token stands in the scope of its activity. A completed sub-process without handler
comes back, to compensate what completed in it.
"""

from collections.abc import Iterator
from typing import Any

from engine.bpmn.notation.events import Trigger
from engine.bpmn.run import completions
from engine.bpmn.run.completions import BACK, FOR, INPUTS, INSIDE, KEPT, LOCALS
from engine.bpmn.run.elements.activities import EventSubProcess, SubProcessTask
from engine.bpmn.run.elements.branches import ABSENT, changed, set_since
from engine.bpmn.run.elements.events import BaseEvent
from engine.bpmn.run.elements.present import seen, within
from engine.bpmn.run.tokens import COMPLETED, FUTURE, INTERRUPTED, READY, STARTED, UNFINISHED, Token

THROWING = "throwing"  # key in a throwing token's internal data: it has begun


class CompensateEvent(BaseEvent):
    """An intermediate or end event that has completed work compensated, and waits until that is done."""

    trigger: Trigger

    def test(self) -> None:
        """SpiffWorkflow would want a flow into that with which a sub-process comes back."""

    def _run_hook(self, my_task: Token) -> bool | None:
        scopes = list(_scopes(my_task))
        if THROWING not in my_task.internal_data:
            self._begin(my_task)
            if not any([completions.reserve(scope, my_task.id.hex, self.trigger.name) for scope in scopes]):
                return True
            my_task.internal_data[THROWING] = True
            my_task.workflow.top_workflow.enter(my_task)
        for scope in scopes:
            record = completions.last(scope, my_task.id.hex)
            if record:
                _compensate(my_task, scope, record)
                return None
        del my_task.internal_data[THROWING]
        return True

    def _begin(self, my_task: Token) -> None:
        """What is done before anything is compensated."""

    def handled(self, my_task: Token, handler: Token) -> None:
        """Go on with the next one: a handler has done its work, and its data are the thrower's."""
        given = {**handler.parent.data, **handler.internal_data[LOCALS]}
        changes = changed(given, handler.data, besides=handler.internal_data[KEPT])
        my_task.data = _there({**my_task.data, **changes})
        completions.drop(handler.workflow, completions.last(handler.workflow, my_task.id.hex))
        if my_task._state == STARTED:
            my_task._set_state(READY)
            my_task.workflow.top_workflow.ready.rotate(1)

    def _on_cancel(self, my_task: Token) -> None:
        super()._on_cancel(my_task)
        for scope in _scopes(my_task):
            for token in list(scope.tasks.values()):
                if token.internal_data.get(FOR) == my_task.id.hex and token._state != COMPLETED:
                    token.cancel()
                    if BACK in token.internal_data:
                        inner = scope.top_workflow.subprocesses[token.id]
                        completions.last(scope, my_task.id.hex)[3:5] = completions.inside(inner)
            completions.release(scope, my_task.id.hex)


class CancelEvent(CompensateEvent):
    """The end event that cancels its transaction: all its work, and then what has completed (§10.7)."""

    def _begin(self, my_task: Token) -> None:
        scope = my_task.workflow
        my_task.data = _now(my_task, scope)
        scope.top_workflow.disarm(scope.host)
        scope.task_tree.internal_data[INTERRUPTED] = True
        unfinished = list(_unfinished(scope))
        for token in unfinished:
            token.data = seen(token)
        for token in list(scope.tasks.values()):
            if token is not my_task and token._state & UNFINISHED:
                token.cancel()
        for token in unfinished:
            completions.leave(token)

    def _on_complete_hook(self, my_task: Token) -> None:
        super()._on_complete_hook(my_task)
        host = my_task.workflow.host
        event = next(event for event in host.task_spec.boundaries if event.trigger.kind == "cancel")
        event.catch(host, {})


def _unfinished(scope: Any) -> Iterator[Token]:
    """The activities of a scope in which other work goes on or has completed, the innermost first."""
    for token in scope.tasks.values():
        if token._state & UNFINISHED and FOR not in token.internal_data:
            inner = scope.top_workflow.subprocesses.get(token.id)
            if inner is not None and isinstance(token.task_spec, SubProcessTask):
                yield from _unfinished(inner)
                yield token
            elif INSIDE in token.internal_data:
                yield token


def _scopes(token: Token) -> Iterator[Any]:
    """The (sub-)processes whose completed work a token can have compensated, its own one first.

    An event sub-process belongs to the one in which it stands, until it is itself compensated.
    """
    scope = token.workflow
    yield scope
    while (around := scope.host) is not None:
        if not isinstance(around.task_spec, EventSubProcess) or BACK in around.internal_data:
            return
        scope = around.workflow
        yield scope


def _compensate(my_task: Token, scope: Any, record: completions.Record) -> None:
    name, times, own, inside, objects, inputs, _ = record
    spec = scope.spec.task_specs[name]
    handler = scope.spec.task_specs[spec.compensation] if spec.compensation and times else spec
    token = scope.task_tree._add_child(handler, FUTURE)
    token.triggered = True  # its data are no branch's: they come to the throwing token
    kept = {**(own or {}), **(inputs or {})}
    given = {**_now(my_task, scope), **kept}
    token.internal_data.update({FOR: my_task.id.hex, KEPT: list(kept), LOCALS: given})
    if handler is spec:
        token.internal_data.update({BACK: True, INSIDE: [times, inside, objects]})
        if inputs:
            token.internal_data[INPUTS] = list(inputs)
        record[3:5] = None, None  # it has them now
    handler._update(token)


def _now(my_task: Token, scope: Any) -> dict[str, Any]:
    """The variables of a scope as they are now, as the throwing token sees them."""
    own = set_since(my_task.workflow.task_tree, my_task, my_task.data)
    return _there({**within(scope), **own})


def _there(data: dict[str, Any]) -> dict[str, Any]:
    """These variables without those that were taken away."""
    return {name: value for name, value in data.items() if value is not ABSENT}
