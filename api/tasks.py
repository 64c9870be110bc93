"""Tasks: list, read with their form, claim, release, complete."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from api.bodies.tasks import (
    AskedBody,
    CaseState,
    CompletedBody,
    CompleteTask,
    CorrectionBody,
    FormBody,
    InboxQuery,
    ListedTask,
    OpinionBody,
    ReleaseTask,
    SearchBody,
    TaskBody,
    TaskCounts,
    TaskPage,
    TasksQuery,
    TaskState,
    TaskSummary,
)
from api.command import Reply, command, etag, revisions_seen, sends, tags_seen
from api.requests import may_be_deferred
from api.shapes import (
    OpenIncident,
    OpenTask,
    Request,
    page_of,
    seen_account,
)
from engine import access, cases, tasks
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.platform.errors import Forbidden
from engine.tasks import EntityTag

blueprint = APIBlueprint("tasks", __name__, tag="Tasks")


@command(blueprint.get("/tasks"), query=TasksQuery, answer=TaskPage)
def index(uow: UnitOfWork, query: TasksQuery) -> Reply:
    """List the tasks of a case, oldest first, or of the inbox, least remaining working time first

    Without `case`, it lists the open tasks that you can work on or, with `status=completed` or `cancelled`,
    the closed ones of the same roles and units, the latest first; for administrators, caseworkers and
    managers. Portals and applicants list the applicant's tasks of a case with `case`.
    """
    if query.case is not None:
        rows = tasks.of_case(uow, query.case, status=query.status, after=query.cursor, limit=query.limit)
        return Reply(task_page(uow, rows, query.limit))
    if uow.actor.role in ("portal", access.APPLICANT):
        raise Forbidden("Send `case`: portals and applicants list the tasks of one case.")
    if not query.closed:
        return Reply(task_page(uow, tasks.page(uow, _wanted(query)), query.limit))
    names = ("status", "role", "unit", "definition", "holder", "limit")
    closed = tasks.Closed(
        **{name: getattr(query, name) for name in names},
        since=query.closed_from,
        until=query.closed_to,
        after=query.cursor,
    )
    return Reply(task_page(uow, tasks.closed_page(uow, closed), query.limit))


def task_page(uow: UnitOfWork, rows: Sequence[Mapping[Any, Any]], size: int = cases.PAGE) -> TaskPage:
    """Return a page of tasks, from its rows and one more."""
    left = tasks.remaining(uow, rows)
    listed = [{**_fields(uow, row), "remaining_seconds": left.get(row["id"])} for row in rows]
    return TaskPage(**page_of(ListedTask, listed, size))


@command(blueprint.get("/tasks/counts"), answer=TaskCounts)
def count(uow: UnitOfWork) -> Reply:
    """Count the tasks in the tabs of the inbox

    For administrators, caseworkers and managers.
    """
    return Reply(TaskCounts(**tasks.counts(uow)))


@command(blueprint.post("/tasks/search"), body=SearchBody, answer=TaskPage)
def search(uow: UnitOfWork, body: SearchBody) -> Reply:
    """Search the open tasks that you can work on

    Words match the beginnings of words in a task's name, and in the subject, number, business key, applicant
    and searchable variables of its case. They may be personal data, so they are sent in the body and never
    logged. For administrators, caseworkers and managers.
    """
    wanted = replace(_wanted(body), words=body.text, business_key=body.business_key, cursor_at="/cursor")
    rows = tasks.page(uow, wanted)
    return Reply(task_page(uow, rows, body.limit), stored=None)


def _wanted(query: InboxQuery) -> tasks.Inbox:
    names = InboxQuery.model_fields.keys() - {"cursor"}
    return tasks.Inbox(**{name: getattr(query, name) for name in names}, after=query.cursor)


@command(blueprint.get("/tasks/<uuid:task_id>"), answer=TaskBody, refusals=(404,))
@sends("ETag")
def show(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Read a task with its form

    The `ETag` covers the values that the form shows: send it as `If-Match` when you complete the task. The
    access is recorded in the access log of the case.
    """
    row = tasks.get(uow, task_id)
    shown = tasks.get_form(uow, row)
    form = shown.form and FormBody.model_validate({"schema": shown.form.schema, "ui": shown.form.ui})
    # What the clock notes of a supervisor's task is no request: nobody asked from another task.
    asked = row["parent_id"] and AskedBody(**{**_NOTHING, **_asked(uow, row), "parent": row["parent_id"]})
    beside = tasks.list_subtasks(uow, task_id) if row["asks"] else ()
    body = TaskBody(
        **{**_fields(uow, row), "form": form, "data": shown.data, "draft": shown.draft, "asked": asked},
        opinions=[opinion_body(uow, one) for one in beside if one["kind"] == "opinion"],
        corrections=[correction_body(uow, one) for one in beside if one["kind"] == "correction"],
    )
    worked = row["status"] == "open" and row["had"]
    opened = Opened("task", row["case_id"], task_id, work="api" if worked else None)
    return Reply(body, {"ETag": etag(shown.tag)}, opened=opened)


_NOTHING: Mapping[str, Any] = {"question": None, "text": None, "fields": []}


def correction_body(uow: UnitOfWork, row: Mapping[Any, Any]) -> CorrectionBody:
    """Return a correction as the API shows it to the office."""
    return CorrectionBody(**{**_asked(uow, row), **row, "asked_at": row["opened_at"]})


def opinion_body(uow: UnitOfWork, row: Mapping[Any, Any]) -> OpinionBody:
    """Return an opinion as the API shows it."""
    asked = _asked(uow, row)
    answer = asked.get("answer", {})
    given = {name: answer.get(name) for name in ("opinion", "favourable")}
    told = {name: asked[name] for name in ("question", "unit", "role", "by")}
    return OpinionBody(
        **{**_fields(uow, {**row, "case_id": None}), **told, **given, "asked_at": row["opened_at"]}
    )


@command(
    blueprint.post("/tasks/<uuid:task_id>/claim"), body=Request, answer=TaskSummary, refusals=(404, 409, 412)
)
@sends("ETag")
def claim(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Claim a task

    You become its assignee. Claiming your own task again changes nothing; 409 if somebody else has it, 403 if
    you aren't eligible. For caseworkers, portals and applicants.
    """
    return assigned(uow, tasks.claim(uow, task_id, revisions=revisions_seen()))


@command(
    blueprint.post("/tasks/<uuid:task_id>/release"),
    body=ReleaseTask,
    answer=TaskSummary,
    refusals=(404, 409, 412),
)
@sends("ETag")
def release(uow: UnitOfWork, task_id: UUID, body: ReleaseTask) -> Reply:
    """Release a task

    Only your own tasks. Others can claim the task then; one that is assigned automatically goes to the next
    person. For caseworkers, portals and applicants.
    """
    return assigned(uow, tasks.release(uow, task_id, reason=body.reason, revisions=revisions_seen()))


def _require_visible(uow: UnitOfWork, task_id: UUID, body: CompleteTask) -> None:
    del body  # a worker compares it with the form
    access.require(uow.actor, "tasks.work")
    if access.allows(uow.actor, "tasks.read"):  # a token's scopes may not include it
        tasks.get(uow, task_id)


@command(
    blueprint.post("/tasks/<uuid:task_id>/complete"),
    body=CompleteTask,
    answer=CompletedBody,
    refusals=(404, 409, 412, 503),
)
@may_be_deferred("tasks.work", _require_visible)
@sends("ETag")
def complete(uow: UnitOfWork, task_id: UUID, body: CompleteTask) -> Reply:
    """Complete a task, so that its case continues

    An unassigned task counts as yours; 409 if it is somebody else's. With `If-Match`, 409 (`data-changed`) if
    a value that the form shows has changed since you read the task. For caseworkers, portals and applicants.
    """
    done = tasks.complete(uow, task_id, body.data, tags=tags_seen())
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


def assigned(uow: UnitOfWork, row: Mapping[str, Any]) -> Reply:
    """Return a task after it was assigned or released. Its tag still covers the values that were read."""
    seen = tags_seen() or ()
    tag = EntityTag(row["revision"]) if len(seen) != 1 else next(iter(seen)).at(row["revision"])
    return Reply(TaskSummary(**_fields(uow, row)), {"ETag": etag(tag)})


def _fields(uow: UnitOfWork, row: Mapping[Any, Any]) -> dict[str, Any]:
    assignee = seen_account(uow.actor, row, "assignee") if row["assignee_id"] else None
    subject = row.get("subject") or row.get("process")
    return {**row, "case": row["case_id"], "assignee": assignee, "subject": subject}


def _asked(uow: UnitOfWork, row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a request with its sender: by the account's name at that time, and the present full name."""
    by = {**row["asked"]["by"], "display_name": row["asker_name"]}
    return {**row["asked"], "by": by if access.sees_account(uow.actor) else None}
