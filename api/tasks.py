"""Tasks: list, read with their form, claim, release, complete."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, Field, model_validator

from api.command import Reply, command, etag, revisions_seen, sends, tagged, tags_seen
from api.shapes import (
    Account,
    Body,
    Instant,
    OpenIncident,
    OpenTask,
    Page,
    PageQuery,
    Request,
    Text,
    account,
    page_of,
)
from engine import cases, tasks
from engine.models import CaseStatus, TaskKind, TaskStatus
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.tasks import EntityTag, Scope

blueprint = APIBlueprint("tasks", __name__, tag="Tasks")


class InboxQuery(PageQuery):
    """Which open tasks: mine, all that I may take (team), of them nobody's (free), or supervised.

    The last are those that I may give to whom I want, `holder` is who has them. `unit` takes in those below
    it; `due` is the latest due time, `priority` the lowest. `today` is what falls due before the day ends,
    `returned` what the applicant has corrected since it was sent back.
    """

    scope: Scope = "team"
    role: Text | None = None
    unit: Text | None = None
    definition: Text | None = None
    holder: UUID | None = None
    due: AwareDatetime | None = None
    overdue: bool = False
    today: bool = False
    returned: bool = False
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] | None = None


class TasksQuery(InboxQuery):
    """Which tasks: those of a case, by status, or those of the inbox."""

    case: UUID | None = None
    status: TaskStatus | None = None

    @model_validator(mode="after")
    def _closed_ones_are_of_a_case(self) -> Self:
        if self.case is None and self.status not in (None, "open"):
            raise ValueError("specify `case` to list tasks that are not open")
        return self


class PeopleBody(Body):
    """The candidates of a task, by their names in the diagram. They don't grant permissions."""

    assignee: str | None
    users: list[str]
    groups: list[str]


class TaskSummary(Body):
    """A task in a list, with the case's `subject` or the process's name. `serve_by`: its class's bound."""

    id: UUID
    case: UUID
    case_number: str
    kind: TaskKind
    definition: str
    version: int
    unit: str
    subject: str
    element: str
    name: str
    lane: str | None
    status: TaskStatus
    assignee: Account | None
    opened_at: Instant
    closed_at: Instant | None
    due_at: Instant | None
    serve_by: Instant | None
    follow_up_at: Instant | None
    priority: int | None
    people: PeopleBody | None
    assignment: str | None


class ListedTask(TaskSummary):
    """A task in a list, with the time for it.

    `clock` is the mark of its case's statutory term: nearly over, over, or paused; null if there is nothing
    to mark. `remaining_seconds` are those of office hours until `due_at`; null for a task without, for one
    that isn't open, or if the calendar lacks a year.
    """

    clock: Literal["near", "over", "paused"] | None
    remaining_seconds: int | None


class FormBody(Body):
    """The form of a task: a JSON Schema (2020-12) and hints for drawing it."""

    form_schema: dict[str, Any] = Field(alias="schema")  # pydantic's models have a `schema` of their own
    ui: dict[str, Any] | None


class Mark(Body):
    """A wrong field, as a JSON Pointer, and what is wrong with it."""

    pointer: str
    text: str


class AskedBody(Body):
    """What a task asks that was requested from another task, its `parent`.

    An opinion has a `question`; a correction has `fields`, and optionally a `text` about the whole form.
    """

    question: str | None
    text: str | None
    fields: list[Mark]
    by: Account
    parent: UUID


class CorrectionBody(Body):
    """A correction that was requested from the applicant for a task."""

    id: UUID
    text: str | None
    fields: list[Mark]
    by: Account
    asked_at: Instant
    due_at: Instant | None
    status: TaskStatus
    closed_at: Instant | None


class OpinionBody(Body):
    """A requested opinion on a task; `opinion` and `favourable` are null until it is given."""

    id: UUID
    question: str
    unit: str | None
    role: str | None
    by: Account
    asked_at: Instant
    due_at: Instant | None
    status: TaskStatus
    assignee: Account | None
    closed_at: Instant | None
    opinion: str | None
    favourable: bool | None


class TaskBody(TaskSummary):
    """A task with its form in the view of your roles; null if it has none and accepts any data.

    `data` is the data of the case that the form's fields show, `draft` an unfinished answer if the task is
    assigned to you. `opinions` and `corrections` are the requests attached to it; `asked` is what it asks
    if it is itself such a request.
    """

    form: FormBody | None
    data: dict[str, Any]
    draft: dict[str, Any] | None
    asked: AskedBody | None
    opinions: list[OpinionBody]
    corrections: list[CorrectionBody]


class TaskPage(Page[ListedTask]):
    """A page of tasks, oldest first."""


class ReleaseTask(Request):
    """The reason code for the release; required if the task was assigned at random."""

    reason: tasks.ReasonCode | None = None


class CompleteTask(Request):
    """The answer to the task's form."""

    data: dict[str, Any] = Field(default_factory=dict)


class SearchBody(InboxQuery):
    """What to search for, and where."""

    text: Text | None = None
    business_key: Text | None = None


class TaskCounts(Body):
    """The number of open tasks: mine, claimable (team) and supervised; at most 1000.

    Of the team's tasks, also the number of unassigned and overdue ones, those due today, and those returned
    by the applicant.
    """

    mine: int
    team: int
    free: int
    overdue: int
    today: int
    returned: int
    supervised: int


class TaskState(Body):
    """A task after a command."""

    id: UUID
    status: TaskStatus


class CaseState(Body):
    """A case after a command."""

    id: UUID
    case_number: str
    status: CaseStatus
    outcome: str | None


class CompletedBody(Body):
    """The result of completing a task: the case, with the tasks and incidents that were opened."""

    task: TaskState
    case: CaseState
    tasks: list[OpenTask]
    incidents: list[OpenIncident]


@command(blueprint.get("/tasks"), query=TasksQuery, answer=TaskPage)
def index(uow: UnitOfWork, query: TasksQuery) -> Reply:
    """List the tasks of a case, oldest first, or of the inbox, earliest due date first

    Without `case`, it lists the open tasks that you can work on.
    """
    if query.case is not None:
        return Reply(task_page(uow, tasks.of_case(uow, query.case, status=query.status, after=query.cursor)))
    return Reply(task_page(uow, tasks.page(uow, _wanted(query))))


def task_page(uow: UnitOfWork, rows: Sequence[Mapping[Any, Any]]) -> TaskPage:
    """Return a page of tasks, from its rows and one more."""
    left = tasks.remaining(uow, rows)
    listed = [{**_fields(row), "remaining_seconds": left.get(row["id"])} for row in rows]
    return TaskPage(**page_of(ListedTask, listed, cases.PAGE))


@command(blueprint.get("/tasks/counts"), answer=TaskCounts)
def count(uow: UnitOfWork) -> Reply:
    """Count the tasks in the tabs of the inbox

    1000 means 1000 or more.
    """
    return Reply(TaskCounts(**tasks.counts(uow)))


@command(blueprint.post("/tasks/search"), body=SearchBody, answer=TaskPage)
def search(uow: UnitOfWork, body: SearchBody) -> Reply:
    """Search the open tasks that you can work on

    Words match the beginnings of words in a task's name and its case's number, business key and applicant.
    Search words may be personal data, so they are sent in the body and never logged.
    """
    wanted = replace(_wanted(body), words=body.text, business_key=body.business_key)
    rows = tasks.page(uow, wanted)
    return Reply(task_page(uow, rows))


def _wanted(query: InboxQuery) -> tasks.Inbox:
    names = InboxQuery.model_fields.keys() - {"cursor"}
    return tasks.Inbox(**{name: getattr(query, name) for name in names}, after=query.cursor)


@command(blueprint.get("/tasks/<uuid:task_id>"), answer=TaskBody, refusals=(404,))
@tagged
@sends("ETag")
def show(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Read a task with its form"""
    row = tasks.get(uow, task_id)
    shown = tasks.get_form(uow, row)
    form = shown.form and FormBody.model_validate({"schema": shown.form.schema, "ui": shown.form.ui})
    asked = row["asked"] and AskedBody(**{**_NOTHING, **_asked(row), "parent": row["parent_id"]})
    beside = tasks.list_subtasks(uow, task_id) if row["asks"] else ()
    body = TaskBody(
        **{**_fields(row), "form": form, "data": shown.data, "draft": shown.draft, "asked": asked},
        opinions=[opinion_body(one) for one in beside if one["kind"] == "opinion"],
        corrections=[correction_body(one) for one in beside if one["kind"] == "correction"],
    )
    worked = row["status"] == "open" and row["had"]
    opened = Opened("task", row["case_id"], task_id, work="api" if worked else None)
    return Reply(body, {"ETag": etag(shown.tag)}, opened=opened)


_NOTHING: Mapping[str, Any] = {"question": None, "text": None, "fields": []}


def correction_body(row: Mapping[Any, Any]) -> CorrectionBody:
    """Return a correction as the API shows it to the office."""
    return CorrectionBody(**{**_asked(row), **row, "asked_at": row["opened_at"]})


def opinion_body(row: Mapping[Any, Any]) -> OpinionBody:
    """Return an opinion as the API shows it."""
    asked = _asked(row)
    answer = asked.get("answer", {})
    given = {name: answer.get(name) for name in ("opinion", "favourable")}
    told = {name: asked[name] for name in ("question", "unit", "role", "by")}
    return OpinionBody(**{**_fields({**row, "case_id": None}), **told, **given, "asked_at": row["opened_at"]})


@command(
    blueprint.post("/tasks/<uuid:task_id>/claim"), body=Request, answer=TaskSummary, refusals=(404, 409, 412)
)
@sends("ETag")
def claim(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Claim a task"""
    return assigned(tasks.claim(uow, task_id, revisions=revisions_seen()))


@command(
    blueprint.post("/tasks/<uuid:task_id>/release"),
    body=ReleaseTask,
    answer=TaskSummary,
    refusals=(404, 409, 412),
)
@sends("ETag")
def release(uow: UnitOfWork, task_id: UUID, body: ReleaseTask) -> Reply:
    """Release a task"""
    return assigned(tasks.release(uow, task_id, reason=body.reason, revisions=revisions_seen()))


@command(
    blueprint.post("/tasks/<uuid:task_id>/complete"),
    body=CompleteTask,
    answer=CompletedBody,
    refusals=(404, 409, 412, 503),
)
@sends("ETag")
def complete(uow: UnitOfWork, task_id: UUID, body: CompleteTask) -> Reply:
    """Complete a task, so that its case continues

    With `If-Match`, it returns 409 if a value that the form shows has changed since you read the task.
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


def assigned(row: Mapping[str, Any]) -> Reply:
    """Return a task after it was assigned or released. Its tag still covers the values that were read."""
    seen = tags_seen() or ()
    tag = EntityTag(row["revision"]) if len(seen) != 1 else next(iter(seen)).at(row["revision"])
    return Reply(TaskSummary(**_fields(row)), {"ETag": etag(tag)})


def _fields(row: Mapping[Any, Any]) -> dict[str, Any]:
    assignee = account(row, "assignee") if row["assignee_id"] else None
    subject = row.get("subject") or row.get("process")
    return {**row, "case": row["case_id"], "assignee": assignee, "subject": subject}


def _asked(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a request with its addressee: by the account's name at that time, and the present full name."""
    return {**row["asked"], "by": {**row["asked"]["by"], "display_name": row["asker_name"]}}
