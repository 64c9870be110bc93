"""The rating of a case by its applicant: once, after its end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.cases.locking import LockedCase, fetch_locked, lock, locked_case, select_for_locking, unknown
from engine.cases.persistence import note
from engine.cases.visit_codes import VISIT_REASONS
from engine.events import Fact
from engine.models import Case, Event
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid

WINDOW = timedelta(days=90)  # after the end of a case
STARS = range(1, 6)
MAX_COMMENT = 2_000


@dataclass(frozen=True, slots=True)
class Rating:
    """What an applicant says of a case: `stars` from 1 to 5, whether they had to come and why, and a comment.

    The comment is personal: it is in the payload of the event, which can be erased.
    """

    stars: int
    had_to_come: bool
    visit_reason: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """The rating of a case, without its comment."""

    at: datetime
    stars: int
    visited: bool
    visit_reason: str | None


def rating_of(session: Session, case_id: UUID) -> Rated | None:
    """Returns the rating of a case, if it has one."""
    found = select(Event.at, Event.facts).where(Event.case_id == case_id, Event.kind == "rating.given")
    row = session.execute(found.limit(1)).one_or_none()
    if row is None:
        return None
    return Rated(row.at, row.facts["stars"], row.facts["visited"], row.facts.get("visit_reason"))


def is_rateable(ended_at: datetime | None, now: datetime) -> bool:
    """Whether a case can be rated now, unless it has been."""
    return ended_at is not None and now <= ended_at + WINDOW


def rate(uow: UnitOfWork, case_id: UUID, rating: Rating) -> Rated:
    """Rates a case as its applicant, or as the portal for them.

    Raises NotFound, Invalid, and Conflict if the case hasn't ended, ended more than 90 days ago, or was rated
    before.
    """
    access.require(uow.actor, "ratings.give")
    _check(rating)
    return _give(uow, lock(uow, case_id), rating)


def rate_with_secret(uow: UnitOfWork, case_id: UUID, rating: Rating) -> Rated:
    """Rates a case for a person who knows its secret. The caller has checked that."""
    _check(rating)
    statement = select_for_locking().where(Case.id == case_id).with_for_update(of=Case)
    row = fetch_locked(uow, statement)
    if row is None:
        raise unknown(case_id)
    return _give(uow, locked_case(row), rating)


def _check(rating: Rating) -> None:
    faults = []
    if rating.stars not in STARS:
        faults.append(Fault("/stars", "must be from 1 to 5", "rating-stars"))
    options = ", ".join(VISIT_REASONS)
    if rating.had_to_come and rating.visit_reason not in VISIT_REASONS:
        detail = f"is not one of the codes; allowed: {options}"
        faults.append(Fault("/visit_reason", detail, "enum", {"options": options}))
    if not rating.had_to_come and rating.visit_reason is not None:
        faults.append(Fault("/visit_reason", "is only for those who had to come", "rating-no-visit"))
    if len(rating.comment or "") > MAX_COMMENT:
        limit = {"count": MAX_COMMENT}
        faults.append(Fault("/comment", f"must have at most {MAX_COMMENT} characters", "maxLength", limit))
    if faults:
        raise Invalid("The rating can't be saved.", faults)


def _give(uow: UnitOfWork, case: LockedCase, rating: Rating) -> Rated:
    ended = uow.connection.execute(select(Case.ended_at).where(Case.id == case.id)).scalar_one()
    if ended is None:
        raise Conflict("A case can be rated when it has ended.", code="rating-early", case=case.present)
    if not is_rateable(ended, uow.now):
        detail = f"A case can be rated for {WINDOW.days} days after its end."
        raise Conflict(detail, code="rating-late", case=case.present)
    if rating_of(uow.session, case.id) is not None:
        raise Conflict("The case was rated before. It can be rated once.", code="rated", case=case.present)
    facts = {"stars": rating.stars, "visited": rating.had_to_come, "visit_reason": rating.visit_reason}
    payload = {"comment": rating.comment} if rating.comment else None
    note(uow, case, [Fact("rating.given", payload=payload, facts=facts)])
    return Rated(uow.now, rating.stars, rating.had_to_come, rating.visit_reason)
