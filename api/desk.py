"""The caseworker's desk: drafts, assigning tasks to colleagues, requesting opinions."""

from typing import Annotated, Any, Self
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from api import language, problems
from api.command import Reply, command, revisions_seen
from api.problems import Problem
from api.shapes import (
    Account,
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


class Draft(Request):
    """An answer that is still being written; it may lack what the form demands."""

    data: dict[str, Any]


class DraftBody(BaseModel):
    """A draft as it is kept."""

    data: dict[str, Any]


@command(blueprint.put("/tasks/<uuid:task_id>/draft"), body=Draft, answer=DraftBody, refusals=(404, 409))
def save_draft(uow: UnitOfWork, task_id: UUID, body: Draft) -> Reply:
    """Keep an answer that you have begun

    It is no act: nothing of it stands in the log, and what was read of the task stays current.
    """
    return Reply(DraftBody(data=tasks.save_draft(uow, task_id, body.data)))


class AssignTask(Request):
    """Who is to have the task: an account's name or id. A task assigned at random needs a reason code."""

    to: Text
    reason: tasks.ReasonCode | None = None


@command(
    blueprint.post("/tasks/<uuid:task_id>/assign"),
    body=AssignTask,
    answer=TaskSummary,
    refusals=(404, 409, 412),
)
def assign(uow: UnitOfWork, task_id: UUID, body: AssignTask) -> Reply:
    """Give a task to a colleague"""
    return assigned(tasks.assign(uow, task_id, body.to, reason=body.reason, revisions=revisions_seen()))


class ColleaguesQuery(PageQuery):
    """Of which task."""

    task: UUID


class ColleaguePage(Page[Account]):
    """A page of colleagues, by name."""


@command(blueprint.get("/colleagues"), query=ColleaguesQuery, answer=ColleaguePage, refusals=(404,))
def colleagues(uow: UnitOfWork, query: ColleaguesQuery) -> Reply:
    """List who may take a task"""
    rows = tasks.colleagues(uow, query.task, after=query.cursor)
    return Reply(ColleaguePage(**page_of(Account, rows, cases.PAGE)))


class AskOpinion(Request):
    """What is asked, of whom, and until when.

    Of those who have `role` (else of all members) in `unit` (else in that of the case); of one of them, `to`.
    `show` names fields of the application or of the task's form that go along; nothing else of the case does.
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
def ask(uow: UnitOfWork, task_id: UUID, body: AskOpinion) -> Reply:
    """Ask for an opinion

    The task is not completed before it is given, withdrawn, or due.
    """
    made = tasks.request_opinion(uow, task_id, tasks.Question(**body.model_dump()))
    (found,) = (one for one in tasks.list_subtasks(uow, task_id) if one["id"] == made)
    return Reply(opinion_body(found), {"Location": f"/api/v1/tasks/{made}"}, status=201)


class MarkedField(Request):
    """A field of the form, by a JSON Pointer into its answer, and what is wrong with it."""

    pointer: Text
    text: Words


class SendBack(Request):
    """What the applicant is to correct, and until when.

    In the start form, or in that of `task`, which the applicant has completed.
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
def send_back(uow: UnitOfWork, task_id: UUID, body: SendBack) -> Reply:
    """Send a task back to the applicant, who corrects what you mark

    The task is not completed before that is done, withdrawn, or due.
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
def withdraw(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Take back what you have asked; the answer is the task beside which it was"""
    return assigned(tasks.get(uow, tasks.withdraw_request(uow, task_id)))


class BulkItem(Request):
    """A task; to complete it the answer to its form, to assign it who is to have it, and why.

    `reason`, a code, goes with `assign` and `release`; a task assigned at random needs one.
    """

    id: UUID
    data: dict[str, Any] = Field(default_factory=dict)
    to: Text | None = None
    reason: tasks.ReasonCode | None = None


class Bulk(Request):
    """What is to be done with up to 100 tasks."""

    action: Action
    items: Annotated[list[BulkItem], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _says_what_the_action_needs_and_no_more(self) -> Self:
        if any((item.to is not None) != (self.action == "assign") for item in self.items):
            raise ValueError("`to` belongs to `assign`, and each item of it has one")
        if self.action != "complete" and any(item.data for item in self.items):
            raise ValueError("`data` belong to `complete`")
        return self


class BulkResult(BaseModel):
    """What became of a task: its `task` status after it, or the `problem`, as if it had come alone."""

    id: UUID
    status: int
    task: TaskStatus | None
    problem: Problem | None


class BulkBody(BaseModel):
    """What became of each, in the order of the request."""

    items: list[BulkResult]


@command(blueprint.post("/tasks/bulk"), body=Bulk, answer=BulkBody, refusals=(409,))
def bulk(uow: UnitOfWork, body: Bulk) -> Reply:
    """Do the same with many tasks

    Each is done or refused by itself: the answer is 200, and tells it of each.
    """
    items = [tasks.Item(item.id, item.data, item.to or "", item.reason) for item in body.items]
    results = [_result(one) for one in tasks.act(uow, body.action, items)]
    return Reply(BulkBody(items=results), language.headers())


def _result(one: tasks.Outcome) -> BulkResult:
    problem = None if one.refusal is None else problems.of(one.refusal)
    status = 200 if problem is None else problem.status
    task: Any = one.status  # text in the database; pydantic checks it
    return BulkResult(id=one.id, status=status, task=task, problem=problem)
