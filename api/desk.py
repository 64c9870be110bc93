"""The caseworker's desk: drafts, assigning tasks to colleagues, requesting opinions."""

from typing import Annotated, Any, Self
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, Field, model_validator

from api import language, problems
from api.bodies.tasks import CorrectionBody, OpinionBody, TaskSummary
from api.command import Reply, command, revisions_seen, sends
from api.faults import fault
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
from api.tasks import assigned, correction_body, opinion_body
from engine import cases, tasks
from engine.models import TaskStatus
from engine.platform.db import UnitOfWork
from engine.tasks import Action

blueprint = APIBlueprint("desk", __name__, tag="Desk")


class SaveTaskDraft(Request):
    """An unfinished answer to the form of a task."""

    data: dict[str, Any]
    """The answer as far as it is known. It may be incomplete or invalid, but has no other fields than the
    form.
    """


class TaskDraft(Body):
    """A stored draft."""

    data: dict[str, Any]
    """The draft as stored."""


@command(
    blueprint.put("/tasks/<uuid:task_id>/draft"), body=SaveTaskDraft, answer=TaskDraft, refusals=(404, 409)
)
def save_draft(uow: UnitOfWork, task_id: UUID, body: SaveTaskDraft) -> Reply:
    """Save an unfinished answer as a draft

    Only for your own task; 409 if it isn't yours. It isn't logged and doesn't change the revision of the
    task. For caseworkers, portals and applicants.
    """
    return Reply(TaskDraft(data=tasks.save_draft(uow, task_id, body.data)))


class AssignTask(Request):
    """The new assignee of a task."""

    to: Text
    """Name or id of an account that is eligible for the task."""
    reason: tasks.ReasonCode | None = None
    """Why the task is reassigned; required if it was assigned at random."""


@command(
    blueprint.post("/tasks/<uuid:task_id>/assign"),
    body=AssignTask,
    answer=TaskSummary,
    refusals=(404, 409, 412),
)
@sends("ETag")
def assign(uow: UnitOfWork, task_id: UUID, body: AssignTask) -> Reply:
    """Assign a task to a colleague

    By its assignee, a supervisor of its unit or one above, or an administrator who is a member there. 422
    (`receiver`) if the account isn't eligible or doesn't exist.
    """
    return assigned(uow, tasks.assign(uow, task_id, body.to, reason=body.reason, revisions=revisions_seen()))


class ColleaguesQuery(PageQuery):
    """For which task, and which page."""

    task: UUID
    """Id of the task for which colleagues are listed."""


class ColleaguePage(Page[Account]):
    """A page of colleagues, by name."""


@command(blueprint.get("/colleagues"), query=ColleaguesQuery, answer=ColleaguePage, refusals=(404,))
def list_colleagues(uow: UnitOfWork, query: ColleaguesQuery) -> Reply:
    """List the people who can be assigned a task

    Only those who are eligible for the task, by name. For administrators and caseworkers.
    """
    rows = tasks.colleagues(uow, query.task, after=query.cursor)
    return Reply(ColleaguePage(**page_of(Account, rows, cases.PAGE)))


class AskOpinion(Request):
    """A request for an opinion. Those who are asked see no other data of the case than `show` names."""

    question: Words
    """What you want to know: up to 10,000 characters of plain text."""
    unit: Text | None = None
    """Key of the unit that is asked, which may belong to another agency; by default that of the case."""
    role: Text | None = None
    """Role in the unit that is asked; by default all of its members."""
    to: Text | None = None
    """Name or id of the account that is asked alone; it must be one of them."""
    due_at: AwareDatetime | None = None
    """Until when the opinion is awaited; by default without end."""
    show: Annotated[list[Text], Field(max_length=100)] = Field(default_factory=list)
    """Fields of the application or of the task's form that they can read; only fields that you may see
    yourself.
    """


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

    The task can't be completed until the opinion is given, withdrawn or overdue. A task can await up to 20
    opinions. For the caseworker who is its assignee.
    """
    made = tasks.request_opinion(uow, task_id, tasks.Question(**body.model_dump()))
    (found,) = (one for one in tasks.list_subtasks(uow, task_id) if one["id"] == made)
    return Reply(opinion_body(uow, found), {"Location": f"/api/v1/tasks/{made}"}, status=201)


class MarkedField(Request):
    """A field that the applicant has to correct."""

    pointer: Text
    """JSON Pointer of the field in the answer, such as `/address/postal_code`."""
    text: Words
    """What is wrong with the field, for the applicant."""


class SendBack(Request):
    """What the applicant has to correct."""

    fields: Annotated[list[MarkedField], Field(min_length=1, max_length=100)]
    """The fields to correct. Only fields that the applicant may answer."""
    text: Words | None = None
    """Explanation of the whole correction, for the applicant."""
    due_at: AwareDatetime | None = None
    """Until when the correction is awaited; by default without end."""
    task: UUID | None = None
    """Id of a task that the applicant has completed in this case, whose form has the fields; by default they
    are those of the start form.
    """


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

    The task can't be completed until the correction is made, withdrawn or overdue. Only one correction can be
    requested at a time. For the caseworker who is its assignee.
    """
    fields = [(field.pointer, field.text) for field in body.fields]
    made = tasks.request_correction(uow, task_id, tasks.Marks(fields, body.text, body.due_at, body.task))
    (found,) = (one for one in tasks.list_subtasks(uow, task_id) if one["id"] == made)
    return Reply(correction_body(uow, found), {"Location": f"/api/v1/tasks/{made}"}, status=201)


@command(
    blueprint.post("/tasks/<uuid:task_id>/withdraw"),
    body=Request,
    answer=TaskSummary,
    refusals=(404, 409),
)
@sends("ETag")
def withdraw_request(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Withdraw a request for an opinion or correction; returns the task that it was attached to

    `task_id` is the task in which the opinion or correction is awaited. For the person who requested it, or
    the assignee of the task from which it was requested.
    """
    return assigned(uow, tasks.get(uow, tasks.withdraw_request(uow, task_id)))


class BulkItem(Request):
    """A task in a bulk action."""

    id: UUID
    """Id of the task."""
    data: dict[str, Any] = Field(default_factory=dict)
    """With `complete`: the answer to the form."""
    to: Text | None = None
    """With `assign`: name or id of the new assignee. Required there and not allowed elsewhere."""
    reason: tasks.ReasonCode | None = None
    """With `assign` and `release`: why the task is reassigned; required if it was assigned at random."""


class Bulk(Request):
    """One action for many tasks."""

    action: Action
    """What to do with each task. An administrator can only assign."""
    items: Annotated[list[BulkItem], Field(min_length=1, max_length=100)]
    """The tasks, each at most once."""

    @model_validator(mode="after")
    def _says_what_the_action_needs_and_no_more(self) -> Self:
        if any((item.to is not None) != (self.action == "assign") for item in self.items):
            raise fault("to-of-assign")
        if self.action != "complete" and any(item.data for item in self.items):
            raise fault("data-of-complete")
        return self


class BulkResult(Body):
    """The result for one task."""

    id: UUID
    """Id of the task."""
    status: int
    """HTTP status that a single request would have returned."""
    task: TaskStatus | None
    """Status of the task after the action; null if it failed."""
    problem: Problem | None
    """Why the action failed; null if it succeeded."""


class BulkBody(Body):
    """The results of a bulk action."""

    items: list[BulkResult]
    """The result for each task, in the order of the request."""


@command(blueprint.post("/tasks/bulk"), body=Bulk, answer=BulkBody, refusals=(409,))
@sends("Content-Language")
def bulk(uow: UnitOfWork, body: Bulk) -> Reply:
    """Apply one action to many tasks

    Each task succeeds or fails on its own: the response is 200 and reports the result of each. If a task is
    listed twice, the response is 422 and nothing is done.
    """
    items = [tasks.Item(item.id, item.data, item.to or "", item.reason) for item in body.items]
    results = [_result(one) for one in tasks.act(uow, body.action, items)]
    return Reply(BulkBody(items=results), language.headers())


def _result(one: tasks.Outcome) -> BulkResult:
    problem = None if one.refusal is None else problems.of(one.refusal)
    status = 200 if problem is None else problem.status
    task: Any = one.status  # text in the database; pydantic checks it
    return BulkResult(id=one.id, status=status, task=task, problem=problem)
