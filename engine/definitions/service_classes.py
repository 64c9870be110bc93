"""The classes of services, and their usual bounds. How they order tasks is not decided here."""

from collections.abc import Mapping
from types import MappingProxyType

from engine.bpmn import clock
from engine.models import ServiceClass

# The classes, the highest first, each with its usual bound.
BOUNDS: Mapping[ServiceClass, str] = MappingProxyType({"urgent": "PT1WH", "ordinary": "P3WD", "low": "P10WD"})


def is_bound(text: str) -> bool:
    """Whether a text is a bound: a term in working time of more than zero."""
    return text.endswith(("WD", "WH")) and clock.is_length(text)
