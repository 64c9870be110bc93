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
    not_,
    null,
    select,
)
from sqlalchemy.orm import aliased

from engine.access.policy import covers, party, positions, visible_cases
from engine.models import ROOT, UnitLine


def covered_units() -> ColumnElement[Any]:
    """Returns the ids of the units in which the viewer works, with those below them; NULL means all units."""
    held, line = positions(), aliased(UnitLine)
    found = select(func.array_agg(line.unit_id.distinct())).join(held, line.ancestor_id == held.c.unit_id)
    none: Any = literal_column("'{}'::uuid[]")
    return case((covers(ROOT), null()), else_=func.coalesce(found.scalar_subquery(), none))


def by_units(role: str) -> bool:
    """Returns whether an account with this role sees the cases of its units."""
    return role not in ("portal", "applicant")


def visible_cases_in(role: str, near: ColumnElement[bool]) -> ColumnElement[bool]:
    """Returns the same as `visible_cases`; `near` is whether a case is in the official's `covered_units`."""
    return and_(near, not_(party())) if by_units(role) else visible_cases(role)
