"""What a request asks for, as it may be used: what is none is as if it had not been said."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.datastructures import MultiDict

from engine.platform import formats, persian
from engine.platform.errors import Fault, Invalid
from web import texts

LONGEST = 200
YEARS = ("1900", "2200")  # between which days lie: far beyond, neither calendars nor databases reach


def text(sent: "MultiDict[str, str]", name: str) -> str | None:
    """A line that somebody has written; without what cannot be seen."""
    line = "".join(filter(persian.printable, sent.get(name, "")))
    return line.strip()[:LONGEST] or None


def number(sent: "MultiDict[str, str]", name: str) -> int | None:
    """A whole number as people type it, in any digits."""
    typed = persian.digits(sent.get(name, "").strip())
    return int(typed) if typed.removeprefix("-").isdecimal() and typed.isascii() and len(typed) < 8 else None


def count(sent: "MultiDict[str, str]", name: str) -> int | None:
    """A version, a revision, a place in a list: as addresses and hidden fields hold it."""
    typed = sent.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None


def day(sent: "MultiDict[str, str]", name: str, at: time = time.min) -> datetime | None:
    """A date of either calendar, at this time of day where the installation is."""
    found = formats.day(sent.get(name, ""))
    if found is None:
        return None
    return datetime.combine(datetime.fromisoformat(found).date(), at, texts.reader().zone)


def typed_day(name: str, pointer: str, *, whole: bool = False) -> datetime | None:
    """The beginning of a day that was typed in either calendar; with `whole` its end; None for nothing.

    Raises Invalid for what is no date.
    """
    typed = text(request.values, name)
    if typed is None:
        return None
    found = formats.day(typed)
    if found is None or not YEARS[0] <= found < YEARS[1]:
        raise Invalid("The request has faults.", [Fault(pointer, "is no date", "format/date")])
    begin = datetime.fromisoformat(found).replace(tzinfo=texts.reader().zone)
    return begin + timedelta(days=1) if whole else begin


def identity(sent: "MultiDict[str, str]", name: str) -> UUID | None:
    """The id of something."""
    return _identity(sent.get(name, ""))


def identities(name: str) -> Sequence[UUID]:
    """Those that the form names, each once."""
    found = (_identity(one) for one in request.form.getlist(name))
    return list(dict.fromkeys(one for one in found if one is not None))


def choice(sent: "MultiDict[str, str]", name: str, choices: Any) -> Any:
    """One of these, or None."""
    return value if (value := sent.get(name)) in choices else None


def _identity(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None
