"""What is typed into forms of our own: texts, days, numbers. A fault names its field by a JSON Pointer."""

from datetime import date, datetime, time

from flask import request

from engine import tasks
from engine.platform.errors import Fault, Invalid
from engine.platform.formats import FORMATS
from web import asked, texts

LINE, TEXT = 200, 10_000
# What no keyboard writes; tab and ends of lines stay.
_CONTROLS = dict.fromkeys(set(range(32)) - {9, 10} | {127})


def words(name: str, *, most: int = TEXT) -> str | None:
    """A text of several lines; None if there is none. Raises Invalid for one that is too long."""
    given = request.form.get(name, "").replace("\r\n", "\n").translate(_CONTROLS).strip()
    if len(given) > most:
        raise Invalid(
            "The text is too long.", [Fault(f"/{name}", "is too long", "maxLength", {"count": most})]
        )
    return given or None


def line(name: str) -> str | None:
    """A text of one line."""
    given = words(name, most=LINE)
    return None if given is None else " ".join(given.split())


def required(name: str, *, most: int = TEXT) -> str:
    """A text that must be there."""
    given = words(name, most=most)
    if given is None:
        raise Invalid("A text is missing.", [Fault(f"/{name}", "is required", "required")])
    return given


def reasons() -> list[tuple[str, str]]:
    """The codes of why a task goes to somebody else, each with what it is called."""
    return [(code, texts.said(f"desk.reason-code.{code}", code)) for code in tasks.REASON_CODES]


def last_minute(name: str) -> datetime | None:
    """The end of a day, in any digits and either calendar; None if none was typed. Raises Invalid."""
    given = line(name)
    if given is None:
        return None
    read = FORMATS["date"](given)
    if read is None:
        raise Invalid("The day cannot be read.", [Fault(f"/{name}", "is no date", "format/date")])
    return datetime.combine(date.fromisoformat(read), time(23, 59), texts.reader().zone)


def revisions() -> list[int] | None:
    """The revision that was shown with the form."""
    given = asked.count(request.form, "revision")
    return None if given is None else [given]
