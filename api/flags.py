"""Red flags for auditors, and questions about them for those who were asked."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import Account, Body, CaseNumber, Instant, Page, PageQuery, Request, Words, account, page_of
from api.units import UnitKey
from engine.models import Conclusion, FlagState, Pattern
from engine.oversight import flags
from engine.oversight.access_log import Opened
from engine.oversight.flags import MEASURED, AskedAs, Closing, NewQuestion, Wanted
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("flags", __name__, tag="Red flags")


class FlagQuery(PageQuery):
    """Which flags, and which page of them."""

    pattern: Pattern | None = None
    """Only those of this pattern."""
    unit: UnitKey | None = None
    """Only those of this unit, by its key, and of the units below it."""
    state: FlagState | None = None
    """Only those in this state."""


class ShareBody(Body):
    """How many of how many."""

    numerator: int
    """How many."""
    base: int
    """Of how many."""


class FlagSummary(Body):
    """A pattern that was seen in the logs of one place and period. No person is named."""

    id: UUID
    """Id of the flag."""
    pattern: Pattern
    """What was seen."""
    unit: str
    """Key of the unit in which it was seen."""
    definition: str | None
    """Key of the process of the cases; null if the pattern is of no process alone."""
    first: date
    """First day of the period: that of a Jalali month."""
    last: date
    """Last day that was searched."""
    seen: ShareBody
    """In how many of how many cases, decisions or tasks it was seen."""
    usual: ShareBody
    """The same of everybody else in the same queues. It is compared queue by queue, not as one sum."""
    false: ShareBody
    """In how many generated months of officials without this pattern it was found nevertheless, in offices
    of three kinds."""
    state: FlagState
    """How far it has come."""
    overdue: bool
    """Whether a question has had no answer until its due time. That says nothing about anybody."""
    raised_at: Instant
    """When it was found."""
    closed_at: Instant | None
    """When it was closed; null if it is open."""


class FlaggedCase(Body):
    """A case in which the pattern was seen."""

    id: UUID
    """Id of the case."""
    number: CaseNumber
    at: Instant
    """When it was seen there first."""


class AskableAccount(Account):
    """Somebody who can be asked."""

    position: AskedAs
    """Why."""


class QuestionBody(Body):
    """A question about a flag, and its answer."""

    id: UUID
    """Id of the question."""
    asked: Account
    """Who was asked."""
    asked_by: Account
    """Who asked."""
    asked_at: Instant
    """When."""
    text: str
    """What was asked."""
    due_at: Instant
    """Until when the answer is due."""
    answer: str | None
    """The answer; null if there is none."""
    answered_at: Instant | None
    """When it was answered; null if it was not."""
    ended_at: Instant | None
    """When the flag was closed without this answer; null if it was not."""
    overdue: bool
    """Whether the answer is due and missing."""


class FlagBody(FlagSummary):
    """A flag with its cases, the account that it concerns, and the questions about it."""

    subject: Account
    """The account that the pattern concerns."""
    left: bool
    """Whether the account is closed, has no unit any more, or a role that can't answer.

    Then only who leads the unit can be asked.
    """
    cases: list[FlaggedCase]
    """The cases: up to 100, the first one first."""
    questions: list[QuestionBody]
    """The questions, in the order in which they were asked."""
    askable: list[AskableAccount]
    """Who can be asked."""
    conclusion: Conclusion | None
    """What came of it; null until it is closed."""
    conclusion_text: str | None
    """The same in words."""
    closed_by: Account | None
    """Who closed it; null if it is open."""


class AskQuestion(Request):
    """A question about a flag."""

    text: Words
    """What is asked: up to 4,000 characters. The asked person reads it; don't name applicants."""
    asked: UUID
    """Id of the account that is asked, one of `askable` of the flag."""
    due: date | None = None
    """Last day for the answer; by default the tenth working day of the unit."""


class CloseFlag(Request):
    """The conclusion of a flag."""

    conclusion: Conclusion
    """What came of it."""
    text: Words
    """The same in words: up to 4,000 characters. Who was asked reads it; don't name applicants."""
    unanswered: bool = False
    """Close it although a question awaits its answer, which can't be given any more then."""


class AnswerQuestion(Request):
    """The answer to a question, once."""

    text: Words
    """The answer: up to 4,000 characters. The inspector reads it; don't name applicants."""


class OwnQuestionSummary(Body):
    """A question to the caller."""

    id: UUID
    """Id of the question."""
    pattern: Pattern
    """What the question is about."""
    unit: str
    """Key of the unit in which it was seen."""
    definition: str | None
    """Key of the process of the cases; null if the pattern is of no process alone."""
    first: date
    """First day of the period."""
    last: date
    """Last day that was searched."""
    seen: ShareBody
    """In how many of how many cases, decisions or tasks it was seen."""
    usual: ShareBody
    """The same of everybody else in the same queues. It is compared queue by queue, not as one sum."""
    about: Account | None
    """Whose work it is about, if somebody who leads the unit is asked; null: the caller's own."""
    asked_by: Account
    """Who asked."""
    asked_at: Instant
    """When."""
    text: str
    """What was asked."""
    due_at: Instant
    """Until when the answer is due."""
    answer: str | None
    """The caller's answer; null if there is none yet."""
    answered_at: Instant | None
    """When it was answered; null if it was not."""
    conclusion: Conclusion | None
    """What came of the flag; null until it is closed."""
    conclusion_text: str | None
    """The same in words."""
    closed_at: Instant | None
    """When the flag was closed; null if it is open."""


class OwnQuestionBody(OwnQuestionSummary):
    """A question to the caller, with its cases."""

    cases: list[FlaggedCase]
    """The cases that it is about."""


class OwnQuestionList(Body):
    """The questions to the caller."""

    items: list[OwnQuestionSummary]
    """Those that await an answer first, then the newest: up to 200."""


class FlagPage(Page[FlagSummary]):
    """A page of flags."""


@command(blueprint.get("/flags"), query=FlagQuery, answer=FlagPage)
def index(uow: UnitOfWork, query: FlagQuery) -> Reply:
    """List red flags

    Those of the auditor's units, the newest first. None names a person, and there is no list by person.
    """
    wanted = Wanted(query.pattern, query.unit, query.state)
    rows = flags.list_flags(uow, wanted, after=query.cursor)
    return Reply(FlagPage(**page_of(FlagSummary, [_summary(row) for row in rows], flags.PAGE)))


@command(blueprint.get("/flags/<uuid:flag_id>"), answer=FlagBody, refusals=(404,))
def show(uow: UnitOfWork, flag_id: UUID) -> Reply:
    """Show a red flag with its cases

    For auditors of its unit, for a stated purpose; the access log records it. 404 for everybody else, also
    for the person whom it concerns.
    """
    return Reply(_flag(uow, flag_id), opened=Opened("flag", flag_id, flag_id))


@command(
    blueprint.post("/flags/<uuid:flag_id>/questions"),
    body=AskQuestion,
    answer=FlagBody,
    status=201,
    refusals=(404, 409),
)
def ask(uow: UnitOfWork, flag_id: UUID, body: AskQuestion) -> Reply:
    """Ask about a red flag

    The account that it concerns, or who leads the unit. Returns the flag. 409 if the person has an open
    question about it, has left, or the flag is closed. For auditors.
    """
    flags.ask(uow, flag_id, NewQuestion(body.text, body.asked, body.due))
    return Reply(_flag(uow, flag_id), status=201, opened=Opened("flag", flag_id, flag_id))


@command(blueprint.post("/flags/<uuid:flag_id>/close"), body=CloseFlag, answer=FlagBody, refusals=(404, 409))
def close(uow: UnitOfWork, flag_id: UUID, body: CloseFlag) -> Reply:
    """Close a red flag with a conclusion

    409 if it is closed, or if a question awaits its answer and `unanswered` is false. For auditors.
    """
    flags.close(uow, flag_id, Closing(body.conclusion, body.text, body.unanswered))
    return Reply(_flag(uow, flag_id), opened=Opened("flag", flag_id, flag_id))


@command(blueprint.get("/questions"), answer=OwnQuestionList)
def own(uow: UnitOfWork) -> Reply:
    """List the questions to you

    What inspectors asked you about patterns in the logs, with your answers and their conclusions. For
    everybody who works here.
    """
    return Reply(OwnQuestionList(items=[OwnQuestionSummary(**_own(row)) for row in flags.own_questions(uow)]))


@command(blueprint.get("/questions/<uuid:question_id>"), answer=OwnQuestionBody, refusals=(404,))
def show_own(uow: UnitOfWork, question_id: UUID) -> Reply:
    """Show a question to you, with its cases

    404 for questions to others.
    """
    return Reply(_own_body(uow, question_id))


@command(
    blueprint.post("/questions/<uuid:question_id>/answer"),
    body=AnswerQuestion,
    answer=OwnQuestionBody,
    refusals=(404, 409),
)
def answer(uow: UnitOfWork, question_id: UUID, body: AnswerQuestion) -> Reply:
    """Answer a question to you, once

    404 for questions to others; 409 if it was answered, or the flag was closed.
    """
    flags.answer(uow, question_id, body.text)
    return Reply(_own_body(uow, question_id))


def _flag(uow: UnitOfWork, flag_id: UUID) -> FlagBody:
    found = flags.get_flag(uow, flag_id)
    row = found.row
    return FlagBody(
        **_summary(row),
        subject=Account(**account(row, "subject")),
        left=found.left,
        cases=_cases(found.cases),
        questions=[_question(one) for one in found.questions],
        askable=[AskableAccount.model_validate(asdict(one)) for one in found.askable],
        conclusion=row["conclusion"],
        conclusion_text=row["conclusion_text"],
        closed_by=Account(**account(row, "closed_by")) if row["closed_by_id"] else None,
    )


def _summary(row: Any) -> dict[str, Any]:
    measured = MEASURED[row["pattern"]]
    return {
        **_place(row),
        **{name: row[name] for name in ("id", "state", "overdue", "raised_at", "closed_at")},
        "false": ShareBody(numerator=measured.false, base=measured.clean),
    }


def _place(row: Any) -> dict[str, Any]:
    """Return what a flag, and a question about it, say of the pattern."""
    return {
        **{"pattern": row["pattern"], "unit": row["unit"], "definition": row["definition"] or None},
        **{"first": row["period"], "last": row["until"]},
        "seen": ShareBody(numerator=row["numerator"], base=row["base"]),
        "usual": ShareBody(numerator=row["usual_numerator"], base=row["usual_base"]),
    }


def _cases(rows: Any) -> list[FlaggedCase]:
    return [FlaggedCase(id=row["id"], number=row["number"], at=row["at"]) for row in rows]


def _question(row: Any) -> QuestionBody:
    names = ("id", "asked_at", "text", "due_at", "answer", "answered_at", "ended_at", "overdue")
    return QuestionBody(
        asked=Account(**account(row, "asked")),
        asked_by=Account(**account(row, "asked_by")),
        **{name: row[name] for name in names},
    )


def _own_body(uow: UnitOfWork, question_id: UUID) -> OwnQuestionBody:
    found = flags.own_question(uow, question_id)
    return OwnQuestionBody(**_own(found.row), cases=_cases(found.cases))


def _own(row: Any) -> dict[str, Any]:
    names = ("id", "text", "asked_at", "due_at", "answer", "answered_at")
    ended = ("conclusion", "conclusion_text", "closed_at")
    return {
        **_place(row),
        **{name: row[name] for name in (*names, *ended)},
        "asked_by": Account(**account(row, "asked_by")),
        "about": None if row["concerns_asked"] else Account(**account(row, "subject")),
    }
