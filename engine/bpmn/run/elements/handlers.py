"""Event sub-processes: their start events wait in parallel with other work (BPMN 2.0.2 §10.2.5, §13.5.4)."""

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BpmnStartTask

from engine.bpmn.notation.events import THROWN
from engine.bpmn.run.elements.events import SideEvent
from engine.bpmn.run.scopes import RECEIVED
from engine.bpmn.run.tokens import FUTURE, HOST, INTERRUPTED, Token


class ScopeStart(BpmnStartTask):
    """The start of a process or sub-process, and of the events of its event sub-processes."""

    def _on_complete_hook(self, my_task: Token) -> None:
        super()._on_complete_hook(my_task)
        if INTERRUPTED in my_task.internal_data:
            return  # it is restarted for compensation
        for event in self._wf_spec.handlers:
            if event.trigger.kind not in THROWN:
                my_task._add_child(event, FUTURE).internal_data[HOST] = my_task.id.hex


class HandlerStart(SideEvent):
    """The start event of an event sub-process, in the enclosing scope.

    An interrupting one removes all other work from the scope, which then waits for nothing else.
    """

    def catch(self, work: Token, data: Mapping[str, Any]) -> Token:
        token: Token = work.workflow.task_tree._add_child(self, FUTURE)
        self._receive(token, data)
        self._interrupt(token)
        token._ready()
        return token

    def _run_hook(self, my_task: Token) -> bool | None:
        # Its token starts when the enclosing sub-process is compensated.
        return True if self.trigger.kind == "compensate" else super()._run_hook(my_task)

    def _set(self, going: Token, taken: Mapping[str, Any]) -> None:
        """Sets what has arrived: in the run of the sub-process if it owns the name, else around it."""
        owned = going.workflow.top_workflow.subprocess_specs[self.outputs[0].spec].owned
        own = {name: value for name, value in taken.items() if name in owned}
        going.write({name: value for name, value in taken.items() if name not in owned})
        if own:
            going.internal_data[RECEIVED] = own

    def _taken(self, my_task: Token) -> None:
        del my_task.internal_data[HOST]
        self._interrupt(my_task)

    def _interrupt(self, going: Token) -> None:
        if self.interrupting:
            first = going.workflow.task_tree
            first.internal_data[INTERRUPTED] = True
            for token in first.children:
                if token is not going:
                    token.cancel()


def rest(scope: Any) -> None:
    """Stops the events of a scope's event sub-processes when its work is done."""
    for token in list(scope.tasks.values()):
        if token.idle:
            token.cancel()
            scope.forget(token)
