"""The translations of a document, for the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn.notation import vocabulary
from engine.platform.findings import Value

BPMN, CAMUNDA = (f"{{{space}}}" for space in (vocabulary.BPMN, vocabulary.CAMUNDA))


@dataclass(frozen=True, eq=False, slots=True)
class Translation:
    """One translation: `code` is stable; `values` are those of its text.

    If it `warns`, something else may have been intended.
    """

    element: Any
    code: str
    values: Mapping[str, Value]
    warns: bool = False


class Told:
    """The translations of one document, in order."""

    def __init__(self) -> None:
        self.all: list[Translation] = []

    def __call__(self, element: Any, code: str, /, *, warns: bool = False, **values: Value) -> None:
        self.all.append(Translation(element, code, values, warns))


def short(text: str, longest: int = 80) -> str:
    """Shortens a text for a finding."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def extension(element: Any, name: str) -> Any:
    """Returns the only Camunda extension element with this name, or None."""
    return element.find(f"{BPMN}extensionElements/{CAMUNDA}{name}")
