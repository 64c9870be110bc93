"""Warns of processes that run as drawn but are bad for applicants or hard to read.

The rules for administrations are the product's own, those for drawing are bpmnlint's. docs/lint.md explains
all of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.bpmn.lint.accepted import check_accepted
from engine.bpmn.lint.administration import check_administration
from engine.bpmn.lint.drawing import check_drawing
from engine.bpmn.model.diagram import Diagram
from engine.bpmn.model.notes import Notes

__all__ = ["lint"]


def lint(
    files: Mapping[str, bytes], diagrams: Sequence[Diagram], schemas: Mapping[str, Any], notes: Notes
) -> None:
    """Checks files without errors: their `diagrams`, and all forms by file name."""
    check_accepted(diagrams, notes)
    check_administration(diagrams, schemas, notes)
    for file in dict.fromkeys(diagram.file for diagram in diagrams):
        own = [diagram for diagram in diagrams if diagram.file == file]
        check_drawing(file, files[file], own, notes)
