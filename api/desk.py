"""The caseworker's desk: drafts, giving tasks to colleagues, asking for opinions."""

from typing import Annotated, Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.command import Reply, command, revisions_seen
from api.shapes import Page, PageQuery, Request, Text, page_of
from api.tasks import OpinionBody, TaskSummary, assigned, opinion_body
from engine import cases, tasks
from engine.db import UnitOfWork

blueprint = APIBlueprint("desk", __name__, tag="Desk")

# What somebody has written: with line breaks, without other control characters.
Words = Annotated[
    str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]


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
    """Who is to have the task: an account's name or id."""

    to: Text


@command(
    blueprint.post("/tasks/<uuid:task_id>/assign"),
    body=AssignTask,
    answer=TaskSummary,
    refusals=(404, 409, 412),
)
def assign(uow: UnitOfWork, task_id: UUID, body: AssignTask) -> Reply:
    """Give a task to a colleague"""
    return assigned(tasks.assign(uow, task_id, body.to, revisions=revisions_seen()))


class ColleaguesQuery(PageQuery):
    """Of which task."""

    task: UUID


class Colleague(BaseModel):
    """An account that may take the task."""

    id: UUID
    name: str


class ColleaguePage(Page[Colleague]):
    """A page of colleagues, by name."""


@command(blueprint.get("/colleagues"), query=ColleaguesQuery, answer=ColleaguePage, refusals=(404,))
def colleagues(uow: UnitOfWork, query: ColleaguesQuery) -> Reply:
    """List who may take a task"""
    rows = tasks.colleagues(uow, query.task, after=query.cursor)
    return Reply(ColleaguePage(**page_of(Colleague, rows, cases.PAGE)))


class AskOpinion(Request):
    """What is asked, of whom, and until when.

    Of those who have `role` (else of all members) in `unit` (else in that of the case); of one of them, `to`.
    `show` names fields of the task's form that go along; nothing else of the case does.
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
    made = tasks.ask(uow, task_id, tasks.Question(**body.model_dump()))
    (found,) = (one for one in tasks.asked_beside(uow, task_id) if one["id"] == made)
    return Reply(opinion_body(found), {"Location": f"/api/v1/tasks/{made}"}, status=201)


@command(
    blueprint.post("/tasks/<uuid:task_id>/withdraw"),
    body=Request,
    answer=TaskSummary,
    refusals=(404, 409),
)
def withdraw(uow: UnitOfWork, task_id: UUID) -> Reply:
    """Take back what you have asked; the answer is the task beside which it was"""
    return assigned(tasks.get(uow, tasks.withdraw(uow, task_id)))
