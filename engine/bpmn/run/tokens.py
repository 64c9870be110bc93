"""Where a case stands: tokens, SpiffWorkflow's tasks under a name of their own, without its recursion.

Every change of a token's state passes through `Token._set_state`, which tells the workflow.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.specs import MultiChoice
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.expressions import named_people
from engine.bpmn.run import activity_scope, completions, declared_outcomes
from engine.bpmn.run.completions import BACK, FOR, LOCALS
from engine.bpmn.sandbox import ScriptFailed
from engine.platform.ids import uuid7

MAYBE, FUTURE, WAITING, READY = TaskState.MAYBE, TaskState.FUTURE, TaskState.WAITING, TaskState.READY
STARTED, COMPLETED, CANCELLED = TaskState.STARTED, TaskState.COMPLETED, TaskState.CANCELLED
FINISHED, UNFINISHED = TaskState.FINISHED_MASK, TaskState.NOT_FINISHED_MASK
FORESEEN = TaskState.PREDICTED_MASK | FUTURE  # no token yet, only a place where one may come

MAX_MESSAGE = 2_000  # characters of a failure's message

# Keys in a token's internal data.
FAILED = "failed"  # the code of the failure at which it stands
WAIT = "wait"  # what it waits for
FIRED = "fired"  # what it waited for has happened
HOST = "host"  # of an event that waits beside work: its activity's token, or the first one of its scope
DONE = "done"  # the person's work is done, and what it gives back could not be computed
PASSED_OVER = "passed over"
UNBEGUN = "unbegun"  # it failed before the process inside could begin
ARMED = "armed"  # the boundary events of this activity wait
INTERRUPTED = "interrupted"  # of the first token of a scope: an event sub-process has taken its work over

STARTED_BY = "started by"  # in a case's own data: the name of who has started it, if the process asks for it


class Failed(Exception):
    """A token cannot go on. `code` is stable; `line` counts within a script."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line


class Token(Task):
    """A place where the process is, was or may come to be: SpiffWorkflow's Task under a name of its own."""

    def __init__(
        self, workflow: Any, task_spec: Any, parent: "Token | None" = None, state: int = MAYBE
    ) -> None:
        super().__init__(workflow, task_spec, parent, state, id=uuid7())

    # The variables that came with what it waited for, and those that its outputs have set.
    received: frozenset[str] = frozenset()
    why: Mapping[str, Any] | None = None  # how a decision came to what it gave, until the command is told

    def _add_child(self, task_spec: Any, state: int = MAYBE) -> "Token":
        return Token(self.workflow, task_spec, self, state)

    def _set_state(self, value: int) -> None:
        before: int = self._state
        self._state: int = value
        if value != before:
            self.workflow.top_workflow.moved(self, before)

    def _inherit_data(self) -> None:
        # A copy of one level is enough: values are replaced, never changed in place (scripts run elsewhere).
        self.data = {**self.parent.data, **self.internal_data.get(LOCALS, {})}

    def is_descendant_of(self, task: Task) -> bool:
        """Whether `task` is an ancestor of this token."""
        return any(ancestor is task for ancestor in self.ancestors())

    def ancestors(self) -> Iterator["Token"]:
        """The tokens before this one, nearest first; one that compensates comes from none."""
        token: Token | None = self
        while token is not None and FOR not in token.internal_data:
            token = token.parent
            if token is not None:
                yield token

    def cancel(self) -> None:
        """Take this token, and every live one that came from it, out of the process."""
        if self.id not in self.workflow.tasks:
            return
        for token in list(self.workflow.walk(self)):
            if token._state & FORESEEN:
                self.workflow.forget(token)
            elif not token._state & FINISHED:
                token._set_state(CANCELLED)
                token.task_spec._on_cancel(token)

    def complete(self) -> None:
        """Go on.

        The tokens after this one come into being only now: SpiffWorkflow would foresee whole branches.
        """
        if PASSED_OVER in self.internal_data or BACK in self.internal_data:
            self.data = activity_scope.outside(self)
        else:
            self.data = self._left()
        thrower = self.thrower
        if thrower is not None:
            pass  # what follows goes on from where compensation was thrown
        elif self.task_spec is self.workflow.spec.start:
            self._sync_children([self.workflow.entry], FUTURE)
        elif not isinstance(self.task_spec, MultiChoice):  # a choice has been made when it ran
            self._sync_children(self.task_spec.outputs, FUTURE)
        super().complete()
        if thrower is None:
            completions.note(self)
        else:
            thrower.task_spec.handled(thrower, self)

    def _left(self) -> dict[str, Any]:
        """The data with which it goes on. Raises NotAllowed, and is as before."""
        returned = self.internal_data.get(activity_scope.RETURNED)
        data = activity_scope.leave(self)
        limits: declared_outcomes.Limits | None = getattr(self.task_spec, "limits", None)
        if limits is not None:
            try:
                declared_outcomes.require(limits, self, data)
            except declared_outcomes.NotAllowed:
                if returned is not None:
                    self.internal_data[activity_scope.RETURNED] = returned
                raise
        return data

    def pass_over(self) -> None:
        """Go on as if the element's work were done, whatever it would give back."""
        self.internal_data[PASSED_OVER] = True
        self.complete()

    def advance(self) -> None:
        """Run this token's element. A failure leaves it standing there with its data as they were."""
        before = self.data
        try:
            self.run()
        except (
            Failed,
            ScriptFailed,
            named_people.Unfit,
            declared_outcomes.NotAllowed,
            SpiffWorkflowException,
        ) as error:
            self.data = before
            if self.human:  # a person has done it, and is not asked again
                self.internal_data[DONE] = True
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Let the token stand at its element until it is retried: neither ready nor finished."""
        failed = _failed(error)
        self._state = STARTED
        self.internal_data[FAILED] = failed.code
        self.workflow.top_workflow.failures.append((self, failed))

    def stay(self, error: Exception) -> None:
        """Fail before anything of the element has begun."""
        self.internal_data[UNBEGUN] = True
        self.fail(error)

    def retry(self) -> None:
        """Make a failed token ready again."""
        unbegun = self.internal_data.pop(UNBEGUN, False)
        if self.internal_data.pop(FAILED) == "deadlock":
            self._set_state(WAITING)
            self.task_spec._update(self)
        elif unbegun:
            self.task_spec.open_inside(self)
        elif self.internal_data.pop(DONE, False):
            self.advance()
        else:
            self._set_state(READY)

    @property
    def human(self) -> bool:
        """Whether a person has to do this."""
        return bool(self.task_spec.manual)

    @property
    def idle(self) -> bool:
        """Whether it only waits for what may begin an event sub-process: its scope ends without it."""
        return HOST in self.internal_data and self.internal_data[HOST] == self.workflow.task_tree.id.hex

    @property
    def thrower(self) -> "Token | None":
        """The token that has thrown the compensation for which this one works; None for others."""
        found = self.internal_data.get(FOR)
        token: Token | None = found and self.workflow.top_workflow.get_task_from_id(UUID(hex=found))
        return token

    @property
    def around(self) -> "Token | None":
        """The activity in which this token is: that of many instances, or the sub-process; None outside.

        For one that compensates, it is the throwing event.
        """
        if FOR in self.internal_data:
            return self.thrower
        token: Token | None = self.parent if self.triggered else self.workflow.host
        return token

    @property
    def on_diagram(self) -> "Token | None":
        """This token, or for one of the library's own elements the sub-process around it, if any."""
        token: Token | None = self
        while token is not None and token.task_spec.element is None:
            token = token.workflow.host
        return token


def _failed(error: Exception) -> Failed:
    if isinstance(error, Failed):
        error.message = _told(error.message)
        return error
    if isinstance(error, declared_outcomes.NotDeclared):
        return Failed("undeclared-outcome", _told(str(error)))
    if isinstance(error, declared_outcomes.NotGrounded):
        return Failed("refusal-without-ground", _told(str(error)))
    if isinstance(error, named_people.Unfit):
        return Failed("mapping", _told(str(error)))
    if isinstance(error, ScriptFailed):
        return Failed("script-failed", _told(error.message), error.line)
    return Failed("no-flow", _told(str(error)))


def _told(message: str) -> str:
    """A failure's message as the database can hold it and people can read it: scripts make them up."""
    clean = message.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return clean if len(clean) <= MAX_MESSAGE else clean[: MAX_MESSAGE - 1] + "…"
