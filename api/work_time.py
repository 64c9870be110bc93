"""Work time: your own, and summed for units."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field

from api.command import Reply, command
from api.shapes import Body, Request
from engine import access, tasks
from engine.platform.db import UnitOfWork
from engine.tasks import work_time
from engine.tasks.work_time import EARLIEST, LATEST, Week

blueprint = APIBlueprint("work_time", __name__, tag="Work time")


class WeekQuery(Request):
    """Which week, by any of its days. Weeks are from Saturday to Friday."""

    week: Annotated[date, Field(ge=EARLIEST, le=LATEST)] | None = None


class TaskTimeBody(Body):
    """The time that you worked on a task on a day."""

    task: UUID
    name: str
    case: UUID
    case_number: str
    seconds: int


class WorkDayBody(Body):
    """A day. Time in which you had several tasks open is in each of them, but in `seconds` once."""

    day: date
    seconds: int
    tasks: list[TaskTimeBody]


class OwnWorkTimeBody(Body):
    """Your work time in a week: the days that have some, latest first."""

    first_day: date
    last_day: date
    items: list[WorkDayBody]


class TaskWorkTimeBody(Body):
    """The time that you have worked on a task; null if it was not measured."""

    task: UUID
    seconds: int | None


class WorkCellBody(Body):
    """The time of five people or more: of a unit, and of those below it (`includes`) with fewer."""

    unit: str
    people: int
    seconds: int
    includes: list[str]


class UnitWorkTimeBody(Body):
    """The work time of a unit and those below it in a week; `seconds` is null if no sum can be shown.

    `left_out`: somebody else has worked there, who is in a sum of a unit above, or in none.
    """

    unit: str
    first_day: date
    last_day: date
    seconds: int | None
    left_out: bool
    items: list[WorkCellBody]

    @classmethod
    def of(cls, found: work_time.UnitTime) -> Self:
        """Return the body for the time of a unit."""
        items = [
            WorkCellBody(
                unit=cell.unit, people=cell.people, seconds=cell.seconds, includes=list(cell.includes)
            )
            for cell in found.cells
        ]
        days = {"first_day": found.week.first, "last_day": found.week.last}
        return cls(unit=found.unit, seconds=found.seconds, left_out=found.left_out, items=items, **days)


@command(blueprint.get("/account/work-time"), query=WeekQuery, answer=OwnWorkTimeBody)
def own(uow: UnitOfWork, query: WeekQuery) -> Reply:
    """Read your own work time, by day and task

    Without `week`, the present one. Only you can read it.
    """
    week = Week.of(query.week or uow.now.date())
    items = [
        WorkDayBody(
            day=day.day,
            seconds=day.seconds,
            tasks=[
                TaskTimeBody(
                    task=one.id,
                    name=one.name,
                    case=one.case_id,
                    case_number=one.case_number,
                    seconds=one.seconds,
                )
                for one in day.tasks
            ],
        )
        for day in work_time.own_days(uow, week)
    ]
    return Reply(OwnWorkTimeBody(first_day=week.first, last_day=week.last, items=items))


@command(blueprint.get("/tasks/<uuid:task_id>/work-time"), answer=TaskWorkTimeBody, refusals=(404,))
def of_task(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Read the time that you have worked on a task"""
    access.require(uow.actor, "work_time.own")
    row = tasks.get(uow, task_id)
    seconds = work_time.measured(uow, row["case_id"], task_id)
    return Reply(TaskWorkTimeBody(task=task_id, seconds=seconds))


@command(blueprint.get("/units/<key>/work-time"), query=WeekQuery, answer=UnitWorkTimeBody, refusals=(404,))
def of_unit(uow: UnitOfWork, key: str, query: WeekQuery) -> Reply:
    """Read the work time of a unit that you lead

    Only in sums of five people or more, for weeks that have ended; without `week`, for the last one.
    """
    week = None if query.week is None else Week.of(query.week)
    return Reply(UnitWorkTimeBody.of(work_time.of_unit(uow, key, week)))
