"""The commands: bytes, a command and an instant in, a `Step` out.

This module uses no database and no actors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.bpmn.expressions.named_people import Unfit
from engine.bpmn.run import declared_outcomes
from engine.bpmn.run.activity_scope import RETURNED
from engine.bpmn.run.disputes import accept_present
from engine.bpmn.run.elements.activities import ScriptTask, SubProcessTask
from engine.bpmn.run.elements.calls import ServiceTask
from engine.bpmn.run.elements.events import CatchEvent, SideEvent, ThrowEvent, caught
from engine.bpmn.run.elements.multi_instance import INDEX, SequentialMultiInstance
from engine.bpmn.run.repair import repair
from engine.bpmn.run.result import step_of
from engine.bpmn.run.scopes import scopes_of, take_back, written_by
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.spec import Spec
from engine.bpmn.run.state import load
from engine.bpmn.run.step import Fired, Step
from engine.bpmn.run.tokens import DONE, FAILED, READY, STARTED, STARTED_BY, UNBEGUN, WAIT, Token
from engine.bpmn.run.workflow import CaseWorkflow
from engine.bpmn.sandbox import ScriptFailed
from engine.bpmn.values import plain


@dataclass(frozen=True, slots=True)
class CallFailure:
    """Why a call to another system failed.

    `error` is the code of the business error in its reply, if any; `data` are the data of the reply.
    """

    code: str
    detail: str
    error: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Unskippable(Exception):
    """Raised for an element that can't be skipped: the next step depends on it, or for another `reason`."""

    def __init__(self, element: str, reason: str | None = None) -> None:
        super().__init__(element)
        self.reason = reason


def start(
    spec: Spec, data: Mapping[str, Any], now: datetime, at: str | None = None, *, starter: str | None = None
) -> Step:
    """Starts a case with these data and runs it to its first wait.

    `at` is the path of the start event that was triggered; None is the plain one. `starter` is the name of
    the person who starts it, for processes with a variable for that.
    """
    workflow = CaseWorkflow(spec.process, dict(spec.inner), Sandbox(now, spec.trace, spec.calendar))
    workflow.entry_id = at
    workflow.plant()
    workflow.values.update(data)
    if spec.asks_starter:
        workflow.data[STARTED_BY] = starter
    workflow.advance()
    return step_of(workflow)


def complete(spec: Spec, state: bytes, token_id: UUID, data: Mapping[str, Any], now: datetime) -> Step:
    """Completes a human task: assigns its data by name, then continues the case.

    Raises LookupError if the case doesn't wait for this task.
    """
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    token = _find(workflow, token_id)
    if token._state != READY or not token.human:
        raise LookupError(f"the case does not wait for task {token_id}")
    elsewhere = scopes_of(token, data)
    token.write(data)
    token.advance()
    workflow.advance()
    return replace(step_of(workflow), scopes=elsewhere)


def fire(spec: Spec, state: bytes, happened: Mapping[UUID, Mapping[str, Any]], now: datetime) -> Step:
    """Triggers events that tokens wait for, one after the other, each with its data.

    Skips a token that no longer waits because an earlier one removed it.
    """
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    fired = []
    for token_id, data in happened.items():
        token, wait = workflow.waits().get(token_id, (None, {}))
        if token is None or wait["kind"] in ("call", "condition"):
            continue
        missed = token.task_spec.fire(token, data, now)
        fired.append(Fired(token_id, token.task_spec.element.path, wait["kind"], wait.get("name"), missed))
        workflow.advance()
    return replace(step_of(workflow), fired=tuple(fired))


def answer(spec: Spec, state: bytes, token_id: UUID, reply: Mapping[str, Any], now: datetime) -> Step:
    """Stores the reply for a service task. Raises LookupError if it doesn't wait for one."""
    workflow, token = _calling(spec, state, token_id, now)
    token.task_spec.answer(token, reply)
    workflow.advance()
    return step_of(workflow)


def fail_call(spec: Spec, state: bytes, token_id: UUID, failure: CallFailure, now: datetime) -> Step:
    """Handles a call's permanent failure: throws an error that the diagram catches, else opens an incident.

    Raises LookupError if the token doesn't wait for a reply.
    """
    workflow, token = _calling(spec, state, token_id, now)
    told = {"code": failure.error or failure.code, "detail": failure.detail}
    try:
        if not caught(token, "error", told["code"], {**told, **failure.data}, by_call=True):
            token.task_spec.give_up(token, failure.code, failure.detail)
    except (Unfit, ScriptFailed) as error:  # the outputs of a call that it leaves; a retry calls again
        take_back(workflow.journal, 0)
        del token.internal_data[WAIT]
        token.fail(error)
    workflow.advance()
    return step_of(workflow)


def retry(
    spec: Spec, state: bytes, token_id: UUID, now: datetime, data: Mapping[str, Any] | None = None
) -> Step:
    """Retries a failed token after repairing these variables.

    Raises LookupError if there is no failed token.
    """
    workflow, token = _failed(spec, state, token_id, now)
    elsewhere = repair(token, data or {})
    accept_present(token)
    token.retry()
    workflow.advance()
    return replace(step_of(workflow), scopes=elsewhere)


def correct(
    spec: Spec, state: bytes, token_id: UUID, data: Mapping[str, Any], now: datetime, form: str | None = None
) -> Step:
    """Corrects variables at a waiting human task, and wherever the old values came from or were passed on.

    The variables are those of the process in which `form` was answered, the path of its element; None is the
    start. The task stays open. Raises LookupError if the case doesn't wait for it.
    """
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    token = _find(workflow, token_id)
    if token._state != READY or not token.human:
        raise LookupError(f"the case does not wait for task {token_id}")
    token = _at_process_of(token, form or "")
    elsewhere = repair(token, data)
    workflow.advance()
    return replace(step_of(workflow), scopes=elsewhere)


def skip(spec: Spec, state: bytes, token_id: UUID, data: Mapping[str, Any], now: datetime) -> Step:
    """Continues a failed token as if its element had completed and set these variables.

    Raises LookupError if there is no failed token, and Unskippable for elements that choose or join.
    """
    workflow, token = _failed(spec, state, token_id, now)
    passable = isinstance(token.task_spec, ScriptTask | ServiceTask | ThrowEvent | CatchEvent)
    # Only its outputs have failed.
    done = DONE in token.internal_data or RETURNED in token.internal_data or _ended_inside(token)
    if not (passable or done) or isinstance(token.task_spec, SideEvent):
        raise Unskippable(token.task_spec.element.kind if token.task_spec.element else "")
    elsewhere = scopes_of(token, data)
    del token.internal_data[FAILED]
    token.internal_data.pop(WAIT, None)
    token.write(data)
    _require_outcome(token)
    if isinstance(token.task_spec, CatchEvent):
        token.task_spec.skip(token)
    token.skip()
    workflow.advance()
    return replace(step_of(workflow), scopes=elsewhere)


def cancel(spec: Spec, state: bytes, now: datetime) -> Step:
    """Ends a case early: removes all its live tokens."""
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    workflow.cancel()
    return replace(step_of(workflow), outcome=None)


def _at_process_of(token: Token, path: str) -> Token:
    """Returns the token itself, or an enclosing one, in the same process as the element of this path."""
    around: Token | None = token
    while around is not None and not same_process(around.task_spec.element.path, path):
        around = around.workflow.host
    return token if around is None else around


def same_process(one: str, other: str) -> bool:
    """Whether elements with these paths are drawn in the same process."""
    return one.rpartition("/")[0] == other.rpartition("/")[0]


def known_at(
    spec: Spec, state: bytes | None, token_id: UUID, path: str, now: datetime
) -> dict[str, Any] | None:
    """Returns the variables that a token at this element reads, if they aren't all the case's; else None.

    When the token is gone, so are those of its scopes, and the result is empty.
    """
    if not spec.scoped(path):
        return None
    try:
        token = _find(load(state, spec, Sandbox(now, spec.trace, spec.calendar)), token_id) if state else None
    except LookupError:
        token = None
    return {} if token is None else plain(dict(token.data))


def instances_before(spec: Spec, state: bytes, token_id: UUID, now: datetime) -> int:
    """Returns the number of instances of a multi-instance activity before the one of this token.

    0 if they run in parallel, or if the token is at any other element.
    """
    token = _find(load(state, spec, Sandbox(now, spec.trace, spec.calendar)), token_id)
    around = token.parent.task_spec if token.parent is not None else None
    return token.internal_data[INDEX] if isinstance(around, SequentialMultiInstance) else 0


def _require_outcome(token: Token) -> None:
    """Raises Unskippable if the case would get an undeclared outcome, or a refusal without grounds."""
    if token.task_spec.limits is not None:
        try:
            declared_outcomes.require(token.task_spec.limits, token, token.data, written_by(token))
        except declared_outcomes.NotAllowed as error:
            element = token.task_spec.element
            raise Unskippable(element.kind if element else "", str(error)) from error


def _ended_inside(token: Token) -> bool:
    """Whether all work in a sub-process is complete."""
    return isinstance(token.task_spec, SubProcessTask) and UNBEGUN not in token.internal_data


def _calling(spec: Spec, state: bytes, token_id: UUID, now: datetime) -> tuple[CaseWorkflow, Token]:
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    token, wait = workflow.waits().get(token_id, (None, {}))
    if token is None or wait["kind"] != "call":
        raise LookupError(f"the case awaits no reply at token {token_id}")
    return workflow, token


def _failed(spec: Spec, state: bytes, token_id: UUID, now: datetime) -> tuple[CaseWorkflow, Token]:
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    token = _find(workflow, token_id)
    if token._state != STARTED or FAILED not in token.internal_data:
        raise LookupError(f"token {token_id} did not fail")
    return workflow, token


def _find(workflow: CaseWorkflow, token_id: UUID) -> Token:
    for tree in (workflow, *workflow.subprocesses.values()):
        if token_id in tree.tasks:
            token: Token = tree.tasks[token_id]
            return token
    raise LookupError(f"the case has no token {token_id}")
