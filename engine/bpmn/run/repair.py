"""Repairs the data with which an element has failed."""

from collections.abc import Mapping
from typing import Any

from engine.bpmn.run import scopes
from engine.bpmn.run.completions import INPUTS
from engine.bpmn.run.tokens import Token


def repair(token: Token, data: Mapping[str, Any]) -> dict[str, str]:
    """Sets variables as the token sees them; returns the scopes of those that aren't the case's."""
    elsewhere = scopes.scopes_of(token, data)
    scopes.write(token, data, repairs=True)
    _forget_inputs(token, data)
    return elsewhere


def _forget_inputs(token: Token, data: Mapping[str, Any]) -> None:
    """Recomputes a decision's inputs from repaired data, unless the inputs themselves were repaired."""
    inputs = token.internal_data.get(INPUTS, ())
    if token.task_spec.own.exact and data and data.keys().isdisjoint(inputs):
        token.forget_inputs()
