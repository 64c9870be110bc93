"""Conditional events (BPMN 2.0.2 §10.5.5).

Conditions are evaluated when their events start to wait, and after each change of the variables that they
read.
"""

import builtins
from collections.abc import Set
from typing import Any

from engine.bpmn.expressions.juel import expression, is_marked
from engine.bpmn.expressions.scripts import names
from engine.bpmn.run.scopes import within
from engine.bpmn.run.tokens import Token

HELD = "held"  # in a token's internal data: the condition was true at the last evaluation


def came_true(text: str, token: Token) -> dict[str, Any] | None:
    """Returns the variables that made a condition true; None if none newly did. Raises ScriptFailed."""
    workflow = token.workflow.top_workflow
    reads = names(text, "eval").reads
    data = within(token.workflow)
    seen = {name: data[name] for name in reads & data.keys()}
    asked = workflow.asked.get(token.id)
    if asked is not None and asked.keys() == seen.keys() and all(asked[name] is seen[name] for name in seen):
        return None
    workflow.asked[token.id] = seen
    # A missing variable never makes a condition true.
    if _needed(text, reads) - seen.keys() or not workflow.sandbox.holds(text, seen):
        token.internal_data.pop(HELD, None)
        return None
    held = token.internal_data.get(HELD, False)
    token.internal_data[HELD] = True
    return None if held else seen


def _needed(text: str, reads: frozenset[str]) -> Set[str]:
    """Returns the variables without which the condition is not evaluated."""
    if is_marked(text):
        return reads - expression(text.strip()).optional
    return reads - set(dir(builtins))
