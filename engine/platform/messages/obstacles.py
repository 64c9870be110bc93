"""The text of an obstacle: what prevents a case from being migrated."""

from engine.platform.language import Texts


def explain(code: str, detail: str, texts: Texts) -> str:
    """Return the sentence of an obstacle, with the message of the error that caused it, if there is one."""
    reason = texts.find(f"obstacles.{code}", code)
    return f"{reason} ({detail})" if detail else reason
