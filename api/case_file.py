"""The complete file of a case, as on a caseworker's page, in one response."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from api.bodies.cases import CaseBody, EventPage
from api.bodies.tasks import TaskPage
from api.cases import case_body, event_page
from api.command import Reply, command, etag, sends
from api.comments import CommentPage, comment_page
from api.documents import DocumentPage, document_page
from api.shapes import Account, Body, CaseId, CaseNumber, EventElement, EventTask, Instant, account
from api.tasks import task_page
from engine import cases, tasks
from engine.models import CaseStatus
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.portal import awaited_outputs
from engine.portal.awaited_outputs import OutputState

blueprint = APIBlueprint("case_file", __name__, tag="Cases")


class FetchedFrom(Body):
    """The request to another agency that answered a field of an application."""

    agency: str | None
    """The key of the agency; null if the installation lacked its connector when the case started."""
    connector: str
    """The connector that asked the agency."""
    operation: str
    """Its operation."""
    fetched_at: Instant
    """When the agency answered."""


class Source(Body):
    """The source of a value in the case's data: an event of the log, and its actor."""

    field: str
    """Name of the variable."""
    seq: int
    """Number of the event in the case that set the present value."""
    at: Instant
    """When the value was set."""
    kind: str
    """Kind of the event: `case.started` is the start form, `task.completed` a task, `element.passed` a script
    or a reply, `data.prefilled` the login of the applicant or the portal that named them, or the agency in
    `fetched`.
    """
    fetched: FetchedFrom | None
    """From where it was fetched, if it was fetched and is unchanged."""
    element: EventElement
    task: EventTask
    actor: Account
    """Who acted."""


class Related(Body):
    """Another case of the same process with the same applicant or business key."""

    id: CaseId
    case_number: CaseNumber
    status: CaseStatus
    """Status of the case."""
    started_at: Instant
    """When the case started."""


class LinkedOutput(Body):
    """Evidence that one case awaits from another: both began with one application."""

    awaits: bool
    """Whether this case awaits it; otherwise the other case does."""
    field: str
    """Name of the field that it is for, in the start form of the case that awaits it."""
    type: str
    """Type of the evidence: its `id` in `service.toml`."""
    name: str
    """Its name, as `Persian | English`."""
    id: CaseId | None
    """The other case; null if you may not see it."""
    case_number: CaseNumber
    """Number of the other case."""
    service: str
    """Name of the other case's service."""
    unit: str
    """Name of the unit that handles the other case."""
    ended_at: Instant | None
    """When the other case ended; null while it runs."""
    state: OutputState
    """State of the evidence."""


class FileBody(Body):
    """A case with the first page of each of its lists."""

    case: CaseBody
    """The case with its open tasks, incidents and bills."""
    sources: list[Source]
    """For each variable the event that set its present value. Missing where the log was erased, or for old
    values of long cases.
    """
    events: EventPage
    """The log, oldest first; further pages: `GET /cases/{case_id}/events`."""
    tasks: TaskPage
    """All tasks, oldest first; further pages: `GET /tasks` with `case`."""
    documents: DocumentPage
    """The documents, oldest first; further pages: `GET /cases/{case_id}/documents`."""
    comments: CommentPage
    """The comments, oldest first; further pages: `GET /cases/{case_id}/comments`."""
    outputs: list[LinkedOutput]
    """What this case awaits from cases that began with the same application, and what those await from it.
    Nothing is transferred: request it from the other unit, or from the applicant by a correction.
    """
    related: list[Related]
    """Up to 20 cases of the same process with the same applicant or business key that you may see, newest
    first.
    """


def _fetched(row: Mapping[Any, Any]) -> FetchedFrom | None:
    return None if row["connector"] is None else FetchedFrom(**{name: row[name] for name in tasks.FETCHED})


@command(blueprint.get("/cases/<uuid:case_id>/file"), answer=FileBody, refusals=(404,))
@sends("ETag")
def show(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Read a case with its tasks, documents, comments and log

    What the page of a case shows, in one response. For those who work on cases, and managers and auditors;
    the access is recorded in the access log of the case.
    """
    events = event_page(uow, case_id)
    case = cases.get(uow, case_id)
    sources = [
        Source(**{**row, "task": row["task_id"], "actor": account(row, "actor"), "fetched": _fetched(row)})
        for row in tasks.sources(uow, case)
    ]
    body = FileBody(
        case=case_body(case),
        sources=sources,
        events=events,
        tasks=task_page(uow, tasks.of_case(uow, case_id)),
        documents=document_page(uow, case_id),
        comments=comment_page(uow, case_id),
        outputs=[LinkedOutput(**asdict(one)) for one in awaited_outputs.of_case(uow, case)],
        related=[Related.model_validate(dict(row)) for row in tasks.related(uow, case)],
    )
    return Reply(body, {"ETag": etag(case.revision)}, opened=Opened("file", case_id))
