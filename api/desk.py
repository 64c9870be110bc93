"""The caseworker's desk: drafts, assigning tasks to colleagues, requesting opinions."""

from typing import Annotated, Any, Self
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, Field, model_validator

from api import language, problems
from api.command import Reply, command, revisions_seen, sends
from api.problems import Problem
from api.shapes import (
    Account,
    Body,
    Page,
    PageQuery,
    Request,
    Text,
    Words,
    page_of,
)
from api.tasks import CorrectionBody, OpinionBody, TaskSummary, assigned, correction_body, opinion_body
from engine import cases, tasks
from engine.models import TaskStatus
from engine.platform.db import UnitOfWork
from engine.tasks import Action

blueprint = APIBlueprint("desk", __name__, tag="Desk")


class SaveTaskDraft(Request):
    """An unfinished answer; required fields can be missing."""

    data: dict[str, Any]


class TaskDraft(Body):
    """A stored draft."""

    data: dict[str, Any]


@command(
    blueprint.put("/tasks/<uuid:task_id>/draft"), body=SaveTaskDraft, answer=TaskDraft, refusals=(404, 409)
)
def save_draft(uow: UnitOfWork, task_id: UUID, body: SaveTaskDraft) -> Reply:
    """Save an unfinished answer as a draft

    It isn't logged and doesn't change the revision of the task.
    """
    return Reply(TaskDraft(data=tasks.save_draft(uow, task_id, body.data)))


class AssignTask(Request):
    """The new assignee: name or id of an account. A task assigned at random needs a reason code."""

    to: Text
    reason: tasks.ReasonCode | None = None


@command(
    blueprint.post("/tasks/<uuid:task_id>/assign"),
    body=AssignTask,
    answer=TaskSummary,
    refusals=(404, 409, 412),
)
@sends("ETag")
def assign(uow: UnitOfWork, task_id: UUID, body: AssignTask) -> Reply:
    """Assign a task to a colleague"""
    return assigned(tasks.assign(uow, task_id, body.to, reason=body.reason, revisions=revisions_seen()))


class ColleaguesQuery(PageQuery):
    """Of which task."""

    task: UUID


class ColleaguePage(Page[Account]):
    """A page of colleagues, by name."""


@command(blueprint.get("/colleagues"), query=ColleaguesQuery, answer=ColleaguePage, refusals=(404,))
def list_colleagues(uow: UnitOfWork, query: ColleaguesQuery) -> Reply:
    """List the people who can be assigned a task"""
    rows = tasks.colleagues(uow, query.task, after=query.cursor)
    return Reply(ColleaguePage(**page_of(Account, rows, cases.PAGE)))


class AskOpinion(Request):
    """A request for an opinion: the question, who is asked, and the deadline.

    It is sent to those with `role` (default: all members) in `unit` (default: that of the case), or to one
    of them, `to`. `show` lists fields of the application or of the task's form that they can read; they see
    no other data of the case.
    """

    question: Words
    unit: Text | None = None
    role: Text | None = None
    to: Text | None = None
    due_at: AwareDatetime | None = None
    show: Annotated[list[Text], Field(max_length=100)] = Field(default_factory=list)


@command(
    blueprint.post("/tasks/<uuid:task_id>/opinions"),
    body=AskOpinion,
    answer=OpinionBody,
    status=201,
    refusals=(404, 409),
)
@sends("Location")
def request_opinion(uow: UnitOfWork, task_id: UUID, body: AskOpinion) -> Reply:
    """Request an opinion

    The task can't be completed until the opinion is given, withdrawn or overdue.
    """
    made = tasks.request_opinion(uow, task_id, tasks.Question(**body.model_dump()))
    (found,) = (one for one in tasks.list_subtasks(uow, task_id) if one["id"] == made)
    return Reply(opinion_body(found), {"Location": f"/api/v1/tasks/{made}"}, status=201)


class MarkedField(Request):
    """A field of the form, as a JSON Pointer into its answer, and what is wrong with it."""

    pointer: Text
    text: Words


class SendBack(Request):
    """The fields that the applicant has to correct, and the deadline.

    They are fields of the start form, or of the form of `task`, which the applicant has completed.
    """

    fields: Annotated[list[MarkedField], Field(min_length=1, max_length=100)]
    text: Words | None = None
    due_at: AwareDatetime | None = None
    task: UUID | None = None


@command(
    blueprint.post("/tasks/<uuid:task_id>/send-back"),
    body=SendBack,
    answer=CorrectionBody,
    status=201,
    refusals=(404, 409),
)
@sends("Location")
def send_back(uow: UnitOfWork, task_id: UUID, body: SendBack) -> Reply:
    """Send a task back to the applicant to correct marked fields

    The task can't be completed until the correction is made, withdrawn or overdue.
    """
    fields = [(field.pointer, field.text) for field in body.fields]
    made = tasks.request_correction(uow, task_id, tasks.Marks(fields, body.text, body.due_at, body.task))
    (found,) = (one for one in tasks.list_subtasks(uow, task_id) if one["id"] == made)
    return Reply(correction_body(found), {"Location": f"/api/v1/tasks/{made}"}, status=201)


@command(
    blueprint.post("/tasks/<uuid:task_id>/withdraw"),
    body=Request,
    answer=TaskSummary,
    refusals=(404, 409),
)
@sends("ETag")
def withdraw_request(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Withdraw a request for an opinion or correction; returns the task that it was attached to"""
    return assigned(tasks.get(uow, tasks.withdraw_request(uow, task_id)))


class BulkItem(Request):
    """A task, with the answer to its form (to complete it) or the new assignee (to assign it).

    `reason`, a code, is for `assign` and `release`; a task assigned at random needs one.
    """

    id: UUID
    data: dict[str, Any] = Field(default_factory=dict)
    to: Text | None = None
    reason: tasks.ReasonCode | None = None


class Bulk(Request):
    """One action for up to 100 tasks."""

    action: Action
    items: Annotated[list[BulkItem], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _says_what_the_action_needs_and_no_more(self) -> Self:
        if any((item.to is not None) != (self.action == "assign") for item in self.items):
            raise ValueError("`to` is required with `assign` and not allowed with other actions")
        if self.action != "complete" and any(item.data for item in self.items):
            raise ValueError("`data` is only allowed with `complete`")
        return self


class BulkResult(Body):
    """The result for a task: its new status in `task`, or the `problem`, as for a single request."""

    id: UUID
    status: int
    task: TaskStatus | None
    problem: Problem | None


class BulkBody(Body):
    """The result for each task, in the order of the request."""

    items: list[BulkResult]


@command(blueprint.post("/tasks/bulk"), body=Bulk, answer=BulkBody, refusals=(409,))
@sends("Content-Language")
def bulk(uow: UnitOfWork, body: Bulk) -> Reply:
    """Apply one action to many tasks

    Each task succeeds or fails on its own: the response is 200 and reports the result of each.
    """
    items = [tasks.Item(item.id, item.data, item.to or "", item.reason) for item in body.items]
    results = [_result(one) for one in tasks.act(uow, body.action, items)]
    return Reply(BulkBody(items=results), language.headers())


def _result(one: tasks.Outcome) -> BulkResult:
    problem = None if one.refusal is None else problems.of(one.refusal)
    status = 200 if problem is None else problem.status
    task: Any = one.status  # text in the database; pydantic checks it
    return BulkResult(id=one.id, status=status, task=task, problem=problem)
