"""Incidents: list, retry and skip them."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field

from api import language
from api.bodies.cases import CaseBody
from api.cases import case_body
from api.command import Reply, command, etag, sends
from api.shapes import (
    Body,
    CaseId,
    CaseNumber,
    DefinitionKey,
    ElementPath,
    Instant,
    Key,
    Page,
    PageQuery,
    Request,
    Text,
    VersionNumber,
    page_of,
)
from engine import cases
from engine.cases import incidents
from engine.models import IncidentStatus
from engine.platform.db import UnitOfWork
from engine.platform.messages.incidents import explain

blueprint = APIBlueprint("incidents", __name__, tag="Incidents")


class IncidentsQuery(PageQuery):
    """Which incidents."""

    status: IncidentStatus | None = "open"
    """Only incidents with this status; null for all."""
    case: UUID | None = None
    """Only incidents of the case with this id."""
    definition: Key | None = None
    """Only incidents in cases of the definition with this key."""
    element: Text | None = None
    """Only incidents at the element with this path."""
    code: Text | None = None
    """Only incidents with this code."""


class RetryIncident(Request):
    """How to retry the element."""

    reason: Text | None = None
    """Why; stored in the log of the case."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Variables to set before the retry. Only administrators can repair data.

    Refused for an incident that concerns the case as a whole: change the variables first.
    """


class SkipIncident(Request):
    """How to continue without the element."""

    reason: Text
    """Why; stored in the log of the case."""
    data: dict[str, Any] = Field(default_factory=dict)
    """The variables that the element would have set."""


class IncidentBody(Body):
    """A failed element, without its message: read the case."""

    id: UUID
    """Id of the incident."""
    case: CaseId
    case_number: CaseNumber
    definition: DefinitionKey
    version: VersionNumber
    element: ElementPath
    name: str
    """Name of the element in the diagram, or its id."""
    code: str
    """Stable code of the failure, listed in the documentation under *Incident codes*."""
    reason: str
    """What the code means, in the language of the response."""
    fix: str
    """How to fix it, in the language of the response."""
    line: int | None
    """Line within the script or expression that failed; null if it was none."""
    attempts: int
    """How often the element was tried before it became this incident, the last time included."""
    status: IncidentStatus
    """Status of the incident."""
    opened_at: Instant
    """When the element failed."""
    resolved_at: Instant | None
    """When it was retried, skipped or closed; null while it is open."""


class IncidentPage(Page[IncidentBody]):
    """A page of incidents, oldest first."""


@command(blueprint.get("/incidents"), query=IncidentsQuery, answer=IncidentPage)
@sends("Content-Language")
def index(uow: UnitOfWork, query: IncidentsQuery) -> Reply:
    """List incidents, oldest first

    Without `message`, which may contain data of the case: read the case or its events. For administrators.
    """
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
    """Retry a failed element, optionally with repaired data

    The response is the case: a new incident in it if the element failed again. 409 if the incident is
    resolved. For administrators.
    """
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
    """Skip a failed element, as if it had succeeded

    409 for gateways and joins, which can't be skipped. For administrators.
    """
    case = incidents.skip(uow, incident_id, body.data, body.reason)
    return Reply(case_body(case), {"ETag": etag(case.revision)})
