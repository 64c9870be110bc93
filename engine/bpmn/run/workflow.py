"""SpiffWorkflow's workflow, adapted to long cases: no recursion, no depth limit, a step budget, a trail.

Every change of a token's state calls `Token._set_state`. It records what is ready, what waits and what
happened, so that the whole tree never has to be searched.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.util.task import BpmnTaskFilter

from engine.bpmn.expressions import named_people
from engine.bpmn.notation import activities
from engine.bpmn.notation.events import THROWN
from engine.bpmn.notation.timers import NoHolidays
from engine.bpmn.run import activity_scope
from engine.bpmn.run.completions import FOR, PARTLY
from engine.bpmn.run.disputes import require_settled_in
from engine.bpmn.run.scopes import Dispute, Write
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.step import Issued, Outgoing, Thrown
from engine.bpmn.run.tokens import (
    ARMED,
    FAILED,
    FINISHED,
    FUTURE,
    HOST,
    INTERRUPTED,
    READY,
    STARTED,
    UNFINISHED,
    WAIT,
    WAITING,
    Failed,
    Token,
)
from engine.bpmn.sandbox import ScriptFailed

STEP_BUDGET = 5_000  # elements run by one command


class _Tree:
    """Base class of processes and sub-processes: traverses, completes and drops tokens without recursion."""

    tasks: dict[UUID, Token]
    task_tree: Token
    spec: Any
    data: dict[str, Any]
    values: dict[str, Any]  # the variables of this scope
    written: set[str]  # of a called process, the names of those that it has set
    called = False  # whether this is a called process, which reads nothing around it
    completed: bool
    parent_task_id: UUID | None
    top_workflow: "CaseWorkflow"
    entry_id: str | None = None  # the start event that was triggered; None: the plain one

    @property
    def entry(self) -> Any:
        """Returns the start event at which this begins, or what compensates a completed sub-process."""
        starts = self.spec.start.outputs
        if INTERRUPTED in self.task_tree.internal_data:
            return self.spec.compensator if PARTLY in self.task_tree.internal_data else self.spec.back
        if self.entry_id is not None:
            return next(spec for spec in starts if spec.element.path == self.entry_id)
        # That of an event sub-process is already triggered when it begins, and is the only one.
        return next((spec for spec in starts if spec.trigger is None), starts[0])

    @property
    def host(self) -> Token | None:
        """Returns the token at whose element this runs; None for the case's own process."""
        if self.parent_task_id is None:
            return None
        token: Token = self.top_workflow.get_task_from_id(self.parent_task_id)
        return token

    def plant(self) -> None:
        """Creates the first token at the start. Data objects are None until they are written."""
        self.values.update(dict.fromkeys(self.spec.data_objects))
        self.task_tree = Token(self, self.spec.start, state=FUTURE)
        self.task_tree._ready()

    def walk(self, first: Token | None = None, *, within: bool = False) -> Iterator[Token]:
        """Yields the tokens of the tree in depth-first order; `within` includes those of sub-processes."""
        stack = [first or self.task_tree]
        while stack:
            token = stack.pop()
            yield token
            tasks = token.workflow.tasks
            stack.extend(tasks[child] for child in reversed(token._children) if child in tasks)
            inner = self.top_workflow.subprocesses.get(token.id) if within else None
            if inner is not None:
                stack.append(inner.task_tree)

    def get_tasks_iterator(
        self, first_task: Token | None = None, task_filter: Any = None, **kwargs: Any
    ) -> Iterator[Token]:
        """SpiffWorkflow's query, based on `walk`."""
        within = not kwargs.pop("skip_subprocesses", False)
        matches = (task_filter or BpmnTaskFilter(**kwargs)).matches
        return (token for token in self.walk(first_task, within=within) if matches(token))

    def update_waiting_tasks(self) -> None:
        """Checks the joins of this tree again."""
        for token in list(self.top_workflow.waiting.values()):
            if token.workflow is self and token._state == WAITING:
                token.task_spec._update(token)

    def forget(self, token: Token) -> None:
        """Drops a token from the tree; its children, if any, must be dropped too."""
        parent = self.tasks.get(token._parent)
        if parent is not None:
            parent._children.remove(token.id)
        del self.tasks[token.id]
        self.top_workflow.waiting.pop(token.id, None)

    def is_completed(self) -> bool:
        """Whether nothing is left to do, whatever the last element was."""
        return self.completed or not any(token._state & UNFINISHED for token in self.tasks.values())

    def cancel(self, success: bool = False) -> list[Token]:
        """Removes every live token, including those of sub-processes."""
        self.completed = True
        self.task_tree.cancel()
        return []

    def _mark_complete(self, token: Token) -> None:
        self.completed = True


class SubProcess(_Tree, BpmnSubWorkflow):
    """One run of an embedded sub-process or a called process; `name` is that of its built spec."""

    def __init__(self, name: str, parent_task_id: UUID, top_workflow: "CaseWorkflow") -> None:
        self.name = name
        spec = top_workflow.subprocess_specs[name]
        self.values, self.written = {}, set()
        super().__init__(spec, parent_task_id, top_workflow, deserializing=True)
        self.called = self.host is not None and self.host.task_spec.calls

    def _calculate_depth(self) -> int:
        return 0  # only SpiffWorkflow's own loop would use it


class CaseWorkflow(_Tree, BpmnWorkflow):
    """The process of one case.

    `trail` is what happened since it was loaded: (token, state before, state after); `journal` is what was
    written.
    """

    def __init__(self, spec: Any, subprocess_specs: dict[str, Any], sandbox: Sandbox) -> None:
        self.ready: deque[Token] = deque()
        self.waiting: dict[UUID, Token] = {}
        self.values, self.written = {}, set()
        self.trail: list[tuple[Token, int, int]] = []
        self.journal: list[Write] = []
        self.failures: list[tuple[Token, Failed]] = []
        self.thrown: list[Thrown] = []
        self.calls: list[Outgoing] = []
        self.called_at: dict[UUID, int] = {}  # by token: the length of the journal when it made its call
        self.bills: list[Issued] = []
        self.disputes: list[Dispute] = []
        self.discovered: Sequence[Dispute] = ()  # those that were found when the state was read
        self.before: dict[UUID, dict[str, Any]] = {}  # what was waited for when it was loaded
        self.places: dict[UUID, str] = {}  # the elements, by path, where that was
        self.watched: list[Token] = []  # tokens that wait for conditions
        self.asked: dict[UUID, dict[str, Any]] = {}  # the data with which these were last evaluated
        self.outcome: str | None = None
        self.uncaught: str | None = None  # what ended the case: an error that nothing caught
        self.sandbox = sandbox
        super().__init__(spec, subprocess_specs, script_engine=_Expressions(sandbox), deserializing=True)

    def create_subprocess(self, my_task: Token, spec_name: str) -> SubProcess:
        """Starts a sub-process for a token at its element."""
        inner = SubProcess(spec_name, my_task.id, self)
        self.subprocesses[my_task.id] = inner
        inner.plant()
        return inner

    def moved(self, token: Token, before: int) -> None:
        """Handles a token's change of state: the only hook for queue, joins and log."""
        state = token._state
        if state == READY and not self._entered(token):
            return
        if token.task_spec.boundaries and FOR not in token.internal_data:
            self._guard(token)
        if before == WAITING:
            self.waiting.pop(token.id, None)
        if state == WAITING:
            self.waiting[token.id] = token
        elif state == READY and not token.human:
            self.ready.append(token)
        if state >= READY and not (state == STARTED and before == READY):
            self.note(token, before)

    def _entered(self, token: Token) -> bool:
        """Whether the token got its activity's local variables; otherwise it has failed."""
        if token.task_spec.own is activities.NOTHING:
            return True
        try:
            activity_scope.enter(token)
        except (named_people.Unfit, NoHolidays, ScriptFailed) as error:
            token.fail(error)
            return False
        return True

    def _guard(self, host: Token) -> None:
        """Starts the boundary events of an activity while it lasts."""
        if host._state & FINISHED:
            self.disarm(host)
        elif host._state in (READY, STARTED) and ARMED not in host.internal_data:
            host.internal_data[ARMED] = True
            self.arm(host, [spec for spec in host.task_spec.boundaries if spec.trigger.kind not in THROWN])

    def arm(self, host: Token, events: Iterable[Any]) -> None:
        """Starts waiting for boundary events of an activity."""
        for spec in events:
            host.internal_data[ARMED] = True
            token = host.parent._add_child(spec, FUTURE)
            token.internal_data[HOST] = host.id.hex
            token._ready()

    def disarm(self, host: Token) -> None:
        """Stops waiting for the boundary events of an activity."""
        for token in list(host.workflow.tasks.values()):
            if token.internal_data.get(HOST) == host.id.hex:
                token.cancel()
                host.workflow.forget(token)

    def waits(self) -> dict[UUID, tuple[Token, dict[str, Any]]]:
        """Returns the tokens that wait for something to happen, and for what."""
        return {
            token.id: (token, token.internal_data[WAIT])
            for tree in (self, *self.subprocesses.values())
            for token in tree.tasks.values()
            if token._state == STARTED and WAIT in token.internal_data and FAILED not in token.internal_data
        }

    def note(self, token: Token, before: int) -> None:
        """Adds a change to the trail."""
        self.trail.append((token, before, token._state))

    def enter(self, token: Token) -> None:
        """Records that an activity around other work has begun.

        It will become ready and start many more times.
        """
        self.trail.append((token, READY, STARTED))

    def advance(self) -> None:
        """Runs everything that needs no person, up to the step budget; then the next token fails."""
        steps = 0
        self._look()
        while self.ready:
            token = self.ready.popleft()
            if token._state != READY or token.id not in token.workflow.tasks:
                continue
            if steps == STEP_BUDGET:
                # The others stay ready, and continue when it is retried.
                token.fail(
                    Failed("step-budget", f"more than {STEP_BUDGET} steps in one go: a loop without end?")
                )
                return
            steps += 1
            token.advance()
            self._look()
        self._tell_of_deadlock()

    def _tell_of_deadlock(self) -> None:
        """Fails joins that wait for what can never arrive; otherwise nobody would notice the stopped case."""
        trees = (self, *self.subprocesses.values())
        live = READY | STARTED
        if any(
            token._state & live
            and (token.human or FAILED in token.internal_data or _comes(token))
            and not token.idle
            for tree in trees
            for token in tree.tasks.values()
        ):
            return
        # While a condition may be repaired, a join may still get what it waits for.
        if asking := [token for token in self._watched() if not token.idle]:
            for token in asking:
                never = "it waits for a condition, and nothing is left that could make it true"
                token.task_spec.give_up(token, Failed("never-true", never))
            return
        for token in list(self.waiting.values()):
            if token.task_spec.element is not None:
                del self.waiting[token.id]
                token.fail(Failed("deadlock", "it waits for a branch that can never come"))

    def _look(self) -> None:
        """Triggers the events whose conditions have become true."""
        for token in self._watched():
            if token._state == STARTED:  # an earlier one may have removed it
                token.task_spec.look(token)

    def _watched(self) -> list[Token]:
        """Returns the tokens that wait for conditions."""
        if self.watched:
            waiting = self.waits()
            self.watched = [token for token in self.watched if token.id in waiting]
        return list(self.watched)


def _comes(token: Token) -> bool:
    """Whether it waits for something outside of the case."""
    return WAIT in token.internal_data and token.internal_data[WAIT]["kind"] != "condition"


class _Expressions:
    """SpiffWorkflow's script engine: evaluates conditions only; elements run scripts themselves."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def evaluate(self, task: Token, expression: str, external_context: dict[str, Any] | None = None) -> Any:
        require_settled_in(task, expression)
        value = self._sandbox.holds(expression, task.data, external_context)
        if self._sandbox.trace is not None:
            self._sandbox.trace.asked(task, expression, value)
        return value
