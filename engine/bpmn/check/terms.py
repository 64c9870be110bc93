"""Checks literal due dates of tasks: each is a time."""

from datetime import datetime

from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes, place
from engine.bpmn.model.texts import written_term
from engine.bpmn.notation import timers
from engine.bpmn.notation.activities import TERMS
from engine.bpmn.notation.vocabulary import HUMAN, PARVANDEH


def check_terms(diagram: Diagram, now: datetime, notes: Notes) -> None:
    """Checks the `due` and `followUp` of every user task."""
    for node in diagram.nodes():
        for name in TERMS if node.kind in HUMAN else ():
            text = written_term(node.element.get(f"{{{PARVANDEH}}}{name}", ""))
            try:
                if text is not None:
                    timers.check_term(text, now)
            except timers.Untimely as error:
                notes.error(
                    place(diagram.file, node.element),
                    f"invalid-timer.{error.code}",
                    attribute=f"parvandeh:{name}",
                    value=str(text)[:80],
                )
