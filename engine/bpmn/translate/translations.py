"""The translations of a document, for the report."""

from dataclasses import dataclass
from typing import Any

from engine.bpmn.notation import vocabulary

BPMN, CAMUNDA = (f"{{{space}}}" for space in (vocabulary.BPMN, vocabulary.CAMUNDA))


@dataclass(frozen=True, eq=False, slots=True)
class Translation:
    """One translation: `code` is stable; `reason` describes the original and its translation.

    If it `warns`, something else may have been intended.
    """

    element: Any
    code: str
    reason: str
    warns: bool = False


class Told:
    """The translations of one document, in order."""

    def __init__(self) -> None:
        self.all: list[Translation] = []

    def __call__(self, element: Any, code: str, reason: str = "", *, warns: bool = False) -> None:
        self.all.append(Translation(element, code, reason, warns))


def short(text: str, longest: int = 80) -> str:
    """Shortens a text for a finding."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def extension(element: Any, name: str) -> Any:
    """Returns the only Camunda extension element with this name, or None."""
    return element.find(f"{BPMN}extensionElements/{CAMUNDA}{name}")
