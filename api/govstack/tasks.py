"""The building block Registration: tasks of officials and applicants."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field, RootModel

from api import language
from api.command import Reply, command, etag, tags_seen
from api.govstack import ids
from api.govstack.application_bodies import ListQuery
from api.govstack.shapes import FilledBody, OpenRequest, own_half, window
from api.govstack.status import RegistrationStatus, status_of
from api.shapes import Instant
from engine import access, cases, tasks
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.portal.progress import progress

# Its OpenAPI document is GovStack's.
blueprint = APIBlueprint("govstack_tasks", __name__, enable_openapi=False)


class RegistrationTasksQuery(ListQuery):
    """Which tasks."""

    main_task_id: UUID | None = None
    """Only this task."""
    file_id: UUID | None = None
    """Only those of this application, oldest first."""
    assignee_id: UUID | None = None
    """Only those of this account: the caller's, or that of somebody whose tasks it assigns."""
    sort_by: Literal["dueDate"] | None = None
    """Of the inbox: by due date, the only order."""
    sort_order: Literal["asc"] | None = None
    """Earliest first, the only order."""


class TaskFields(FilledBody):
    """What is known of a task everywhere."""

    task_id: UUID
    """Id of the task."""
    main_task_id: UUID | None = None
    """The task that waits for this one, if it is a correction or an opinion; else the task itself."""
    assignee_id: UUID | None
    """Account of the assignee; left out if nobody has it."""
    role_id: str | None
    """The lane in the diagram; left out if there is none."""
    created: Instant
    """When it was opened."""
    description: str
    """What the application is about."""
    service_id: UUID
    """Id of the service."""
    service_name: str
    """Name of the process."""
    file_id: UUID
    """Id of the application."""
    e_form_id: str
    """Id of the task's form."""
    status: RegistrationStatus | None
    """How far the application is; left out for those who see only the task."""


class RegistrationTask(TaskFields):
    """A task in a list."""

    name: str
    """Name of the task."""


class RegistrationTaskList(RootModel[list[RegistrationTask]]):
    """Tasks, earliest due date first."""


class TaskWithData(TaskFields):
    """A task with the values that its form shows."""

    task_name: str
    """Name of the task."""
    form_variables: dict[str, Any]
    """The values that the form shows."""
    data: dict[str, Any]
    """The saved draft of the answer; empty if there is none."""


class AnswerTask(OpenRequest):
    """The answer to a task."""

    data: dict[str, Any] = Field(default_factory=dict)
    """The answer to its form."""


class AnsweredTask(FilledBody):
    """A completed task."""

    task_id: UUID
    """Id of the task."""
    file_id: UUID
    """Id of the application."""
    service_id: UUID
    """Id of the service."""
    status: RegistrationStatus | None
    """How far the application is now."""


@command(blueprint.get("/tasks"), query=RegistrationTasksQuery, answer=RegistrationTaskList, refusals=(404,))
def list_tasks(uow: UnitOfWork, query: RegistrationTasksQuery) -> Reply:
    """List the tasks of an application, or of the inbox, as `GET /api/v1/tasks`"""
    rows = _rows(uow, query)
    known = progress(uow, {row["case_id"] for row in rows})
    listed = [
        RegistrationTask(
            **_fields(uow, row), name=own_half(row["name"]), status=status_of(known.get(row["case_id"]))
        )
        for row in rows
    ]
    return Reply(RegistrationTaskList(listed), language.headers())


def _rows(uow: UnitOfWork, query: RegistrationTasksQuery) -> Sequence[Mapping[Any, Any]]:
    if query.main_task_id is not None:
        return tasks.find_visible(uow, [query.main_task_id])
    case_id, first, most = query.file_id, query.first_result, query.max_result
    if case_id is not None:
        return window(
            lambda after: tasks.of_case(uow, case_id, status="open", after=after), cases.PAGE, first, most
        )
    scope: tasks.Scope = "team"
    if query.assignee_id is not None:
        scope = "mine" if query.assignee_id == uow.actor.id else "supervised"
    holder = query.assignee_id if scope == "supervised" else None
    return window(
        lambda after: tasks.page(uow, tasks.Inbox(scope=scope, holder=holder, after=after)),
        cases.PAGE,
        first,
        most,
    )


def _fields(uow: UnitOfWork, row: Mapping[Any, Any]) -> dict[str, Any]:
    service = own_half(row["process"])
    named = row["assignee_id"] and access.sees_account(uow.actor, row["assignee_role"])
    return {
        "task_id": row["id"],
        "assignee_id": row["assignee_id"] if named else None,
        "role_id": row["lane"] and own_half(row["lane"]),
        "created": row["opened_at"],
        "description": row.get("subject") or service,
        "service_id": ids.service_id(row["definition"]),
        "service_name": service,
        "file_id": row["case_id"],
        "e_form_id": ids.form_of_task(row["id"]),
    }


@command(blueprint.get("/tasks/<uuid:task_id>"), answer=TaskWithData, refusals=(404,))
def read_task(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Read a task; the access is recorded in the access log of the case

    As `GET /api/v1/tasks/{task_id}`, with its `ETag`.
    """
    row = tasks.get(uow, task_id)
    shown = tasks.get_form(uow, row)
    answer = TaskWithData(
        **{**_fields(uow, row), "main_task_id": row["parent_id"] or task_id},
        task_name=own_half(row["name"]),
        form_variables=dict(shown.data),
        data=dict(shown.draft or {}),
        status=status_of(progress(uow, [row["case_id"]]).get(row["case_id"])),
    )
    worked = row["status"] == "open" and row["had"]
    opened = Opened("task", row["case_id"], task_id, work="api" if worked else None)
    return Reply(answer, {**language.headers(), "ETag": etag(shown.tag)}, opened=opened)


@command(
    blueprint.post("/tasks/<uuid:task_id>/complete"),
    body=AnswerTask,
    answer=AnsweredTask,
    refusals=(404, 409, 412, 503),
)
def complete(uow: UnitOfWork, task_id: UUID, body: AnswerTask) -> Reply:
    """Complete a task, as `POST /api/v1/tasks/{task_id}/complete`; send the `ETag` as `If-Match`"""
    key = tasks.get(uow, task_id)["definition"]
    done = tasks.complete(uow, task_id, body.data, tags=tags_seen())
    answer = AnsweredTask(
        task_id=done.task_id,
        file_id=done.case_id,
        service_id=ids.service_id(key),
        status=status_of(progress(uow, [done.case_id]).get(done.case_id)),
    )
    return Reply(answer, {**language.headers(), "ETag": etag(done.task_revision)})
