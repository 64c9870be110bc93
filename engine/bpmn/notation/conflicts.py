"""`parvandeh:onConflict`: what happens if a reply overwrites what was changed since its call was made."""

from collections.abc import Iterator
from typing import Any

from engine.bpmn.notation.vocabulary import OURS, bpmn

ON_CONFLICT = f"{OURS}onConflict"
INCIDENT, OVERWRITE = "incident", "overwrite"
CONFLICTS = (INCIDENT, OVERWRITE)
DATA_OBJECTS = ("dataObject", "dataObjectReference")  # a reference, which is drawn, speaks for its object


def on_conflict(process: Any) -> Iterator[tuple[str, str]]:
    """Yields the variables of a process's data objects that say what happens, each with its value."""
    for element in process.iter(*map(bpmn, DATA_OBJECTS)):
        value = element.get(ON_CONFLICT)
        if value is not None:
            yield element.get("dataObjectRef") or element.get("id", ""), value
