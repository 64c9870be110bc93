"""What a person is told when a command is refused: the key of a text, and the values that it names."""

import re
from typing import Any

from engine.platform.errors import Conflict, Refusal, Throttled
from web import texts


def told(refusal: Refusal) -> tuple[str, dict[str, Any]]:
    """What is said of a refusal."""
    if isinstance(refusal, Throttled):
        return "refusals.throttled.seconds", {"count": refusal.seconds}
    values = {}
    if isinstance(refusal, Conflict) and refusal.code == "appeal-late":
        values["until"] = refusal.state["until"].date()
    if isinstance(refusal, Conflict) and refusal.code == "too-many-uploads":
        values["limit"] = refusal.state["limit"]
    return f"refusals.{_present(refusal) or name(type(refusal))}", values


def explained(refusal: Refusal) -> str:
    """The same as it is read."""
    key, values = told(refusal)
    return texts.say(key, **values)


def name(kind: type[Refusal]) -> str:
    """What texts call a class of refusals: `four-eyes-late`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


def _present(refusal: Refusal) -> str | None:
    """What in the present state is in the way, if the refusal tells."""
    if type(refusal) is not Conflict:
        return None
    if refusal.code is not None:
        return refusal.code
    for thing in ("task", "case"):
        status = (refusal.state.get(thing) or {}).get("status")
        if status is not None and (thing, status) != ("task", "open"):
            return f"{thing}-{status}"
    return None
