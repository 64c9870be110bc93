"""Builds the `Step` of a command: what it changed in a case."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from engine.bpmn.notation.bills import BILL
from engine.bpmn.notation.outcomes import MAX_OUTCOME, VARIABLE
from engine.bpmn.run.activity_scope import candidate_roles, people
from engine.bpmn.run.completions import BACK
from engine.bpmn.run.elements.activities import CallActivity, SubProcessTask
from engine.bpmn.run.elements.calls import note_changes
from engine.bpmn.run.elements.events import SideEvent, of_case
from engine.bpmn.run.elements.multi_instance import COUNT
from engine.bpmn.run.scopes import Write
from engine.bpmn.run.spec import Element
from engine.bpmn.run.state import dump
from engine.bpmn.run.step import (
    Disputed,
    Failure,
    Movement,
    Outgoing,
    Step,
    TokenTransition,
    Unwaited,
    Wait,
    Work,
)
from engine.bpmn.run.tokens import CANCELLED, COMPLETED, FAILED, READY, STARTED, Token
from engine.bpmn.run.workflow import CaseWorkflow


def step_of(workflow: CaseWorkflow) -> Step:
    """Returns the step."""
    passages = []
    if workflow.sandbox.trace is not None:
        workflow.sandbox.trace.moved(workflow.trail)
    for token, passage in _passages(workflow):
        passages.append(passage)
        if passage.movement == "passed" and token.task_spec.element.outcome and of_case(token):
            workflow.outcome = token.task_spec.element.outcome
    ended = workflow.is_completed()
    waits = {} if ended else workflow.waits()
    if workflow.journal:
        note_changes(workflow, [token for token, wait in waits.values() if wait["kind"] == "call"])
    return Step(
        state=None if ended else dump(workflow),
        changes={one.name: one.value for one in workflow.journal if one.scope is None},
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
        disputed=tuple(Disputed(one.name, one.values, one.scope) for one in workflow.discovered),
        ended_waits=tuple(
            unwaited(token, workflow.places[token], wait)
            for token, wait in workflow.before.items()
            if token not in waits
        ),
    )


def unwaited(token: UUID, element: str, wait: Mapping[str, Any]) -> Unwaited:
    """Returns a stored wait as one that has ended."""
    call = wait.get("call")
    return Unwaited(token, element, wait["kind"], wait.get("due"), call and UUID(hex=call))


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
                wait.get("term"),
            )


def _calls(workflow: CaseWorkflow, waits: Mapping[UUID, Any]) -> Iterator[Outgoing]:
    for call in workflow.calls:
        if call.token in waits:  # one that was removed by the same command never had an assignee
            yield replace(call, element=waits[call.token][0].task_spec.element.path)


_MOVEMENTS: Mapping[int, Movement] = {STARTED: "entered", COMPLETED: "passed", CANCELLED: "cancelled"}


def _passages(workflow: CaseWorkflow) -> Iterator[tuple[Token, TokenTransition]]:
    # Work that was opened and removed by one command never had an assignee.
    fresh = {token.id for token, _, state in workflow.trail if state == READY and token.human}
    begun = {token.id for token, before, _ in workflow.trail if before == STARTED}
    written: dict[UUID, list[Write]] = {}
    for one in workflow.journal:
        if one.by is not None:
            written.setdefault(one.by.id, []).append(one)
    for token, before, state in workflow.trail:
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
        writes = written.get(token.id, ()) if movement == "passed" else ()
        yield (
            token,
            TokenTransition(
                movement,
                token.id,
                element.path,
                token.human,
                {one.name: one.value for one in writes},
                token.why if movement == "passed" else None,
                {one.name: one.scope for one in writes if one.scope is not None},
                token.overwritten,
            ),
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


def _opened(workflow: CaseWorkflow) -> Iterator[Work]:
    for token, _, state in workflow.trail:
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
            yield Failure(token.id, path, name, failed.code, failed.message, failed.line, failed.year)


def _outcome(workflow: CaseWorkflow) -> str | None:
    """Returns the outcome in the process's own word.

    It is that of an error that ended the process or of the end event reached, else of the variable `outcome`.
    """
    word = workflow.uncaught or workflow.outcome or workflow.values.get(VARIABLE)
    return word if isinstance(word, str) and 0 < len(word) <= MAX_OUTCOME else None
