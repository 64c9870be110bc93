"""Where the actor works: its own memberships, and those of people for whom it is the substitute."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select

from engine import access
from engine.identity import names
from engine.models import Unit, User
from engine.platform.db import UnitOfWork


def own_positions(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns rows of `unit`, `unit_name`, `role`, and the account that has the membership."""
    held = access.positions()
    found = (
        select(
            Unit.key.label("unit"),
            Unit.name.label("unit_name"),
            held.c.role,
            held.c.user_id.label("holder_id"),
            User.name.label("holder"),
            names.of().label("holder_name"),
        )
        .join(held, held.c.unit_id == Unit.id)
        .join(User, User.id == held.c.user_id)
        .order_by(User.name != uow.actor.name, User.name, Unit.key, held.c.role)
    )
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()
