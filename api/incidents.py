"""Incidents: list, retry and skip them."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field

from api import language
from api.cases import CaseBody, case_body
from api.command import Reply, command, etag, sends
from api.shapes import Body, Instant, Key, Page, PageQuery, Request, Text, page_of
from engine import cases
from engine.cases import incidents
from engine.models import IncidentStatus
from engine.platform.db import UnitOfWork
from engine.platform.messages.incidents import explain

blueprint = APIBlueprint("incidents", __name__, tag="Incidents")


class IncidentsQuery(PageQuery):
    """Which incidents: the open ones unless said otherwise."""

    status: IncidentStatus | None = "open"
    case: UUID | None = None
    definition: Key | None = None
    element: Text | None = None
    code: Text | None = None


class RetryIncident(Request):
    """The reason, and variables to repair before the retry. Only administrators can repair data."""

    reason: Text | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class SkipIncident(Request):
    """The reason for skipping the element, and the variables that it would have set."""

    reason: Text
    data: dict[str, Any] = Field(default_factory=dict)


class IncidentBody(Body):
    """A failed element; `line` is the line in its script. The message is part of its case.

    `reason` and `fix` explain in the caller's language what the code means and how to fix it.
    """

    id: UUID
    case: UUID
    case_number: str
    definition: str
    version: int
    element: str
    name: str
    code: str
    reason: str
    fix: str
    line: int | None
    attempts: int
    status: IncidentStatus
    opened_at: Instant
    resolved_at: Instant | None


class IncidentPage(Page[IncidentBody]):
    """A page of incidents, oldest first."""


@command(blueprint.get("/incidents"), query=IncidentsQuery, answer=IncidentPage)
@sends("Content-Language")
def index(uow: UnitOfWork, query: IncidentsQuery) -> Reply:
    """List incidents, oldest first"""
    which = incidents.Which(query.status, query.case, query.definition, query.element, query.code)
    rows = incidents.page(uow, which, after=query.cursor)
    texts = language.texts()
    told = [{**row, **explain(row["code"], texts)} for row in rows]
    return Reply(IncidentPage(**page_of(IncidentBody, told, cases.PAGE)), language.headers())


@command(
    blueprint.post("/incidents/<uuid:incident_id>/retry"),
    body=RetryIncident,
    answer=CaseBody,
    refusals=(404, 409, 503),
)
@sends("ETag")
def retry(uow: UnitOfWork, incident_id: UUID, body: RetryIncident) -> Reply:
    """Retry a failed element, optionally with repaired data"""
    case = incidents.retry(uow, incident_id, repair=body.data, reason=body.reason)
    return Reply(case_body(case), {"ETag": etag(case.revision)})


@command(
    blueprint.post("/incidents/<uuid:incident_id>/skip"),
    body=SkipIncident,
    answer=CaseBody,
    refusals=(404, 409, 503),
)
@sends("ETag")
def skip(uow: UnitOfWork, incident_id: UUID, body: SkipIncident) -> Reply:
    """Skip a failed element, as if it had succeeded"""
    case = incidents.skip(uow, incident_id, body.data, body.reason)
    return Reply(case_body(case), {"ETag": etag(case.revision)})
