"""Where a page of tasks of several cases begins: after the last task of the page before.

A request names that task. It counts only if it is one of the actor's groups, open or closed: the place of
another task would reveal when it is due, or when it was closed.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Uuid, and_, bindparam, not_, select, tuple_

from engine import access
from engine.models import Case, Task
from engine.platform.db import UnitOfWork
from engine.platform.errors import unknown_cursor

_AFTER, _BEYOND = (bindparam(name, type_=Uuid) for name in ("after", "beyond"))


def last_of(place: Any, role: str, scope: str, given: frozenset[str]) -> list[Any]:
    """Returns the place in an order and the id of the last task of the page before, if there is one.

    Of `after`, which a request names, the place is NULL if it is none of the actor's. `beyond` was read by
    the command itself.
    """
    if "beyond" in given:
        known = select(place).where(Task.id == _BEYOND).correlate(None)
        return [tuple_(known.scalar_subquery(), _BEYOND)]
    return [tuple_(_own_place(place, role, scope), _AFTER)] if "after" in given else []


def require_cursor(uow: UnitOfWork, place: Any, scope: str, after: UUID, pointer: str) -> None:
    """Raises Invalid for a task without a place that the actor may know. `pointer`: where it was named."""
    known = select(_own_place(place, uow.actor.role, scope))
    if uow.connection.execute(known, {"after": after, **access.seen_by(uow)}).scalar_one() is None:
        raise unknown_cursor(pointer)


def _own_place(place: Any, role: str, scope: str) -> ScalarSelect[Any]:
    found = select(place).where(Task.id == _AFTER, own_task(role, scope))
    return found.correlate(None).scalar_subquery()


def own_task(role: str, scope: str) -> ColumnElement[bool]:
    """Returns whether a task is one of the actor's groups, of a case to which it isn't a party."""
    own = access.candidate_groups(role, supervised=scope == "supervised")
    case = select(Case.id).where(Case.id == Task.case_id).correlate(Task)
    conditions = [Task.candidate_group_id.in_(own), not_(case.where(access.party()).exists())]
    if person := access.of_person(role):
        conditions.append(case.where(*person).exists())
    return and_(*conditions)
