"""Restricts outcomes set by scripts, replies or messages to those that the process declares.

Input from people is rejected earlier. Versions without declared outcomes aren't restricted.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn.notation.outcomes import (
    DECISION,
    PROCESS,
    Outcome,
    Vocabulary,
    effect_of,
    exactly,
    grounds,
    listed,
    of_process,
    text_of,
    variables,
)

GROUNDED = "ground given"  # in a case's own data: a person has refused, with grounds
_JUDGED = frozenset({
    "task", "userTask", "manualTask", "scriptTask", "businessRuleTask", "serviceTask", "receiveTask",
    "callActivity", "subProcess", "transaction", "startEvent", "intermediateCatchEvent", "boundaryEvent",
})  # fmt: skip
_AROUND = frozenset({"callActivity", "subProcess", "transaction"})  # checked inside


class NotAllowed(Exception):
    """Raised for an outcome that a case must not get."""


class NotDeclared(NotAllowed):
    """Raised for an outcome that its process doesn't declare."""


class NotGrounded(NotAllowed):
    """Raised for a refusal without grounds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one element: variables with outcomes; `refuses` is the refusal that ends the case."""

    variables: Mapping[str, tuple[Outcome, ...]]
    refuses: str | None = None
    decision: str | None = None
    needs_ground: bool = True


class Declared:
    """The declarations of a document's processes, each read once."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[Vocabulary, Mapping[str, tuple[Outcome, ...]]]] = {}

    def limits(self, node: Any, outcome: str | None) -> Limits | None:
        """Returns the limits of an element, or None. `outcome` is what a case gets if it ends there."""
        process = next(node.iterancestors(PROCESS), None)
        if process not in self._known:
            self._known[process] = ((), {}) if process is None else (of_process(process), variables(process))
        known, held = self._known[process]
        kind = node.tag.rpartition("}")[2]
        if not known or kind == "endEvent":
            refuses = bool(known) and effect_of(known, outcome) == "refuses"
            return Limits({}, outcome) if refuses else None
        return Limits(held, None, node.get(DECISION), kind not in _AROUND) if kind in _JUDGED else None


def require(limits: Limits, token: Any, data: Mapping[str, Any], written: Collection[str]) -> None:
    """Checks the data with which a token leaves its element, which has set these names. Raises NotAllowed."""
    notes = token.workflow.top_workflow.data
    if limits.refuses is not None:
        _require_ground(limits.refuses, data, notes)
        return
    for name in limits.variables.keys() & written:
        value, vocabulary = data.get(name), limits.variables[name]
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
    """Records that a person has refused with grounds: at the end, the variable may be gone.

    A later decision that doesn't refuse removes the record: a refusal then needs new grounds.
    """
    if limits.decision is not None:
        found = exactly(limits.variables.get(limits.decision, ()), data.get(limits.decision))
        if found is None:
            return
        if found.effect != "refuses":
            notes.pop(GROUNDED, None)
        elif grounds(data):
            notes[GROUNDED] = True
