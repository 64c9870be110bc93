"""Comments on cases and tasks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import (
    Account,
    Body,
    Instant,
    Page,
    PageQuery,
    Request,
    Words,
    account,
    page_of,
)
from engine import cases, tasks
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("comments", __name__, tag="Comments")


class AddComment(Request):
    """A comment. If `visible`, the applicant can read it; by default only the office can."""

    text: Words
    visible: bool | None = None


class CommentBody(Body):
    """A comment on a case, or on one of its tasks."""

    id: UUID
    case: UUID
    task: UUID | None
    author: Account
    text: str
    visible: bool
    at: Instant


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
    """Comment on a case"""
    return _added(tasks.comment(uow, body.text, case=case_id, visible=body.visible))


@command(
    blueprint.post("/tasks/<uuid:task_id>/comments"),
    body=AddComment,
    answer=CommentBody,
    status=201,
    refusals=(404, 409),
)
def add_to_task(uow: UnitOfWork, task_id: UUID, body: AddComment) -> Reply:
    """Comment on a task"""
    return _added(tasks.comment(uow, body.text, task=task_id, visible=body.visible))


@command(
    blueprint.get("/cases/<uuid:case_id>/comments"), query=PageQuery, answer=CommentPage, refusals=(404,)
)
def index(uow: UnitOfWork, case_id: UUID, query: PageQuery) -> Reply:
    """List a case's comments, oldest first

    Portals and applicants only see comments that are visible to the applicant.
    """
    return Reply(comment_page(uow, case_id, query.cursor), opened=Opened("comments", case_id))


def comment_page(uow: UnitOfWork, case_id: UUID, after: UUID | None = None) -> CommentPage:
    """Return a page of a case's comments."""
    rows = tasks.comments(uow, case_id, after=after)
    return CommentPage(**page_of(CommentBody, [_fields(row) for row in rows], cases.PAGE))


def _added(row: Mapping[Any, Any]) -> Reply:
    return Reply(CommentBody(**_fields(row)), status=201)


def _fields(row: Mapping[Any, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("id", "text", "visible", "at")}
    return {**kept, "case": row["case_id"], "task": row["task_id"], "author": account(row, "author")}
