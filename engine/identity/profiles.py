"""What is known about an account's owner: full names, e-mail, phone, language and calendar of pages.

Names are set by administrators, import and login; the rest also by the owner. Values are not logged: the
administration log names the fields that an administrator has changed.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.models import User
from engine.platform import formats
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.platform.language import Calendar, Language

NAMES = ("full_name_fa", "full_name_en")
OWN = ("email", "phone", "language", "calendar")
FIELDS = (*NAMES, *OWN)


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile of an account's owner."""

    full_name_fa: str | None = None
    full_name_en: str | None = None
    email: str | None = None
    phone: str | None = None
    language: Language | None = None
    calendar: Calendar | None = None

    @classmethod
    def of(cls, user: User) -> "Profile":
        """Returns the profile of an account."""
        return cls(**{name: getattr(user, name) for name in FIELDS})


def _one_of(words: Collection[str]) -> Callable[[str], str | None]:
    return lambda text: text if text in words else None


# How each field is parsed, and the fault of invalid text.
_READ: Mapping[str, tuple[Callable[[str], str | None], Fault]] = {
    **{
        name: (
            formats.full_name,
            Fault(
                f"/{name}",
                f"must be a name of at most {formats.LONGEST_NAME} characters, without control characters",
                "full-name",
                {"count": formats.LONGEST_NAME},
            ),
        )
        for name in NAMES
    },
    "email": (
        formats.email,
        Fault("/email", "is not an e-mail address: write name@example.org", "format/email"),
    ),
    "phone": (
        formats.phone,
        Fault("/phone", "is not a phone number: write 09121234567 or +982112345678", "phone"),
    ),
    "language": (_one_of(get_args(Language)), Fault("/language", "must be fa or en", "enum")),
    "calendar": (_one_of(get_args(Calendar)), Fault("/calendar", "must be jalali or gregorian", "enum")),
}


def full_name(given: Mapping[str, str | None]) -> str | None:
    """Returns the name in these fields as it is stored, in Persian if there is one; None if none is valid."""
    found = (formats.full_name(given.get(name) or "") for name in NAMES)
    return next(filter(None, found), None)


def read(given: Mapping[str, str | None]) -> dict[str, str | None]:
    """Returns fields as they are stored; None where one is to be empty. Raises Invalid with every fault."""
    found = {name: None if text is None else _READ[name][0](text) for name, text in given.items()}
    faults = [_READ[name][1] for name, text in given.items() if text is not None and found[name] is None]
    if faults:
        raise Invalid("The account can't be changed.", faults)
    return found


def put(session: Session, user: User, values: Mapping[str, Any]) -> list[str]:
    """Stores parsed fields. Returns the names of those that changed."""
    changed = [name for name, value in values.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, values[name])
    session.flush()
    return changed


def fill(session: Session, user: User, given: Mapping[str, str]) -> None:
    """Stores what another system says about the owner, if it is valid and nothing is known yet.

    A name in one script counts as known for both: its owner may not want the other one.
    """
    named = any(getattr(user, name) for name in NAMES)
    found = {name: _READ[name][0](text) for name, text in given.items()}
    for name, value in found.items():
        if value is not None and getattr(user, name) is None and not (named and name in NAMES):
            setattr(user, name, value)
    session.flush()


def own(uow: UnitOfWork) -> Profile:
    """Returns the actor's profile."""
    access.require(uow.actor, "account.own")
    return known(uow)


def known(uow: UnitOfWork) -> Profile:
    """Returns the actor's profile, whatever the scopes of the token."""
    return Profile.of(uow.session.scalars(select(User).where(User.id == uow.actor.id)).one())


def change_own(uow: UnitOfWork, given: Mapping[str, str | None]) -> None:
    """Changes fields of the actor's own account, of `OWN`. Raises Invalid."""
    access.require(uow.actor, "account.own")
    values = read({name: text for name, text in given.items() if name in OWN})
    held = select(User).where(User.id == uow.actor.id).with_for_update(key_share=True)
    put(uow.session, uow.session.scalars(held).one(), values)
