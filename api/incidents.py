"""Incidents: list, retry and skip them."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import BaseModel, Field

from api import language
from api.cases import CaseBody, case_body
from api.command import Reply, command, etag
from api.shapes import Instant, Key, Page, PageQuery, Request, Text, page_of
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
    """Why, and what is set right before the element tries again. The latter is an administrator's."""

    reason: Text | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class SkipIncident(Request):
    """Why the element is passed over, and what it would have set."""

    reason: Text
    data: dict[str, Any] = Field(default_factory=dict)


class IncidentBody(BaseModel):
    """An element that failed: `line` counts within its script. Its message is shown with its case.

    `reason` and `fix` say in the caller's language what the code means, and how to fix it.
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
    """A page of incidents, the oldest first."""


@command(blueprint.get("/incidents"), query=IncidentsQuery, answer=IncidentPage)
def index(uow: UnitOfWork, query: IncidentsQuery) -> Reply:
    """List incidents, the oldest first"""
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
def retry(uow: UnitOfWork, incident_id: UUID, body: RetryIncident) -> Reply:
    """Let what failed try again, perhaps with repaired data"""
    case = incidents.retry(uow, incident_id, repair=body.data, reason=body.reason)
    return Reply(case_body(case), {"ETag": etag(case.revision)})


@command(
    blueprint.post("/incidents/<uuid:incident_id>/skip"),
    body=SkipIncident,
    answer=CaseBody,
    refusals=(404, 409, 503),
)
def skip(uow: UnitOfWork, incident_id: UUID, body: SkipIncident) -> Reply:
    """Go on as if the element had done its work"""
    case = incidents.skip(uow, incident_id, body.data, body.reason)
    return Reply(case_body(case), {"ETag": etag(case.revision)})
