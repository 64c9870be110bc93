"""A case's status in plain words, by its number and secret. No account is needed."""

from dataclasses import asdict
from typing import Annotated

from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import StringConstraints

from api import operations
from api.command import DATABASE, sent
from api.operations import Operation
from api.shapes import Body, Instant, Request
from api.visits import GiveRating, RatingBody, rating_body, rating_of
from engine.bpmn import Effect
from engine.platform.db import Database
from engine.platform.language import Language, Reader, preferred
from engine.portal import status
from engine.portal.status import BillWords, GroundWords, State

blueprint = APIBlueprint("status", __name__, tag="Status")

Typed = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")]


class AskStatus(Request):
    """The number and the secret of a case, in Persian or Latin digits and in upper or lower case.

    The default of `language` is the one that `Accept-Language` prefers.
    """

    case_number: Typed
    secret: Typed
    language: Language | None = None


class When(Body):
    """A point in time, and its date in words, in the calendar of the language."""

    at: Instant
    text: str


class ToDoBody(Body):
    """What the applicant has to do, with the details and the deadline."""

    name: str
    text: str | None
    due: When | None


class SilenceBody(Body):
    """The statutory term that ended without a decision of these units, which the law makes one."""

    text: str
    units: list[str]
    started: When
    ended: When
    legal_basis: str | None


class DecisionWords(Body):
    """The last decision, and how and until when it can be appealed.

    `effect` is what it means for the applicant, null if the process does not declare it. `silence` explains a
    decision by silence.
    """

    outcome: str
    effect: Effect | None
    grounds: list[GroundWords]
    decided: When
    appeal: str | None
    appeal_until: When | None
    silence: SilenceBody | None


class StatusStep(Body):
    """The present step of people, and how many there are at most."""

    number: int
    of: int
    text: str


class StatusBody(Body):
    """The status of a case: `state` for programs, `text` for people. `holders` are its units.

    `expected` is when it can be expected to end, `latest` the end of the statutory term; neither is past.
    While the term is paused, `paused` says for whom, in words. `rateable`: the applicant can rate the case
    now; `rated` are the stars that they gave.
    """

    language: Language
    service: str
    case_number: str
    started: When
    state: State
    text: str
    holders: list[str]
    since: When
    to_do: list[ToDoBody]
    expected: When | None
    latest: When | None
    paused: str | None
    paused_since: When | None
    step: StatusStep | None
    decision: DecisionWords | None
    bills: list[BillWords]
    ended: When | None
    rateable: bool
    rated: int | None


class RateStatus(GiveRating):
    """The number and the secret of a case, and how its applicant rates it."""

    case_number: Typed
    secret: Typed


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
