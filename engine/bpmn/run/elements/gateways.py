"""Joins as BPMN 2.0.2 §13.4 has them: tokens wait, are consumed together, and no branch's data are lost."""

from collections.abc import Sequence
from uuid import UUID

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.defaults import ExclusiveGateway as SpiffExclusiveGateway
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway as SpiffInclusiveGateway
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway as SpiffParallelGateway
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin

from engine.bpmn.run.elements.branches import CONSUMED, DECIDED, joined
from engine.bpmn.run.elements.events import BoundaryEvent
from engine.bpmn.run.elements.handlers import rest
from engine.bpmn.run.tokens import COMPLETED, FUTURE, READY, STARTED, UNFINISHED, WAITING, Failed, Token


class Join(UnstructuredJoin):
    """A place where tokens gather. The token that arrives last, or looks last, goes on for all."""

    conflicts = True  # whether branches may not set one variable to different values

    def _update_hook(self, my_task: Token) -> bool:
        my_task._set_state(WAITING)
        waiting = self._waiting(my_task)
        # Only the newest needs to look: what an older one could see, it sees too.
        if my_task is not waiting[-1] or not self._may_fire(my_task, waiting):
            return False
        consumed = self._consumed(my_task, waiting)
        # Taken now, so that no other token can fire with them; forgotten once the join has run.
        my_task.internal_data[CONSUMED] = [token.id.hex for token in consumed]
        for token in consumed:
            token.cancel()
        my_task._inherit_data()
        return True

    def _waiting(self, my_task: Token) -> list[Token]:
        """The tokens that have arrived and were not consumed yet, in order of arrival."""
        return [
            token
            for token in my_task.workflow.top_workflow.waiting.values()
            if token.task_spec is self and token.workflow is my_task.workflow
        ]

    def _may_fire(self, my_task: Token, waiting: Sequence[Token]) -> bool:
        raise NotImplementedError

    def _consumed(self, my_task: Token, waiting: Sequence[Token]) -> list[Token]:
        """The tokens, besides `my_task`, that this firing takes."""
        return [token for token in waiting if token is not my_task]

    def _gather(self, my_task: Token) -> list[Token]:
        """Give the token the data of all branches; the consumed tokens, to be forgotten once it has run."""
        consumed = [my_task.workflow.tasks[UUID(hex=name)] for name in my_task.internal_data[CONSUMED]]
        if consumed:
            ends = [token.parent for token in (*consumed, my_task)]
            decided = my_task.internal_data.get(DECIDED)
            my_task.data = joined(ends, conflicts=self.conflicts, decided=decided)
        return consumed

    def _forget(self, my_task: Token, consumed: Sequence[Token]) -> None:
        del my_task.internal_data[CONSUMED]
        my_task.internal_data.pop(DECIDED, None)
        for token in consumed:
            my_task.workflow.forget(token)

    def _run_hook(self, my_task: Token) -> bool:
        self._forget(my_task, self._gather(my_task))
        return True


class ParallelGateway(Join, SpiffParallelGateway):
    """Fires when every incoming flow has a token, and takes one of each.

    More of them wait for the next time.
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
    """Fires when no token elsewhere can still reach an incoming flow that has none (BPMN 2.0.2 §13.4.3)."""

    def _may_fire(self, my_task: Token, waiting: Sequence[Token]) -> bool:
        arrived = {token.parent.task_spec.name for token in waiting}
        reachable = self._upstream(set(self._inputs) - arrived)
        satisfied = self._upstream(arrived)
        return not any(
            token.task_spec.name in reachable and token.task_spec.name not in satisfied
            for token in my_task.workflow.tasks.values()
            if token.task_spec is not self and _live(token)
        )

    def _upstream(self, inputs: set[str]) -> set[str]:
        """The elements from which a path leads to one of `inputs` without visiting this gateway."""
        found: set[str] = set()
        open_names = list(inputs)
        while open_names:
            name = open_names.pop()
            if name not in found and name != self.name:
                found.add(name)
                spec = self._wf_spec.task_specs[name]
                open_names += spec._inputs
                open_names += [spec.host] if isinstance(spec, BoundaryEvent) else []
        return found

    def _run_hook(self, my_task: Token) -> bool:
        consumed = self._gather(my_task)
        matches, defaults = self._get_matching_outputs(my_task)
        if not matches and not defaults:
            raise Failed("no-flow", "no condition is true and there is no default flow")
        my_task._sync_children(matches or defaults, FUTURE)
        self._forget(my_task, consumed)
        return True


def _live(token: Token) -> bool:
    """Whether this is a token in BPMN's sense, not one that is only foreseen."""
    if token._state & (READY | WAITING | STARTED):
        return True
    parent = token.parent
    return token._state == FUTURE and parent is not None and parent._state == COMPLETED


class ExclusiveGateway(SpiffExclusiveGateway):
    """Takes the first flow whose condition is true, else the default."""

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
    """Where all branches of a process end: it fires when nothing else is left but what may yet begin.

    Handlers of events end here one after the other, often having set the same variables: the last one counts.
    """

    conflicts = False

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
