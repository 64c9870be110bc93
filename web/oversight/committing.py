"""What the pages of commitments and of the register share: navigation, words, and what was typed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import request

from engine.oversight.commitments import MeasuredCommitment, MonthValue
from engine.platform import formats
from engine.platform.errors import Fault, Invalid
from web.administration import area as administration
from web.oversight import exact, words
from web.oversight.area import WAYS, path
from web.visit import Page, Visit


def render(visit: Visit, name: str, values: Mapping[str, Any], *, way: str, status: int = 200) -> Page:
    """Render a page with the navigation of oversight, with the same unit."""
    del visit
    unit = administration.word("unit")
    query = f"?unit={unit}" if unit and request.method == "GET" else ""
    ways = [(one, f"{path(one)}{query}") for one in WAYS]
    return Page(f"oversight/{name}.html", {"ways": ways, "way": way, **values}, status)


def status_of(refusal: Exception) -> int:
    """Return the status of a page that shows its form again."""
    return 422 if isinstance(refusal, Invalid) else 409


def unit_faults(visit: Visit) -> list[Fault]:
    """Return a fault unless the unit that was chosen is one that the form offers."""
    unit = administration.word("unit")
    if unit is None:
        return [Fault("/unit", "is missing", "choose-unit")]
    if unit not in dict(administration.units_to_choose(visit)):
        return [Fault("/unit", "is not an open unit that you administer", "unit")]
    return []


def paragraph(name: str) -> str:
    """Return what was typed in a field of several lines."""
    return request.form.get(name, "").strip()


def day(name: str) -> date | None:
    """Return a day as people type it in either calendar; None for nothing or what is none."""
    found = formats.day(administration.word(name) or "")
    return None if found is None else date.fromisoformat(found)


def month(visit: Visit, one: MeasuredCommitment, first: date) -> str:
    """Return the name of a month in the calendar of a commitment."""
    return type(visit.reader)(visit.reader.language, one.calendar, visit.reader.zone).month(first)


def value(one: MeasuredCommitment, of: MonthValue | None = None) -> str:
    """Return the figure of a month, or the latest one, in words."""
    figure = one.figure if of is None else of.value
    return words.figure(figure, lambda found: exact.value(one.measure, found, one.version.target))


def target(one: MeasuredCommitment) -> str:
    """Return what the figure must be, in words."""
    return exact.target(one.measure, one.version.target)
