"""The visitor's own tokens: each with what it allows, to be limited, replaced or revoked."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, request

from engine.identity import own_tokens
from engine.platform.errors import Refusal
from web import asked
from web.administration.area import refused
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("tokens", __name__)

NEVER_KEPT = {"Cache-Control": "no-store"}
_HOURS = int(own_tokens.OVERLAP / timedelta(hours=1))


@page(blueprint.get("/account/tokens/<uuid:token_id>"), may="account.own")
def show(visit: Visit, token_id: UUID) -> Page:
    """Show a token, without its secret."""
    return _page(visit, token_id)


def again(visit: Visit, token_id: UUID, refusal: Refusal, **_: object) -> Page:
    """Show it again with what was refused, as it was typed."""
    return _page(visit, token_id, refusal)


def _page(visit: Visit, token_id: UUID, refusal: Refusal | None = None) -> Page:
    values = {
        "token": own_tokens.get(visit.uow, token_id),
        "now": visit.uow.now,
        "hours": _HOURS,
        **(refused(refusal) if refusal else {}),
    }
    return Page("token.html", values, status=422 if refusal else 200)


@page(blueprint.post("/account/tokens/<uuid:token_id>"), may="account.own", refused=again)
def narrow(visit: Visit, token_id: UUID) -> Away:
    """Limit a token to the marked scopes, and to an earlier end."""
    token = own_tokens.get(visit.uow, token_id)
    scopes = request.form.getlist("scopes")
    ends = asked.typed_day("expires_at", "/expires_at", whole=True)
    same = token.scopes is None and {*scopes} == {*token.permissions}
    own_tokens.narrow(visit.uow, token_id, None, scopes=None if same else scopes, expires_at=ends)
    return Away(f"/account/tokens/{token_id}", told="tokens.limited")


@page(blueprint.post("/account/tokens/<uuid:token_id>/rotate"), may="account.own", refused=again)
def rotate(visit: Visit, token_id: UUID) -> Page:
    """Replace a token, and show the new one: it is shown nowhere else."""
    hours = asked.number(request.form, "hours")
    overlap = timedelta(hours=-1 if hours is None else hours)  # what is no number is refused like one too low
    made = own_tokens.rotate(visit.uow, token_id, None, overlap)
    return Page("token_made.html", {"made": made, "former": token_id}, headers=NEVER_KEPT)


@page(blueprint.post("/account/tokens/<uuid:token_id>/revoke"), may="account.own", refused=again)
def revoke(visit: Visit, token_id: UUID) -> Away:
    """Revoke a token."""
    own_tokens.revoke(visit.uow, token_id, None)
    return Away("/account", told="tokens.revoked")
