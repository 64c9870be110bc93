"""The commands: bytes, a command and an instant in, a `Step` out.

Nothing here knows a database or an actor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.bpmn.run import declared_outcomes
from engine.bpmn.run.activity_scope import RETURNED, outside
from engine.bpmn.run.elements.activities import ScriptTask, SubProcessTask
from engine.bpmn.run.elements.calls import ServiceTask
from engine.bpmn.run.elements.events import CatchEvent, SideEvent, ThrowEvent, caught
from engine.bpmn.run.elements.multi_instance import INDEX, SequentialMultiInstance
from engine.bpmn.run.repair import repair
from engine.bpmn.run.result import scope_of, step_of
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.spec import Spec
from engine.bpmn.run.state import load
from engine.bpmn.run.step import Fired, Step
from engine.bpmn.run.tokens import DONE, FAILED, READY, STARTED, STARTED_BY, UNBEGUN, WAIT, Token
from engine.bpmn.run.workflow import CaseWorkflow
from engine.bpmn.values import differing, plain


@dataclass(frozen=True, slots=True)
class CallFailure:
    """Why another system did not do its work.

    `error` is the code of the business error that it answered with, if it did; `data` came with that.
    """

    code: str
    detail: str
    error: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Unskippable(Exception):
    """An element that cannot be passed over, since what comes next depends on it; or for another `reason`."""

    def __init__(self, element: str, reason: str | None = None) -> None:
        super().__init__(element)
        self.reason = reason


def start(
    spec: Spec, data: Mapping[str, Any], now: datetime, at: str | None = None, *, starter: str | None = None
) -> Step:
    """Begin a case with these data and run it to its first wait.

    `at` is the path of the start event that was triggered; None is the plain one. `starter` names who starts
    it, for processes that have a variable for that.
    """
    workflow = CaseWorkflow(spec.process, dict(spec.inner), Sandbox(now, spec.trace))
    workflow.entry_id = at
    workflow.plant()
    workflow.task_tree.data = dict(data)
    if spec.asks_starter:
        workflow.data[STARTED_BY] = starter
    workflow.advance()
    return step_of(workflow)


def complete(spec: Spec, state: bytes, token_id: UUID, data: Mapping[str, Any], now: datetime) -> Step:
    """Complete a human task: its data are assigned by name, then the case runs on.

    Raises LookupError if the case does not wait for this task.
    """
    workflow = load(state, spec, Sandbox(now, spec.trace))
    token = _find(workflow, token_id)
    if token._state != READY or not token.human:
        raise LookupError(f"the case does not wait for task {token_id}")
    scope = scope_of(token)
    token.data = {**token.data, **differing(token.data, data)}
    token.advance()
    workflow.advance()
    return replace(step_of(workflow), scope=scope)


def fire(spec: Spec, state: bytes, happened: Mapping[UUID, Mapping[str, Any]], now: datetime) -> Step:
    """Let what tokens wait for have happened, one after the other, each with the data that came with it.

    A token that waits no more, since an earlier one has taken it away, is passed over.
    """
    workflow = load(state, spec, Sandbox(now, spec.trace))
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
    """Give a service task its reply. Raises LookupError if none is awaited there."""
    workflow, token = _calling(spec, state, token_id, now)
    token.task_spec.answer(token, reply)
    workflow.advance()
    return step_of(workflow)


def fail_call(spec: Spec, state: bytes, token_id: UUID, failure: CallFailure, now: datetime) -> Step:
    """A call has failed for good: an error that the diagram catches, else the token stands with an incident.

    Raises LookupError if no reply is awaited there.
    """
    workflow, token = _calling(spec, state, token_id, now)
    told = {"code": failure.error or failure.code, "detail": failure.detail}
    if not caught(token, "error", told["code"], {**told, **failure.data}):
        token.task_spec.give_up(token, failure.code, failure.detail)
    workflow.advance()
    return step_of(workflow)


def retry(
    spec: Spec, state: bytes, token_id: UUID, now: datetime, data: Mapping[str, Any] | None = None
) -> Step:
    """Let a token that failed try again, with these variables repaired before.

    Raises LookupError if none stands there.
    """
    workflow, token = _failed(spec, state, token_id, now)
    repaired, scope = repair(token, data or {}), scope_of(token)
    token.retry()
    workflow.advance()
    return replace(step_of(workflow, repaired), scope=scope)


def correct(
    spec: Spec, state: bytes, token_id: UUID, data: Mapping[str, Any], now: datetime, form: str | None = None
) -> Step:
    """Set variables right at a human task that waits, and wherever the old values came from or went on to.

    They are those of the process in which `form` was answered, the path of its element; None is the start.
    The task stays. Raises LookupError if the case does not wait for it.
    """
    workflow = load(state, spec, Sandbox(now, spec.trace))
    token = _find(workflow, token_id)
    if token._state != READY or not token.human:
        raise LookupError(f"the case does not wait for task {token_id}")
    token = _at_process_of(token, form or "")
    corrected, scope = repair(token, data), scope_of(token)
    workflow.advance()
    return replace(step_of(workflow, corrected), scope=scope)


def skip(spec: Spec, state: bytes, token_id: UUID, data: Mapping[str, Any], now: datetime) -> Step:
    """Let a token that failed go on as if its element had done its work and set these variables.

    Raises LookupError if none stands there, Unskippable for elements that choose or join.
    """
    workflow, token = _failed(spec, state, token_id, now)
    passable = isinstance(token.task_spec, ScriptTask | ServiceTask | ThrowEvent | CatchEvent)
    # Only its outputs have failed.
    done = DONE in token.internal_data or RETURNED in token.internal_data or _ended_inside(token)
    if not (passable or done) or isinstance(token.task_spec, SideEvent):
        raise Unskippable(token.task_spec.element.kind if token.task_spec.element else "")
    scope = scope_of(token)
    del token.internal_data[FAILED]
    token.internal_data.pop(WAIT, None)
    token.received = frozenset(changes := differing(token.data, data))
    token.data = {**token.data, **changes}
    _require_outcome(token)
    if isinstance(token.task_spec, CatchEvent):
        token.task_spec.pass_over(token)
    token.pass_over()
    workflow.advance()
    return replace(step_of(workflow), scope=scope)


def cancel(spec: Spec, state: bytes, now: datetime) -> Step:
    """End a case early: all its live tokens are taken out."""
    workflow = load(state, spec, Sandbox(now, spec.trace))
    workflow.cancel()
    return replace(step_of(workflow), outcome=None)


def _at_process_of(token: Token, path: str) -> Token:
    """The token itself, or the one around it that stands in the same process as the element of this path."""
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
    """The variables that a token at this element reads, where they are not the case's: else None.

    A called process has variables of its own where the call maps what goes in and out. They are gone, and
    the answer is empty, once the token is.
    """
    if "/" not in path or not spec.maps_calls:
        return None
    try:
        token = _find(load(state, spec, Sandbox(now, spec.trace)), token_id) if state else None
    except LookupError:
        token = None
    if token is None:
        return {}
    scope = token.workflow
    while (host := scope.host) is not None and not host.task_spec.own.apart:
        scope = host.workflow
    return None if host is None else plain(outside(token))


def instances_before(spec: Spec, state: bytes, token_id: UUID, now: datetime) -> int:
    """How many instances of its multi-instance activity came before that at which a token stands.

    0 where they come all at once, as for a token that stands at something else.
    """
    token = _find(load(state, spec, Sandbox(now, spec.trace)), token_id)
    around = token.parent.task_spec if token.parent is not None else None
    return token.internal_data[INDEX] if isinstance(around, SequentialMultiInstance) else 0


def _require_outcome(token: Token) -> None:
    """Raises Unskippable if the case would get an undeclared outcome, or a refusal without a ground."""
    if token.task_spec.limits is not None:
        try:
            declared_outcomes.require(token.task_spec.limits, token, token.data)
        except declared_outcomes.NotAllowed as error:
            element = token.task_spec.element
            raise Unskippable(element.kind if element else "", str(error)) from error


def _ended_inside(token: Token) -> bool:
    """Whether all that was to be done in a sub-process is done."""
    return isinstance(token.task_spec, SubProcessTask) and UNBEGUN not in token.internal_data


def _calling(spec: Spec, state: bytes, token_id: UUID, now: datetime) -> tuple[CaseWorkflow, Token]:
    workflow = load(state, spec, Sandbox(now, spec.trace))
    token, wait = workflow.waits().get(token_id, (None, {}))
    if token is None or wait["kind"] != "call":
        raise LookupError(f"the case awaits no reply at token {token_id}")
    return workflow, token


def _failed(spec: Spec, state: bytes, token_id: UUID, now: datetime) -> tuple[CaseWorkflow, Token]:
    workflow = load(state, spec, Sandbox(now, spec.trace))
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
