"""What the projection reads: the events of cases of which it doesn't have all, and what these don't say."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from engine.events.follower import Stretch
from engine.models import Case, CaseFigures, Event
from engine.oversight import timeline
from engine.oversight.projection.rows import Logged
from engine.platform.db import UnitOfWork

_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_EVENTS = (
    select(
        *(Event.case_id, Event.seq, timeline.ms_column(Event.at), Event.kind, Event.element, Event.task_id),
        *(Event.actor_role, Event.actor_unit, Event.facts, Event.actor_id, Event.version_id),
    )
    .where(Event.case_id == func.any(_IDS))
    .order_by(Event.case_id, Event.seq)
)


def incomplete(
    uow: UnitOfWork, stretch: Stretch, most: int, without: Collection[UUID]
) -> Mapping[UUID, bool]:
    """Returns cases with events in a stretch that have events of which their rows don't know.

    True: they have rows. `without` are left out.
    """
    touched = select(Event.case_id).where(stretch.condition).distinct().subquery()
    found = (
        select(Case.id, CaseFigures.seq.is_not(None))
        .join(touched, touched.c.case_id == Case.id)
        .outerjoin(CaseFigures, CaseFigures.case_id == Case.id)
        .where(CaseFigures.seq.is_distinct_from(Case.log_length), Case.id.not_in(without))
        .limit(most)
    )
    return {row[0]: row[1] for row in uow.connection.execute(found)}


def events_of(uow: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, list[Logged]]:
    """Returns all events of cases, in order."""
    found: dict[UUID, list[Logged]] = defaultdict(list)
    for case_id, *event in uow.connection.execute(_EVENTS, {"ids": ids}):
        found[case_id].append(Logged._make(event))
    return found


def granted_appeals(uow: UnitOfWork, appeals: Mapping[str, UUID]) -> Mapping[str, bool]:
    """Returns of decided appeals, by their case, whether they were granted, by the task of their decision.

    Those are left out whose process doesn't declare what an outcome does.
    """
    if not appeals:
        return {}
    effect: Any = Event.facts["effect"].astext
    found = select(cast(Event.case_id, Text), effect).where(
        Event.case_id.in_([UUID(one) for one in appeals]),
        Event.task_id.in_(appeals.values()),
        Event.kind == "decision.made",
        effect.is_not(None),
    )
    return {case_id: known == "grants" for case_id, known in uow.connection.execute(found)}
