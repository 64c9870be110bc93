"""A case's status in plain words, by its number and secret. No account is needed."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import StringConstraints

from api import operations
from api.command import DATABASE, sent
from api.operations import Operation
from api.shapes import Body, CaseNumber, Instant, Request
from api.visits import GiveRating, RatingBody, rating_body, rating_of
from engine.bpmn import Effect
from engine.cases import BillStatus
from engine.platform.db import Database
from engine.platform.language import Language, Reader, preferred
from engine.portal import status
from engine.portal.status import State

blueprint = APIBlueprint("status", __name__, tag="Status")

Typed = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")]


class AskStatus(Request):
    """The number and the secret of a case."""

    case_number: Typed
    """Number of the case, in Persian or Latin digits."""
    secret: Typed
    """Secret of the case, such as `4XZ7-S7AY-7NGS`, in upper or lower case, with or without hyphens."""
    language: Language | None = None
    """Language of the response; by default the one that `Accept-Language` prefers."""


class When(Body):
    """A point in time."""

    at: Instant
    """The instant."""
    text: str
    """Its day in words, in the usual calendar of the language."""


class ToDoBody(Body):
    """What the applicant has to do."""

    name: str
    """Name of the task."""
    text: str | None
    """The instruction; null if there is none."""
    due: When | None
    """When it is due; null if it has no due date."""


class SilenceBody(Body):
    """The statutory term that ended without a decision, which the law makes one."""

    text: str
    """What happened, in words."""
    units: list[str]
    """Names of the units that did not decide."""
    started: When
    """When the term began."""
    ended: When
    """When it ended."""
    legal_basis: str | None
    """The law that says so; null if the process doesn't state it."""


class GroundWords(Body):
    """A legal ground of a refusal, in words."""

    title: str | None
    """Title of the ground; null if the form has none."""
    text: str
    """Explanation for the applicant."""


class BillWords(Body):
    """A bill, in words."""

    reference: str
    """Number of the bill at the payment service."""
    status: BillStatus
    """Status of the bill."""
    text: str
    """What has to be paid until when, or what became of the bill."""
    late: str | None
    """A payment that came too late, in words; null if there is none."""
    purpose: str
    """What is paid for; by default the name of the service."""
    amount: str
    """Amount to pay: an exact decimal as text."""
    currency: str
    """Currency of the amount (ISO 4217)."""
    due_on: date | None
    """Last day to pay; null if there is none."""
    link: str | None
    """Address of the payment page; null unless the bill can be paid."""


class DecisionWords(Body):
    """The last legal decision, in words."""

    outcome: str
    """What was decided, in words."""
    effect: Effect | None
    """What the outcome means for the applicant; null if the version of the process does not declare it."""
    grounds: list[GroundWords]
    """The legal grounds of a refusal."""
    decided: When
    """When it was decided."""
    appeal: str | None
    """How it can be appealed, in words; null if it can't be."""
    appeal_until: When | None
    """Until when it can be appealed; null if it can't be, or without a time limit."""
    silence: SilenceBody | None
    """Explains a decision by silence; null for others."""


class StatusStep(Body):
    """The present step of people."""

    number: int
    """Number of the step; the application is the first."""
    of: int
    """How many steps there are at most."""
    text: str
    """Both in words."""


class StatusBody(Body):
    """The status of a case, in words."""

    language: Language
    """Language of the texts."""
    service: str
    """Name of the service."""
    case_number: CaseNumber
    started: When
    """When the case started."""
    state: State
    """The status, for programs."""
    text: str
    """The status, for people: which unit has the case since when, or how it ended."""
    holders: list[str]
    """Names of the units that have its open tasks, otherwise of the unit of the case."""
    since: When
    """Since when they have it."""
    to_do: list[ToDoBody]
    """What the applicant has to do."""
    expected: When | None
    """When a decision can be expected: after the usual time of this service, else `latest`.

    Null if it is unknown or past, and after the decision.
    """
    latest: When | None
    """End of the statutory term; null without one, while it is paused, and when it is past."""
    paused: str | None
    """Who is awaited while the statutory term is paused, in words; null if it isn't."""
    paused_since: When | None
    """Since when the statutory term is paused; null if it isn't."""
    awaits: str | None
    """Why a decision by silence waits for an administrator, in words; null if none does."""
    step: StatusStep | None
    """The present step of people; null if it can't be determined."""
    decision: DecisionWords | None
    """The last legal decision; null if there is none."""
    bills: list[BillWords]
    """The bills, oldest first."""
    ended: When | None
    """When the case ended; null before that."""
    rateable: bool
    """Whether the applicant can rate the case now (`POST /status/rating`)."""
    rated: int | None
    """The stars that the applicant gave; null if the case wasn't rated."""


class RateStatus(GiveRating):
    """The number and the secret of a case, and how its applicant rates it."""

    case_number: Typed
    """Number of the case, in Persian or Latin digits."""
    secret: Typed
    """Secret of the case, such as `4XZ7-S7AY-7NGS`, in upper or lower case, with or without hyphens."""


@blueprint.post("/status")
@operations.declare(
    Operation(
        body=AskStatus,
        answer=StatusBody,
        refusals=(404,),
        sends=("Content-Language", "Cache-Control"),
        public=True,
    )
)
def read() -> Response:
    """Read the status of a case, by its number and secret

    No account is needed. A wrong secret and an unknown number return the same response; repeated attempts
    have to wait.
    """
    asked = sent(AskStatus)
    database: Database = current_app.extensions[DATABASE]
    attempt = status.Attempt(asked.case_number, asked.secret, request.remote_addr or "")
    standing = status.read(database, attempt)
    language = asked.language or preferred(request.accept_languages)
    told = status.explain(standing, Reader.of(language, standing.asked_at.tzinfo))
    rating = {"rateable": standing.rateable, "rated": standing.rated}
    body = StatusBody.model_validate({**asdict(told), **rating})
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    return Response(body.model_dump_json(), headers=headers, content_type="application/json")


@blueprint.post("/status/rating")
@operations.declare(
    Operation(
        body=RateStatus,
        answer=RatingBody,
        statuses=(201,),
        refusals=(404, 409),
        sends=("Cache-Control",),
        public=True,
    )
)
def rate() -> Response:
    """Rate a case, once, after its end, by its number and secret

    No account is needed, as for reading the status.
    """
    asked = sent(RateStatus)
    database: Database = current_app.extensions[DATABASE]
    attempt = status.Attempt(asked.case_number, asked.secret, request.remote_addr or "")
    rated = status.rate(database, attempt, rating_of(asked))
    body = rating_body(rated).model_dump_json()
    headers = {"Cache-Control": "no-store"}
    return Response(body, status=201, headers=headers, content_type="application/json")
