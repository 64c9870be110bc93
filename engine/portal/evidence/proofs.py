"""What a login proves about a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from engine import access
from engine.definitions.toml_files import Known
from engine.identity import profiles
from engine.models import User
from engine.platform import formats, persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import PersonNotProven, PersonUnknown


@dataclass(frozen=True, slots=True)
class Proof:
    """A person whose login is known: here, or at a provider whose token a portal passes on."""

    person: str = field(repr=False)
    acr: str | None
    full_name: str | None = field(default=None, repr=False)

    def fact(self, name: Known) -> str | None:
        """Returns what is proved under this name; None if nothing is."""
        return self.person if name == "national_id" else self.full_name


def of_account(uow: UnitOfWork) -> Proof | None:
    """Returns the actor as an applicant; None for others, and for accounts without a person."""
    if uow.actor.role != access.APPLICANT:
        return None
    columns = (User.person, User.full_name_fa, User.full_name_en)
    row = uow.connection.execute(select(*columns).where(User.id == uow.actor.id)).one()
    if row.person is None:
        return None
    return Proof(row.person, uow.actor.acr, profiles.full_name(row._asdict()))


def of_draft(uow: UnitOfWork, full_name: str | None) -> Proof | None:
    """Returns the person of the actor's drafts: the account's own, or the one for whom a portal acts.

    The latter isn't proved, but no answer may contradict it: the case will be that person's. `full_name` is
    what a login of that person has proved.
    """
    if uow.actor.role != "portal":
        return of_account(uow)
    person = formats.national_id(uow.actor.on_behalf_of or "")
    return Proof(person or "", None, full_name)


def require_person(uow: UnitOfWork, on_behalf_of: str, login: Proof | None) -> Proof:
    """Returns the person of a draft, who is logged in here or whose login a portal passes on.

    Raises PersonNotProven without a login of this person.
    """
    if not on_behalf_of:
        own = of_account(uow)
        if own is None:
            raise PersonUnknown("This account has no national ID, so nothing can be fetched about its owner.")
        return own
    if login is None:
        detail = "Send the person's own signed token in X-Person-Token: X-On-Behalf-Of alone proves nothing."
        raise PersonNotProven(detail)
    if persian.digits(login.person).strip() != on_behalf_of:
        raise PersonNotProven("The token in X-Person-Token is that of another person than the draft's.")
    return replace(login, person=on_behalf_of)


def filled(fields: Mapping[str, Known], proof: Proof | None) -> dict[str, Any]:
    """Returns the answers that the login gives, by field."""
    if proof is None:
        return {}
    found = {name: proof.fact(fact) for name, fact in fields.items()}
    return {name: value for name, value in found.items() if value}
