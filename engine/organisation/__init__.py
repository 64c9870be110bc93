"""Agencies, their units, and who works there as what. Every change stands in the log of the organisation."""

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
    """Let an account work in a unit and those below it; the membership's id. Nothing is asked or checked."""
    made = Membership(
        id=uuid7(), user_id=user_id, unit_id=unit_id, role=role, valid_from=valid_from, valid_to=valid_to
    )
    session.add(made)
    session.flush()
    return made.id
