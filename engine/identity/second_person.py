"""What needs a second person, whichever accounts the two use."""

from uuid import UUID

from sqlalchemy import select

from engine.identity import accounts
from engine.models import User
from engine.platform.db import UnitOfWork
from engine.platform.errors import OwnWork, PersonUnknown


def require_other(uow: UnitOfWork, author: UUID, own: str) -> None:
    """Raises OwnWork, with the text `own`, if the actor's person is that of the author's account.

    Raises PersonUnknown if an account of the two has no person. The installation's own account belongs to
    nobody: everybody may confirm what it has made, and only operators act as it.
    """
    made = uow.session.execute(select(User.id, User.name, User.person).where(User.id == author)).one()
    person = uow.session.scalars(select(User.person).where(User.id == uow.actor.id)).one()
    if made.id == uow.actor.id or (person is not None and person == made.person):
        raise OwnWork(own)
    if person is None and uow.actor.name != accounts.SYSTEM:
        raise PersonUnknown(
            "Your account has no national ID, so it cannot be known whether you are another person than the "
            "author. Ask an administrator to add your national ID."
        )
    if made.person is None and made.name != accounts.SYSTEM:
        raise PersonUnknown(
            "The author's account has no national ID, so it cannot be known whether you are another person. "
            "Ask an administrator to add the author's national ID."
        )
