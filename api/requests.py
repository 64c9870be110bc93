"""Requests that a worker carries out later, since their callers prefer not to wait (RFC 7240)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from apiflask import APIBlueprint
from flask import g, request
from pydantic import Field

from api import received
from api.command import Reply, View, accepts, command, instead, sends
from api.operations import takes
from api.shapes import Body, Instant
from api.shown_cases import require_visible
from engine.access import Permission
from engine.models import RequestStatus
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork
from engine.requests import deferral

blueprint = APIBlueprint("requests", __name__, tag="Requests")

RETRY_AFTER = "1"  # seconds
# What matters to a view, besides the body. Not the token: a worker acts as the account, unless it is revoked.
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
            sent = deferral.Sent(request.method, request.path, headers, body, received.bearer())
            state = deferral.defer(uow, permission, sent)
            location = {"Location": f"/api/v1/requests/{state.id}", "Preference-Applied": "respond-async"}
            return Reply(_body(state), {**location, "Retry-After": RETRY_AFTER}, status=202)

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
    404 a day later, when the case is erased, and while you may not see the case or task of the response. The
    access is recorded in the access log of the case.
    """
    state = deferral.get(uow, request_id)
    body = _body(state)
    shown = () if body.response is None else require_visible(uow, body.response.body)
    opened = tuple(Opened("case", case_id) for case_id in shown)
    headers = {"Retry-After": RETRY_AFTER} if state.status == "pending" else {}
    return Reply(body, headers, opened=opened or None)
