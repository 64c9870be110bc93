"""The text of an incident: why an element failed, and how to fix it."""

from collections.abc import Mapping

from engine.platform.language import Texts


def explain(code: str, texts: Texts) -> Mapping[str, str]:
    """Return the `reason` and the `fix` of an incident; the code itself if it has no text."""
    return {
        "reason": texts.find(f"incidents.{code}.reason", code),
        "fix": texts.find(f"incidents.{code}.fix"),
    }
