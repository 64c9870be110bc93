"""Collects findings on elements of a diagram, each with its place. Contains no rules."""

from typing import Any

from engine.bpmn.notation.vocabulary import OWNERS, local
from engine.bpmn.translate.vendors import qualified
from engine.platform.findings import LAST_LINE, MAX_FINDINGS, Notes, Place, Value

__all__ = ["MAX_FINDINGS", "Notes", "Place", "Rules", "place", "qualified"]

# Attributes that name the message, signal, error or escalation of an event.
_REFERENCES = {
    f"{kind}EventDefinition": f"{kind}Ref" for kind in ("message", "signal", "error", "escalation")
}


def place(file: str, element: Any, shift: int = 0, attribute: str | None = None) -> Place:
    """Returns the place of an XML element: its line (plus `shift`), and the element that designers see.

    If the element is drawn as a part of another one, its own name is the attribute, unless one is passed.
    """
    owner = element
    while owner is not None and not (owner.get("id") and local(owner) in OWNERS):
        owner = owner.getparent()
    if owner is None:
        owner = element
    drawn = element
    while drawn.sourceline is None and drawn.getparent() is not None:  # added by a translation
        drawn = drawn.getparent()
    line = drawn.sourceline
    known = line is not None and line < LAST_LINE
    if attribute is None and owner is not element:
        attribute = _REFERENCES.get(local(element)) or qualified(element, element.tag)
    return Place(file, owner.get("id"), owner.get("name"), line + shift if known else None, attribute)


class Rules:
    """Base class of the rules on the elements of one file: how they report findings."""

    def __init__(self, file: str, notes: Notes) -> None:
        self.file = file
        self.notes = notes

    def error(self, at: Any, code: str, /, **values: Value) -> None:
        """Records an error of an element, which prevents the deployment."""
        self.notes.error(place(self.file, at), code, **values)

    def warn(self, at: Any, code: str, /, **values: Value) -> None:
        """Records a warning: the element runs, but perhaps not as intended."""
        self.notes.warn(place(self.file, at), code, **values)
