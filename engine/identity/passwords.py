"""Passwords of local accounts: argon2id, and rules for usable passwords.

Names of failed attempts and their number are handled by `login`.
"""

import threading
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.identity import sessions
from engine.models import Password, User
from engine.platform.errors import Fault, Invalid, NotFound

LEAST, MOST = 12, 200
_UNUSABLE = "This password can't be used."

# argon2id as OWASP recommends: 19 MiB each, and one core, of which a small machine has few.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)  # a burst of logins must not use all memory

# The most common ones that are long enough, as simplified by `_faults`.
_COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split())


@dataclass(frozen=True, slots=True)
class Known:
    """The stored hash for a name. `user_id` is None where no account with this name has a password."""

    user_id: UUID | None
    hash: str


_NOBODY = Known(None, _HASHER.hash("nobody has this password"))


def find(session: Session, name: str) -> Known:
    """Returns the hash to verify a password of this name; for an unknown name one that takes as long."""
    wanted = select(Password.user_id, Password.hash).join(User, User.id == Password.user_id)
    row = session.execute(wanted.where(User.name == name, User.deactivated_at.is_(None))).one_or_none()
    return _NOBODY if row is None else Known(row.user_id, row.hash)


def fits(known: Known, password: str) -> bool:
    """Returns whether it is the password. Slow on purpose: call it outside of transactions."""
    try:
        with _AT_ONCE:
            _HASHER.verify(known.hash, _normal(password[: MOST + 1]))
    except VerificationError:
        return False
    return known.user_id is not None and len(password) <= MOST


def hashed(name: str, password: str) -> str:
    """Returns the hash of a new password to store. Raises Invalid with every rule that it breaks."""
    faults = list(_faults(name, _normal(password)))
    if faults:
        raise Invalid(_UNUSABLE, faults)
    with _AT_ONCE:
        return _HASHER.hash(_normal(password))


def keep(session: Session, now: datetime, name: str, kept: str, *, temporary: bool) -> None:
    """Stores a hash from `hashed` as the account's password, and ends all its sessions.

    A temporary password, known to the person who set it, only allows changing it. Raises NotFound.
    """
    user_id = session.scalars(select(User.id).where(User.name == name)).one_or_none()
    if user_id is None:
        raise NotFound(f"The account {name!r} does not exist.")
    session.merge(Password(user_id=user_id, hash=kept, temporary=temporary, changed_at=now))
    session.flush()
    sessions.revoke_all(session, now, user_id)


def unusable(detail: str, code: str) -> Invalid:
    """Returns the refusal of a password for a reason other than the common rules."""
    return Invalid(_UNUSABLE, [Fault("/password", detail, code)])


def _normal(password: str) -> str:
    # The same keys produce the same password, however a system composes letters.
    return unicodedata.normalize("NFKC", password)


def _faults(name: str, password: str) -> list[Fault]:
    found = []
    if not LEAST <= len(password) <= MOST:
        detail = f"A password has {LEAST} to {MOST} characters."
        found.append(Fault("/password", detail, "password-length", {"least": LEAST, "most": MOST}))
    simple = "".join(sign for sign in password.casefold() if sign.isalnum() or sign == "@")
    if simple == "".join(sign for sign in name.casefold() if sign.isalnum()):
        found.append(Fault("/password", "The password can't be the name of the account.", "password-name"))
    if simple in _COMMON or len(set(password)) < 4:
        found.append(
            Fault(
                "/password",
                "This password is very common and easy to guess. Choose another one.",
                "password-common",
            )
        )
    return found
