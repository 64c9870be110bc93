"""The caller's own account, and the settings that they can change."""

from dataclasses import asdict

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import Account, Profile, Request, Text
from engine.identity import names, profiles
from engine.models import Role
from engine.platform.db import UnitOfWork
from engine.platform.language import Calendar, Language

blueprint = APIBlueprint("account", __name__, tag="Account")


class ChangeAccount(Request):
    """What to change in your own account; null removes a value, and what is left out stays as it is."""

    email: Text | None = None
    """E-mail address."""
    phone: Text | None = None
    """Telephone number, in any digits; numbers without a country code are Iranian."""
    language: Language | None = None
    """Preferred language; null: the preference of the browser."""
    calendar: Calendar | None = None
    """Calendar in which pages show dates; null: the one that is usual in the language."""


class AccountBody(Account, Profile):
    """Your account. An administrator changes the full names."""

    role: Role
    """Role of the account, which defines its general permissions."""


def _body(uow: UnitOfWork) -> AccountBody:
    known = profiles.own(uow)
    called = names.display_names(uow.actor.name, known.full_name_fa, known.full_name_en)
    own = {"id": uow.actor.id, "name": uow.actor.name, "role": uow.actor.role, "display_name": called}
    return AccountBody.model_validate({**own, **asdict(known)})


@command(blueprint.get("/account"), answer=AccountBody)
def show(uow: UnitOfWork) -> Reply:
    """Read your own account

    With your names and contact data.
    """
    return Reply(_body(uow))


@command(blueprint.patch("/account"), body=ChangeAccount, answer=AccountBody)
def change(uow: UnitOfWork, body: ChangeAccount) -> Reply:
    """Change your own account

    Only contact data, language and calendar; an administrator changes the full names. 422 with an error for
    each invalid value.
    """
    profiles.change_own(uow, body.model_dump(exclude_unset=True))
    return Reply(_body(uow))
