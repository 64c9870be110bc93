"""The commands: bytes, a command and an instant in, a `Step` out.

Nothing here knows a database or an actor.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.bpmn.elements.activities import CallActivity, ScriptTask, SubProcessTask
from engine.bpmn.elements.branches import ABSENT, changed
from engine.bpmn.elements.multi_instance import COUNT, MultiInstance
from engine.bpmn.script import Sandbox
from engine.bpmn.spec import Element, Spec
from engine.bpmn.state import dump, load
from engine.bpmn.step import Failure, Movement, Passage, Step, Work
from engine.bpmn.values import differing
from engine.bpmn.workflow import CANCELLED, COMPLETED, FAILED, READY, STARTED, CaseWorkflow, Token

MAX_OUTCOME = 200  # characters: it is a word of the process, not a text


def start(spec: Spec, data: Mapping[str, Any], now: datetime) -> Step:
    """Begin a case with these data and run it to its first wait."""
    workflow = CaseWorkflow(spec.process, dict(spec.inner), Sandbox(now))
    workflow.plant()
    workflow.task_tree.data = dict(data)
    workflow.advance()
    return _step(workflow)


def complete(spec: Spec, state: bytes, token_id: UUID, data: Mapping[str, Any], now: datetime) -> Step:
    """Complete a human task: its data are assigned by name, then the case runs on.

    Raises LookupError if the case does not wait for this task.
    """
    workflow = load(state, spec, Sandbox(now))
    token = _find(workflow, token_id)
    if token._state != READY or not token.human:
        raise LookupError(f"the case does not wait for task {token_id}")
    token.data = {**token.data, **differing(token.data, data)}
    token.advance()
    workflow.advance()
    return _step(workflow)


def retry(spec: Spec, state: bytes, token_id: UUID, now: datetime) -> Step:
    """Let a token that failed try again. Raises LookupError if none stands there."""
    workflow = load(state, spec, Sandbox(now))
    token = _find(workflow, token_id)
    if token._state != STARTED or FAILED not in token.internal_data:
        raise LookupError(f"token {token_id} did not fail")
    token.retry()
    workflow.advance()
    return _step(workflow)


def cancel(spec: Spec, state: bytes, now: datetime) -> Step:
    """End a case early: all its live tokens are taken out."""
    workflow = load(state, spec, Sandbox(now))
    workflow.cancel()
    return replace(_step(workflow), outcome=None)


def _find(workflow: CaseWorkflow, token_id: UUID) -> Token:
    for tree in (workflow, *workflow.subprocesses.values()):
        if token_id in tree.tasks:
            token: Token = tree.tasks[token_id]
            return token
    raise LookupError(f"the case has no token {token_id}")


def _step(workflow: CaseWorkflow) -> Step:
    passages = []
    changes: dict[str, Any] = {}
    for token, passage in _passages(workflow):
        passages.append(passage)
        if not _local(token):
            changes.update(passage.changes)
        if passage.movement == "passed" and token.workflow is workflow:
            workflow.outcome = token.task_spec.element.outcome or workflow.outcome
    ended = workflow.is_completed()
    return Step(
        state=None if ended else dump(workflow),
        changes=changes,
        opened=tuple(_opened(workflow)),
        passages=tuple(passages),
        failures=tuple(_failures(workflow)),
        ended=ended,
        outcome=_outcome(workflow) if ended else None,
    )


_MOVEMENTS: Mapping[int, Movement] = {STARTED: "entered", COMPLETED: "passed", CANCELLED: "cancelled"}


def _passages(workflow: CaseWorkflow) -> Iterator[tuple[Token, Passage]]:
    # Work that was opened and taken back within one command was never anybody's.
    fresh = {token.id for token, _, state, _ in workflow.trail if state == READY and token.human}
    for token, before, state, data in workflow.trail:
        element: Element | None = token.task_spec.element
        if element is None or state not in _MOVEMENTS:
            continue
        movement = _MOVEMENTS[state]
        if movement == "cancelled" and (token.id in fresh or not _at_work(token, before)):
            continue
        changes = _changes(token, data) if movement == "passed" else {}
        yield token, Passage(movement, token.id, element.path, token.human, changes)


def _at_work(token: Token, before: int) -> bool:
    """Whether a token that was taken out had entered its element; one around others is ready in between."""
    spec = token.task_spec
    around = isinstance(spec, SubProcessTask | CallActivity) or COUNT in token.internal_data
    return token.human or before == STARTED or (before == READY and around)


def _changes(token: Token, data: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that an element set itself.

    A sub-process, join or event only passes on what others set.
    """
    spec = token.task_spec
    if not (token.human or isinstance(spec, ScriptTask | MultiInstance)) or token.parent is None:
        return {}
    read_only = {item.bpmn_id for item in spec.data_input_associations}
    read_only -= {item.bpmn_id for item in spec.data_output_associations}
    found = changed({**token.parent.data, **token.internal_data.get("locals", {})}, data, read_only)
    return {name: value for name, value in found.items() if value is not ABSENT}


def _local(token: Token) -> bool:
    """Whether the token belongs to one instance of many."""
    inside: Token | None = token
    while inside is not None and not inside.triggered:
        around = inside.workflow.parent_task_id
        inside = around and inside.workflow.top_workflow.get_task_from_id(around)
    return inside is not None


def _opened(workflow: CaseWorkflow) -> Iterator[Work]:
    for token, _, state, _ in workflow.trail:
        if state == READY and token.human and token._state == READY:
            element: Element = token.task_spec.element
            yield Work(token.id, element.path, element.name, element.lane)


def _failures(workflow: CaseWorkflow) -> Iterator[Failure]:
    for token, failed in workflow.failures:
        if token._state == STARTED and FAILED in token.internal_data:
            place = token.on_diagram
            element: Element | None = place.task_spec.element if place else None
            path, name = (
                (element.path, element.name) if element else (workflow.spec.name, workflow.spec.description)
            )
            yield Failure(token.id, path, name, failed.code, failed.message, failed.line)


def _outcome(workflow: CaseWorkflow) -> str | None:
    """The process's own word: of the end event reached, else of the variable `outcome`."""
    word = workflow.outcome or workflow.data.get("outcome")
    return word if isinstance(word, str) and 0 < len(word) <= MAX_OUTCOME else None
