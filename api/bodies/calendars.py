"""Requests and responses about calendars, closures and recalculations."""

from datetime import date
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import Field, StringConstraints

from api.shapes import Body, Instant, Request, Text
from api.units import UnitKey
from engine.organisation.calendars import files

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


HoursText = Annotated[str, StringConstraints(max_length=20)]


DryRun = Annotated[
    bool, Field(description="Whether only to calculate which deadlines would move; then nothing is stored.")
]


WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


MANY = 2_000


class HolidayBody(Request):
    """A day without work."""

    date: date
    """The day, in the Gregorian calendar."""
    name: Text
    """Name of the holiday; it may be written as `Persian | English`."""
    estimated: bool = False
    """Whether the day follows the moon and may still be a day off."""


class CalendarVersionBody(Body):
    """A version of a calendar."""

    number: int
    """Number of the version, from 1."""
    valid_from: date | None
    """First day on which the version applies; null: it applies always."""
    reason: str | None
    """Why it was added; null if nothing was stated."""
    created_at: Instant
    """When it was added."""


class CalendarItem(Body):
    """A calendar in a list."""

    key: str
    """Key of the calendar."""
    name: str
    """Name of the calendar; it may be written as `Persian | English`."""
    unit: str
    """Key of the unit whose administrators change the calendar."""
    version: int
    """Number of its newest version."""


class CalendarList(Body):
    """All calendars, by key."""

    items: list[CalendarItem]
    """The calendars, by key."""


class CalendarBody(CalendarItem):
    """A version of a calendar."""

    jalali: bool
    """Whether `years` are Jalali years; otherwise they are Gregorian."""
    week: dict[Weekday, str]
    """Office hours by weekday, such as `08:00-16:00`; weekdays that are missing are the weekend."""
    years: list[int] | None
    """Years whose holidays are known; null for a calendar without holidays."""
    holidays: list[HolidayBody]
    """The holidays of these years."""
    versions: list[CalendarVersionBody]
    """All versions of the calendar."""


class CreateCalendar(Request):
    """A new calendar."""

    key: UnitKey
    """Key of the calendar, which can't be changed later."""
    name: Text
    """Name of the calendar; it may be written as `Persian | English`."""
    unit: UnitKey
    """Key of the unit whose administrators change the calendar; one of yours."""
    like: UnitKey = "iran"
    """Key of the calendar as whose copy it begins."""


class CalendarQuery(Request):
    """Which version of the calendar."""

    version: int | None = None
    """Number of the version; by default the newest."""


class FileQuery(CalendarQuery):
    """Which version of the calendar, and which year."""

    year: int | None = None
    """Only the holidays of this year, Jalali for a Jalali calendar; by default all."""


class ChangeCalendar(Request):
    """The changes for a new version of a calendar."""

    version: int
    """Number of the version that you have read; 409 if it is no longer the newest."""
    week: dict[Weekday, HoursText] | None = None
    """All office hours by weekday, such as `08:00-16:00`; they replace the present ones."""
    add: Annotated[list[HolidayBody], Field(max_length=MANY, default_factory=list)]
    """Holidays to add; they replace those of the same day, or confirm estimated ones."""
    remove: Annotated[list[date], Field(max_length=MANY, default_factory=list)]
    """Days that are no longer holidays."""
    years: Annotated[list[int], Field(max_length=200, default_factory=list)]
    """Years whose holidays are known from now on."""
    valid_from: date | None = None
    """First day on which the changes apply; by default they apply always."""
    reason: Text | None = None
    """Why the calendar is changed."""
    dry_run: DryRun = False


class ImportHolidays(Request):
    """A file with the holidays of a year, which replace those that the year has."""

    version: int
    """Number of the version that you have read; 409 if it is no longer the newest."""
    year: int
    """The year, Jalali for a Jalali calendar."""
    name: Text
    """Name of the file, which ends in `.csv` or `.ics`."""
    content: Annotated[str, StringConstraints(max_length=files.MAX_FILE)]
    """Content of the file, as text."""
    reason: Text | None = None
    """Why the calendar is changed."""
    dry_run: DryRun = False


class AppliedBody(Body):
    """What a change does to the deadlines of open cases."""

    dry_run: bool
    """Whether the change was only calculated and nothing is stored."""
    recalculations: list[UUID]
    """Ids of the recalculations that move the deadlines; read them with `GET
    /recalculations/{recalculation_id}`.
    """
    deadlines: int | None
    """With `dry_run`: how many deadlines would move; otherwise null."""
    without_holidays: int | None
    """With `dry_run`: how many deadlines need a year without holidays; otherwise null."""


class UnitCalendarBody(Body):
    """Which calendar a unit uses."""

    calendar: str | None
    """Key of the calendar; null: none is stored, and the shipped one is used."""
    unit: str | None
    """Key of the unit that has it: this one, or the nearest above it. Null if none is stored."""


class ChooseCalendar(Request):
    """The calendar of a unit."""

    calendar: UnitKey | None
    """Key of the calendar; null: that of the nearest unit above which has one."""
    dry_run: DryRun = False


class DeclareClosure(Request):
    """Days on which a unit and all below it are closed."""

    first: date
    """First day, included."""
    last: date
    """Last day, included; at most 366 days after the first."""
    reason: Text
    """Why, as a code such as `air`, `cold` or `energy`."""
    dry_run: DryRun = False


class RevokeClosure(Request):
    """Whether only to calculate."""

    dry_run: DryRun = False


class ClosureBody(Body):
    """A closure of a unit and all below it."""

    id: UUID
    """Id of the closure."""
    unit: str
    """Key of the unit for which it was declared."""
    first: date
    """First day, included."""
    last: date
    """Last day, included."""
    reason: str
    """Why, as a code such as `air`, `cold` or `energy`."""
    declared_at: Instant
    """When it was declared."""
    revoked_at: Instant | None
    """When it was revoked; null if it applies."""


class ClosureList(Body):
    """The closures that apply to a unit, newest first."""

    items: list[ClosureBody]
    """The closures, newest first."""


class RecalculationBody(Body):
    """A recalculation of the deadlines of a unit and all below it."""

    id: UUID
    """Id of the recalculation."""
    unit: str
    """Key of the unit."""
    ordered_at: Instant
    """When it was ordered by a change of a calendar or unit."""
    done_at: Instant | None
    """When it was finished; null while it runs."""
    changed: int | None
    """How many deadlines have moved; null while it runs."""
    failed: int | None
    """How many deadlines need a year without holidays and stayed as they were; null while it runs."""
