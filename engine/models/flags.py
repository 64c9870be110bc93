"""The tables of red flags: patterns in the logs, their cases, and what officials were asked about them."""

from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant, Salt
from engine.platform.db import Base

Pattern = Literal[
    "queue-jumping",
    "one-applicant",
    "quick-decisions",
    "outside-hours",
    "returned-often",
    "reassigned-until",
    "reads-without-part",
    "four-eyes-refusals",
    "changed-variables",
    "pauses-at-the-end",
]
FlagState = Literal["raised", "asked", "answered", "closed"]
Conclusion = Literal["explained", "improve-process", "passed-on", "wrong-data"]


class Flag(Base):
    """A pattern in the logs that an inspector should ask about: of one place, one period and one account.

    `numerator` of `base` is what the account did; `usual_…` is the same of everybody else in the place. It is
    no judgement: only a conclusion, which a person writes, says what it was.
    """

    __tablename__ = "flags"
    __table_args__ = (
        UniqueConstraint("pattern", "unit_id", "definition", "period", "subject_id"),
        Index(None, "unit_id", "id"),
    )

    id: Mapped[Id]
    pattern: Mapped[Pattern] = mapped_column(Text)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))
    definition: Mapped[str] = mapped_column(Text)  # empty: of no service alone
    period: Mapped[date]  # the first day of a Jalali month
    until: Mapped[date]  # the last day that was searched
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    numerator: Mapped[int]
    base: Mapped[int]
    usual_numerator: Mapped[int]
    usual_base: Mapped[int]
    state: Mapped[FlagState] = mapped_column(Text)
    raised_at: Mapped[Instant]
    conclusion: Mapped[Conclusion | None] = mapped_column(Text)
    conclusion_text: Mapped[str | None] = mapped_column(Text)
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    closed_at: Mapped[Instant | None]
    salt: Mapped[Salt]


class FlagCase(Base):
    """A case in which a pattern was seen, and when first."""

    __tablename__ = "flag_cases"

    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id"), primary_key=True)
    # No foreign key: the search would wait for commands that lock the case.
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[Instant]


class FlagQuestion(Base):
    """What an inspector asked about a flag, and what the asked person answered, once."""

    __tablename__ = "flag_questions"
    __table_args__ = (
        Index(None, "flag_id"),
        Index(None, "asked_id"),
        # One person has one open question about a flag, also if it is asked twice at the same moment.
        Index(
            "uq_flag_questions_open",
            "flag_id",
            "asked_id",
            unique=True,
            postgresql_where=text("answered_at IS NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    flag_id: Mapped[UUID] = mapped_column(ForeignKey("flags.id"))
    asked_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[Instant]
    text: Mapped[str] = mapped_column(Text)
    due_at: Mapped[Instant]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]  # the flag was closed without an answer
    salt: Mapped[Salt]


class FlagSearch(Base):
    """That a period was searched for patterns, or that this was tried at least."""

    __tablename__ = "flag_searches"

    period: Mapped[date] = mapped_column(primary_key=True)
    until: Mapped[date]  # its last day; the day before it: the search has failed, or not ended yet
    events: Mapped[int]  # that were read, in the last search
    searched_at: Mapped[Instant]
