"""The visitor's own work time, and that of the units that the visitor leads."""

from uuid import UUID

from flask import Blueprint, request

from engine import access
from engine.platform.errors import NotFound
from engine.tasks import work_time
from engine.tasks.work_time import EARLIEST, LATEST, Week
from web import asked, texts
from web.visit import Content, Page, Visit, page

blueprint = Blueprint("work", __name__)

_MINUTE, _HOUR = 60, 3600  # seconds


@page(blueprint.post("/tasks/<uuid:task_id>/open"), may="tasks.work", unnoticed=True)
def report_open(visit: Visit, task_id: UUID) -> Content:
    """Extend the work on a task whose page is open; its script stops if the task is not the visitor's."""
    if not work_time.signal(visit.uow, task_id, "page"):
        raise NotFound("This task is not assigned to you.")
    return Content(b"", "text/plain", status=204)


@page(blueprint.get("/work-time"), may="work_time.read")
def own(visit: Visit) -> Page:
    """Show the visitor's own work time in a week, and the units that the visitor leads."""
    present = Week.of(visit.uow.now.date())
    week = min(_asked() or present, present)
    works = access.allows(visit.uow.actor, "work_time.own")
    values = {
        "works": works,
        "days": work_time.own_days(visit.uow, week) if works else (),
        "units": work_time.led_units(visit.uow),
        **_frame(week, present),
    }
    return Page("desk/work-time.html", values)


@page(blueprint.get("/work-time/<key>"), may="work_time.read")
def of_unit(visit: Visit, key: str) -> Page:
    """Show the work time of a unit in a week that has ended."""
    last = work_time.last_ended(visit.uow)
    week = min(_asked() or last, last)
    values = {"found": work_time.of_unit(visit.uow, key, week), **_frame(week, last)}
    return Page("desk/unit-work-time.html", values)


def _asked() -> Week | None:
    day = asked.day(request.args, "week")
    return Week.of(day.date()) if day is not None and EARLIEST <= day.date() <= LATEST else None


def _frame(week: Week, last: Week) -> dict[str, object]:
    earlier = week.before.first if week.before.first >= EARLIEST else None
    return {
        "week": week,
        "earlier": earlier,
        "later": week.after.first if week < last else None,
        "duration": duration,
    }


def duration(seconds: int) -> str:
    """Return a length of time in words, in whole minutes."""
    hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
    if hours:
        return texts.say("desk.work.hours", hours=hours, minutes=minutes)
    return texts.say("desk.work.minutes", count=minutes) if minutes else texts.say("desk.work.moment")
