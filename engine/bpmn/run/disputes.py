"""Variables that parallel branches of an earlier release had set differently, when each had data of its own.

The last value counts, which is what people were shown. But no condition and no decision continues with it
before a person has chosen: the element that reads it fails. Setting the variable settles it (`scopes.write`).
"""

from collections.abc import Iterable

from engine.bpmn.expressions.scripts import names
from engine.bpmn.run.scopes import settle, source
from engine.bpmn.run.tokens import Failed, Token

UNSETTLED = "unsettled"  # in a failed token's internal data: the variables because of which it failed


def require_settled(token: Token, reads: Iterable[str]) -> None:
    """Raises Failed if one of the variables that an element reads is disputed."""
    read = {name: source(token, name) for name in reads}
    disputes = token.workflow.top_workflow.disputes
    found = sorted(one.name for one in disputes if read.get(one.name) is one.store)
    if found:
        token.internal_data[UNSETTLED] = found
        listed = ", ".join(map(repr, found))
        raise Failed("data-conflict", f"parallel branches had set {listed} differently; choose the value")


def require_settled_in(token: Token, condition: str) -> None:
    """Raises Failed if one of the variables that a condition reads is disputed."""
    if token.workflow.top_workflow.disputes:
        require_settled(token, names(condition, "eval").reads)


def accept_present(token: Token) -> None:
    """Settles the variables because of which a token failed, with their present values."""
    for name in token.internal_data.pop(UNSETTLED, ()):
        settle(token.workflow.top_workflow, source(token, name), name)
