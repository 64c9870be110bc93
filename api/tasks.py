"""Tasks: list, read with their form, claim, release, complete."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import BaseModel, Field

from api.command import Reply, command, etag, revisions_seen
from api.shapes import Instant, OpenIncident, OpenTask, Page, PageQuery, Request, page_of
from engine import cases, tasks
from engine.access_log import Opened
from engine.db import UnitOfWork
from engine.models import CaseStatus, TaskStatus

blueprint = APIBlueprint("tasks", __name__, tag="Tasks")


class TasksQuery(PageQuery):
    """Which tasks."""

    case: UUID | None = None
    status: TaskStatus | None = None
    assignee: UUID | None = None


class Assignee(BaseModel):
    """Who has the task."""

    id: UUID
    name: str


class PeopleBody(BaseModel):
    """Who is to work on a task, by the names that the diagram gives them; they do not decide who may."""

    assignee: str | None
    users: list[str]
    groups: list[str]


class TaskSummary(BaseModel):
    """A task in a list."""

    id: UUID
    case: UUID
    case_number: str
    definition: str
    version: int
    element: str
    name: str
    lane: str | None
    status: TaskStatus
    assignee: Assignee | None
    opened_at: Instant
    closed_at: Instant | None
    due_at: Instant | None
    follow_up_at: Instant | None
    priority: int | None
    people: PeopleBody | None


class FormBody(BaseModel):
    """The form of a task: a JSON Schema (2020-12) and hints for drawing it."""

    form_schema: dict[str, Any] = Field(alias="schema")  # pydantic's models have a `schema` of their own
    ui: dict[str, Any] | None


class TaskBody(TaskSummary):
    """A task with its form; null if it has none, and any data will do."""

    form: FormBody | None


class TaskPage(Page[TaskSummary]):
    """A page of tasks, the oldest first."""


class CompleteTask(Request):
    """The answer to the task's form."""

    data: dict[str, Any] = Field(default_factory=dict)


class TaskState(BaseModel):
    """A task after a command."""

    id: UUID
    status: TaskStatus


class CaseState(BaseModel):
    """A case after a command."""

    id: UUID
    case_number: str
    status: CaseStatus
    outcome: str | None


class CompletedBody(BaseModel):
    """What completing did: the tasks and incidents are those that it opened."""

    task: TaskState
    case: CaseState
    tasks: list[OpenTask]
    incidents: list[OpenIncident]


@command(blueprint.get("/tasks"), query=TasksQuery, answer=TaskPage)
def index(uow: UnitOfWork, query: TasksQuery) -> Reply:
    """List tasks, the oldest first"""
    rows = tasks.page(uow, case=query.case, status=query.status, assignee=query.assignee, after=query.cursor)
    return Reply(TaskPage(**page_of(TaskSummary, [_fields(row) for row in rows], cases.PAGE)))


@command(blueprint.get("/tasks/<uuid:task_id>"), answer=TaskBody, refusals=(404,))
def show(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Read a task with its form"""
    row = tasks.get(uow, task_id)
    form = tasks.form(uow, task_id)
    body = FormBody.model_validate({"schema": form.schema, "ui": form.ui}) if form else None
    opened = Opened("task", row["case_id"], task_id)
    return Reply(TaskBody(**_fields(row), form=body), {"ETag": etag(row["revision"])}, opened=opened)


@command(
    blueprint.post("/tasks/<uuid:task_id>/claim"), body=Request, answer=TaskSummary, refusals=(404, 409, 412)
)
def claim(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Take a task for yourself"""
    return _assigned(tasks.claim(uow, task_id, revisions=revisions_seen()))


@command(
    blueprint.post("/tasks/<uuid:task_id>/release"),
    body=Request,
    answer=TaskSummary,
    refusals=(404, 409, 412),
)
def release(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Give a task back"""
    return _assigned(tasks.release(uow, task_id, revisions=revisions_seen()))


@command(
    blueprint.post("/tasks/<uuid:task_id>/complete"),
    body=CompleteTask,
    answer=CompletedBody,
    refusals=(404, 409, 412, 503),
)
def complete(uow: UnitOfWork, task_id: UUID, body: CompleteTask) -> Reply:
    """Complete a task and run its case on"""
    done = tasks.complete(uow, task_id, body.data, revisions=revisions_seen())
    case = CaseState(
        id=done.case_id,
        case_number=done.case_number,
        status=done.case_status,  # type: ignore[arg-type]  # text in the database; pydantic checks it
        outcome=done.case_outcome,
    )
    answer = CompletedBody(
        task=TaskState(id=done.task_id, status="completed"),
        case=case,
        tasks=[OpenTask.model_validate(dict(task)) for task in done.opened.tasks],
        incidents=[OpenIncident.model_validate(dict(incident)) for incident in done.opened.incidents],
    )
    return Reply(answer, {"ETag": etag(done.task_revision)})


def _assigned(row: Mapping[str, Any]) -> Reply:
    return Reply(TaskSummary(**_fields(row)), {"ETag": etag(row["revision"])})


def _fields(row: Mapping[Any, Any]) -> dict[str, Any]:
    assignee = Assignee(id=row["assignee_id"], name=row["assignee"]) if row["assignee_id"] else None
    return {**row, "case": row["case_id"], "assignee": assignee}
