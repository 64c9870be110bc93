"""Keeps running cases to the outcomes that their process declares: set by script, reply or message.

What people send is refused before it comes here. Versions that declare no outcomes are not judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn.notation.outcomes import (
    DECISION,
    PROCESS,
    Outcome,
    Vocabulary,
    changed,
    effect_of,
    exactly,
    grounds,
    listed,
    of_process,
    text_of,
    variables,
)

GROUNDED = "ground given"  # in a case's own data: somebody has refused, and has said why
_JUDGED = frozenset({
    "task", "userTask", "manualTask", "scriptTask", "businessRuleTask", "serviceTask", "receiveTask",
    "callActivity", "subProcess", "transaction", "startEvent", "intermediateCatchEvent", "boundaryEvent",
})  # fmt: skip
_AROUND = frozenset({"callActivity", "subProcess", "transaction"})  # what is inside has been judged there


class NotAllowed(Exception):
    """An outcome that a case must not get."""


class NotDeclared(NotAllowed):
    """One that its process does not declare."""


class NotGrounded(NotAllowed):
    """A refusal for which there is no legal ground."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one element may set: the variables that hold outcomes; `refuses`: the refusal as which it ends."""

    variables: Mapping[str, tuple[Outcome, ...]]
    refuses: str | None = None
    decision: str | None = None
    needs_ground: bool = True


class Declared:
    """What the processes of a document declare, each read once."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[Vocabulary, Mapping[str, tuple[Outcome, ...]]]] = {}

    def limits(self, node: Any, outcome: str | None) -> Limits | None:
        """The limits of an element; None if there are none. `outcome`: what a case gets that ends there."""
        process = next(node.iterancestors(PROCESS), None)
        if process not in self._known:
            self._known[process] = ((), {}) if process is None else (of_process(process), variables(process))
        known, held = self._known[process]
        kind = node.tag.rpartition("}")[2]
        if not known or kind == "endEvent":
            refuses = bool(known) and effect_of(known, outcome) == "refuses"
            return Limits({}, outcome) if refuses else None
        return Limits(held, None, node.get(DECISION), kind not in _AROUND) if kind in _JUDGED else None


def require(limits: Limits, token: Any, data: Mapping[str, Any]) -> None:
    """Judge the data with which a token leaves its element. Raises NotAllowed."""
    notes = token.workflow.top_workflow.data
    if limits.refuses is not None:
        _require_ground(limits.refuses, data, notes)
        return
    before = token.parent.data if token.parent is not None else {}
    for name, value, vocabulary in changed(limits.variables, before, data):
        found = exactly(vocabulary, value)
        if found is None:
            raise NotDeclared(_undeclared(name, value, vocabulary))
        if found.effect == "refuses" and limits.needs_ground and not token.human:
            _require_ground(found.value, data, notes)
    _note(limits, data, notes)


def _undeclared(name: str, value: Any, vocabulary: Vocabulary) -> str:
    told = repr(text_of(value)[:80]) if text_of(value) else "no word"
    return f"{name} is {told}, which is not among the declared outcomes: {listed(vocabulary)}"


def _require_ground(outcome: str, data: Mapping[str, Any], notes: Mapping[str, Any]) -> None:
    if not notes.get(GROUNDED) and not grounds(data):
        raise NotGrounded(
            f"{outcome!r} refuses, and there is no legal ground:"
            " set `ground` to an object with `code` and `text`",
        )


def _note(limits: Limits, data: Mapping[str, Any], notes: dict[str, Any]) -> None:
    """Remember that a person has refused with a ground: it may not reach the end as a variable.

    A later decision that does not refuse takes it back: then a refusal needs a ground of its own.
    """
    if limits.decision is not None:
        found = exactly(limits.variables.get(limits.decision, ()), data.get(limits.decision))
        if found is None:
            return
        if found.effect != "refuses":
            notes.pop(GROUNDED, None)
        elif grounds(data):
            notes[GROUNDED] = True
