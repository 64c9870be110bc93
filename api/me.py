"""Who the caller is to this API: account, rights and quota of the token."""

from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app

from api.command import QUOTA, Reply, command
from api.problems import PROVIDERS
from api.quota import Quota
from api.received import bearer
from api.shapes import Account, Body, Instant, account
from engine import access
from engine.access import Assurance
from engine.identity import accounts, names, own_tokens, profiles
from engine.models import Role
from engine.organisation.own_positions import own_positions
from engine.platform.db import UnitOfWork
from engine.platform.language import Language

blueprint = APIBlueprint("me", __name__, tag="Account")


class PositionBody(Body):
    """A role in a unit and those below it."""

    unit: str
    """Key of the unit."""
    unit_name: str
    """Name of the unit; it may be written as `Persian | English`."""
    role: str
    """Role in the unit, such as `inspector`; `*` means every role."""
    substitute_for: Account | None
    """The person whose position it is, for whom you are the substitute; null if it is your own."""


class QuotaBody(Body):
    """How many requests your token may make in this minute."""

    limit: int
    """Number of requests per minute."""
    remaining: int
    """Number of requests that are left in this minute, counted on the machine that answers."""
    reset_in: int
    """Seconds until the next minute begins."""


class MeBody(Account):
    """Who you are to this API."""

    role: Role
    """Role of the account, which defines its general permissions."""
    permissions: list[str]
    """What you may do: the permissions of the role, limited to the scopes of the token. They are also the
    names of scopes."""
    scoped: bool
    """Whether the token is limited to scopes: its own, or those that an OpenID provider has put into it."""
    token_id: UUID | None
    """Id of the token, as in `GET /me/tokens`; null for one that an OpenID provider has signed."""
    token_expires_at: Instant | None
    """When the token ends; null: when it is revoked."""
    assurance: Assurance | None
    """Level of assurance of the login; null for systems."""
    acts_for: Literal["own", "others"]
    """For whom you may act."""
    requires_behalf: bool
    """Whether the token requires each other request to name in `X-On-Behalf-Of` for whom you act."""
    positions: list[PositionBody]
    """Roles in units; empty for portals and applicants."""
    language: Language | None
    """Preferred language of the account; null if it has none. Responses use `Accept-Language`."""
    quota: QuotaBody | None
    """How many requests are left; null if they aren't limited."""


@command(blueprint.get("/me"), answer=MeBody)
def read_me(uow: UnitOfWork) -> Reply:
    """Read who you are to this API

    Account, role, permissions of the token, roles in units, and the requests that are left. Any valid token
    may ask this. Contact data are in `GET /account`, where they are also changed.
    """
    actor, known = uow.actor, profiles.known(uow)
    held = [
        {**row, "substitute_for": None if row["holder_id"] == actor.id else account(row, "holder")}
        for row in own_positions(uow)
    ]
    called = names.display_names(actor.name, known.full_name_fa, known.full_name_en)
    body = {
        **{"id": actor.id, "name": actor.name, "display_name": called, "role": actor.role},
        "permissions": [one for one in access.PERMISSIONS if access.allows(actor, one)],
        "scoped": actor.scopes is not None,
        **_token(uow),
        "assurance": actor.acr,
        "acts_for": "others" if access.allows(actor, "behalf.act") else "own",
        "requires_behalf": actor.requires_behalf,
        "positions": held,
        "language": known.language,
        "quota": _quota(),
    }
    return Reply(MeBody.model_validate(body))


def _token(uow: UnitOfWork) -> dict[str, Any]:
    """Return id and end of the request's token."""
    token_id = accounts.token_id(uow.session, bearer())
    if token_id is None:
        return {"token_id": None, "token_expires_at": current_app.extensions[PROVIDERS].ends_at(bearer())}
    return {"token_id": token_id, "token_expires_at": own_tokens.get(uow, token_id).expires_at}


def _quota() -> QuotaBody | None:
    quota: Quota = current_app.extensions[QUOTA]
    standing = quota.standing(bearer())
    return None if standing is None else QuotaBody(**standing._asdict())
