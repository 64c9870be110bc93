"""Multi-instance activities.

One instance per item, parallel or sequential, results in item order.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask

from engine.bpmn.expressions.scripts import language
from engine.bpmn.model.answers import Gathered
from engine.bpmn.run.completions import FOR, LASTING, LOCALS
from engine.bpmn.run.disputes import require_settled_in
from engine.bpmn.run.scopes import ANSWERS
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.tokens import FAILED, FINISHED, FUTURE, READY, STARTED, Failed, Token
from engine.bpmn.values import MAX_BYTES, fits

MAX_INSTANCES = 1_000
INDEX = "index"  # keys in the internal data of an instance and of the activity
COUNT, OPENED, RESULTS, ITEMS = "count", "opened", "results", "items"
LAST = "last"  # the variables of the instance that has just ended


class MultiInstance(LoopTask, BpmnSpecMixin):
    """The activity around its instances. It becomes ready again after each of them.

    Each instance is a scope: it owns its item, its counters, and the names that nothing outside of the
    activity reads or writes. Others are shared. An output collection has the results in item order.
    """

    sequential = False
    gathered: Gathered | None = None  # set when the process is built: the answers that it collects in lists

    def __init__(self, wf_spec: Any, bpmn_id: str, task_spec: str, **parts: Any) -> None:
        self.task_spec = task_spec
        self.cardinality: str | None = parts.pop("cardinality")
        self.condition: str | None = parts.pop("condition")
        names = ("data_input", "data_output", "input_item", "output_item")
        refs = {name: parts.pop(name) for name in names}
        super().__init__(wf_spec, bpmn_id, **parts)
        self.collection, self.output, self.item, self.output_item = (
            refs[name] and refs[name].bpmn_id for name in names
        )

    def listen(self) -> None:
        """Subscribes to the ends of instances. Called once, when the process is built."""
        self._wf_spec.task_specs[self.task_spec].completed_event.connect(self._instance_ended)

    def _run_hook(self, my_task: Token) -> bool | None:
        state = my_task.internal_data
        if COUNT not in state:
            items = self._items(my_task)
            state.update({COUNT: len(items), OPENED: 0, RESULTS: {}})
            if self._computed:
                state[ITEMS] = items  # another instant, or other data, could change them
            my_task.workflow.top_workflow.enter(my_task)
        elif self._satisfied(my_task):
            for instance in self._instances(my_task):
                instance.cancel()
            return self._finish(my_task)
        if len(state[RESULTS]) == state[COUNT]:
            return self._finish(my_task)
        self._open(my_task)
        return None

    def _items(self, my_task: Token) -> list[Any]:
        if self.collection is None:
            count = my_task.workflow.top_workflow.sandbox.count(self.cardinality, my_task.data)
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise Failed(
                    "multi-instance", f"the number of instances must be a whole number, not {count!r}"
                )
            items: list[Any] = list(range(min(count, MAX_INSTANCES + 1)))
        else:
            items = self._collection(my_task)
            if not isinstance(items, list):
                raise Failed("multi-instance", f"{self.collection!r} must be a list")
        if len(items) > MAX_INSTANCES:
            raise Failed("multi-instance", f"more than {MAX_INSTANCES} instances")
        return items

    @property
    def _computed(self) -> bool:
        """Whether its list is computed, not a variable."""
        return self.collection is not None and language(self.collection) != "python"

    def _collection(self, my_task: Token) -> Any:
        name = self.collection or ""
        if self._computed:
            return my_task.workflow.top_workflow.sandbox.evaluate(name, my_task.data)
        return my_task.data.get(name)

    def _open(self, my_task: Token) -> None:
        state = my_task.internal_data
        until = len(state[RESULTS]) + 1 if self.sequential else state[COUNT]
        if state[OPENED] >= until:
            return
        items = state[ITEMS] if ITEMS in state else self._items(my_task)
        while state[OPENED] < until:
            index = state[OPENED]
            state[OPENED] += 1
            instance = my_task._add_child(self._wf_spec.task_specs[self.task_spec], FUTURE)
            instance.triggered = True
            local = {self.item: items[index]} if self.item else {}
            local |= {"loopCounter": index, "nrOfInstances": state[COUNT]}
            instance.internal_data.update({INDEX: index, LOCALS: local})
            instance.task_spec._update(instance)

    def _instance_ended(self, _workflow: Any, instance: Token) -> None:
        if FOR in instance.internal_data:
            return  # it has been compensated
        my_task = instance.parent
        if self.gathered is not None:
            result = instance.internal_data.get(ANSWERS)
        else:
            result = instance.data.get(self.output_item) if self.output else None
        my_task.internal_data[RESULTS][str(instance.internal_data[INDEX])] = result
        if self.condition is not None:
            my_task.internal_data[LAST] = dict(instance.internal_data.get(LOCALS, {}))
        if my_task._state == STARTED and FAILED not in my_task.internal_data:
            # Ahead of the queue: the completion condition is evaluated after each instance.
            my_task._set_state(READY)
            my_task.workflow.top_workflow.ready.rotate(1)

    def _satisfied(self, my_task: Token) -> bool:
        if self.condition is None:
            return False
        state = my_task.internal_data
        done = len(state[RESULTS])
        extra = {
            "nrOfInstances": state[COUNT],
            "nrOfCompletedInstances": done,
            "nrOfActiveInstances": state[OPENED] - done,
        }
        collected = {self.output: self._collected(state)} if self.output else {}
        data = {**my_task.data, **collected, **state.get(LAST, {})}
        sandbox: Sandbox = my_task.workflow.top_workflow.sandbox
        require_settled_in(my_task, self.condition)
        return sandbox.holds(self.condition, data, extra)

    def _collected(self, state: dict[str, Any]) -> list[Any]:
        return [state[RESULTS][index] for index in sorted(state[RESULTS], key=int)]

    def _finish(self, my_task: Token) -> bool:
        state = my_task.internal_data
        results = self._results(state)
        if results:
            if not fits({**my_task.data, **results}):
                raise Failed("multi-instance", f"the results are larger than {MAX_BYTES >> 20} MiB")
            my_task.write(results)
        my_task.internal_data = {name: state[name] for name in LASTING if name in state}
        return True

    def _results(self, state: dict[str, Any]) -> dict[str, list[Any]]:
        """Returns what has been collected, as variables."""
        if self.output:
            return {self.output: self._collected(state)}
        if self.gathered is None:
            return {}
        answers = [answer or {} for answer in self._collected(state)]
        names = sorted({*self.gathered.lists, *(name for answer in answers for name in answer)})
        return {
            target: [answer.get(name) for answer in answers]
            for name in names
            if (target := self.gathered.list_of(name)) is not None
        }

    def _instances(self, my_task: Token) -> list[Token]:
        return [token for token in my_task.children if token.triggered and not token._state & FINISHED]


class StandardLoop(MultiInstance):
    """Sequential instances, while the condition is true (BPMN 2.0.2 §10.3.8)."""

    sequential = True

    def __init__(self, wf_spec: Any, bpmn_id: str, task_spec: str, *how: Any, **parts: Any) -> None:
        names = ("data_input", "data_output", "input_item", "output_item")
        super().__init__(
            wf_spec, bpmn_id, task_spec, **dict.fromkeys(("cardinality", "condition", *names)), **parts
        )
        self.maximum, self.condition, self.test_before = how  # in the order of SpiffWorkflow's parser

    def _run_hook(self, my_task: Token) -> bool | None:
        state = my_task.internal_data
        first = COUNT not in state
        if first:
            state.update({COUNT: self.maximum or MAX_INSTANCES, OPENED: 0, RESULTS: {}})
            my_task.workflow.top_workflow.enter(my_task)
        if not (first and not self.test_before) and not self._again(my_task):
            return self._finish(my_task)
        self._open(my_task)
        return None

    def _items(self, my_task: Token) -> list[Any]:
        return list(range(my_task.internal_data[COUNT]))

    def _again(self, my_task: Token) -> bool:
        state = my_task.internal_data
        done = len(state[RESULTS])
        if done == self.maximum:
            return False
        if done == MAX_INSTANCES:
            raise Failed("multi-instance", f"more than {MAX_INSTANCES} instances")
        if self.condition is None:
            return True
        sandbox: Sandbox = my_task.workflow.top_workflow.sandbox
        require_settled_in(my_task, self.condition)
        return sandbox.holds(self.condition, my_task.data, {"loopCounter": done})


class ParallelMultiInstance(MultiInstance):
    """All instances in parallel."""


class SequentialMultiInstance(MultiInstance):
    """One instance after the other."""

    sequential = True
