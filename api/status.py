"""A case's status in plain words, for whoever has its number and secret. No account is needed."""

from datetime import datetime, tzinfo
from functools import wraps
from typing import Annotated, Literal

from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import BaseModel, StringConstraints

from api import words
from api.command import DATABASE, sent
from api.problems import described
from api.shapes import Instant, Request
from api.words import Language
from engine import status
from engine.db import Database
from engine.status import Decided, Standing

blueprint = APIBlueprint("status", __name__, tag="Status")

Typed = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")]
State = Literal["waits-for-you", "held", "going-on", "paused", "ended"]


class AskStatus(Request):
    """The number and the secret of a case, as its applicant was told them, in whatever digits and letters.

    Without `language` that which `Accept-Language` prefers.
    """

    case_number: Typed
    secret: Typed
    language: Language | None = None


class When(BaseModel):
    """An instant, and its day in words: in the calendar of the language."""

    at: Instant
    text: str


class ToDoBody(BaseModel):
    """What the applicant has to do, with what was asked of them, and until when."""

    name: str
    text: str | None
    due: When | None


class GroundWords(BaseModel):
    """A legal ground: its title where the form gives it one, and what was written to the applicant."""

    title: str | None
    text: str


class DecisionWords(BaseModel):
    """The last decision, and how and until when it can be appealed."""

    outcome: str
    grounds: list[GroundWords]
    decided: When
    appeal: str | None
    appeal_until: When | None


class StatusBody(BaseModel):
    """How a case stands: `state` is for programs, `text` for people. `holders` are the units that have it."""

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
    decision: DecisionWords | None
    ended: When | None


# Only its decorators are used, which note on a function what OpenAPI shall say.
_openapi = APIBlueprint("openapi", __name__)


@_openapi.input(AskStatus, location="json")
@_openapi.output(StatusBody)
@_openapi.doc(responses=described(400, 404, 413, 415, 422, 429, 503))
def _read() -> None:
    """Ask how a case stands, by its number and secret

    No account is needed. What is wrong and what does not exist look alike; whoever guesses has to wait.
    """


@blueprint.post("/status")
@wraps(_read)
def read() -> Response:
    """The answer; whatever token comes along is not looked at."""
    asked = sent(AskStatus)
    database: Database = current_app.extensions[DATABASE]
    attempt = status.Attempt(asked.case_number, asked.secret, request.remote_addr or "")
    standing = status.read(database, attempt)
    language = asked.language or words.preferred(request.accept_languages.best_match(words.LANGUAGES))
    body = _Speaker(language, standing.asked_at.tzinfo).body(standing)
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    return Response(body.model_dump_json(), headers=headers, content_type="application/json")


class _Speaker:
    """Says a case's status in a language, with dates of a zone."""

    def __init__(self, language: Language, zone: tzinfo | None) -> None:
        self.language = language
        self.zone = zone

    def body(self, case: Standing) -> StatusBody:
        """The whole of it."""
        units = self.half(case.unit)
        decided = case.decided
        state, text = self.state(case)
        return StatusBody(
            language=self.language,
            service=self.half(case.service),
            case_number=case.number,
            started=self.when(case.started_at),
            state=state,
            text=text,
            holders=[self.half(name) for name in case.holders] or [units],
            since=self.when(case.ended_at or case.since),
            to_do=[
                ToDoBody(name=self.half(do.name), text=do.text, due=self.maybe(do.due_at))
                for do in case.to_do
            ],
            expected=self.maybe(case.expected_at),
            decision=self.decision(decided, units) if decided else None,
            ended=self.maybe(case.ended_at),
        )

    def state(self, case: Standing) -> tuple[State, str]:
        """In which state it is, and the sentences that say so."""
        unit, holders = self.half(case.unit), [self.half(name) for name in case.holders]
        if case.ended_at is not None:
            return "ended", self._ended(case, unit)
        if case.paused:
            return "paused", self.say("paused", units=unit)
        since = self.day(case.since)
        held = self.say("held", units=words.both(holders, self.language), since=since)
        if case.to_do:
            return "waits-for-you", " ".join([self.say("to-do"), *([held] if holders else [])])
        return ("held", held) if holders else ("going-on", self.say("going-on", units=unit, since=since))

    def _ended(self, case: Standing, unit: str) -> str:
        on = self.day(case.ended_at or case.asked_at)
        if case.cancelled:
            return self.say("cancelled", units=unit, on=on)
        outcome = self.outcome(case.outcome, case.decided)
        return self.say("ended-as", on=on, outcome=outcome) if outcome else self.say("ended", on=on)

    def outcome(self, outcome: str | None, decided: Decided | None) -> str | None:
        """What an outcome is called; None if nobody has given it a name.

        Those of the law first: forms tell deciders what to do, and not applicants what was done.
        """
        if outcome is not None and outcome in words.OUTCOMES:
            return self.say(outcome)
        if decided is None or decided.outcome != outcome:
            return None
        return decided.words.get(self.language)

    def decision(self, decided: Decided, unit: str) -> DecisionWords:
        """The decision, with what can be done about it."""
        return DecisionWords(
            outcome=self.outcome(decided.outcome, decided) or decided.outcome,
            grounds=[
                GroundWords(title=titles.get(self.language), text=text) for titles, text in decided.grounds
            ],
            decided=self.when(decided.decided_at),
            appeal=self._appeal(decided, unit),
            appeal_until=self.maybe(decided.until) if decided.process else None,
        )

    def _appeal(self, decided: Decided, unit: str) -> str | None:
        if decided.appeal is not None:
            return self.say("appeal-filed", number=decided.appeal)
        if not decided.process:
            return None
        if decided.until is None:
            return self.say("appeal-open", units=unit)
        until = words.minute(self.here(decided.until), self.language)
        return self.say("appeal-until" if decided.appealable else "appeal-over", until=until, units=unit)

    def half(self, name: str) -> str:
        """A name in the language."""
        return words.half(name, self.language)

    def say(self, key: str, **values: str) -> str:
        """A text in the language."""
        return words.say(self.language, key, **values)

    def here(self, instant: datetime) -> datetime:
        """The same instant in the zone."""
        return instant.astimezone(self.zone)

    def day(self, instant: datetime) -> str:
        """Its day in words."""
        return words.day(self.here(instant), self.language)

    def when(self, instant: datetime) -> When:
        """Both."""
        return When(at=instant, text=self.day(instant))

    def maybe(self, instant: datetime | None) -> When | None:
        """The same of what is perhaps not known."""
        return self.when(instant) if instant else None
