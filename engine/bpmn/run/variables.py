"""The variables of a running case, by scope, and commands that set them from outside of its elements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.bpmn.run import scopes
from engine.bpmn.run.completions import INPUTS, LOCALS
from engine.bpmn.run.repair import repair
from engine.bpmn.run.result import step_of
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.run.spec import Spec
from engine.bpmn.run.state import load
from engine.bpmn.run.step import Step
from engine.bpmn.run.tokens import FINISHED, Token
from engine.bpmn.run.workflow import CaseWorkflow
from engine.bpmn.values import plain

# Set by the engine in each instance of an activity: nobody else may.
COUNTERS = frozenset({"loopCounter", "nrOfInstances"})


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope inside a running case: a called process, an instance, a sub-process with variables of its own.

    `token` identifies it, `path` is that of its activity; `prefix` begins the paths of the elements in it.
    """

    token: UUID
    path: str
    prefix: str
    variables: Mapping[str, Any]


def inner_scopes(spec: Spec, state: bytes, now: datetime) -> tuple[Scope, ...]:
    """Returns the scopes inside a case that have variables, in the order in which they began."""
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    found = (
        Scope(token.id, scopes.path_of(token), _prefix(workflow, token), plain(own))
        for token, own in _stores(workflow)
        if own
    )
    return tuple(sorted(found, key=lambda scope: scope.token.bytes))


def set_variables(
    spec: Spec, state: bytes, scope: UUID | None, data: Mapping[str, Any], now: datetime
) -> Step:
    """Sets variables of a scope, or of the case, and continues where conditions have become true.

    Raises LookupError if the case has no such scope (any more).
    """
    workflow = load(state, spec, Sandbox(now, spec.trace, spec.calendar))
    place = workflow.task_tree if scope is None else _place(workflow, scope)
    elsewhere = repair(place, data)
    workflow.advance()
    return replace(step_of(workflow), scopes=elsewhere)


def _stores(workflow: CaseWorkflow) -> Iterator[tuple[Token, dict[str, Any]]]:
    """Yields what the scopes inside a case store, each with the token at its activity."""
    for tree in (workflow, *workflow.subprocesses.values()):
        for token in tree.tasks.values():
            inner = workflow.subprocesses.get(token.id)
            if inner is not None and inner.called:
                yield token, inner.values
            elif not token._state & FINISHED:
                inputs = token.internal_data.get(INPUTS, ())
                own = token.internal_data.get(LOCALS, {})
                kept = {name: value for name, value in own.items() if name not in inputs}
                yield token, {**kept, **(inner.values if inner is not None else {})}


def _prefix(workflow: CaseWorkflow, token: Token) -> str:
    """Returns what the paths of the elements in a token's activity begin with."""
    inner = workflow.subprocesses.get(token.id)
    if inner is not None and inner.called:
        return f"{inner.name.partition(':')[2]}/"  # names of built specs are `digest:key`
    around, slash, _ = scopes.path_of(token).rpartition("/")
    return around + slash


def _place(workflow: CaseWorkflow, scope: UUID) -> Token:
    """Returns a token whose writes belong to a scope. Raises LookupError."""
    inner = workflow.subprocesses.get(scope)
    if inner is not None:
        first: Token = inner.task_tree
        return first
    found = next((token for token, own in _stores(workflow) if token.id == scope and own), None)
    if found is None:
        raise LookupError(f"the case has no scope {scope}")
    return found
