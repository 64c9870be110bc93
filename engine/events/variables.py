"""Which variables of a case an event has set: so that the log alone contains the data of each case."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# By kind of event: the field of its payload with variables and their new values.
SET_BY: Mapping[str, str] = MappingProxyType(
    {
        "case.started": "data",
        "element.passed": "changes",
        "task.completed": "data",
        "incident.skipped": "changes",
        "data.repaired": "changes",
        "data.corrected": "changes",
        "data.changed": "changes",
        "change.confirmed": "changes",
    }
)


def changes(kind: str, payload: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Returns the case's variables that an event has set, without those of a scope inside the case."""
    found = (payload or {}).get(SET_BY.get(kind, ""))
    if not found or payload is None or "scope" in payload:
        return {}
    inside = payload.get("scopes", {})
    return {name: value for name, value in found.items() if name not in inside}
