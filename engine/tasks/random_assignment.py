"""Statistics on tasks assigned at random, and on how often, by whom and why that was changed afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from engine import access
from engine.identity import names
from engine.models import Case, Event, Task, Unit, User
from engine.platform.db import UnitOfWork

MOST = 500
_PAYLOAD = Event.payload.cast(JSONB)
_HOW = _PAYLOAD["how"].astext
_OF_TASK = and_(Event.case_id == Task.case_id, Event.task_id == Task.id)  # by the key of the log
_CHANGED = or_(Event.kind == "task.released", and_(Event.kind == "task.assigned", _HOW == "given"))


@dataclass(frozen=True, slots=True)
class RandomAssignments:
    """`assigned`: tasks of the actor's units assigned at random; and the changes, most frequent first."""

    assigned: int
    changes: Sequence[RowMapping]


def count_random_assignments(uow: UnitOfWork, since: datetime) -> RandomAssignments:
    """Counts random assignments from an instant on.

    Tasks that were reassigned because of an absence or delegation are not counted.
    """
    access.require(uow.actor, "fairness.read")
    drawn = (
        select(func.count())
        .select_from(Event)
        .join(Task, _OF_TASK)
        .join(Case, Case.id == Event.case_id)
        .where(Task.assignment == "random", Event.at >= since, access.covers(Case.unit_id))
    )
    act = case((Event.kind == "task.released", "released"), else_="reassigned").label("act")
    reason = _PAYLOAD["reason"].astext.label("reason")
    by = (User.id.label("by_id"), User.name.label("by"), names.of().label("by_name"))
    place = (Task.element, Unit.key.label("unit"), act, reason, *by)
    changes = (
        select(*place, func.count().label("count"))
        .select_from(Event)
        .join(Task, _OF_TASK)
        .join(Case, Case.id == Event.case_id)
        .join(Unit, Unit.id == Case.unit_id)
        .join(User, User.id == Event.actor_id)
        .where(Task.assignment == "random", Event.at >= since, _CHANGED, access.covers(Case.unit_id))
        .group_by(*place)
        .order_by(func.count().desc(), User.name, Task.element)
        .limit(MOST)
    )
    by_lot = drawn.where(Event.kind == "task.assigned", _HOW == "random")
    seen = access.seen_by(uow)
    assigned = uow.connection.execute(by_lot, seen).scalar_one()
    return RandomAssignments(assigned, uow.connection.execute(changes, seen).mappings().all())
