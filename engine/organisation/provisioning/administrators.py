"""No unit loses its last administrator by a provisioning system."""

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from engine.access import seen_by, validity
from engine.identity import accounts
from engine.models import ROOT, Membership, Unit, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict


def require_others(uow: UnitOfWork, user: User, unit: str | None = None) -> None:
    """Raises Conflict if this account is the last open administrator of a unit, or of any if none is given.

    Those of the units above don't count: the system couldn't appoint another one of the unit itself.
    Concurrent commands wait for one another, so that two administrators can't be removed at once.
    """
    if user.role != "administrator" or user.deactivated_at is not None:
        return
    uow.session.execute(select(Unit.id).where(Unit.id == ROOT).with_for_update(key_share=True))
    mine, theirs, other = aliased(Membership), aliased(Membership), aliased(User)
    others = (
        exists()
        .where(
            *(theirs.unit_id == mine.unit_id, theirs.user_id == other.id),
            *(other.role == "administrator", other.deactivated_at.is_(None)),
            *(other.id != user.id, other.name != accounts.SYSTEM, validity.valid(theirs)),
        )
        .correlate(mine)
    )
    alone = select(Unit.key).join(mine, mine.unit_id == Unit.id)
    alone = alone.where(mine.user_id == user.id, validity.valid(mine), ~others)
    if unit is not None:
        alone = alone.where(Unit.key == unit)
    if (left := uow.session.scalars(alone.limit(1), seen_by(uow)).first()) is not None:
        detail = f"No other administrator of the unit {left!r} would be left. Appoint another one first."
        raise Conflict(detail, code="last-administrator", unit={"key": left})
