"""Account administration: describing, closing and reopening accounts of people, and setting passwords.

All of it requires an administrator of every unit in which the person works, because an account opens all of
that person's work.
"""

import secrets
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from engine.identity import accounts, login, passwords
from engine.models import User
from engine.organisation import people, recorded_changes, substitutes
from engine.platform.db import UnitOfWork
from engine.platform.errors import Forbidden


def governs(uow: UnitOfWork, user_id: UUID) -> bool:
    """Returns whether the actor may administer the account of a person of its units.

    Nobody may administer their own account or that of the installation.
    """
    if user_id == uow.actor.id or not substitutes.administers(uow, user_id):
        return False
    return uow.session.scalars(select(User.name).where(User.id == user_id)).one() != accounts.SYSTEM


def describes(uow: UnitOfWork, user_id: UUID, *, governs: bool) -> bool:
    """Returns whether the actor may change names and contact data of a person of its units, or its own."""
    return user_id == uow.actor.id or governs


def close(uow: UnitOfWork, user_id: UUID) -> None:
    """Closes an account: its sessions end, its tokens and passwords are refused.

    Raises NotFound, Forbidden.
    """
    user = _held(uow, user_id)
    if user.deactivated_at is None:
        login.deactivate(uow.session, uow.now, user.name)
        recorded_changes.note_account(uow, "person.closed", user.id)


def reopen(uow: UnitOfWork, user_id: UUID) -> None:
    """Reopens a closed account. Its sessions remain ended. Raises NotFound, Forbidden."""
    user = _held(uow, user_id)
    if user.deactivated_at is not None:
        login.activate(uow.session, user.name)
        recorded_changes.note_account(uow, "person.opened", user.id)


def generate_password() -> tuple[str, str]:
    """Returns a new random password and the hash to store. Slow: call it outside of transactions."""
    password = secrets.token_urlsafe(12)
    return password, passwords.hashed("", password)


def give_password(uow: UnitOfWork, user_id: UUID, kept: str) -> None:
    """Sets a temporary password, given its hash, and ends all sessions of the account.

    The password only allows changing itself. Raises NotFound, Forbidden.
    """
    user = _held(uow, user_id)
    if accounts.is_system(user.role):
        raise Forbidden("Accounts of systems have tokens, not passwords.")
    passwords.keep(uow.session, uow.now, user.name, kept, temporary=True)
    recorded_changes.note_account(uow, "password.given", user.id)


def identify(uow: UnitOfWork, user_id: UUID, national_id: str) -> None:
    """Sets the national id of an account's owner.

    Raises NotFound, Forbidden, and Invalid for a malformed national id, or that of a person who has an
    account.
    """
    user = _held(uow, user_id)
    if accounts.is_system(user.role):
        raise Forbidden("Accounts of systems can't have a national ID.")
    people.identify(uow, user, national_id)


def describe(uow: UnitOfWork, user_id: UUID, given: Mapping[str, str | None]) -> None:
    """Changes the details of an account's owner, also the actor's own: fields of `profiles`.

    Raises NotFound, Forbidden unless the actor administers all units in which the person works, Invalid.
    """
    user = people.lock(uow, user_id)
    if not describes(uow, user_id, governs=governs(uow, user_id)):
        raise Forbidden("Only an administrator of all units in which the person works can do this.")
    people.describe(uow, user, given)


def _held(uow: UnitOfWork, user_id: UUID) -> User:
    user = people.lock(uow, user_id)
    if not governs(uow, user_id):
        raise Forbidden("Another administrator has to do this, one of all units in which the person works.")
    return user
