"""What was translated, for the report."""

from dataclasses import dataclass
from typing import Any

from engine.bpmn.notation import vocabulary

BPMN, CAMUNDA = (f"{{{space}}}" for space in (vocabulary.BPMN, vocabulary.CAMUNDA))


@dataclass(frozen=True, eq=False, slots=True)
class Translation:
    """`code` is stable; `reason` says what stood there and what it means here.

    Where it `warns`, perhaps something else was meant.
    """

    element: Any
    code: str
    reason: str
    warns: bool = False


class Told:
    """The translations of one document, in the order in which they were made."""

    def __init__(self) -> None:
        self.all: list[Translation] = []

    def __call__(self, element: Any, code: str, reason: str = "", *, warns: bool = False) -> None:
        self.all.append(Translation(element, code, reason, warns))


def short(text: str, longest: int = 80) -> str:
    """A text as a finding shows it."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def extension(element: Any, name: str) -> Any:
    """The one extension element of Camunda's with this name, or None."""
    return element.find(f"{BPMN}extensionElements/{CAMUNDA}{name}")
