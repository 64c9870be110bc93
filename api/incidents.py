"""Incidents: list them, and let what failed try again."""

from uuid import UUID

from apiflask import APIBlueprint
from pydantic import BaseModel

from api.cases import CaseBody, case_body
from api.command import Reply, command, etag
from api.shapes import Instant, Page, PageQuery, Request, page_of
from engine import cases, incidents
from engine.db import UnitOfWork
from engine.models import IncidentStatus

blueprint = APIBlueprint("incidents", __name__, tag="Incidents")


class IncidentsQuery(PageQuery):
    """Which incidents: the open ones unless said otherwise."""

    status: IncidentStatus | None = "open"
    case: UUID | None = None


class IncidentBody(BaseModel):
    """An element that failed: `line` counts within its script."""

    id: UUID
    case: UUID
    case_number: str
    definition: str
    version: int
    element: str
    name: str
    code: str
    message: str
    line: int | None
    status: IncidentStatus
    opened_at: Instant
    resolved_at: Instant | None


class IncidentPage(Page[IncidentBody]):
    """A page of incidents, the oldest first."""


@command(blueprint.get("/incidents"), query=IncidentsQuery, answer=IncidentPage)
def index(uow: UnitOfWork, query: IncidentsQuery) -> Reply:
    """List incidents, the oldest first"""
    rows = incidents.page(uow, status=query.status, case=query.case, after=query.cursor)
    return Reply(IncidentPage(**page_of(IncidentBody, rows, cases.PAGE)))


@command(
    blueprint.post("/incidents/<uuid:incident_id>/retry"),
    body=Request,
    answer=CaseBody,
    refusals=(404, 409, 503),
)
def retry(uow: UnitOfWork, incident_id: UUID) -> Reply:
    """Let what failed try again"""
    case = incidents.retry(uow, incident_id)
    return Reply(case_body(case), {"ETag": etag(case.revision)})
