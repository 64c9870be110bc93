"""Agencies, their units, and their members. Every change is recorded in the administration log."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine import access
from engine.models import ROOT, Membership
from engine.platform.ids import uuid7


def enrol(
    session: Session,
    user_id: UUID,
    *,
    unit_id: UUID = ROOT,
    role: str = access.ANY,
    valid_from: datetime,
    valid_to: datetime | None = None,
) -> UUID:
    """Adds a membership of an account in a unit and those below it; returns its id. Nothing is checked."""
    made = Membership(
        id=uuid7(), user_id=user_id, unit_id=unit_id, role=role, valid_from=valid_from, valid_to=valid_to
    )
    session.add(made)
    session.flush()
    return made.id
