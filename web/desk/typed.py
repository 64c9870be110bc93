"""Input of our own forms: texts, days, numbers. A fault has the field's JSON Pointer."""

from datetime import date, datetime, time

from flask import request

from engine import tasks
from engine.platform.errors import Fault, Invalid
from engine.platform.formats import FORMATS
from web import texts

LINE, TEXT = 200, 10_000
# Control characters; tab and line breaks are allowed.
_CONTROLS = dict.fromkeys(set(range(32)) - {9, 10} | {127})


def words(name: str, *, most: int = TEXT) -> str | None:
    """Return a text with line breaks; None if it is empty. Raises Invalid if it is too long."""
    given = request.form.get(name, "").replace("\r\n", "\n").translate(_CONTROLS).strip()
    if len(given) > most:
        raise Invalid(
            "The text is too long.", [Fault(f"/{name}", "is too long", "maxLength", {"count": most})]
        )
    return given or None


def line(name: str) -> str | None:
    """Return a text of one line."""
    given = words(name, most=LINE)
    return None if given is None else " ".join(given.split())


def required(name: str, *, most: int = TEXT) -> str:
    """Return a required text. Raises Invalid if it is empty."""
    given = words(name, most=most)
    if given is None:
        raise Invalid("A text is missing.", [Fault(f"/{name}", "is required", "required")])
    return given


def reasons() -> list[tuple[str, str]]:
    """Return the codes of reasons for a reassignment, each with its name."""
    return [(code, texts.find_text(f"desk.reason-code.{code}", code)) for code in tasks.REASON_CODES]


def last_minute(name: str) -> datetime | None:
    """Return the end of a day, in any digits and either calendar; None if empty. Raises Invalid."""
    given = line(name)
    if given is None:
        return None
    read = FORMATS["date"](given)
    if read is None:
        raise Invalid("The day is not a date.", [Fault(f"/{name}", "is not a date", "format/date")])
    return datetime.combine(date.fromisoformat(read), time(23, 59), texts.reader().zone)
