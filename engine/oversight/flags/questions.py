"""Questions about a red flag, with a right to answer: an inspector asks, the asked person answers once, and
the inspector closes the flag with a conclusion, or asks again.

The asked person sees what was asked, of which cases, and the conclusion: of the own questions only. A
question without an answer says nothing about anybody. Texts are in no log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import RowMapping, Select, and_, exists, insert, select, update
from sqlalchemy.orm import aliased

from engine import access, deadlines
from engine.access import validity
from engine.deadlines import Untimely
from engine.events import administration_log
from engine.identity import names
from engine.models import Conclusion, Definition, DefinitionVersion, Flag, FlagQuestion, Unit, User
from engine.organisation import calendars
from engine.oversight.flags import listing
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound, unknown_code
from engine.platform.ids import uuid7

CONCLUSIONS: tuple[Conclusion, ...] = get_args(Conclusion)
DAYS = 10  # office days to answer, unless the inspector names a day
LATEST = timedelta(days=366)
MAX_TEXT = 4_000
LISTED = 200


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """What is asked, and whom; None for `due`: in ten office days."""

    text: str
    asked: UUID | None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """How a flag is closed. `unanswered`: although a question about it awaits its answer."""

    conclusion: str
    text: str
    unanswered: bool = False


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """A question to the actor: its row, and the cases that it is about."""

    row: RowMapping
    cases: Sequence[RowMapping]


def ask(uow: UnitOfWork, flag_id: UUID, new: NewQuestion) -> UUID:
    """Asks the account that a flag concerns, or who leads the unit. Returns the question's id.

    Raises NotFound, PurposeMissing, Invalid, and Conflict if the flag is closed, the person has an open
    question about it, or the account has left.
    """
    row = _lock(uow, flag_id)
    access.require(uow.actor, "questions.ask")
    access.require_purpose(uow.actor)
    _require_not_closed(row)
    text, faults = _text("/text", new.text)
    due = _due(uow, row["unit_id"], new.due, faults)
    asked = new.asked
    _require_askable(uow, row, asked, faults)
    if faults:
        raise Invalid("The question can't be asked.", faults)
    waiting = FlagQuestion.flag_id == flag_id, FlagQuestion.asked_id == asked, listing.is_open()
    if uow.connection.execute(select(exists().where(*waiting))).scalar_one():
        raise Conflict("This person has an open question about this flag.", code="question-open")
    question_id = uuid7()
    made = {
        **{"id": question_id, "flag_id": flag_id, "asked_id": asked, "asked_by": uow.actor.id},
        **{"asked_at": uow.now, "text": text, "due_at": due},
    }
    uow.connection.execute(insert(FlagQuestion).values(made))
    uow.connection.execute(update(Flag).where(Flag.id == flag_id).values(state="asked"))
    _note(uow, "question.asked", flag_id, question_id)
    return question_id


def answer(uow: UnitOfWork, question_id: UUID, text: str) -> None:
    """Answers a question to the actor, once.

    Raises NotFound, Invalid, and Conflict if it was answered, or the flag closed.
    """
    access.require(uow.actor, "questions.answer")
    flag_id = _flag_of(uow, question_id)
    row = uow.connection.execute(_locked(flag_id)).mappings().one()
    question = uow.connection.execute(
        select(FlagQuestion.answered_at).where(FlagQuestion.id == question_id).with_for_update()
    ).one()
    if question.answered_at is not None:
        raise Conflict("The question was answered. It can be answered once.", code="question-answered")
    _require_not_closed(row)
    said, faults = _text("/text", text)
    if faults:
        raise Invalid("The answer can't be saved.", faults)
    changed = update(FlagQuestion).where(FlagQuestion.id == question_id)
    uow.connection.execute(changed.values(answer=said, answered_at=uow.now))
    waiting = exists().where(FlagQuestion.flag_id == flag_id, listing.is_open())
    state = "asked" if uow.connection.execute(select(waiting)).scalar_one() else "answered"
    uow.connection.execute(update(Flag).where(Flag.id == flag_id).values(state=state))
    _note(uow, "question.answered", flag_id, question_id)


def close(uow: UnitOfWork, flag_id: UUID, closing: Closing) -> None:
    """Closes a flag with a conclusion. Its questions can't be answered any more.

    Raises NotFound, PurposeMissing, Invalid, and Conflict if it is closed, or awaits an answer.
    """
    row = _lock(uow, flag_id)
    access.require(uow.actor, "questions.ask")
    access.require_purpose(uow.actor)
    _require_not_closed(row)
    text, faults = _text("/text", closing.text)
    if closing.conclusion not in CONCLUSIONS:
        faults.append(unknown_code("/conclusion", CONCLUSIONS))
    if faults:
        raise Invalid("The flag can't be closed.", faults)
    waiting = FlagQuestion.flag_id == flag_id, listing.is_open()
    if not closing.unanswered and uow.connection.execute(select(exists().where(*waiting))).scalar_one():
        raise Conflict("A question about this flag awaits its answer.", code="answer-awaited")
    uow.connection.execute(update(FlagQuestion).where(*waiting).values(ended_at=uow.now))
    stated = {"conclusion": closing.conclusion, "conclusion_text": text}
    done = {"state": "closed", "closed_by": uow.actor.id, "closed_at": uow.now, **stated}
    uow.connection.execute(update(Flag).where(Flag.id == flag_id).values(done))
    said = {"flag": flag_id, "conclusion": closing.conclusion}
    administration_log.note(uow, "flag.closed", None, said)


def own_questions(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the questions to the actor: those that await an answer first, then the newest."""
    access.require(uow.actor, "questions.answer")
    found = _own().order_by(listing.is_open().desc(), FlagQuestion.id.desc()).limit(LISTED)
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def own_question(uow: UnitOfWork, question_id: UUID) -> OwnQuestion:
    """Returns a question to the actor, with its cases. Raises NotFound, also for other people's."""
    access.require(uow.actor, "questions.answer")
    found = _own().where(FlagQuestion.id == question_id)
    row = uow.connection.execute(found, access.seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise _unknown(question_id)
    return OwnQuestion(row, listing.cases_of(uow, row["flag_id"]))


def default_due(uow: UnitOfWork, unit_id: UUID) -> datetime:
    """Returns the close of the tenth office day from tomorrow on, by the calendar of a unit."""
    calendar = calendars.of_unit(uow, unit_id).calendar
    days = deadlines.following_days(calendar, uow.now.date() + timedelta(days=1))
    try:
        for number, day in enumerate(days, 1):
            if number == DAYS:
                return day.closes
    except Untimely:  # nobody has entered the holidays of the next year
        pass
    return _end_of(uow, uow.now.date() + timedelta(days=14))


def _own() -> Select[Any]:
    """Selects the actor's questions. The conclusion is that of the flag, once it is closed."""
    subject, asker, question = aliased(User), aliased(User), FlagQuestion
    columns: tuple[Any, ...] = (
        *(question.id, question.flag_id, question.text, question.asked_at, question.due_at),
        *(question.answer, question.answered_at, question.ended_at),
        and_(listing.is_open(), question.due_at < validity.NOW).label("overdue"),
    )
    return (
        select(
            *columns,
            *(Flag.pattern, Flag.definition, Flag.period, Flag.until, Flag.numerator, Flag.base),
            *(Flag.usual_numerator, Flag.usual_base, Flag.conclusion, Flag.conclusion_text, Flag.closed_at),
            *(Unit.key.label("unit"), Unit.name.label("unit_name"), DefinitionVersion.name.label("service")),
            (Flag.subject_id == question.asked_id).label("concerns_asked"),
            *(Flag.subject_id, subject.name.label("subject"), names.of(subject).label("subject_name")),
            *(question.asked_by.label("asked_by_id"), asker.name.label("asked_by")),
            names.of(asker).label("asked_by_name"),
        )
        .join(Flag, Flag.id == question.flag_id)
        .join(Unit, Unit.id == Flag.unit_id)
        .join(subject, subject.id == Flag.subject_id)
        .join(asker, asker.id == question.asked_by)
        .outerjoin(Definition, Definition.key == Flag.definition)
        .outerjoin(DefinitionVersion, validity.current())
        .where(question.asked_id == access.viewer())
    )


def _locked(flag_id: UUID) -> Select[Any]:
    columns: tuple[Any, ...] = (Flag.id, Flag.state, Flag.unit_id, Flag.subject_id)
    return select(*columns).where(Flag.id == flag_id).with_for_update()


def _lock(uow: UnitOfWork, flag_id: UUID) -> RowMapping:
    listing.find(uow, flag_id)
    return uow.connection.execute(_locked(flag_id)).mappings().one()


def _flag_of(uow: UnitOfWork, question_id: UUID) -> UUID:
    found = select(FlagQuestion.flag_id).where(
        FlagQuestion.id == question_id, FlagQuestion.asked_id == uow.actor.id
    )
    flag_id: UUID | None = uow.connection.execute(found).scalar_one_or_none()
    if flag_id is None:
        raise _unknown(question_id)
    return flag_id


def _require_not_closed(row: RowMapping) -> None:
    if row["state"] == "closed":
        raise Conflict("The flag is closed.", code="flag-closed")


def _require_askable(uow: UnitOfWork, row: RowMapping, asked: UUID | None, faults: list[Fault]) -> None:
    if asked is None:
        faults.append(Fault("/asked", "is required", "missing"))
        return
    people = {one.id for one in listing.askable(uow, row["unit_id"], row["subject_id"])}
    if asked in people:
        return
    if asked == row["subject_id"]:
        raise Conflict(
            "This account is closed, has no unit, or a role that can't answer. Ask who leads the unit.",
            code="asked-left",
        )
    if asked == uow.actor.id:
        faults.append(Fault("/asked", "is your own account; ask somebody else", "asked-self"))
    else:
        faults.append(Fault("/asked", "is neither concerned nor leads the unit", "asked-other"))


def _due(uow: UnitOfWork, unit_id: UUID, day: date | None, faults: list[Fault]) -> datetime:
    if day is None:
        return default_due(uow, unit_id)
    if not uow.now.date() < day <= uow.now.date() + LATEST:
        faults.append(Fault("/due", "must be after today, and within a year", "question-due"))
        return uow.now
    return _end_of(uow, day)


def _end_of(uow: UnitOfWork, day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, uow.now.tzinfo or UTC)


def _text(pointer: str, typed: str) -> tuple[str, list[Fault]]:
    """Returns a text as it is stored, and what is wrong with it."""
    kept = "".join(sign for sign in typed if sign == "\n" or persian.printable(sign)).strip()
    if not kept:
        return "", [Fault(pointer, "is required", "missing")]
    if len(kept) > MAX_TEXT:
        limit = {"count": MAX_TEXT}
        return "", [Fault(pointer, f"must have at most {MAX_TEXT} characters", "maxLength", limit)]
    return kept, []


def _note(uow: UnitOfWork, kind: Any, flag_id: UUID, question_id: UUID) -> None:
    administration_log.note(uow, kind, None, {"flag": flag_id, "question": question_id})


def _unknown(question_id: UUID) -> NotFound:
    return NotFound(f"The question {question_id} does not exist.")
