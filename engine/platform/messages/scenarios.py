"""The result of a scenario, with what was expected and what happened in the reader's language."""

from collections.abc import Mapping
from typing import Any

from engine.platform.language import Texts
from engine.platform.messages.phrases import explain


def readable(stored: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """Return a stored result with its names in the API; those of older releases have sentences in English."""
    shown = {"expected": explain(stored["expected"], texts), "actual": explain(stored["came"], texts)}
    return {name: value for name, value in stored.items() if name != "came"} | shown
