"""Repairs the data with which an element has failed."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.bpmn.run.activity_scope import outside
from engine.bpmn.run.completions import INPUTS, own_names, private
from engine.bpmn.run.elements.branches import ABSENT, CONSUMED, DECIDED
from engine.bpmn.run.tokens import FAILED, Token
from engine.bpmn.values import differing


def repair(token: Token, data: Mapping[str, Any]) -> dict[str, Any]:
    """Changes variables at the token, and wherever the old values came from or were passed on.

    Values set by a branch itself are unchanged: a later join reports the conflict. Where branches have
    already met, the new value takes precedence. Returns the variables that belong to the case, not only to an
    instance, a sub-process or a called process with mappings.
    """
    for name, value in differing(token.data, data).items():
        before = [one.data.get(name, ABSENT) for one in (token, token.parent) if one is not None]
        others = [] if name in private(token) else _sharing(token, name)
        for other in others:
            if any(other.data.get(name, ABSENT) is old for old in before):
                other.data = {**other.data, name: value}
        token.data = {**token.data, name: value}
    _forget_inputs(token, data)
    if data and (CONSUMED in token.internal_data or token.internal_data.get(FAILED) == "data-conflict"):
        token.internal_data[DECIDED] = {**token.internal_data.get(DECIDED, {}), **data}
    return {name: value for name, value in data.items() if not _hidden(token, name)}


def _forget_inputs(token: Token, data: Mapping[str, Any]) -> None:
    """Recomputes a decision's inputs from repaired data, unless the inputs themselves were repaired."""
    inputs = token.internal_data.get(INPUTS, ())
    if token.task_spec.own.exact and data and data.keys().isdisjoint(inputs):
        token.data = outside(token)
        token.internal_data.pop(INPUTS, None)


def _sharing(token: Token, name: str) -> list[Token]:
    """Returns the tokens of all scopes in which the name is the same variable as at this token."""
    scope = token.workflow
    while (host := scope.host) is not None and _shares(host, name):
        scope = host.workflow
    return list(_inside(scope, name))


def _inside(scope: Any, name: str) -> Iterator[Token]:
    scopes = [scope]
    while scopes:
        for token in scopes.pop().tasks.values():
            if name in own_names(token):
                continue
            yield token
            inner = token.workflow.top_workflow.subprocesses.get(token.id)
            if inner is not None and _shares(token, name):
                scopes.append(inner)


def _shares(host: Token, name: str) -> bool:
    """Whether a variable around an activity is visible inside it."""
    return not host.task_spec.own.apart and name not in private(host)


def _hidden(token: Token, name: str) -> bool:
    """Whether the name is another variable in the case than at this token."""
    inside = token
    while name not in private(inside):
        host = inside.workflow.host
        if host is None:
            return False
        if host.task_spec.own.apart:
            return True
        inside = host
    return True
