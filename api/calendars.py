"""Calendars of units: office hours, holidays, closures; and calculating deadlines again when they change."""

from collections.abc import Collection
from datetime import date
from typing import Annotated, Literal, get_args
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field, StringConstraints

from api.command import Reply, command, sends
from api.shapes import Body, Instant, Request, Text
from api.units import UnitKey
from engine.cases import recalculation
from engine.deadlines import Hours
from engine.organisation import calendars
from engine.organisation.calendars import Document, Holiday, NewCalendar, NewVersion, closures, editing, files
from engine.organisation.calendars.documents import read_hours, show_hours
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

blueprint = APIBlueprint("calendars", __name__, tag="Organisation")

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HoursText = Annotated[str, StringConstraints(max_length=20)]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
MANY = 2_000


class HolidayBody(Request):
    """A day without work; `estimated` if it follows the moon and may still be a day off."""

    date: date
    name: Text
    estimated: bool = False


class CalendarVersionBody(Body):
    """A version of a calendar: it applies from `valid_from` on, or always."""

    number: int
    valid_from: date | None
    reason: str | None
    created_at: Instant


class CalendarItem(Body):
    """A calendar; `unit` is whose administrators change it, `version` its newest version."""

    key: str
    name: str
    unit: str
    version: int


class CalendarList(Body):
    """All calendars, by key."""

    items: list[CalendarItem]


class CalendarBody(CalendarItem):
    """A version of a calendar. Weekdays that `week` doesn't have are the weekend.

    `years` are those whose holidays are known, Jalali years if `jalali`; null: it has no holidays.
    """

    jalali: bool
    week: dict[Weekday, str]
    years: list[int] | None
    holidays: list[HolidayBody]
    versions: list[CalendarVersionBody]


class CreateCalendar(Request):
    """A new calendar of a unit. It begins as the calendar `like` is now."""

    key: UnitKey
    name: Text
    unit: UnitKey
    like: UnitKey = "iran"


class CalendarQuery(Request):
    """Which version: by default the newest."""

    version: int | None = None


class FileQuery(CalendarQuery):
    """Which version, and the holidays of which year; by default all."""

    year: int | None = None


class ChangeCalendar(Request):
    """The changes for a new version of a calendar whose newest one is `version`.

    `week` replaces all office hours (`08:00-16:00` by weekday). Holidays in `add` replace those of the same
    day, or confirm estimated ones. `years` are added to those whose holidays are known. With `dry_run` the
    deadlines that would change are counted, and nothing is stored.
    """

    version: int
    week: dict[Weekday, HoursText] | None = None
    add: Annotated[list[HolidayBody], Field(max_length=MANY, default_factory=list)]
    remove: Annotated[list[date], Field(max_length=MANY, default_factory=list)]
    years: Annotated[list[int], Field(max_length=200, default_factory=list)]
    valid_from: date | None = None
    reason: Text | None = None
    dry_run: bool = False


class ImportHolidays(Request):
    """The holidays of a year from a file, `.csv` or `.ics`, instead of those that the year has."""

    version: int
    year: int
    name: Text
    content: Annotated[str, StringConstraints(max_length=files.MAX_FILE)]
    reason: Text | None = None
    dry_run: bool = False


class AppliedBody(Body):
    """What a change does to deadlines: `recalculations` calculate them again.

    With `dry_run` nothing is stored: `deadlines` would move, `without_holidays` can't be computed.
    """

    dry_run: bool
    recalculations: list[UUID]
    deadlines: int | None
    without_holidays: int | None


class UnitCalendarBody(Body):
    """The calendar of a unit, and the unit that has it; null: none is stored, the shipped one is used."""

    calendar: str | None
    unit: str | None


class ChooseCalendar(Request):
    """The calendar of the unit; null: that of the nearest unit above which has one."""

    calendar: UnitKey | None
    dry_run: bool = False


class DeclareClosure(Request):
    """Days on which the unit and all below it are closed, the first and the last included."""

    first: date
    last: date
    reason: Text
    dry_run: bool = False


class RevokeClosure(Request):
    """Whether only to count the deadlines that would move."""

    dry_run: bool = False


class ClosureBody(Body):
    """A closure of a unit and all below it."""

    id: UUID
    unit: str
    first: date
    last: date
    reason: str
    declared_at: Instant
    revoked_at: Instant | None


class ClosureList(Body):
    """The closures that apply to a unit, newest first."""

    items: list[ClosureBody]


class RecalculationBody(Body):
    """An order to calculate the deadlines of a unit and all below it again, and what it did.

    `changed` have moved; `failed` need a year without holidays and stay as they were.
    """

    id: UUID
    unit: str
    ordered_at: Instant
    done_at: Instant | None
    changed: int | None
    failed: int | None


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
    """List calendars"""
    items = [CalendarItem.model_validate(dict(row)) for row in editing.listed(uow)]
    return Reply(CalendarList(items=items))


@command(blueprint.get("/calendars/<key>"), query=CalendarQuery, answer=CalendarBody, refusals=(404,))
def show(uow: UnitOfWork, key: str, query: CalendarQuery) -> Reply:
    """Read a calendar: one of its versions"""
    return Reply(_body(uow, key, query.version))


@command(blueprint.post("/calendars"), body=CreateCalendar, answer=CalendarBody, status=201, refusals=(409,))
@sends("Location")
def create(uow: UnitOfWork, body: CreateCalendar) -> Reply:
    """Create a calendar of one of your units"""
    calendars.create(uow, NewCalendar(body.key, body.name, body.unit, editing.copied(uow, body.like)))
    location = {"Location": f"/api/v1/calendars/{body.key}"}
    return Reply(_body(uow, body.key), location, status=201)


@command(blueprint.patch("/calendars/<key>"), body=ChangeCalendar, answer=AppliedBody, refusals=(404, 409))
def change(uow: UnitOfWork, key: str, body: ChangeCalendar) -> Reply:
    """Add a version to a calendar: office hours, holidays or years"""
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
    """Replace the holidays of a year by those in a file, CSV or iCalendar"""
    document = editing.get(uow, key).document
    holidays = files.read(body.name, body.content.encode())
    new = NewVersion(document.with_year(body.year, holidays), None, body.reason)
    return Reply(_change(uow, key, new, body.version, dry_run=body.dry_run))


@command(blueprint.get("/calendars/<key>/holidays.csv"), query=FileQuery, answer="text/csv", refusals=(404,))
def as_csv(uow: UnitOfWork, key: str, query: FileQuery) -> Reply:
    """Read the holidays of a calendar as CSV"""
    _, holidays = _holidays(uow, key, query)
    return Reply(files.write_csv(holidays), {"Content-Type": "text/csv; charset=utf-8"})


@command(
    blueprint.get("/calendars/<key>/holidays.ics"), query=FileQuery, answer="text/calendar", refusals=(404,)
)
def as_icalendar(uow: UnitOfWork, key: str, query: FileQuery) -> Reply:
    """Read the holidays of a calendar as an iCalendar file"""
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
    """Read which calendar a unit uses"""
    calendar, unit = editing.of_unit(uow, key)
    return Reply(UnitCalendarBody(calendar=calendar, unit=unit))


@command(blueprint.put("/units/<key>/calendar"), body=ChooseCalendar, answer=AppliedBody, refusals=(404, 409))
def choose_for_unit(uow: UnitOfWork, key: str, body: ChooseCalendar) -> Reply:
    """Choose the calendar of one of your units, or use that of the unit above"""

    def part() -> Collection[UUID]:
        chosen = calendars.choose(uow, key, body.calendar)
        return [] if chosen is None else [chosen]

    return Reply(_applied(recalculation.apply(uow, part, dry_run=body.dry_run)))


@command(blueprint.get("/units/<key>/closures"), answer=ClosureList, refusals=(404,))
def list_closures(uow: UnitOfWork, key: str) -> Reply:
    """List the closures that apply to a unit, newest first"""
    items = [ClosureBody.model_validate(dict(row)) for row in closures.of_unit(uow, key)]
    return Reply(ClosureList(items=items))


@command(
    blueprint.post("/units/<key>/closures"), body=DeclareClosure, answer=AppliedBody, refusals=(404, 409)
)
def declare_closure(uow: UnitOfWork, key: str, body: DeclareClosure) -> Reply:
    """Declare a closure of one of your units and all below it"""

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
    """Revoke a closure"""

    def part() -> Collection[UUID]:
        return [calendars.revoke(uow, closure_id)]

    return Reply(_applied(recalculation.apply(uow, part, dry_run=body.dry_run)))


@command(blueprint.get("/recalculations/<uuid:recalculation_id>"), answer=RecalculationBody, refusals=(404,))
def show_recalculation(uow: UnitOfWork, recalculation_id: UUID) -> Reply:
    """Read what a recalculation of deadlines did"""
    return Reply(RecalculationBody.model_validate(dict(recalculation.get(uow, recalculation_id))))
