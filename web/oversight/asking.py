"""What a visitor asks for in the address of a page of oversight, and what the form offers.

The address is the saved view. Days in it are those of the API, whatever the reader's calendar.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import request
from sqlalchemy import RowMapping

from engine import cases
from engine.oversight.metrics import Filters
from engine.oversight.projection.periods import DAY, month_after, month_of
from engine.platform.errors import Fault, Invalid
from engine.platform.language import Calendar
from web import asked, texts
from web.forms import explain_fault
from web.oversight import names
from web.oversight.names import Known
from web.visit import Visit

FILTERS = ("unit", "alone", "definition", "version", "class", "from", "to")
MONTHS = 36  # that the form offers
NO_CLASS = "-"  # in the address: cases of no class
NO_ROLE = "-"  # in older addresses: work that names no role, which is that of any caseworker
USUAL = 6  # months that are shown first, with the present one

Choices = Sequence[tuple[str, str]]  # value and text


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters, what the address says of them, and the faults that it has."""

    known: Known
    filters: Filters
    query: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def link(self, path: str, **more: Any) -> str:
        """Return the address of another page with the same filters, and more parameters; None drops one."""
        kept = {**self.query, **{name.rstrip("_"): value for name, value in more.items()}}
        query = urlencode({name: value for name, value in kept.items() if value not in (None, "")})
        return f"{path}?{query}" if query else path

    def here(self, path: str) -> str:
        """Return the address of a file with all parameters of this page."""
        query = request.query_string.decode()
        return f"{path}?{query}" if query else path

    def month(self, path: str, month: date, calendar: Calendar, **more: Any) -> str:
        """Return the address of another page for those days of a month, by its first, that are asked for."""
        last = month_after(month, calendar) - DAY
        first = max(month, self.filters.first or month)
        return self.link(path, from_=first, to=min(last, self.filters.last or last), **more)

    @property
    def wrong(self) -> Mapping[str, list[str]]:
        """What is wrong, in words, by the name of the parameter."""
        found: dict[str, list[str]] = {}
        for fault in self.faults:
            found.setdefault(fault.pointer.rpartition("/")[2], []).append(explain_fault(fault))
        return found

    def chosen(self, name: str) -> str:
        """Return what a field of the form has: what was typed, if it is wrong."""
        typed = asked.text(request.args, name) or ""
        return typed if name in self.wrong else self.query.get(name, "")

    def choice(self, name: str, choices: Collection[str]) -> Any:
        """Return one of these as a parameter names it, or None; anything else is a fault."""
        given = request.args.get(name)
        if given and given not in choices:
            self.faults.append(Fault(f"/query/{name}", "is none of the choices", "enum"))
        return given if given in choices else None


def read(visit: Visit) -> Asked:
    """Return the filters of the address; without days the present month and the five before it."""
    calendar, today = visit.reader.calendar, visit.uow.now.date()
    faults: list[Fault] = []
    first, last = (_day(name, faults) for name in ("from", "to"))
    if first is None and last is None and not faults:
        first = months_before(month_of(today, calendar), USUAL - 1, calendar)
    chosen = asked.text(request.args, "class")
    if chosen not in (None, NO_CLASS, *cases.BOUNDS):
        faults.append(Fault("/query/class", "is none of the choices", "enum"))
    filters = Filters(
        unit=asked.text(request.args, "unit"),
        alone=request.args.get("alone") == "1",
        definition=asked.text(request.args, "definition"),
        version=_version(faults),
        service_class="" if chosen == NO_CLASS else chosen,
        first=first,
        last=last,
    )
    return Asked(Known(visit), filters, _query(filters), faults)


def _day(name: str, faults: list[Fault]) -> date | None:
    try:
        found = asked.typed_day(name, f"/query/{name}")
    except Invalid as refusal:
        faults += refusal.faults
        return None
    return found.date() if found else None


def _version(faults: list[Fault]) -> int | None:
    """Return the version; None if it was chosen for another process, which the form has changed since."""
    before = request.args.get("version-of")
    if before is not None and before != request.args.get("definition"):
        return None
    found = asked.count(request.args, "version")
    if found is None and request.args.get("version"):
        faults.append(Fault("/query/version", "is not a number", "type.number"))
    return found


def _query(filters: Filters) -> Mapping[str, str]:
    values = (
        filters.unit,
        "1" if filters.unit and filters.alone else None,
        filters.definition,
        filters.version,
        NO_CLASS if filters.service_class == "" else filters.service_class,
        filters.first,
        filters.last,
    )
    return {name: str(value) for name, value in zip(FILTERS, values, strict=True) if value is not None}


def months_before(first: date, count: int, calendar: Calendar) -> date:
    """Return the first day of the month so many months before that of a first day."""
    for _ in range(count):
        first = month_of(first - DAY, calendar)
    return first


def choices(visit: Visit, found: Asked) -> Mapping[str, Choices]:
    """Return what the form offers in each of its lists."""
    begins, ends = _months(visit, found)
    return {
        "unit": _with(
            [(row["key"], _unit(visit, row)) for row in found.known.units], found.filters.unit or ""
        ),
        "definition": _with(
            [(key, visit.reader.half(row.name)) for key, row in found.known.processes.items()],
            found.filters.definition or "",
        ),
        "version": _versions(found),
        "class": _with(
            [
                *((one, names.service_class(one)) for one in cases.BOUNDS),
                (NO_CLASS, texts.say("oversight.without-class")),
            ],
            found.query.get("class", ""),
        ),
        "from": _with(begins, found.chosen("from")),
        "to": _with(ends, found.chosen("to")),
    }


def summary(found: Asked, offered: Mapping[str, Choices]) -> str:
    """Return which filters are set, in words."""
    named: dict[str, dict[str, str]] = {name: dict(choices) for name, choices in offered.items()}
    filters = found.filters
    parts = [
        named["unit"].get(filters.unit or "", texts.say("oversight.filter.all-units")),
        texts.say("oversight.filter.alone") if filters.alone else "",
        named["definition"].get(filters.definition or "", texts.say("oversight.filter.all-services")),
        named["version"].get(str(filters.version or ""), ""),
        named["class"].get(found.query.get("class", ""), ""),
        named["from"].get(str(filters.first), ""),
    ]
    end = named["to"].get(str(filters.last), texts.say("oversight.filter.today"))
    return " · ".join(part for part in [*parts[:-1], f"{parts[-1]} – {end}" if parts[-1] else end] if part)


def _unit(visit: Visit, row: RowMapping) -> str:
    own, above = visit.reader.half(row["name"]), visit.reader.half(row["above"] or "")
    return texts.say("administration.within", unit=own, above=above) if above else own


def _versions(found: Asked) -> Choices:
    if found.filters.definition is None:
        return []
    rows = found.known.versions(found.filters.definition)
    numbered = [(str(row.number), texts.say("designer.version-number", number=row.number)) for row in rows]
    return _with(numbered, found.chosen("version"))


def _with(offered: list[tuple[str, str]], chosen: str) -> Choices:
    """Return choices, with what is chosen if it isn't one of them."""
    return offered if not chosen or chosen in dict(offered) else [*offered, (chosen, chosen)]


def _months(visit: Visit, found: Asked) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the months from whose first day on, and to whose last day, figures can be shown."""
    reader, calendar = visit.reader, visit.reader.calendar
    first = month_of(visit.uow.now.date(), calendar)
    begins, ends = [], []
    for _ in range(MONTHS):
        last = month_after(first, calendar) - DAY
        begins.append((str(first), reader.month(first)))
        ends.append((str(last), reader.month(first)))
        first = month_of(first - DAY, calendar)
    # Days that are no month's first or last: of the other calendar, or typed into the address.
    return _with_day(visit, begins, found.filters.first), _with_day(visit, ends, found.filters.last)


def _with_day(visit: Visit, offered: list[tuple[str, str]], chosen: date | None) -> list[tuple[str, str]]:
    if chosen is None or str(chosen) in dict(offered):
        return offered
    return [*offered, (str(chosen), visit.reader.day(chosen))]
