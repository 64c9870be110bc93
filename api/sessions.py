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
    """A session: since when, when it was last used, when it ends unless it is used, how well one is known.

    `provider` is null where a password was given; `agent` is what the browser calls itself.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    created_at: Instant
    seen_at: Instant
    expires_at: Instant
    acr: str
    provider: str | None
    agent: str


class SessionsBody(Body):
    """The newest 100 active sessions."""

    items: list[SessionBody]


class EndedBody(Body):
    """The session that has ended."""

    id: UUID


@command(blueprint.get("/sessions"), answer=SessionsBody)
def index(uow: UnitOfWork) -> Reply:
    """List your active browser sessions"""
    access.require(uow.actor, "sessions.own")
    found = sessions.own(uow, current_app.extensions[LASTING])
    return Reply(SessionsBody(items=[SessionBody.model_validate(item) for item in found]))


@command(blueprint.delete("/sessions/<uuid:session_id>"), answer=EndedBody, refusals=(404,))
def revoke(uow: UnitOfWork, session_id: UUID) -> Reply:
    """End a session"""
    access.require(uow.actor, "sessions.own")
    sessions.revoke(uow, session_id)
    return Reply(EndedBody(id=session_id))
