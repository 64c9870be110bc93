"""Where an official sees cases, as values: a list that filters by known units has a plan of its own.

The planner can't estimate how many cases a condition of `policy` leaves. From the units themselves it can, so
a list reads them first, with the same conditions.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import aliased

from engine.access.persons import VIEWER, of_person
from engine.access.policy import covers, positions, visible_cases
from engine.models import ROOT, Case, UnitLine, User


def covered_units() -> ColumnElement[Any]:
    """Returns the ids of the units in which the viewer works, with those below them; NULL means all units."""
    held, line = positions(), aliased(UnitLine)
    found = select(func.array_agg(line.unit_id.distinct())).join(held, line.ancestor_id == held.c.unit_id)
    none: Any = literal_column("'{}'::uuid[]")
    return case((covers(ROOT), null()), else_=func.coalesce(found.scalar_subquery(), none))


def by_units(role: str) -> bool:
    """Returns whether an account with this role sees the cases of its units."""
    return role not in ("portal", "applicant")


def own_person() -> ColumnElement[Any]:
    """Returns the national id of the viewer; NULL if it is unknown."""
    return select(User.person).where(User.id == VIEWER).scalar_subquery()


def viewer() -> ColumnElement[Any]:
    """Returns the id of the viewer's account, for what belongs to one account alone."""
    return VIEWER


def visible_cases_in(role: str, near: ColumnElement[bool], person: str | None) -> ColumnElement[bool]:
    """Returns the same as `visible_cases` where a case is also `near`.

    For an official that is in the `covered_units`; `person` is the `own_person`. Each condition is there only
    once, because the planner would multiply what they leave.
    """
    if not by_units(role):
        return and_(visible_cases(role), near)
    near = and_(near, *of_person(role))
    if person is None:
        return near
    others = (Case.applicant.is_distinct_from(person), Case.representative.is_distinct_from(person))
    return and_(near, *others)
