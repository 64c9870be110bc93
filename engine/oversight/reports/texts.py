"""The texts that people write in reports: what makes one invalid."""

from engine.platform import persian
from engine.platform.errors import Fault

_BREAKS = "\n\r\t"


def faults(pointer: str, text: str, longest: int, *, required: bool = False) -> list[Fault]:
    """Returns what is wrong with a text of several lines."""
    if len(text) > longest:
        limit = {"count": longest}
        return [Fault(pointer, f"must have at most {longest} characters", "maxLength", limit)]
    if required and not text.strip():
        return [Fault(pointer, "is required", "missing")]
    if not all(sign in _BREAKS or persian.printable(sign) for sign in text):
        return [Fault(pointer, "has a character that no text can hold", "characters")]
    return []
