"""The text of a refusal: why a command is refused, and what to do."""

import re
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from engine.platform.errors import Conflict, QuotaExceeded, Refusal, ScopeMissing, Throttled
from engine.platform.language import Texts

_READABLE = 120  # seconds; longer times are written in minutes
# By code: the values that its text names.
_VALUES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "appeal-late": lambda state: {"until": state["until"].date()},
    "too-many-drafts": lambda state: {"limit": state["limit"]},
    "too-many-uploads": lambda state: {"limit": state["limit"]},
    "no-holidays": lambda state: {"year": str(state["calendar"]["year"])},
    "calendar-changed": lambda state: {"version": state["calendar"]["version"]},
}


def text_of(refusal: Refusal) -> tuple[str, dict[str, Any]]:
    """Return the key and the values of a refusal's text."""
    if isinstance(refusal, Throttled):
        return "refusals.throttled.seconds", {"count": refusal.seconds}
    if isinstance(refusal, QuotaExceeded):
        if refusal.seconds <= _READABLE:
            return "refusals.quota-exceeded.seconds", {"count": refusal.seconds}
        return "refusals.quota-exceeded.minutes", {"count": ceil(refusal.seconds / 60)}
    values = {"scope": refusal.scope} if isinstance(refusal, ScopeMissing) else {}
    if isinstance(refusal, Conflict) and (of_code := _VALUES.get(refusal.code or "")):
        values = of_code(refusal.state)
    return f"refusals.{code_of(refusal)}", values


def explain(refusal: Refusal, texts: Texts) -> str:
    """Explain a refusal in the reader's language."""
    key, values = text_of(refusal)
    return texts.say(key, **values)


def code_of(refusal: Refusal) -> str:
    """Return the stable code of a refusal: the state that prevents the command, else its class."""
    return _present(refusal) or name(type(refusal))


def name(kind: type[Refusal]) -> str:
    """Return the code of a class of refusals: `four-eyes-late`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


def _present(refusal: Refusal) -> str | None:
    """Return the state that prevents the command, if the refusal has it."""
    if type(refusal) is not Conflict:
        return None
    if refusal.code is not None:
        return refusal.code
    for thing in ("task", "case"):
        status = (refusal.state.get(thing) or {}).get("status")
        if status is not None and (thing, status) != ("task", "open"):
            return f"{thing}-{status}"
    return None
