"""Keeping officials from what they do to cases that are about them."""

from sqlalchemy import select

from engine import access, definitions
from engine.cases.hold import Locked
from engine.cases.progress import note
from engine.events import Fact
from engine.organisation import eligibility
from engine.platform.db import UnitOfWork
from engine.platform.errors import ConflictOfInterest


def require_impartial(uow: UnitOfWork, case: Locked) -> None:
    """Keep an official from a held case that is about the official, or about somebody close.

    Raises ConflictOfInterest, and the log keeps the attempt. The applicant's side is not asked.
    """
    if access.for_applicants(uow.actor):
        return
    about = select(eligibility.person_of(uow.actor.id), eligibility.related_to(uow.actor.id))
    person, related = uow.connection.execute(about).one()
    spec = definitions.spec(uow.session, case.version)
    if eligibility.interested(eligibility.parties(case.home.persons, spec, case.data), person, related):
        note(uow, case, [Fact("case.blocked", payload={"reason": "conflict-of-interest"})])
        raise ConflictOfInterest("The case is about you, or about somebody close to you.")
