"""Orders to calculate deadlines again, after a change of what they are counted by."""

from collections.abc import Collection
from uuid import UUID

from engine.models import Recalculation
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.ids import uuid7


def order(uow: UnitOfWork, units: Collection[UUID]) -> list[UUID]:
    """Orders to calculate all deadlines of these units and those below again. Returns the orders."""
    orders = [
        Recalculation(id=uuid7(), unit_id=unit_id, ordered_by=uow.actor.id, ordered_at=uow.now)
        for unit_id in units
    ]
    uow.session.add_all(orders)
    uow.session.flush()
    ids = [one.id for one in orders]
    jobs.defer_each(uow, "recalculate", [{"recalculation_id": one} for one in ids], queue="checks")
    return ids
