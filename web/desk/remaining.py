"""The remaining time in words, by which the inbox is sorted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from web import texts

SOON = timedelta(days=1)
_UNITS = (
    ("days", timedelta(days=1)),
    ("hours", timedelta(hours=1)),
    ("minutes", timedelta(minutes=1)),
)


@dataclass(frozen=True, slots=True)
class Remaining:
    """The words, and their urgency: `late`, `soon`, or none."""

    text: str
    kind: str


def remaining(due: datetime | None, now: datetime) -> Remaining:
    """Return the time until an instant, in its largest whole unit."""
    if due is None:
        return Remaining(texts.say("inbox.no-due"), "")
    late = due <= now
    gap = now - due if late else due - now
    unit, length = next((each for each in _UNITS if gap >= each[1]), _UNITS[-1])
    count = max(1, gap // length)
    key = f"inbox.late.{unit}" if late else f"inbox.left.{unit}"
    return Remaining(texts.say(key, count=count), "late" if late else "soon" if gap < SOON else "")
