"""Patterns in the past of the demonstration, as an inspector should find them, and two questions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from demo.history.composing import compose
from demo.history.offices import DAY, HOUR, Actor
from demo.history.plans import Plan, World
from demo.history.shipped import ADDRESS, PATHS
from demo.history.stories import Story
from engine.models import Case, DefinitionVersion, Flag, FlagQuestion, Membership, User
from engine.oversight import access_log, flags
from engine.oversight.access_log import Opened
from engine.oversight.flags import NewQuestion
from engine.oversight.projection.periods import month_after, month_of
from engine.platform import db
from engine.platform.db import Database, UnitOfWork
from engine.platform.red_flags import USUAL

CASES = 8  # of each pattern
FOUND = timedelta(days=4)  # ago: since then the flags are there
READS = 9  # of cases of others, by the demonstration's own official
OFFICIAL, AUDITOR = "caseworker", "auditor"
PURPOSE = "بازرسی دوره‌ای"
SHOP = "فروشگاه نمونه"
# The office, its official, what is planted, and whether all cases are of one applicant.
PLANTED: Sequence[tuple[str, int, str | None, bool]] = (
    ("guild-shiraz", 0, "decided_in_seconds", False),
    ("guild-tehran", 1, "outside_hours", False),
    ("guild-isfahan", 2, None, True),
)
ASKED = "این تصمیم‌ها تنها چند ثانیه پس از باز کردن پرونده ثبت شده‌اند. پیش از آن چگونه بررسی شده بودند؟"
ANSWER = "این پرونده‌ها را در جلسهٔ هفتگی با سرپرست بررسی کردیم و سپس نتیجه را یکجا ثبت کردم."
ASKED_OFFICIAL = "این پرونده‌ها را باز کرده‌اید، اما کاری در آن‌ها نداشته‌اید. برای چه آن‌ها را دیده‌اید؟"


@dataclass(frozen=True, slots=True)
class Numbered:
    """What the cases need: applicants, and the version and the numbers that they have."""

    applicants: Sequence[tuple[Actor, str]]
    version: str
    number: int  # of the version
    called: Sequence[str]  # their numbers
    until: int


def count() -> int:
    """Return how many cases are planted."""
    return CASES * len(PLANTED)


def begins(until: datetime) -> date:
    """Return the first day of the last period that had been searched when the flags were found."""
    searched = (until - FOUND).date() - timedelta(days=1)
    return month_of(month_of(searched, "jalali") - timedelta(days=1), "jalali")


def stories(world: World, known: Numbered, begin: int) -> Iterator[Story]:
    """Yield cases of the desk with what is planted. They have chance of their own: the others stay."""
    rng, called = Random(24), iter(known.called)
    service = PATHS["desk"][0]
    for office, official, flag, same in PLANTED:
        one = rng.choice(known.applicants)
        for number in range(CASES):
            actor, person = one if same else rng.choice(known.applicants)
            started = begin + (number + 1) * DAY + rng.randrange(8, 14) * HOUR
            place = world.offices[office]
            story = Story(
                *(service, place, rng, next(called), actor, person, started, known.until, known.version),
            )
            story.data = {"national_id": person, "shop_name": SHOP}
            story.subject = SHOP
            decider = place.people["caseworker"][official]
            planted = frozenset({flag}) if flag else frozenset[str]()
            yield compose(story, world, Plan("granted", flags=planted, official=decider))


def find_and_ask(database: Database) -> None:
    """Let the official open cases of others, search the logs, and ask two officials: one has answered."""
    database.run(_were_here)
    database.run(_read_cases)
    database.run(_search)
    database.run(partial(_ask, "quick-decisions", ASKED, ANSWER))
    database.run(partial(_ask, "reads-without-part", ASKED_OFFICIAL, None))


def _user(session: Session, name: str) -> User:
    return session.scalars(select(User).where(User.name == name)).one()


def _were_here(session: Session, now: datetime) -> None:
    """Let the official and the auditor have their posts since the month in which they act."""
    begin = datetime.combine(begins(now), datetime.min.time(), now.tzinfo)
    for name in (OFFICIAL, AUDITOR):
        own = Membership.user_id == _user(session, name).id
        session.execute(update(Membership).where(own).values(valid_from=begin))


def _read_cases(session: Session, now: datetime) -> None:
    user = _user(session, OFFICIAL)
    last = month_after(begins(now), "jalali")
    at = datetime.combine(last, datetime.min.time(), now.tzinfo) - timedelta(days=8)
    found = select(Case.id).where(Case.ended_at < at, Case.unit_id == _unit_of(session, ADDRESS))
    for number, case in enumerate(session.scalars(found.order_by(Case.id).limit(READS))):
        actor = db.Actor(user.id, user.name, user.role)
        uow = UnitOfWork(session, actor, at + timedelta(hours=9, minutes=4 * number))
        access_log.append(uow, Opened("case", case))


def _unit_of(session: Session, key: str) -> UUID:
    """Return the unit that handles the cases of a process."""
    from_version = select(Case.unit_id).where(Case.version_id.in_(_versions(key))).limit(1)
    return session.scalars(from_version).one()


def _versions(key: str) -> Any:
    return select(DefinitionVersion.id).where(DefinitionVersion.key == key)


def _search(session: Session, now: datetime) -> None:
    """Search the months that a worker would have searched until some days ago."""
    system = session.scalars(select(User).where(User.name == "system")).one()
    uow = UnitOfWork(session, db.Actor(system.id, system.name, "system"), now - FOUND)
    while flags.search_next(uow, USUAL):
        pass


def _ask(pattern: str, text: str, answer: str | None, session: Session, now: datetime) -> None:
    """Ask whom a flag concerns, some days ago; and perhaps answer."""
    found = select(Flag.id, Flag.subject_id).where(Flag.pattern == pattern, Flag.state == "raised")
    row = session.execute(found.order_by(Flag.id).limit(1)).one_or_none()
    if row is None:
        return
    auditor = _user(session, AUDITOR)
    actor = db.Actor(auditor.id, auditor.name, auditor.role, purpose=PURPOSE)
    asked = flags.ask(
        UnitOfWork(session, actor, now - timedelta(days=3)), row.id, NewQuestion(text, row.subject_id)
    )
    if answer is not None:
        user = session.scalars(select(User).join(FlagQuestion, FlagQuestion.asked_id == User.id)).one()
        own = db.Actor(user.id, user.name, user.role)
        flags.answer(UnitOfWork(session, own, now - timedelta(days=1)), asked, answer)
