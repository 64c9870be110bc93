"""Requests that a worker carries out later, since their callers prefer not to wait (RFC 7240)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from apiflask import APIBlueprint
from flask import g, request
from pydantic import Field

from api.command import Reply, View, accepts, command, instead, sends
from api.operations import takes
from api.shapes import Body, Instant
from engine.access import Permission
from engine.models import RequestStatus
from engine.platform.db import UnitOfWork
from engine.requests import deferral

blueprint = APIBlueprint("requests", __name__, tag="Requests")

RETRY_AFTER = "1"  # seconds
# What matters to a view, besides the body. Not the token: a worker acts as the account.
_HEADERS = ("Content-Type", "Accept-Language", "If-Match", "X-On-Behalf-Of", "X-Purpose")


class DeferredResponse(Body):
    """The response to a request that a worker carried out."""

    status: int
    """Its HTTP status."""
    headers: dict[str, str]
    """Its headers, such as `Location` and `ETag`."""
    body: Any = Field()
    """Its body: what the endpoint returns, or a problem document."""


class DeferredBody(Body):
    """A request that a worker carries out, and its response."""

    id: UUID
    """Id of the request."""
    status: RequestStatus
    """How far it is."""
    requested_at: Instant
    """When it was sent."""
    response: DeferredResponse | None
    """What you would have got without `Prefer: respond-async`, also if it was refused; null unless it is
    done.
    """


def may_be_deferred(permission: Permission, check: Callable[..., object]) -> Callable[[View], View]:
    """Declare that a worker carries out a view's request if the caller prefers that.

    `check` raises what is refused at once. Its arguments are those of the view.
    """

    def declare(view: View) -> View:
        def defer(uow: UnitOfWork, **arguments: Any) -> Reply:
            check(uow, **arguments)
            headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
            headers["X-Request-ID"] = g.request_id
            body = request.get_data(cache=True)
            state = deferral.defer(
                uow, permission, deferral.Sent(request.method, request.path, headers, body)
            )
            headers = {"Location": f"/api/v1/requests/{state.id}", "Preference-Applied": "respond-async"}
            return Reply(_body(state), {**headers, "Retry-After": RETRY_AFTER}, status=202)

        return takes("Prefer")(accepts(DeferredBody)(instead(defer)(view)))

    return declare


def _body(state: deferral.State) -> DeferredBody:
    answer = state.answer
    response = answer and DeferredResponse(
        status=answer.status, headers=dict(answer.headers), body=orjson.loads(answer.body)
    )
    return DeferredBody.model_validate(
        {"id": state.id, "status": state.status, "requested_at": state.requested_at, "response": response}
    )


@command(blueprint.get("/requests/<uuid:request_id>"), answer=DeferredBody, refusals=(404,))
@sends("Retry-After")
def show(uow: UnitOfWork, request_id: UUID) -> Reply:
    """Read the response to a request that was answered with 202

    For the account that sent it, with the same `X-On-Behalf-Of` and a token that allows the request itself.
    404 a day later, and when the case is erased.
    """
    state = deferral.get(uow, request_id)
    return Reply(_body(state), {"Retry-After": RETRY_AFTER} if state.status == "pending" else {})
