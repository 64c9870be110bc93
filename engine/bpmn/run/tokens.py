"""Tokens, the current position of a case: SpiffWorkflow's tasks by another name, without recursion.

Every change of a token's state calls `Token._set_state`, which notifies the workflow.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.specs import MultiChoice
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.expressions import named_people
from engine.bpmn.notation.timers import NoHolidays
from engine.bpmn.run import activity_scope, completions, declared_outcomes, scopes
from engine.bpmn.run.completions import BACK, FOR, INPUTS, LOCALS
from engine.bpmn.run.step import Thrown
from engine.bpmn.sandbox import ScriptFailed
from engine.platform.ids import uuid7

MAYBE, FUTURE, WAITING, READY = TaskState.MAYBE, TaskState.FUTURE, TaskState.WAITING, TaskState.READY
STARTED, COMPLETED, CANCELLED = TaskState.STARTED, TaskState.COMPLETED, TaskState.CANCELLED
FINISHED, UNFINISHED = TaskState.FINISHED_MASK, TaskState.NOT_FINISHED_MASK
FORESEEN = TaskState.PREDICTED_MASK | FUTURE  # not a token yet, only a place where one may arrive

MAX_MESSAGE = 2_000  # characters of a failure's message

# Keys in a token's internal data.
FAILED = "failed"  # the code of its failure
WAIT = "wait"  # what it waits for
FIRED = "fired"  # what it waited for has happened
HOST = "host"  # of an event attached to work: its activity's token, or the first one of its scope
DONE = "done"  # the person's work is done, and its outputs couldn't be computed
PASSED_OVER = "passed over"
UNBEGUN = "unbegun"  # it failed before the process inside could start
ARMED = "armed"  # the boundary events of this activity wait
INTERRUPTED = "interrupted"  # of the first token of a scope: an event sub-process has replaced its work

CONSUMED = "consumed"  # in a firing join's internal data: the tokens that it represents

STARTED_BY = "started by"  # in a case's own data: who started it, if the process needs it


class Failed(Exception):
    """Raised when a token can't continue. `code` is stable; `line` counts within a script.

    `year` is the one whose holidays a term in working time needs.
    """

    def __init__(self, code: str, message: str, line: int | None = None, *, year: int | None = None) -> None:
        super().__init__(message)
        self.year = year
        self.code = code
        self.message = message
        self.line = line


class Token(Task):
    """A place where the process is, was or may be: SpiffWorkflow's Task by another name."""

    def __init__(
        self, workflow: Any, task_spec: Any, parent: "Token | None" = None, state: int = MAYBE
    ) -> None:
        super().__init__(workflow, task_spec, parent, state, id=uuid7())

    overwritten: Sequence[str] = ()  # what a reply has replaced though it was changed since the call
    why: Mapping[str, Any] | None = None  # the reasons of a decision, until they are recorded for the command
    thrown: Thrown | None = None  # the message or signal that it throws when it completes

    def _add_child(self, task_spec: Any, state: int = MAYBE) -> "Token":
        return Token(self.workflow, task_spec, self, state)

    def _set_state(self, value: int) -> None:
        before: int = self._state
        self._state: int = value
        if value != before:
            self.workflow.top_workflow.moved(self, before)

    @property
    def data(self) -> Mapping[str, Any]:
        """Returns what its element reads: the variables of its scopes. `write` sets them."""
        return scopes.view(self)

    @data.setter
    def data(self, value: Mapping[str, Any]) -> None:
        if value:  # the library creates tokens with empty data
            raise AttributeError("a token has no data of its own: write to its scope")

    def write(self, values: Mapping[str, Any]) -> None:
        """Sets variables where its element's names belong."""
        scopes.write(self, values)

    def _inherit_data(self) -> None:
        """Does nothing: scopes have the data, not tokens."""

    def is_descendant_of(self, task: Task) -> bool:
        """Whether `task` is an ancestor of this token."""
        return any(ancestor is task for ancestor in self.ancestors())

    def ancestors(self) -> Iterator["Token"]:
        """Yields the tokens before this one, nearest first; a compensating one has none."""
        token: Token | None = self
        while token is not None and FOR not in token.internal_data:
            token = token.parent
            if token is not None:
                yield token

    def cancel(self) -> None:
        """Removes this token, and every live one after it, from the process."""
        if self.id not in self.workflow.tasks:
            return
        for token in list(self.workflow.walk(self)):
            if token._state & FORESEEN:
                self.workflow.forget(token)
            elif not token._state & FINISHED:
                token._set_state(CANCELLED)
                token.task_spec._on_cancel(token)

    def complete(self) -> None:
        """Continues.

        The tokens after this one are only created now: SpiffWorkflow would predict whole branches.
        """
        if PASSED_OVER not in self.internal_data and BACK not in self.internal_data:
            self._leave()
        thrower = self.thrower
        if thrower is not None:
            pass  # the following work continues where compensation was thrown
        elif self.task_spec is self.workflow.spec.start:
            self._sync_children([self.workflow.entry], FUTURE)
        elif not isinstance(self.task_spec, MultiChoice):  # a choice was made when it ran
            self._sync_children(self.task_spec.outputs, FUTURE)
        super().complete()
        if thrower is None:
            completions.note(self)
        else:
            thrower.task_spec.handled(thrower, self)
        self.forget_inputs()

    def _leave(self) -> None:
        """Sets the outputs. Raises Unfit, ScriptFailed and NotAllowed, and then sets none."""
        outputs = activity_scope.outputs(self)
        limits: declared_outcomes.Limits | None = getattr(self.task_spec, "limits", None)
        if limits is not None:
            data = {**scopes.view(self, around=True), **outputs}
            declared_outcomes.require(limits, self, data, scopes.written_by(self) | outputs.keys())
        for name in (activity_scope.RETURNED, scopes.WROTE):
            self.internal_data.pop(name, None)
        scopes.write(self, outputs, around=True)

    def forget_inputs(self) -> None:
        """Removes the inputs: they end with the activity."""
        own = self.internal_data.get(LOCALS)
        for name in self.internal_data.pop(INPUTS, ()):
            own.pop(name, None)
        if own == {}:
            del self.internal_data[LOCALS]

    def skip(self) -> None:
        """Continues as if the element's work were done, without its outputs."""
        self.internal_data[PASSED_OVER] = True
        self.complete()

    def advance(self) -> None:
        """Runs this token's element. A failure leaves it there with unchanged data."""
        journal = self.workflow.top_workflow.journal
        mark = len(journal)
        try:
            self.run()
        except (
            Failed,
            ScriptFailed,
            named_people.Unfit,
            NoHolidays,
            declared_outcomes.NotAllowed,
            SpiffWorkflowException,
        ) as error:
            scopes.take_back(journal, mark)
            if names := scopes.written_by(self):
                self.internal_data[scopes.WROTE] = sorted(names)
            if self.human:  # a person has done it, and doesn't have to do it again
                self.internal_data[DONE] = True
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Stops the token at its element until it is retried: neither ready nor finished."""
        failed = _failed(error)
        self._state = STARTED
        self.internal_data[FAILED] = failed.code
        self.workflow.top_workflow.failures.append((self, failed))

    def stay(self, error: Exception) -> None:
        """Fails before anything of the element has started."""
        self.internal_data[UNBEGUN] = True
        self.fail(error)

    def retry(self) -> None:
        """Makes a failed token ready again."""
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
        """Whether it only waits to start an event sub-process: its scope ends without it."""
        return HOST in self.internal_data and self.internal_data[HOST] == self.workflow.task_tree.id.hex

    @property
    def thrower(self) -> "Token | None":
        """Returns the token that threw the compensation for which this one works; None for others."""
        found = self.internal_data.get(FOR)
        token: Token | None = found and self.workflow.top_workflow.get_task_from_id(UUID(hex=found))
        return token

    @property
    def around(self) -> "Token | None":
        """Returns the enclosing activity: of many instances, or the sub-process; None outside.

        For a compensating token, it is the throwing event.
        """
        if FOR in self.internal_data:
            return self.thrower
        token: Token | None = self.parent if self.triggered else self.workflow.host
        return token

    @property
    def on_diagram(self) -> "Token | None":
        """Returns this token; for one of the library's own elements, the sub-process around it, if any."""
        token: Token | None = self
        while token is not None and token.task_spec.element is None:
            token = token.workflow.host
        return token


def consumed(tree: Any) -> set[str]:
    """Returns the ids of tokens that a firing join represents: it may still return to them."""
    return {
        name
        for token in tree.tasks.values()
        if not token._state & FINISHED
        for name in token.internal_data.get(CONSUMED, ())
    }


def _failed(error: Exception) -> Failed:
    if isinstance(error, Failed):
        error.message = _clean(error.message)
        return error
    if isinstance(error, NoHolidays):
        return Failed("no-holidays", _clean(f"the term {error}"), year=error.year)
    if isinstance(error, declared_outcomes.NotAllowed):
        return _not_allowed(error)
    if isinstance(error, named_people.Unfit):
        return Failed("mapping", _clean(str(error)))
    if isinstance(error, ScriptFailed):
        return Failed("script-failed", _clean(error.message), error.line)
    return Failed("no-flow", _clean(str(error)))


def _not_allowed(error: declared_outcomes.NotAllowed) -> Failed:
    if isinstance(error, declared_outcomes.NotDeclared):
        return Failed("undeclared-outcome", _clean(str(error)))
    return Failed("refusal-without-ground", _clean(str(error)))


def _clean(message: str) -> str:
    """Returns a failure's message that can be stored and read: scripts may produce any text."""
    clean = message.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return clean if len(clean) <= MAX_MESSAGE else clean[: MAX_MESSAGE - 1] + "…"
