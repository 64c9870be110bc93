"""Joins (BPMN 2.0.2 §13.4): tokens wait, and are consumed together."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.defaults import ExclusiveGateway as SpiffExclusiveGateway
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway as SpiffInclusiveGateway
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway as SpiffParallelGateway
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin

from engine.bpmn.run.elements.events import BoundaryEvent
from engine.bpmn.run.elements.handlers import rest
from engine.bpmn.run.tokens import (
    COMPLETED,
    CONSUMED,
    FUTURE,
    READY,
    STARTED,
    UNFINISHED,
    WAITING,
    Failed,
    Token,
)


class Join(UnstructuredJoin):
    """An element where tokens wait. The token that arrives or is checked last continues for all."""

    def _update_hook(self, my_task: Token) -> bool:
        my_task._set_state(WAITING)
        waiting = self._waiting(my_task)
        # Only the newest one is checked: it sees all that older ones see.
        if my_task is not waiting[-1] or not self._may_fire(my_task, waiting):
            return False
        consumed = self._consumed(my_task, waiting)
        # Reserved now, so that no other token can fire with them; dropped once the join has run.
        my_task.internal_data[CONSUMED] = [token.id.hex for token in consumed]
        for token in consumed:
            token.cancel()
        return True

    def _waiting(self, my_task: Token) -> list[Token]:
        """Returns the tokens that have arrived and aren't consumed yet, in order of arrival."""
        return [
            token
            for token in my_task.workflow.top_workflow.waiting.values()
            if token.task_spec is self and token.workflow is my_task.workflow
        ]

    def _may_fire(self, my_task: Token, waiting: Sequence[Token]) -> bool:
        raise NotImplementedError

    def _consumed(self, my_task: Token, waiting: Sequence[Token]) -> list[Token]:
        """Returns the tokens, in addition to `my_task`, that this firing consumes."""
        return [token for token in waiting if token is not my_task]

    def _forget(self, my_task: Token) -> None:
        """Drops the tokens that it represents: it has run, and no longer returns to them."""
        for name in my_task.internal_data.pop(CONSUMED):
            my_task.workflow.forget(my_task.workflow.tasks[UUID(hex=name)])

    def _run_hook(self, my_task: Token) -> bool:
        self._forget(my_task)
        return True


class ParallelGateway(Join, SpiffParallelGateway):
    """Fires when every incoming flow has a token, and consumes one of each.

    Further tokens wait for the next time.
    """

    def _may_fire(self, my_task: Token, waiting: Sequence[Token]) -> bool:
        return {token.parent.task_spec.name for token in waiting} >= set(self._inputs)

    def _consumed(self, my_task: Token, waiting: Sequence[Token]) -> list[Token]:
        first: dict[str, Token] = {}
        for token in waiting:
            first.setdefault(token.parent.task_spec.name, token)
        first.pop(my_task.parent.task_spec.name, None)
        return list(first.values())


class InclusiveGateway(Join, SpiffInclusiveGateway):
    """Fires when no token elsewhere can still reach an incoming flow without a token (BPMN 2.0.2 §13.4.3)."""

    def _may_fire(self, my_task: Token, waiting: Sequence[Token]) -> bool:
        arrived = {token.parent.task_spec.name for token in waiting}
        reachable = upstream(self, set(self._inputs) - arrived)
        satisfied = upstream(self, arrived)
        return not any(
            token.task_spec.name in reachable and token.task_spec.name not in satisfied
            for token in my_task.workflow.tasks.values()
            if token.task_spec is not self and _live(token)
        )

    def _run_hook(self, my_task: Token) -> bool:
        matches, defaults = self._get_matching_outputs(my_task)
        if not matches and not defaults:
            raise Failed("no-flow", "no condition is true and there is no default flow")
        my_task._sync_children(matches or defaults, FUTURE)
        self._forget(my_task)
        return True


def upstream(join: Join, inputs: Iterable[str]) -> set[str]:
    """Returns the elements from which a path leads to one of these inputs without passing the join."""
    found: set[str] = set()
    open_names = list(inputs)
    while open_names:
        name = open_names.pop()
        if name not in found and name != join.name:
            found.add(name)
            spec = join._wf_spec.task_specs[name]
            open_names += spec._inputs
            open_names += [spec.host] if isinstance(spec, BoundaryEvent) else []
    return found


def _live(token: Token) -> bool:
    """Whether this is a token in BPMN's sense, not only a predicted one."""
    if token._state & (READY | WAITING | STARTED):
        return True
    parent = token.parent
    return token._state == FUTURE and parent is not None and parent._state == COMPLETED


class ExclusiveGateway(SpiffExclusiveGateway):
    """Takes the first flow whose condition is true, else the default flow."""

    def _run_hook(self, my_task: Token) -> bool:
        taken = next(
            (
                name
                for condition, name in self.cond_task_specs
                if condition is not None and condition._matches(my_task)
            ),
            self.default_task_spec,
        )
        if taken is None:
            raise Failed("no-flow", "no condition is true and there is no default flow")
        my_task._sync_children([self._wf_spec.task_specs[taken]], FUTURE)
        return True


class EndJoin(Join, BpmnTaskSpec):
    """The end of all branches of a process: fires when only events that may still start work remain."""

    def _update_hook(self, my_task: Token) -> bool:
        fires = super()._update_hook(my_task)
        if fires:
            rest(my_task.workflow)
        return fires

    def _may_fire(self, my_task: Token, waiting: Sequence[Token]) -> bool:
        return not any(
            token._state & UNFINISHED
            and token.task_spec is not self
            and token.task_spec.name != "End"
            and not token.idle
            for token in my_task.workflow.tasks.values()
        )
