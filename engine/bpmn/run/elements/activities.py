"""Start events and activities: scripts, sub-processes, data objects."""

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.defaults import CallActivity as SpiffCallActivity
from SpiffWorkflow.bpmn.specs.defaults import ScriptTask as SpiffScriptTask
from SpiffWorkflow.bpmn.specs.defaults import StartEvent as SpiffStartEvent
from SpiffWorkflow.bpmn.specs.defaults import SubWorkflowTask as SpiffSubWorkflowTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask as SubWorkflowMixin

from engine.bpmn.expressions import juel, named_people
from engine.bpmn.expressions.scripts import as_written, names
from engine.bpmn.notation.rule_tasks import NO_DECISIONS
from engine.bpmn.run import activity_scope, completions, scopes
from engine.bpmn.run.disputes import require_settled
from engine.bpmn.run.elements import calls
from engine.bpmn.run.rule_tasks import RuleFailed, mapped, payload_of
from engine.bpmn.run.tokens import FINISHED, FIRED, INTERRUPTED, STARTED, STARTED_BY, Failed, Token
from engine.bpmn.run.workflow import SubProcess
from engine.bpmn.sandbox import ScriptFailed
from engine.bpmn.values import MAX_BYTES, Unportable, fits, portable
from engine.dmn import Decisions, Evaluation


class StartEvent(SpiffStartEvent):
    """A start event. By the time its token arrives, its trigger has occurred."""

    trigger: Any = None  # set by the parser: what starts a case here, other than people
    handles = False  # set by the parser: whether an event sub-process starts here
    starter: str | None = None  # set by the parser: the variable for the name of who started the case

    def _update_hook(self, my_task: Token) -> bool:
        return bool(BpmnTaskSpec._update_hook(self, my_task))

    def _on_ready_hook(self, my_task: Token) -> None:
        pass

    def _run_hook(self, my_task: Token) -> bool:
        if self.starter is not None:
            name = my_task.workflow.top_workflow.data.get(STARTED_BY)
            my_task.write({self.starter: name})
        return True


class ScriptTask(SpiffScriptTask):
    """A script task: its script runs in the sandbox and its results are assigned by name.

    An expression in JUEL may have been external work when the case reached it: a reply is then still
    accepted.
    """

    def __init__(self, wf_spec: Any, bpmn_id: str, script: str, **parts: Any) -> None:
        super().__init__(wf_spec, bpmn_id, as_written(script), **parts)

    def _execute(self, my_task: Token) -> bool:
        if my_task.internal_data.pop(FIRED, False):
            my_task.internal_data.pop(calls.CALL, None)
            return True
        changes = my_task.workflow.top_workflow.sandbox.execute(self.script, my_task.data)
        if my_task.workflow.top_workflow.spec.gathers:  # an answer may be what the variable already was
            assigned = names(self.script, "exec").writes & my_task.data.keys()
            scopes.gather(my_task, {name: my_task.data[name] for name in assigned})
        my_task.write(changes)
        return True

    def answer(self, my_task: Token, reply: Mapping[str, Any]) -> None:
        """Accepts the reply instead of the expression's value."""
        script = juel.assignment(self.script)
        calls.accept(my_task, reply, None if script is None else script.result)

    def give_up(self, my_task: Token, code: str, detail: str) -> None:
        """Opens an incident; a retry evaluates the expression."""
        calls.give_up(my_task, code, detail)


class RuleTask(ScriptTask):
    """A business rule task: evaluates a DMN decision of the deployment, and stores result and reasons.

    `how` is the mapping of the result; without a variable for it, each output sets the variable of its name.
    If it is `strict`, a null from a wrong type or a missing input is a failure.
    """

    rules: Decisions = NO_DECISIONS  # set when the process is built: the decisions that it may name

    def __init__(self, wf_spec: Any, bpmn_id: str, decision: str, result: str | None, **parts: Any) -> None:
        self.decision, self.result, self.how = decision, result, parts.pop("how")
        self.strict: bool = parts.pop("strict")
        super().__init__(wf_spec, bpmn_id, "", **parts)

    def _execute(self, my_task: Token) -> bool:
        if my_task.workflow.top_workflow.disputes:
            require_settled(my_task, self.rules.reads(self.decision))
        try:
            sandbox = my_task.workflow.top_workflow.sandbox
            evaluation = sandbox.decide(self.rules, self.decision, my_task.data, strict=self.strict)
            changes, why = portable(self._changes(evaluation)), payload_of(evaluation)
        except (RuleFailed, Unportable) as error:
            raise Failed("decision-failed", f"{self.decision}: {error}") from error
        if not fits({**my_task.data, **changes}):
            limit = f"with its result the case's data would be larger than {MAX_BYTES >> 20} MiB"
            raise Failed("decision-failed", f"{self.decision}: {limit}")
        my_task.why = {**why, **self._places(my_task)}
        my_task.write(changes)
        return True

    def _places(self, my_task: Token) -> dict[str, Any]:
        """Returns the variables of its inputs, and the variable of its result.

        Roles that may not see these may not see the reasons either.
        """
        read = names(self.own.inputs.strip(), "eval").reads if self.own.inputs else ()
        known = scopes.view(my_task, around=True)
        made_of = {name: known[name] for name in sorted(read) if name in known}
        return {"variable": self.result, **({"data": made_of} if made_of else {})}

    def _changes(self, evaluation: Evaluation) -> dict[str, Any]:
        if self.result is not None:
            return {self.result: mapped(evaluation, self.how)}
        outputs = self.rules.outputs(self.decision)
        if isinstance(evaluation.result, list) and evaluation.rows:
            return {name: [row.get(name) for row in evaluation.rows] for name in outputs}
        given = evaluation.result if isinstance(evaluation.result, dict) else next(iter(evaluation.rows), {})
        return {name: given.get(name) for name in outputs}


class _Inner(SubWorkflowMixin):
    """A sub-process reads and writes the variables of its surroundings, except those that are its own.

    A called process has its own: what the call passes in, and it sets what the call passes out.
    """

    calls = False

    def _update_hook(self, my_task: Token) -> bool:
        if my_task.id in my_task.workflow.top_workflow.subprocesses:
            return bool(super()._update_hook(my_task))
        self.open_inside(my_task)
        return False

    def open_inside(self, my_task: Token) -> None:
        """Starts the process inside, unless its input can't be computed."""
        try:
            activity_scope.enter(my_task)
            given = activity_scope.handed_over(my_task) if self.calls else self._received(my_task)
        except (named_people.Unfit, ScriptFailed) as error:
            my_task.stay(error)
            return
        inner = my_task.workflow.top_workflow.create_subprocess(my_task, self.spec)
        inner.completed_event.connect(self._on_subworkflow_completed, my_task)
        if completions.INSIDE in my_task.internal_data:
            come_back(inner, *my_task.internal_data.pop(completions.INSIDE))
        inner.values.update(given)
        inner.task_tree.run()
        my_task._set_state(STARTED)

    def _received(self, my_task: Token) -> dict[str, Any]:
        """Returns what an event has brought for the sub-process that it starts."""
        received: dict[str, Any] = my_task.parent.internal_data.pop(scopes.RECEIVED, {})
        return received

    def _on_subworkflow_completed(self, subworkflow: SubProcess, my_task: Token) -> None:
        # One interrupted by an error also ends, and its token must stay removed.
        if not my_task._state & FINISHED:
            super()._on_subworkflow_completed(subworkflow, my_task)

    def update_data(self, my_task: Token, subworkflow: SubProcess) -> None:
        """Does nothing: only a call returns data."""


class SubProcessTask(_Inner, SpiffSubWorkflowTask):
    """An embedded sub-process."""

    def update_data(self, my_task: Token, subworkflow: SubProcess) -> None:
        super().update_data(my_task, subworkflow)
        completions.hand_over(my_task, subworkflow)


class EventSubProcess(SubProcessTask):
    """A sub-process started by an event: its token comes from that of its start event."""

    by_event = True


class CallActivity(_Inner, SpiffCallActivity):
    """A call of another process, bound when the caller was deployed."""

    calls = True
    early = False  # set when it is built: errors and escalations out of it map its outputs, as in Camunda
    returns_all = False  # and that it says that all is returned

    def return_early(self, my_task: Token, subworkflow: SubProcess) -> None:
        """Maps the outputs when an error or escalation leaves the call. Raises Unfit and ScriptFailed."""
        if self.own.outputs is not None:
            scopes.write(my_task, activity_scope.outputs(my_task, subworkflow.values), around=True)
        elif self.returns_all:
            scopes.write(my_task, self._all(subworkflow), around=True)

    def update_data(self, my_task: Token, subworkflow: SubProcess) -> None:
        """Takes over what the process has set, unless the call maps its outputs."""
        if self.own.apart and not self.returns_all:
            my_task.internal_data[activity_scope.RETURNED] = dict(subworkflow.values)
        else:
            my_task.write(self._all(subworkflow))

    def _all(self, subworkflow: SubProcess) -> dict[str, Any]:
        """Returns what the process has set; with inputs of its own, also these."""
        values = subworkflow.values
        names = subworkflow.written & values.keys() if self.own.handed is None else values.keys()
        return {name: values[name] for name in sorted(names)}


def come_back(inner: SubProcess, times: int, records: list[Any] | None, own: dict[str, Any] | None) -> None:
    """Restarts a completed sub-process, with its own variables, to compensate what completed in it."""
    inner.task_tree.internal_data[INTERRUPTED] = True
    if not times:
        inner.task_tree.internal_data[completions.PARTLY] = True
    if records:
        inner.task_tree.internal_data[completions.RECORDS] = records
    if own:
        inner.values.update(own)
