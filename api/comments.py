"""Comments on cases and tasks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import Account, Body, CaseId, Instant, Page, PageQuery, Request, Words, page_of, seen_account
from engine import cases, tasks
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("comments", __name__, tag="Comments")


class AddComment(Request):
    """A comment."""

    text: Words
    """The comment, in plain text."""
    visible: bool | None = None
    """Whether the applicant can read it. By default no for the office; comments of portals and applicants are
    always visible, false is 422.
    """


class CommentBody(Body):
    """A comment on a case, or on one of its tasks."""

    id: UUID
    """Id of the comment."""
    case: CaseId
    task: UUID | None
    """Id of the task that the comment is about; null if it is about the whole case."""
    author: Account | None
    """Who wrote the comment; null for portals and applicants if it is an official."""
    text: str
    """The comment, in plain text."""
    visible: bool
    """Whether the applicant can read it."""
    at: Instant
    """When the comment was written."""


class CommentPage(Page[CommentBody]):
    """A page of comments, oldest first."""


@command(
    blueprint.post("/cases/<uuid:case_id>/comments"),
    body=AddComment,
    answer=CommentBody,
    status=201,
    refusals=(404, 409),
)
def add_to_case(uow: UnitOfWork, case_id: UUID, body: AddComment) -> Reply:
    """Comment on a case

    Comments can't be changed. 409 for a case whose personal data were erased. For caseworkers, portals and
    applicants.
    """
    return _added(uow, tasks.comment(uow, body.text, case=case_id, visible=body.visible))


@command(
    blueprint.post("/tasks/<uuid:task_id>/comments"),
    body=AddComment,
    answer=CommentBody,
    status=201,
    refusals=(404, 409),
)
def add_to_task(uow: UnitOfWork, task_id: UUID, body: AddComment) -> Reply:
    """Comment on a task

    Everyone who may see the task can comment on it. 409 for a case whose personal data were erased.
    """
    return _added(uow, tasks.comment(uow, body.text, task=task_id, visible=body.visible))


@command(
    blueprint.get("/cases/<uuid:case_id>/comments"), query=PageQuery, answer=CommentPage, refusals=(404,)
)
def index(uow: UnitOfWork, case_id: UUID, query: PageQuery) -> Reply:
    """List a case's comments, oldest first

    Portals and applicants only see comments that are visible to the applicant. The access is recorded in the
    access log of the case.
    """
    return Reply(comment_page(uow, case_id, query.cursor), opened=Opened("comments", case_id))


def comment_page(uow: UnitOfWork, case_id: UUID, after: UUID | None = None) -> CommentPage:
    """Return a page of a case's comments."""
    rows = tasks.comments(uow, case_id, after=after)
    return CommentPage(**page_of(CommentBody, [_fields(uow, row) for row in rows], cases.PAGE))


def _added(uow: UnitOfWork, row: Mapping[Any, Any]) -> Reply:
    return Reply(CommentBody(**_fields(uow, row)), status=201)


def _fields(uow: UnitOfWork, row: Mapping[Any, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("id", "text", "visible", "at")}
    author = seen_account(uow.actor, row, "author")
    return {**kept, "case": row["case_id"], "task": row["task_id"], "author": author}
