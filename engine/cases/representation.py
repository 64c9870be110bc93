"""Ends a representation: from then on nobody acts in a case for its representative."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from engine import access
from engine.cases.conflict_of_interest import require_impartial
from engine.cases.locking import lock, require_not_erased
from engine.cases.persistence import note
from engine.events import Fact
from engine.models import Case
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict


@dataclass(frozen=True, slots=True)
class Representation:
    """Who represented the applicant of a case, and until when."""

    case_number: str
    representative: str
    ended_at: datetime


def end_representation(uow: UnitOfWork, case_id: UUID, *, reason: str | None = None) -> Representation:
    """Ends the representation in a case, for the applicant, their representative, or as an official.

    The representative's name stays: who has acted in it can't decide on it later. Raises NotFound,
    and Conflict if nobody represents the applicant.
    """
    access.require(uow.actor, "cases.withdraw")
    case = lock(uow, case_id)
    require_impartial(uow, case)
    require_not_erased(case)
    row = uow.connection.execute(
        select(Case.representative, Case.representation_ended_at).where(Case.id == case_id)
    ).one()
    if row.representative is None or row.representation_ended_at is not None:
        detail = "Nobody represents the applicant in this case."
        raise Conflict(
            detail, code="not-represented", case=case.present, ended_at=row.representation_ended_at
        )
    uow.connection.execute(update(Case).where(Case.id == case_id).values(representation_ended_at=uow.now))
    said = {"representative": row.representative} | ({"reason": reason} if reason else {})
    note(uow, case, [Fact("representation.ended", payload=said)])
    return Representation(case.number, row.representative, uow.now)
