"""Compensation: handlers undo completed work, last completed first (BPMN 2.0.2 §13.5.5).

The throwing event reserves the records to compensate, and becomes ready again after each of them. A handler's
token is in the scope of its activity. A completed sub-process without a handler is restarted, to compensate
what completed in it.
"""

from collections.abc import Iterator
from typing import Any

from engine.bpmn.notation.events import Trigger
from engine.bpmn.run import completions
from engine.bpmn.run.completions import BACK, FOR, INPUTS, INSIDE, LOCALS
from engine.bpmn.run.elements.activities import EventSubProcess, SubProcessTask
from engine.bpmn.run.elements.events import BaseEvent
from engine.bpmn.run.tokens import COMPLETED, FUTURE, INTERRUPTED, READY, STARTED, UNFINISHED, Token

THROWING = "throwing"  # key in a throwing token's internal data: it has started


class CompensateEvent(BaseEvent):
    """An intermediate or end event that triggers compensation of completed work, and waits for it to end."""

    trigger: Trigger

    def test(self) -> None:
        """SpiffWorkflow would require a flow into the element that restarts a sub-process."""

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
        """Prepares compensation."""

    def handled(self, my_task: Token, handler: Token) -> None:
        """Continues with the next record: a handler is done."""
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
    """The end event that cancels its transaction: unfinished work first, then completed work (§10.7)."""

    def _begin(self, my_task: Token) -> None:
        scope = my_task.workflow
        scope.top_workflow.disarm(scope.host)
        scope.task_tree.internal_data[INTERRUPTED] = True
        unfinished = list(_unfinished(scope))
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
    """Yields the activities of a scope with unfinished or completed inner work, innermost first."""
    for token in scope.tasks.values():
        if token._state & UNFINISHED and FOR not in token.internal_data:
            inner = scope.top_workflow.subprocesses.get(token.id)
            if inner is not None and isinstance(token.task_spec, SubProcessTask):
                yield from _unfinished(inner)
                yield token
            elif INSIDE in token.internal_data:
                yield token


def _scopes(token: Token) -> Iterator[Any]:
    """Yields the (sub-)processes whose completed work a token can compensate, its own one first.

    An event sub-process belongs to the scope that contains it, until it is itself compensated.
    """
    scope = token.workflow
    yield scope
    while (around := scope.host) is not None:
        if not isinstance(around.task_spec, EventSubProcess) or BACK in around.internal_data:
            return
        scope = around.workflow
        yield scope


def _compensate(my_task: Token, scope: Any, record: completions.Record) -> None:
    name, times, local, inside, own, inputs, _ = record
    spec = scope.spec.task_specs[name]
    handler = scope.spec.task_specs[spec.compensation] if spec.compensation and times else spec
    token = scope.task_tree._add_child(handler, FUTURE)
    token.triggered = True
    # What was local to the completed work is as it was then; all else as it is now (§10.7).
    token.internal_data[FOR] = my_task.id.hex
    if kept := {**(local or {}), **(inputs or {})}:
        token.internal_data[LOCALS] = kept
    if handler is spec:
        token.internal_data.update({BACK: True, INSIDE: [times, inside, own]})
        if inputs:
            token.internal_data[INPUTS] = list(inputs)
        record[3:5] = None, None  # it has them now
    handler._update(token)
