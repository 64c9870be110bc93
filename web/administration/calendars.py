"""Calendars: office hours and holidays of each, which one a unit uses, and closures."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from flask import Blueprint, request

from engine.cases import recalculation
from engine.organisation import calendars, units
from engine.organisation.calendars import Document, Holiday, NewCalendar, NewVersion, closures, editing, files
from engine.organisation.calendars.documents import read_hours, show_hours
from engine.platform import formats, persian
from engine.platform.errors import Fault, Invalid, Refusal
from web import asked
from web.administration.area import refused, render, units_to_choose, word
from web.refusals import status_of
from web.visit import Away, Content, Page, Visit, page

blueprint = Blueprint("calendars", __name__)
AT = "/administration/calendars"
MOST = files.MAX_FILE
_IN_WEEK = ("saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday")
_MEDIA = {"csv": "text/csv; charset=utf-8", "ics": "text/calendar; charset=utf-8"}


@page(blueprint.get("/calendars"), may="units.manage")
def index(visit: Visit) -> Page:
    """List the calendars, and ask for a new one."""
    return _all(visit)


def _all(visit: Visit, refusal: Refusal | None = None) -> Page:
    values = {
        "offered": editing.listed(visit.uow),
        "units": units_to_choose(visit),
        **(refused(refusal) if refusal else {}),
    }
    return render(visit, "calendars", values, way="calendars", status=status_of(refusal))


@page(blueprint.post("/calendars"), may="units.manage", refused=_all)
def create(visit: Visit) -> Away:
    """Create a calendar that begins as another one."""
    document = editing.copied(visit.uow, word("like") or "")
    calendars.create(visit.uow, NewCalendar(word("key") or "", _name(), word("unit") or "", document))
    return Away(f"{AT}/{word('key')}", told="administration.calendars.made")


def _name() -> str:
    """Return a name in Persian and, if given, in English, as it is stored."""
    return " | ".join(part for part in (word("name"), word("english")) if part)


@page(blueprint.get("/calendars/<key>"), may="units.manage")
def show(visit: Visit, key: str) -> Page:
    """Show a calendar: office hours, the holidays of a year, versions."""
    return _one(visit, key)


def _one(visit: Visit, key: str, refusal: Refusal | None = None) -> Page:
    found = editing.get(visit.uow, key)
    document = found.document
    years = sorted(document.years or ())
    now = document.year_at(visit.uow.now.date())
    year = asked.number(request.values, "year") or (now if now in years or not years else years[-1])
    faults: Sequence[Fault] = refusal.faults if isinstance(refusal, Invalid) else ()
    values = {
        "calendar": found.calendar,
        "version": found.versions[-1]["number"],
        "versions": list(reversed(found.versions)),
        "week": _shown(document),
        "years": years,
        "year": year,
        "holidays": document.holidays_of(year),
        "own": editing.is_own(visit.uow, key),
        "elsewhere": [fault for fault in faults if not fault.pointer.startswith(("/week", "/date", "/name"))],
        **(refused(refusal) if refusal else {}),
    }
    return render(visit, "calendar", values, way="calendars", status=status_of(refusal))


def _shown(document: Document) -> list[tuple[str, str]]:
    """Return the office hours of each weekday as they are typed; empty for a day off."""
    week = document.week
    return [(name, show_hours(week[name]) if name in week else "") for name in _IN_WEEK]


def changing(visit: Visit, key: str, refusal: Refusal) -> Page:
    """Show the calendar, and what is wrong with what was typed."""
    return _one(visit, key, refusal)


Edit = Callable[[Document], Document]


def _changed(visit: Visit, key: str, edit: Edit, since: date | None = None) -> Away:
    """Add a version, and have deadlines calculated again."""
    version = asked.number(request.form, "version") or 0
    document = edit(editing.get(visit.uow, key).document)
    new = NewVersion(document, since, word("reason"))
    concerned = calendars.change(visit.uow, key, new, based_on=version)
    recalculation.order(visit.uow, concerned)
    year = asked.number(request.form, "year")
    return Away(f"{AT}/{key}" + (f"?year={year}" if year else ""), told="administration.calendars.changed")


@page(blueprint.post("/calendars/<key>/week"), may="units.manage", refused=changing)
def change_week(visit: Visit, key: str) -> Away:
    """Change the office hours, from a day on."""
    typed = {name: word(name) for name in _IN_WEEK}
    hours = {name: read_hours(_plain(text)) for name, text in typed.items() if text}
    faults = [
        Fault(f"/week/{name}", "must be office hours as 08:00-16:00", "office-hours")
        for name, found in hours.items()
        if found is None
    ]
    since = None if word("valid_from") is None else _day("valid_from", faults)
    if faults:
        raise Invalid("The calendar can't be saved.", faults)
    week = {name: found for name, found in hours.items() if found is not None}

    def edit(former: Document) -> Document:
        return Document(week, former.jalali, former.years, former.holidays)

    return _changed(visit, key, edit, since)


def _plain(text: str) -> str:
    return persian.digits(text).replace("–", "-").replace(" ", "")


def _day(name: str, faults: list[Fault]) -> date | None:
    """Return a day as typed, in either calendar; adds a fault if it is none."""
    found = formats.day(word(name) or "")
    if found is None:
        faults.append(Fault(f"/{name}", "is not a date", "date"))
        return None
    return date.fromisoformat(found)


@page(blueprint.post("/calendars/<key>/holidays"), may="units.manage", refused=changing)
def add(visit: Visit, key: str) -> Away:
    """Add a holiday, or confirm an estimated one."""
    faults: list[Fault] = []
    day = _day("date", faults)
    if day is None:
        raise Invalid("The calendar can't be saved.", faults)
    one = Holiday(day, _name(), word("estimated") is not None)
    return _changed(visit, key, lambda former: editing.corrected(former, [one], []))


def correcting(visit: Visit, key: str, day: str, action: str, refusal: Refusal) -> Page:
    """Show the calendar, and why it was not changed."""
    del day, action
    return _one(visit, key, refusal)


@page(
    blueprint.post("/calendars/<key>/holidays/<day>/<any(confirm,remove):action>"),
    may="units.manage",
    refused=correcting,
)
def correct(visit: Visit, key: str, day: str, action: str) -> Away:
    """Confirm an estimated holiday, or remove one."""
    found = formats.day(day)
    known = {one.date.isoformat(): one for one in editing.get(visit.uow, key).document.holidays}
    if found not in known:
        raise Invalid("The calendar can't be saved.", [Fault("/date", "is no holiday", "no-holiday")])
    one = known[found]
    if action == "remove":
        return _changed(visit, key, lambda former: editing.corrected(former, [], [one.date]))
    return _changed(visit, key, lambda former: editing.corrected(former, [Holiday(one.date, one.name)], []))


@page(blueprint.post("/calendars/<key>/import"), may="units.manage", refused=changing)
def load(visit: Visit, key: str) -> Away:
    """Replace the holidays of a year by those of a file."""
    uploaded = request.files.get("file")
    if uploaded is not None:
        uploaded.seek(0)  # a command may run again
    content = uploaded.read(MOST + 1) if uploaded is not None else b""
    year = asked.number(request.form, "year") or 0
    holidays = files.read(uploaded.filename or "" if uploaded is not None else "", content)
    return _changed(visit, key, lambda former: former.with_year(year, holidays))


@page(blueprint.get("/calendars/<key>/holidays.<any(csv,ics):suffix>"), may="units.manage")
def save(visit: Visit, key: str, suffix: str) -> Content:
    """Send the holidays as a file."""
    found = editing.get(visit.uow, key)
    if suffix == "csv":
        content = files.write_csv(found.document.holidays)
    else:
        content = files.write_icalendar(
            key, found.calendar["name"], found.document.holidays, files.stamp(visit.uow.now)
        )
    return Content(content, _MEDIA[suffix], f"{key}.{suffix}")


@page(blueprint.get("/units/<key>/calendar"), may="units.manage")
def of_unit(visit: Visit, key: str) -> Page:
    """Show which calendar a unit uses, and its closures."""
    return _of_unit(visit, key)


def _of_unit(visit: Visit, key: str, values: Mapping[str, object] | None = None, status: int = 200) -> Page:
    view = units.look(visit.uow, key)
    calendar, owner = editing.of_unit(visit.uow, key)
    shown = {
        "unit": view.unit,
        "above": view.above,
        "own": view.own and view.unit["closed_at"] is None,
        "calendar": calendar,
        "owner": owner,
        "offered": [(row["key"], visit.reader.half(row["name"])) for row in editing.listed(visit.uow)],
        "closures": closures.of_unit(visit.uow, key),
        "reasons": closures.REASONS,
        **(values or {}),
    }
    return render(visit, "unit-calendar", shown, way="units", status=status)


def choosing(visit: Visit, key: str, refusal: Refusal) -> Page:
    """Show the unit's calendar, and what is wrong with what was typed."""
    return _of_unit(visit, key, refused(refusal), 422)


@page(blueprint.post("/units/<key>/calendar"), may="units.manage", refused=choosing)
def choose(visit: Visit, key: str) -> Away:
    """Choose the calendar of a unit, or that of the unit above."""
    changed = calendars.choose(visit.uow, key, word("calendar"))
    recalculation.order(visit.uow, [] if changed is None else [changed])
    return Away(f"/administration/units/{key}/calendar", told="administration.calendars.chosen")


@page(blueprint.post("/units/<key>/closures"), may="units.manage", refused=choosing)
def close(visit: Visit, key: str) -> Page | Away:
    """Declare a closure; first show how many deadlines it moves."""
    faults: list[Fault] = []
    first = _day("first", faults)
    last = first if word("last") is None else _day("last", faults)
    if first is None or last is None:
        raise Invalid("The closure can't be declared.", faults)
    days, code = (first, last), word("reason") or ""

    def declare() -> Collection[UUID]:
        return [calendars.declare(visit.uow, key, *days, code)[1]]

    if word("sure") is None:
        counted = recalculation.rehearse(visit.uow, declare)
        tried = {
            "first": first,
            "last": last,
            "reason": code,
            "moves": counted.changed,
            "failed": counted.failed,
        }
        return _of_unit(visit, key, {"tried": tried})
    recalculation.order(visit.uow, declare())
    return Away(f"/administration/units/{key}/calendar", told="administration.calendars.declared")


def reopening(visit: Visit, key: str, closure_id: UUID, refusal: Refusal) -> Page:
    """Show the unit's calendar, and why the closure was not revoked."""
    del closure_id
    return choosing(visit, key, refusal)


@page(blueprint.post("/units/<key>/closures/<uuid:closure_id>/revoke"), may="units.manage", refused=reopening)
def reopen(visit: Visit, key: str, closure_id: UUID) -> Away:
    """Revoke a closure."""
    recalculation.order(visit.uow, [calendars.revoke(visit.uow, closure_id)])
    return Away(f"/administration/units/{key}/calendar", told="administration.calendars.reopened")
