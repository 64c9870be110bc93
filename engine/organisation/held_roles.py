"""The roles in units that somebody has, or that cases require."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from engine import access
from engine.access import ANY, APPLICANT, seen_by
from engine.models import CandidateGroupRole, Membership
from engine.platform.db import UnitOfWork

MOST = 100


def roles(uow: UnitOfWork) -> Sequence[str]:
    """Returns the roles that people have in the actor's units, or that cases there require."""
    access.require(uow.actor, "people.manage")
    found = _held().limit(MOST)
    return uow.connection.execute(found, seen_by(uow)).scalars().all()


def is_held(uow: UnitOfWork, role: str) -> bool:
    """Whether somebody has this role in the actor's units, or cases there require it."""
    found = _held().subquery()
    there = select(found.c.role).where(found.c.role == role)
    return uow.connection.execute(there, seen_by(uow)).first() is not None


def _held() -> Select[Any]:
    held = select(Membership.role).where(access.covers(Membership.unit_id))
    asked = select(CandidateGroupRole.role).where(access.covers(CandidateGroupRole.unit_id))
    found = held.union(asked).subquery()
    return select(found.c.role).where(found.c.role.not_in((ANY, APPLICANT))).order_by(found.c.role)
