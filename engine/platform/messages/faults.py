"""The text of a fault: what is shown beside a field that is not filled in correctly."""

from typing import Any

from engine.platform.errors import Fault
from engine.platform.language import Texts


def text_of(fault: Fault) -> tuple[str, dict[str, Any]]:
    """The key of the text for a fault, and its values; of a wrong type what to write, where that is known."""
    key = f"faults.{fault.code}"
    if fault.code == "type" and "type" in fault.values:
        key = f"{key}.{fault.values['type']}"
    return key, dict(fault.values)


def explain(fault: Fault, texts: Texts) -> str:
    """A fault in the reader's language; one that has no text in the engine's own words."""
    key, values = text_of(fault)
    return texts.say(key, **values) if key in texts else fault.detail
