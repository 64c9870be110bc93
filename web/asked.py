"""Typed values of a request's parameters: invalid ones count as missing."""

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
YEARS = ("1900", "2200")  # days between these: far beyond, neither calendars nor databases work


def text(sent: "MultiDict[str, str]", name: str) -> str | None:
    """Return a line of text, without invisible characters."""
    line = "".join(filter(persian.printable, sent.get(name, "")))
    return line.strip()[:LONGEST] or None


def number(sent: "MultiDict[str, str]", name: str) -> int | None:
    """Return a whole number as people type it, in any digits."""
    typed = persian.digits(sent.get(name, "").strip())
    return int(typed) if typed.removeprefix("-").isdecimal() and typed.isascii() and len(typed) < 8 else None


def count(sent: "MultiDict[str, str]", name: str) -> int | None:
    """Return a version, a revision or a list index, as addresses and hidden fields contain it."""
    typed = sent.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None


def day(sent: "MultiDict[str, str]", name: str, at: time = time.min) -> datetime | None:
    """Return a date of either calendar, at this time of day in the installation's zone."""
    found = formats.day(sent.get(name, ""))
    if found is None:
        return None
    return datetime.combine(datetime.fromisoformat(found).date(), at, texts.reader().zone)


def typed_day(name: str, pointer: str, *, whole: bool = False) -> datetime | None:
    """Return the beginning of a day, typed in either calendar; with `whole` its end; None for nothing.

    Raises Invalid if it is no date.
    """
    typed = text(request.values, name)
    if typed is None:
        return None
    found = formats.day(typed)
    if found is None or not YEARS[0] <= found < YEARS[1]:
        raise Invalid("The request is invalid.", [Fault(pointer, "is not a date", "format/date")])
    begin = datetime.fromisoformat(found).replace(tzinfo=texts.reader().zone)
    return begin + timedelta(days=1) if whole else begin


def identity(sent: "MultiDict[str, str]", name: str) -> UUID | None:
    """Return an id."""
    return _identity(sent.get(name, ""))


def identities(name: str) -> Sequence[UUID]:
    """Return the ids of the form, without duplicates."""
    found = (_identity(one) for one in request.form.getlist(name))
    return list(dict.fromkeys(one for one in found if one is not None))


def choice(sent: "MultiDict[str, str]", name: str, choices: Any) -> Any:
    """Return one of these, or None."""
    return value if (value := sent.get(name)) in choices else None


def _identity(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None
