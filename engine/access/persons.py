"""Whose a case is, as conditions in SQL: the viewer's own, or that of the person for whom the viewer acts."""

from functools import lru_cache

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)

from engine.access.permissions import ALLOWED, AUDITOR
from engine.models import Case, User
from engine.platform.db import UnitOfWork

VIEWER = bindparam("viewer", type_=Uuid())
BEHALF = bindparam("behalf", type_=Text())


@lru_cache
def of_person(role: str) -> tuple[ColumnElement[bool], ...]:
    """Returns the condition that a case is of the person for whom the viewer acts: on `Case`; never NULL.

    That is its applicant, or their representative until the representation ends. It holds for every case if
    the viewer acts for nobody, and there is none for roles that never act for others.
    """
    if "behalf.act" not in ALLOWED.get(role, ()):
        return ()
    represents = and_(Case.representative == BEHALF, Case.representation_ended_at.is_(None))
    return (or_(BEHALF.is_(None), func.coalesce(or_(Case.applicant == BEHALF, represents), false())),)


def behalf(uow: UnitOfWork) -> dict[str, str]:
    """Returns the parameter of `of_person`, if the actor acts for anybody: lists filter by it."""
    person = uow.actor.on_behalf_of
    return {} if person is None else {"behalf": person}


def party() -> ColumnElement[bool]:
    """Returns whether the viewer's person is the applicant of a case or represents them; never NULL.

    The viewer's person is a subquery without references to the case: PostgreSQL evaluates it once.
    """
    person = select(User.person).where(User.id == VIEWER).scalar_subquery()
    return func.coalesce(person.in_((Case.applicant, Case.representative)), false())


def named_party(role: str) -> ColumnElement[bool]:
    """Returns whether the process of a case names the viewer's person as a party; never NULL.

    A single case is then hidden from an official (`cases.require_no_party`); lists omit its subject, and for
    auditors that of all cases.
    """
    if role in ("portal", "applicant"):
        return false()
    if role == AUDITOR:  # states no purpose for a list
        return true()
    written = func.lower(func.regexp_replace(User.person, literal_column("'[^[:alnum:]]'"), "", "g"))
    person = select(written).where(User.id == VIEWER).scalar_subquery()
    # Where parties are not known yet, any mention counts.
    unknown = and_(Case.parties.is_(None), func.strpos(func.lower(cast(Case.data, Text)), person) > 0)
    named = case((person.is_(None), false()), else_=or_(person == func.any(Case.parties), unknown))
    return func.coalesce(named, false())
