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
    """When and why the applicant came; `task` is the task of the case that it had to do with.

    `channel`: only `in_person` counts as a visit; the others are contacts.
    """

    occurred_at: AwareDatetime
    reason: VisitReason
    channel: VisitChannel = "in_person"
    task: UUID | None = None


class CorrectVisit(Request):
    """What was wrong. `withdrawn`: the visit did not take place."""

    occurred_at: AwareDatetime | None = None
    reason: VisitReason | None = None
    withdrawn: bool = False


class VisitBody(Body):
    """A visit as it was recorded and corrected. `planned`: a step of the process required it.

    `source` is `rating` for a visit that only the applicant reported: it has no id and no instant.
    """

    id: UUID | None
    occurred_at: Instant | None
    channel: str
    reason: str
    planned: bool
    task: UUID | None
    source: Literal["recorded", "rating"]
    recorded_at: Instant
    recorded_by: Account | None
    corrected_at: Instant | None
    withdrawn: bool


class VisitList(Body):
    """The visits of a case; `count` is how often the applicant came in person."""

    count: int
    items: list[VisitBody]


class GiveRating(Request):
    """How satisfied the applicant is, whether they had to come, and why. The comment is personal."""

    stars: int = Field(ge=1, le=5)
    had_to_come: bool
    visit_reason: VisitReason | None = None
    comment: Words | None = Field(default=None, max_length=2000)


class RatingBody(Body):
    """The rating of a case, without its comment."""

    at: Instant
    stars: int
    had_to_come: bool
    visit_reason: str | None


@command(blueprint.get("/cases/<uuid:case_id>/visits"), answer=VisitList, refusals=(404,))
def index(uow: UnitOfWork, case_id: UUID) -> Reply:
    """List the visits of a case"""
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

    The same instant and reason again return the same visit.
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
    """Correct a recorded visit, or withdraw it"""
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
    """Rate a case, once, after its end, as its applicant or for them"""
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
