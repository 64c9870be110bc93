"""The caller's own tokens: list, limit, replace and revoke them. None gets wider."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, ConfigDict, Field

from api.command import Reply, command
from api.received import bearer
from api.shapes import Body, Instant, Request, Text
from engine.identity import accounts, own_tokens
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("own_tokens", __name__, tag="Account")

_DAY = int(own_tokens.OVERLAP.total_seconds())
_LONGEST = int(own_tokens.LONGEST_OVERLAP.total_seconds())


class NarrowToken(Request):
    """How to limit a token. What is left out or null stays as it is."""

    scopes: Annotated[list[Text], Field(min_length=1, max_length=200)] | None = None
    """The permissions that it keeps, of those that it has."""
    expires_at: AwareDatetime | None = None
    """When it ends: in the future, and no later than now."""


class RotateToken(Request):
    """How to replace a token."""

    overlap: int = Field(default=_DAY, ge=0, le=_LONGEST)
    """For how many seconds the old token is still valid, at most 30 days; by default a day. It never lasts
    longer than before.
    """


class OwnTokenBody(Body):
    """A token of your account, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    """Id of the token."""
    created_at: Instant
    """When it was created."""
    expires_at: Instant | None
    """When it ends; null: when it is revoked."""
    revoked_at: Instant | None
    """When it was revoked; null if it wasn't."""
    scopes: list[str] | None
    """Its scopes; null if it has none and allows all that the role allows."""
    permissions: list[str]
    """What it allows: the permissions of the role, limited to its scopes."""
    replaced_by: UUID | None
    """Id of the token that replaces it; null if none does."""


class OwnTokenList(Body):
    """The tokens of your account that have not ended."""

    items: list[OwnTokenBody]
    """The newest 1000, newest first."""


class RotatedBody(Body):
    """The token that replaces another one, with its secret."""

    token: str | None
    """The new token, as to be sent in `Authorization`. It is shown only here: a repeated request with the
    same `Idempotency-Key` gets null.
    """
    new: OwnTokenBody
    """What it is like: as the old one."""
    former_ends_at: Instant
    """When the old token ends."""


@command(blueprint.get("/me/tokens"), answer=OwnTokenList)
def index(uow: UnitOfWork) -> Reply:
    """List your own tokens

    Those of your account that have not ended, newest first. `token_id` in `GET /me` says which of them you
    use. Access tokens of OpenID providers are not listed.
    """
    return Reply(OwnTokenList(items=[OwnTokenBody.model_validate(one) for one in own_tokens.page(uow)]))


@command(
    blueprint.patch("/me/tokens/<uuid:token_id>"),
    body=NarrowToken,
    answer=OwnTokenBody,
    refusals=(404, 409),
)
def narrow(uow: UnitOfWork, token_id: UUID, body: NarrowToken) -> Reply:
    """Limit one of your tokens

    To fewer scopes, an earlier end, or both; it takes effect within a second and can't be undone. 422 for
    what the token doesn't allow now, 409 if it has ended.
    """
    limits = body.model_dump(exclude_unset=True)
    return Reply(OwnTokenBody.model_validate(own_tokens.narrow(uow, token_id, _via(uow), **limits)))


@command(
    blueprint.post("/me/tokens/<uuid:token_id>/rotate"),
    body=RotateToken,
    answer=RotatedBody,
    status=201,
    refusals=(404, 409),
)
def rotate(uow: UnitOfWork, token_id: UUID, body: RotateToken) -> Reply:
    """Replace one of your tokens

    The new one allows the same, ends at the same time, and is valid at once; the old one is still valid for a
    while. A token replaces only itself; after a login at a provider you can replace any that doesn't allow
    more than the login. 409 if it has ended, or has a valid successor: revoke that one to replace it again.
    """
    made = own_tokens.rotate(uow, token_id, _via(uow), timedelta(seconds=body.overlap))
    new = OwnTokenBody.model_validate(made.token)
    shown = RotatedBody(token=made.secret, new=new, former_ends_at=made.former_ends_at)
    return Reply(shown, status=201, stored=shown.model_copy(update={"token": None}))


@command(blueprint.delete("/me/tokens/<uuid:token_id>"), answer=OwnTokenBody, refusals=(404,))
def revoke(uow: UnitOfWork, token_id: UUID) -> Reply:
    """Revoke one of your tokens

    It is refused within a second; tokens that replace it stay valid. Revoking it again changes nothing.
    """
    own_tokens.revoke(uow, token_id, _via(uow))
    return Reply(OwnTokenBody.model_validate(own_tokens.get(uow, token_id)))


def _via(uow: UnitOfWork) -> UUID | None:
    """Return the token of this request; None for those that a provider has signed."""
    return accounts.token_id(uow.session, bearer())
