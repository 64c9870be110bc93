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
    """Your contact details, and your language and calendar; null means the preference of the browser."""

    email: Text | None = None
    phone: Text | None = None
    language: Language | None = None
    calendar: Calendar | None = None


class AccountBody(Account, Profile):
    """Your account. An administrator changes the full names."""

    role: Role


def _body(uow: UnitOfWork) -> AccountBody:
    known = profiles.own(uow)
    called = names.display_names(uow.actor.name, known.full_name_fa, known.full_name_en)
    own = {"id": uow.actor.id, "name": uow.actor.name, "role": uow.actor.role, "display_name": called}
    return AccountBody.model_validate({**own, **asdict(known)})


@command(blueprint.get("/account"), answer=AccountBody)
def show(uow: UnitOfWork) -> Reply:
    """Read your own account"""
    return Reply(_body(uow))


@command(blueprint.patch("/account"), body=ChangeAccount, answer=AccountBody)
def change(uow: UnitOfWork, body: ChangeAccount) -> Reply:
    """Change your own account"""
    profiles.change_own(uow, body.model_dump(exclude_unset=True))
    return Reply(_body(uow))
