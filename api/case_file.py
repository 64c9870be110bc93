"""The complete file of a case, as on a caseworker's page, in one response."""

from uuid import UUID

from apiflask import APIBlueprint

from api.cases import CaseBody, EventPage, case_body, event_page
from api.command import Reply, command, etag, sends, tagged
from api.comments import CommentPage, comment_page
from api.documents import DocumentPage, document_page
from api.shapes import (
    Account,
    Body,
    Instant,
    account,
)
from api.tasks import TaskPage, task_page
from engine import cases, tasks
from engine.models import CaseStatus
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("case_file", __name__, tag="Cases")


class Source(Body):
    """The source of a value in the case's data: an event of the log, and its actor."""

    field: str
    seq: int
    at: Instant
    kind: str
    element: str | None
    task: UUID | None
    actor: Account


class Related(Body):
    """Another case of the same process with the same applicant or business key."""

    id: UUID
    case_number: str
    status: CaseStatus
    started_at: Instant


class FileBody(Body):
    """A case with the first page of each of its lists; their own endpoints return further pages."""

    case: CaseBody
    sources: list[Source]
    events: EventPage
    tasks: TaskPage
    documents: DocumentPage
    comments: CommentPage
    related: list[Related]


@command(blueprint.get("/cases/<uuid:case_id>/file"), answer=FileBody, refusals=(404,))
@tagged
@sends("ETag")
def show(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Read a case with its tasks, documents, comments and log"""
    events = event_page(uow, case_id)
    case = cases.get(uow, case_id)
    sources = [
        Source(**{**row, "task": row["task_id"], "actor": account(row, "actor")})
        for row in tasks.sources(uow, case)
    ]
    body = FileBody(
        case=case_body(case),
        sources=sources,
        events=events,
        tasks=task_page(uow, tasks.of_case(uow, case_id)),
        documents=document_page(uow, case_id),
        comments=comment_page(uow, case_id),
        related=[Related.model_validate(dict(row)) for row in tasks.related(uow, case)],
    )
    return Reply(body, {"ETag": etag(case.revision)}, opened=Opened("file", case_id))
