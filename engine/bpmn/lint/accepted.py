"""Findings that a designer has reviewed and accepted: `parvandeh:accept` lists their codes."""

from collections.abc import Sequence
from typing import Any

from engine.bpmn.lint.rules import CODES
from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.notation.vocabulary import PARVANDEH, local

ACCEPT = f"{{{PARVANDEH}}}accept"


def accepts(element: Any, code: str) -> bool:
    """Whether a finding at an element is accepted there, or for the whole process."""
    if code in element.get(ACCEPT, "").split():
        return True
    if local(element) == "process":
        return False
    return any(
        code in around.get(ACCEPT, "").split()
        for around in element.iterancestors()
        if local(around) == "process"
    )


def check_accepted(diagrams: Sequence[Diagram], notes: Notes) -> None:
    """Reports accepted codes that no rule has: perhaps misspelt."""
    for diagram in diagrams:
        for element in diagram.element.iter():
            unknown = sorted({*element.get(ACCEPT, "").split()} - CODES)
            if unknown:
                notes.warn(place(diagram.file, element), "unknown-rule", rule=unknown[0][:80])
