"""Sessions of browsers: list and end the caller's own. None of them is accepted by this API."""

from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app
from pydantic import ConfigDict

from api.command import Reply, command
from api.shapes import Body, Instant
from engine import access
from engine.identity import sessions
from engine.platform.db import UnitOfWork

LASTING = "parvandeh.lasting"

blueprint = APIBlueprint("sessions", __name__, tag="Sessions")


class SessionBody(Body):
    """A login in a browser that has not ended."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    """Id of the session."""
    created_at: Instant
    """When the login was."""
    seen_at: Instant
    """When the session was last used."""
    expires_at: Instant
    """When the session ends unless it is used before."""
    acr: str
    """Assurance level of the login: `low`, `substantial` or `high`."""
    provider: str | None
    """Name of the OpenID provider that confirmed the login; null if a password was used."""
    agent: str
    """What the browser calls itself (`User-Agent`), shortened to 120 characters."""


class SessionsBody(Body):
    """Active sessions of an account."""

    items: list[SessionBody]
    """The newest 100, newest first."""


class EndedBody(Body):
    """The session that has ended."""

    id: UUID
    """Id of the session that has ended."""


@command(blueprint.get("/sessions"), answer=SessionsBody)
def index(uow: UnitOfWork) -> Reply:
    """List your active browser sessions

    The newest 100, newest first. Tokens of the API are not sessions.
    """
    access.require(uow.actor, "sessions.own")
    found = sessions.own(uow, current_app.extensions[LASTING])
    return Reply(SessionsBody(items=[SessionBody.model_validate(item) for item in found]))


@command(blueprint.delete("/sessions/<uuid:session_id>"), answer=EndedBody, refusals=(404,))
def revoke(uow: UnitOfWork, session_id: UUID) -> Reply:
    """End a session

    Your own, or as an administrator one of a person in your units. It takes effect within a second.
    """
    access.require(uow.actor, "sessions.own")
    sessions.revoke(uow, session_id)
    return Reply(EndedBody(id=session_id))
