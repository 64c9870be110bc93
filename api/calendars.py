"""Calendars of units: office hours, holidays, closures; and calculating deadlines again when they change."""

from collections.abc import Collection
from uuid import UUID

from apiflask import APIBlueprint

from api.bodies.calendars import (
    WEEKDAYS,
    AppliedBody,
    CalendarBody,
    CalendarItem,
    CalendarList,
    CalendarQuery,
    CalendarVersionBody,
    ChangeCalendar,
    ChooseCalendar,
    ClosureBody,
    ClosureList,
    CreateCalendar,
    DeclareClosure,
    FileQuery,
    HolidayBody,
    ImportHolidays,
    RecalculationBody,
    RevokeClosure,
    UnitCalendarBody,
    Weekday,
)
from api.command import Reply, command, sends
from engine.cases import recalculation
from engine.deadlines import Hours
from engine.organisation import calendars
from engine.organisation.calendars import Document, Holiday, NewCalendar, NewVersion, closures, editing, files
from engine.organisation.calendars.documents import read_hours, show_hours
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

blueprint = APIBlueprint("calendars", __name__, tag="Organisation")


def _body(uow: UnitOfWork, key: str, number: int | None = None) -> CalendarBody:
    found = editing.get(uow, key, number)
    document = found.document
    return CalendarBody(
        key=found.calendar["key"],
        name=found.calendar["name"],
        unit=found.calendar["unit"],
        version=number or found.versions[-1]["number"],
        jalali=document.jalali,
        week={name: show_hours(document.week[name]) for name in WEEKDAYS if name in document.week},
        years=None if document.years is None else sorted(document.years),
        holidays=[
            HolidayBody(date=one.date, name=one.name, estimated=one.estimated) for one in document.holidays
        ],
        versions=[CalendarVersionBody.model_validate(dict(row)) for row in found.versions],
    )


def _applied(done: recalculation.Applied) -> AppliedBody:
    counted = done.counted
    return AppliedBody(
        dry_run=counted is not None,
        recalculations=list(done.orders),
        deadlines=None if counted is None else counted.changed,
        without_holidays=None if counted is None else counted.failed,
    )


@command(blueprint.get("/calendars"), answer=CalendarList)
def index(uow: UnitOfWork) -> Reply:
    """List calendars

    All calendars of the installation, by key.
    """
    items = [CalendarItem.model_validate(dict(row)) for row in editing.listed(uow)]
    return Reply(CalendarList(items=items))


@command(blueprint.get("/calendars/<key>"), query=CalendarQuery, answer=CalendarBody, refusals=(404,))
def show(uow: UnitOfWork, key: str, query: CalendarQuery) -> Reply:
    """Read a calendar: one of its versions

    Office hours, years, holidays and versions; by default of the newest version.
    """
    return Reply(_body(uow, key, query.version))


@command(blueprint.post("/calendars"), body=CreateCalendar, answer=CalendarBody, status=201, refusals=(409,))
@sends("Location")
def create(uow: UnitOfWork, body: CreateCalendar) -> Reply:
    """Create a calendar of one of your units

    It begins as a copy of another calendar. 409 for a key that is in use. For administrators.
    """
    calendars.create(uow, NewCalendar(body.key, body.name, body.unit, editing.copied(uow, body.like)))
    location = {"Location": f"/api/v1/calendars/{body.key}"}
    return Reply(_body(uow, body.key), location, status=201)


@command(blueprint.patch("/calendars/<key>"), body=ChangeCalendar, answer=AppliedBody, refusals=(404, 409))
def change(uow: UnitOfWork, key: str, body: ChangeCalendar) -> Reply:
    """Add a version to a calendar: office hours, holidays or years

    A version never changes; each change adds one. Deadlines of open cases are calculated again by a worker.
    For administrators.
    """
    former = editing.get(uow, key).document
    years = former.years if not body.years else frozenset(body.years) | (former.years or frozenset())
    week = former.week if body.week is None else _week(body.week)
    add = [Holiday(one.date, one.name, one.estimated) for one in body.add]
    document = editing.corrected(Document(week, former.jalali, years, former.holidays), add, body.remove)
    new = NewVersion(document, body.valid_from, body.reason)
    return Reply(_change(uow, key, new, body.version, dry_run=body.dry_run))


def _change(uow: UnitOfWork, key: str, new: NewVersion, version: int, *, dry_run: bool) -> AppliedBody:
    def part() -> Collection[UUID]:
        return calendars.change(uow, key, new, based_on=version)

    return _applied(recalculation.apply(uow, part, dry_run=dry_run))


def _week(given: dict[Weekday, str]) -> dict[str, Hours]:
    hours = {name: read_hours(text) for name, text in given.items()}
    faults = [
        Fault(f"/week/{name}", "must be office hours as 08:00-16:00", "office-hours")
        for name, found in hours.items()
        if found is None
    ]
    if faults:
        raise Invalid("The calendar can't be saved.", faults)
    return {name: found for name, found in hours.items() if found is not None}


@command(
    blueprint.post("/calendars/<key>/imports"), body=ImportHolidays, answer=AppliedBody, refusals=(404, 409)
)
def import_holidays(uow: UnitOfWork, key: str, body: ImportHolidays) -> Reply:
    """Replace the holidays of a year by those in a file, CSV or iCalendar

    It adds a version of the calendar. CSV has the columns `date`, `name` and `estimated`. For administrators.
    """
    document = editing.get(uow, key).document
    holidays = files.read(body.name, body.content.encode())
    new = NewVersion(document.with_year(body.year, holidays), None, body.reason)
    return Reply(_change(uow, key, new, body.version, dry_run=body.dry_run))


@command(blueprint.get("/calendars/<key>/holidays.csv"), query=FileQuery, answer="text/csv", refusals=(404,))
def as_csv(uow: UnitOfWork, key: str, query: FileQuery) -> Reply:
    """Read the holidays of a calendar as CSV

    With the columns `date`, `name` and `estimated`.
    """
    _, holidays = _holidays(uow, key, query)
    return Reply(files.write_csv(holidays), {"Content-Type": "text/csv; charset=utf-8"})


@command(
    blueprint.get("/calendars/<key>/holidays.ics"), query=FileQuery, answer="text/calendar", refusals=(404,)
)
def as_icalendar(uow: UnitOfWork, key: str, query: FileQuery) -> Reply:
    """Read the holidays of a calendar as an iCalendar file

    Each holiday is an event of a whole day.
    """
    name, holidays = _holidays(uow, key, query)
    content = files.write_icalendar(key, name, holidays, files.stamp(uow.now))
    return Reply(content, {"Content-Type": "text/calendar; charset=utf-8"})


def _holidays(uow: UnitOfWork, key: str, query: FileQuery) -> tuple[str, Collection[Holiday]]:
    found = editing.get(uow, key, query.version)
    document = found.document
    return found.calendar["name"], (
        document.holidays if query.year is None else document.holidays_of(query.year)
    )


@command(blueprint.get("/units/<key>/calendar"), answer=UnitCalendarBody, refusals=(404,))
def show_of_unit(uow: UnitOfWork, key: str) -> Reply:
    """Read which calendar a unit uses

    Its own calendar, or that of the nearest unit above it.
    """
    calendar, unit = editing.of_unit(uow, key)
    return Reply(UnitCalendarBody(calendar=calendar, unit=unit))


@command(blueprint.put("/units/<key>/calendar"), body=ChooseCalendar, answer=AppliedBody, refusals=(404, 409))
def choose_for_unit(uow: UnitOfWork, key: str, body: ChooseCalendar) -> Reply:
    """Choose the calendar of one of your units, or use that of the unit above

    Deadlines of open cases are calculated again by a worker. For administrators.
    """

    def part() -> Collection[UUID]:
        chosen = calendars.choose(uow, key, body.calendar)
        return [] if chosen is None else [chosen]

    return Reply(_applied(recalculation.apply(uow, part, dry_run=body.dry_run)))


@command(blueprint.get("/units/<key>/closures"), answer=ClosureList, refusals=(404,))
def list_closures(uow: UnitOfWork, key: str) -> Reply:
    """List the closures that apply to a unit, newest first

    Those of the unit and of all units above it, including revoked ones.
    """
    items = [ClosureBody.model_validate(dict(row)) for row in closures.of_unit(uow, key)]
    return Reply(ClosureList(items=items))


@command(
    blueprint.post("/units/<key>/closures"), body=DeclareClosure, answer=AppliedBody, refusals=(404, 409)
)
def declare_closure(uow: UnitOfWork, key: str, body: DeclareClosure) -> Reply:
    """Declare a closure of one of your units and all below it

    Deadlines of open cases are calculated again by a worker. Days in the past only move deadlines. For
    administrators.
    """

    def part() -> Collection[UUID]:
        return [calendars.declare(uow, key, body.first, body.last, body.reason)[1]]

    return Reply(_applied(recalculation.apply(uow, part, dry_run=body.dry_run)))


@command(
    blueprint.post("/closures/<uuid:closure_id>/revoke"),
    body=RevokeClosure,
    answer=AppliedBody,
    refusals=(404, 409),
)
def revoke_closure(uow: UnitOfWork, closure_id: UUID, body: RevokeClosure) -> Reply:
    """Revoke a closure

    Deadlines of open cases are calculated again by a worker. For administrators.
    """

    def part() -> Collection[UUID]:
        return [calendars.revoke(uow, closure_id)]

    return Reply(_applied(recalculation.apply(uow, part, dry_run=body.dry_run)))


@command(blueprint.get("/recalculations/<uuid:recalculation_id>"), answer=RecalculationBody, refusals=(404,))
def show_recalculation(uow: UnitOfWork, recalculation_id: UUID) -> Reply:
    """Read what a recalculation of deadlines did

    `done_at` is null while it runs. For administrators.
    """
    return Reply(RecalculationBody.model_validate(dict(recalculation.get(uow, recalculation_id))))
