"""The login of a person at a provider, whose signed token a portal passes on with its own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import current_app, request

from api import received
from api.command import as_caller
from api.problems import PROVIDERS
from engine.identity import profiles
from engine.identity.oidc import Providers
from engine.platform.db import Actor, UnitOfWork
from engine.platform.errors import NotRecognised, PersonNotProven
from engine.portal import application_drafts
from engine.portal.evidence import Proof

HEADER = "X-Person-Token"


def passed(**_: UUID) -> Mapping[str, Any]:
    """Receive the body, and return the person's `login`, before the transaction: it may ask a provider."""
    received.receive()
    return {"login": of(as_caller(admitted)) if _token() else None}


def admitted(uow: UnitOfWork) -> Actor:
    """Return the caller. Raises Forbidden for accounts that have no drafts: their token isn't verified."""
    application_drafts.owner(uow)
    return uow.actor


def of(actor: Actor) -> Proof | None:
    """Return the person whose signed login a portal passes on; None if it passes none.

    Raises PersonNotProven.
    """
    token = _token()
    if not token or actor.role != "portal":
        return None
    providers: Providers = current_app.extensions[PROVIDERS]
    try:
        person = providers.signed_login(token, datetime.now(UTC))
    except NotRecognised as unknown:
        detail = f"The token in {HEADER} does not prove that the person has logged in within ten minutes."
        raise PersonNotProven(detail) from unknown
    return Proof(person.person or "", person.acr, profiles.full_name(dict(person.profile)))


def _token() -> str:
    return request.headers.get(HEADER, "").strip()
