"""Work time: your own, and summed for units."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field

from api.command import Reply, command
from api.shapes import Body, CaseId, CaseNumber, Request
from engine import access, tasks
from engine.platform.db import UnitOfWork
from engine.tasks import work_time
from engine.tasks.work_time import EARLIEST, LATEST, Week

blueprint = APIBlueprint("work_time", __name__, tag="Work time")


class WeekQuery(Request):
    """Which week; weeks are from Saturday to Friday."""

    week: Annotated[date, Field(ge=EARLIEST, le=LATEST)] | None = None
    """Any day of the week."""


class TaskTimeBody(Body):
    """The time that you worked on a task on a day."""

    task: UUID
    """Id of the task."""
    name: str
    """Name of the task."""
    case: CaseId
    case_number: CaseNumber
    seconds: int
    """Seconds of work on the task."""


class WorkDayBody(Body):
    """Your work time on a day."""

    day: date
    """The day, in the time zone of the installation."""
    seconds: int
    """Seconds of work; time in which several tasks were open counts once."""
    tasks: list[TaskTimeBody]
    """The tasks; time in which several were open is in each of them."""


class OwnWorkTimeBody(Body):
    """Your work time in a week."""

    first_day: date
    """Saturday of the week."""
    last_day: date
    """Friday of the week."""
    items: list[WorkDayBody]
    """The days with work time, latest first."""


class TaskWorkTimeBody(Body):
    """The time that you have worked on a task."""

    task: UUID
    """Id of the task."""
    seconds: int | None
    """Seconds of work; null if it was not measured."""


class WorkCellBody(Body):
    """The work time of five people or more."""

    unit: str
    """Key of the unit."""
    people: int
    """Number of people, five or more."""
    seconds: int
    """Seconds of their work."""
    includes: list[str]
    """Keys of the units below it whose time is in this sum because fewer than five people worked there."""


class UnitWorkTimeBody(Body):
    """The work time of a unit and those below it in a week."""

    unit: str
    """Key of the unit."""
    first_day: date
    """Saturday of the week."""
    last_day: date
    """Friday of the week."""
    seconds: int | None
    """Seconds of work in all sums; null if no sum can be shown."""
    left_out: bool
    """Whether somebody else has worked there, who is in a sum of a unit above it, or in none."""
    items: list[WorkCellBody]
    """The sums, none of fewer than five people."""

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
    """Read the time that you have worked on a task

    Only your own; null if it was not measured. For caseworkers.
    """
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
