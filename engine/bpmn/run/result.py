"""Builds the `Step` of a command: what it changed in a case."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from engine.bpmn.notation.bills import BILL
from engine.bpmn.notation.outcomes import MAX_OUTCOME, VARIABLE
from engine.bpmn.run.activity_scope import candidate_roles, people
from engine.bpmn.run.completions import BACK, FOR, INPUTS, KEPT, LOCALS
from engine.bpmn.run.elements.activities import CallActivity, ScriptTask, StartEvent, SubProcessTask
from engine.bpmn.run.elements.branches import ABSENT, changed
from engine.bpmn.run.elements.calls import ServiceTask
from engine.bpmn.run.elements.events import CatchEvent, SideEvent, of_case
from engine.bpmn.run.elements.multi_instance import COUNT, MultiInstance
from engine.bpmn.run.spec import Element
from engine.bpmn.run.state import dump
from engine.bpmn.run.step import Failure, Movement, Outgoing, Step, TokenTransition, Wait, Work
from engine.bpmn.run.tokens import CANCELLED, COMPLETED, FAILED, READY, STARTED, Token
from engine.bpmn.run.workflow import CaseWorkflow


def step_of(workflow: CaseWorkflow, given: Mapping[str, Any] | None = None) -> Step:
    """Returns the step; `given` are variables that the command itself set."""
    passages = []
    if workflow.sandbox.trace is not None:
        workflow.sandbox.trace.moved(workflow.trail)
    changes: dict[str, Any] = dict(given or {})
    for token, passage in _passages(workflow):
        passages.append(passage)
        if passage.scope is None:
            hidden = _hidden(token)
            changes.update((name, value) for name, value in passage.changes.items() if name not in hidden)
        if passage.movement == "passed" and token.task_spec.element.outcome and of_case(token):
            workflow.outcome = token.task_spec.element.outcome
    ended = workflow.is_completed()
    waits = {} if ended else workflow.waits()
    return Step(
        state=None if ended else dump(workflow),
        changes=changes,
        opened=tuple(_opened(workflow)),
        passages=tuple(passages),
        failures=tuple(_failures(workflow)),
        ended=ended,
        outcome=_outcome(workflow) if ended else None,
        waits=tuple(_opened_waits(workflow, waits)),
        unwaited=tuple(token for token in workflow.before if token not in waits),
        calls=tuple(_calls(workflow, waits)),
        thrown=tuple(workflow.thrown),
        bills=tuple(workflow.bills),
        unpaid=tuple(_unpaid(workflow, waits)),
    )


def _unpaid(workflow: CaseWorkflow, waits: Mapping[UUID, tuple[Token, Any]]) -> list[str]:
    """Returns the numbers of the bills whose payment was awaited before, and no longer is."""
    awaited = {wait[BILL] for _, wait in waits.values() if BILL in wait}
    before = {wait[BILL] for wait in workflow.before.values() if BILL in wait}
    return sorted(before - awaited)


def _opened_waits(workflow: CaseWorkflow, waits: Mapping[UUID, tuple[Token, Any]]) -> Iterator[Wait]:
    for token_id, (token, wait) in waits.items():
        if wait["kind"] != "call" and workflow.before.get(token_id) != wait:
            yield Wait(
                token_id,
                token.task_spec.element.path,
                wait["kind"],
                wait.get("name"),
                wait.get("correlation", {}),
                wait.get("due"),
                late=any(
                    (one.kind, one.name) == ("signal", wait.get("name")) and token_id not in one.before
                    for one in workflow.thrown
                ),
            )


def _calls(workflow: CaseWorkflow, waits: Mapping[UUID, Any]) -> Iterator[Outgoing]:
    for call in workflow.calls:
        if call.token in waits:  # one that was removed by the same command never had an assignee
            yield replace(call, element=waits[call.token][0].task_spec.element.path)


_MOVEMENTS: Mapping[int, Movement] = {STARTED: "entered", COMPLETED: "passed", CANCELLED: "cancelled"}


def _passages(workflow: CaseWorkflow) -> Iterator[tuple[Token, TokenTransition]]:
    # Work that was opened and removed by one command never had an assignee.
    fresh = {token.id for token, _, state, _ in workflow.trail if state == READY and token.human}
    begun = {token.id for token, before, _, _ in workflow.trail if before == STARTED}
    for token, before, state, data in workflow.trail:
        element: Element | None = token.task_spec.element
        if element is None or state not in _MOVEMENTS or BACK in token.internal_data:
            continue
        movement = _MOVEMENTS[state]
        if movement == "cancelled" and (
            token.id in fresh or not (token.id in begun or _at_work(token, before))
        ):
            continue
        if _stood_by(token, movement):
            continue
        changes = _changes(token, data) if movement == "passed" else {}
        why = token.why if movement == "passed" else None
        yield (
            token,
            TokenTransition(movement, token.id, element.path, token.human, changes, why, scope_of(token)),
        )


def _stood_by(token: Token, movement: Movement) -> bool:
    """Whether this is an attached event that never occurred: the end of its work is already recorded."""
    failed = movement == "cancelled" and FAILED in token.internal_data
    return isinstance(token.task_spec, SideEvent) and movement != "passed" and not failed


def _at_work(token: Token, before: int) -> bool:
    """Whether a removed token had entered its element; one around others is ready in between."""
    spec = token.task_spec
    around = isinstance(spec, SubProcessTask | CallActivity) or COUNT in token.internal_data
    return token.human or (before == READY and around)


def _changes(token: Token, data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the variables that an element set itself.

    A sub-process, join or event only passes on what others set.
    """
    spec = token.task_spec
    if isinstance(spec, CatchEvent | SubProcessTask):
        return {name: value for name, value in data.items() if name in token.received}
    names = isinstance(spec, StartEvent) and spec.starter
    sets = (
        names or token.human or isinstance(spec, ScriptTask | MultiInstance | ServiceTask) or spec.own.outputs
    )
    if not sets or token.parent is None:
        return {}
    read_only = {item.bpmn_id for item in spec.data_input_associations}
    read_only -= {item.bpmn_id for item in spec.data_output_associations}
    read_only.update(token.internal_data.get(KEPT, ()))
    found = changed({**token.parent.data, **token.internal_data.get(LOCALS, {})}, data, read_only)
    return {name: value for name, value in found.items() if value is not ABSENT}


def scope_of(token: Token) -> str | None:
    """Returns the path of the innermost activity around a token with its own variables; None for the case's.

    That is a single instance of a multi-instance activity, or a call that maps inputs and outputs.
    """
    inside: Token | None = token
    while inside is not None and (not inside.triggered or FOR in inside.internal_data):
        inside = inside.workflow.host
        if inside is not None and inside.task_spec.own.apart:
            break
    if inside is None:
        return None
    element: Element | None = inside.task_spec.element
    return element.path if element else str(inside.task_spec.bpmn_id)


def _hidden(token: Token) -> set[str]:
    """Returns the variables that only a sub-process around the token sees: its inputs."""
    names: set[str] = set()
    inside = token
    while (around := inside.workflow.host) is not None:
        names.update(around.internal_data.get(INPUTS, ()))
        inside = around
    return names


def _opened(workflow: CaseWorkflow) -> Iterator[Work]:
    for token, _, state, _ in workflow.trail:
        if state == READY and token.human and token._state == READY:
            element: Element = token.task_spec.element
            yield Work(
                token.id, element.path, element.name, element.lane, people(token), candidate_roles(token)
            )


def _failures(workflow: CaseWorkflow) -> Iterator[Failure]:
    for token, failed in workflow.failures:
        if token._state == STARTED and FAILED in token.internal_data:
            place = token.on_diagram
            behind: Element | None = token.task_spec.behind
            element: Element | None = behind or (place.task_spec.element if place else None)
            path, name = (
                (element.path, element.name) if element else (workflow.spec.name, workflow.spec.description)
            )
            yield Failure(token.id, path, name, failed.code, failed.message, failed.line)


def _outcome(workflow: CaseWorkflow) -> str | None:
    """Returns the outcome in the process's own word.

    It is that of an error that ended the process or of the end event reached, else of the variable `outcome`.
    """
    word = workflow.uncaught or workflow.outcome or workflow.data.get(VARIABLE)
    return word if isinstance(word, str) and 0 < len(word) <= MAX_OUTCOME else None
