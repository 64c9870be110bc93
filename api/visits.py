"""Visits of applicants, and their ratings of cases."""

from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, Field

from api.command import Reply, command
from api.shapes import Account, Body, Instant, Request, Words, account
from engine import cases
from engine.cases import Correction, NewVisit, Rated, Rating, VisitChannel, VisitReason, VisitView
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("visits", __name__, tag="Visits and ratings")


class RecordVisit(Request):
    """A visit, or another contact, of the applicant."""

    occurred_at: AwareDatetime
    """When it was: not in the future and not before the case began."""
    reason: VisitReason
    """Why the applicant came."""
    channel: VisitChannel = "in_person"
    """How the applicant was in touch. Only `in_person` counts as a visit."""
    task: UUID | None = None
    """Id of the task of the case that it had to do with; by default the first open step that requires
    presence.
    """


class CorrectVisit(Request):
    """What was wrong; what is left out stays as it is."""

    occurred_at: AwareDatetime | None = None
    """When it really was."""
    reason: VisitReason | None = None
    """Why the applicant really came."""
    withdrawn: bool = False
    """Whether the visit did not take place."""


class VisitBody(Body):
    """A visit as it was recorded and corrected."""

    id: UUID | None
    """Id of the visit; null if only the applicant reported it."""
    occurred_at: Instant | None
    """When it was; null if only the applicant reported it."""
    channel: str
    """How the applicant was in touch: `in_person`, `online`, `phone` or `post`."""
    reason: str
    """Why the applicant came: a code as in `POST /cases/{case_id}/visits`."""
    planned: bool
    """Whether a step of the process required it."""
    task: UUID | None
    """Id of the task that it had to do with; null if none."""
    source: Literal["recorded", "rating"]
    """Who reported it."""
    recorded_at: Instant
    """When it was recorded."""
    recorded_by: Account | None
    """Who recorded it; null if only the applicant reported it."""
    corrected_at: Instant | None
    """When it was corrected last; null if it wasn't."""
    withdrawn: bool
    """Whether the visit did not take place, so that it doesn't count."""


class VisitList(Body):
    """The visits of a case."""

    count: int
    """How often the applicant came in person."""
    items: list[VisitBody]
    """The visits and other contacts, in the order in which they were recorded."""


class GiveRating(Request):
    """How the applicant rates the case."""

    stars: int = Field(ge=1, le=5)
    """From 1 (worst) to 5 (best)."""
    had_to_come: bool
    """Whether the applicant had to come to the office."""
    visit_reason: VisitReason | None = None
    """Why they had to come; required if they had to, otherwise not allowed."""
    comment: Words | None = Field(default=None, max_length=2000)
    """A comment, which is personal: only the log of the case has it."""


class RatingBody(Body):
    """The rating of a case, without its comment."""

    at: Instant
    """When the case was rated."""
    stars: int
    """From 1 (worst) to 5 (best)."""
    had_to_come: bool
    """Whether the applicant had to come to the office."""
    visit_reason: str | None
    """Why they had to come: a code as in `POST /cases/{case_id}/visits`; null if they hadn't to."""


@command(blueprint.get("/cases/<uuid:case_id>/visits"), answer=VisitList, refusals=(404,))
def index(uow: UnitOfWork, case_id: UUID) -> Reply:
    """List the visits of a case

    With `count`, how often the applicant came in person. For administrators, caseworkers, managers and
    auditors; the access is recorded in the access log of the case.
    """
    found = cases.list_visits(uow, case_id)
    body = VisitList(count=cases.count_visits(found), items=[_body(one) for one in found])
    return Reply(body, opened=Opened("case", case_id))


@command(
    blueprint.post("/cases/<uuid:case_id>/visits"),
    body=RecordVisit,
    answer=VisitBody,
    status=201,
    refusals=(404, 409),
)
def record(uow: UnitOfWork, case_id: UUID, body: RecordVisit) -> Reply:
    """Record a visit of the applicant

    The same instant and reason again return the same visit. 409 more than 30 days after the end of the case.
    For caseworkers.
    """
    visit = NewVisit(body.occurred_at, body.reason, body.channel, body.task)
    return Reply(_body(cases.record_visit(uow, case_id, visit)), status=201)


@command(
    blueprint.post("/cases/<uuid:case_id>/visits/<uuid:visit_id>/correct"),
    body=CorrectVisit,
    answer=VisitBody,
    refusals=(404, 409),
)
def correct(uow: UnitOfWork, case_id: UUID, visit_id: UUID, body: CorrectVisit) -> Reply:
    """Correct a recorded visit, or withdraw it

    The log retains what was recorded first. 409 more than 30 days after the end of the case. For caseworkers.
    """
    correction = Correction(body.occurred_at, body.reason, body.withdrawn)
    return Reply(_body(cases.correct_visit(uow, case_id, visit_id, correction)))


@command(
    blueprint.post("/cases/<uuid:case_id>/rating"),
    body=GiveRating,
    answer=RatingBody,
    status=201,
    refusals=(404, 409),
)
def rate(uow: UnitOfWork, case_id: UUID, body: GiveRating) -> Reply:
    """Rate a case, once, after its end, as its applicant or for them

    409 before the end of the case, more than 90 days after it, or if it was rated already. For portals and
    applicants.
    """
    return Reply(rating_body(cases.rate(uow, case_id, rating_of(body))), status=201)


def rating_of(body: GiveRating) -> Rating:
    """Return the rating in a request."""
    return Rating(body.stars, body.had_to_come, body.visit_reason, body.comment)


def rating_body(rated: Rated) -> RatingBody:
    """Return a rating as in responses."""
    return RatingBody(
        at=rated.at, stars=rated.stars, had_to_come=rated.visited, visit_reason=rated.visit_reason
    )


def _body(visit: VisitView) -> VisitBody:
    names = ("id", "occurred_at", "channel", "reason", "planned", "task", "source", "recorded_at")
    row: dict[str, Any] = {name: getattr(visit, name) for name in ("author_id", "author", "author_name")}
    return VisitBody(
        **{name: getattr(visit, name) for name in (*names, "corrected_at", "withdrawn")},
        recorded_by=None if visit.author_id is None else Account(**account(row, "author")),
    )
