"""The text of a fault: shown next to a field that isn't filled in correctly."""

from typing import Any

from engine.platform.errors import Fault
from engine.platform.language import Texts
from engine.platform.messages import phrases


def text_of(fault: Fault) -> tuple[str, dict[str, Any]]:
    """Return the key and values of a fault's text; for a wrong type, what to enter, if that is known."""
    key = f"faults.{fault.code}"
    if fault.code == "type" and "type" in fault.values:
        key = f"{key}.{fault.values['type']}"
    return key, dict(fault.values)


def explain(fault: Fault, texts: Texts) -> str:
    """Explain a fault in the reader's language; without a text, by the engine's own sentence."""
    key, values = text_of(fault)
    if key not in texts:
        return fault.detail
    return texts.say(key, **{name: phrases.explain(value, texts) for name, value in values.items()})
