"""Batch retries: many incidents of one kind, retried one after the other."""

from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command, sends
from api.shapes import Body, Instant, Key, Request, Text
from engine.cases import mass_retry
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("retries", __name__, tag="Incidents")


class OrderRetry(Request):
    """Which incidents to retry."""

    definition: Key
    """Key of the definition of their cases."""
    code: Text
    """Code of the incidents."""
    reason: Text | None = None
    """Why; stored in the log of each case."""


class RetriedCounts(Body):
    """The incidents of a bulk retry by progress."""

    waiting: int
    """Incidents that weren't retried yet."""
    retried: int
    """Incidents whose retry succeeded."""
    again: int
    """Incidents whose element failed again."""
    refused: int
    """Incidents that couldn't be retried."""


class RetryBody(Body):
    """A bulk retry and its progress."""

    id: UUID
    """Id of the bulk retry."""
    definition: str
    """Key of the definition of the cases."""
    code: str
    """Code of the incidents."""
    reason: str | None
    """Why; null if nothing was stated."""
    ordered_at: Instant
    """When it was ordered."""
    counts: RetriedCounts
    """Its progress."""


def _body(uow: UnitOfWork, retry_id: UUID) -> RetryBody:
    found = mass_retry.get_order(uow, retry_id)
    counts = RetriedCounts.model_validate(found.counts)
    return RetryBody(**found.order, counts=counts)


@command(blueprint.post("/retries"), body=OrderRetry, answer=RetryBody, status=201, refusals=(409,))
@sends("Location")
def order(uow: UnitOfWork, body: OrderRetry) -> Reply:
    """Retry all open incidents of a definition with the same code

    Up to 10,000, one after the other, by a worker. 409 if there are none. For administrators.
    """
    made = _body(uow, mass_retry.order(uow, body.definition, body.code, body.reason))
    return Reply(made, {"Location": f"/api/v1/retries/{made.id}"}, status=201)


@command(blueprint.get("/retries/<uuid:retry_id>"), answer=RetryBody, refusals=(404,))
def show(uow: UnitOfWork, retry_id: UUID) -> Reply:
    """Read the progress of a bulk retry

    Finished when `waiting` is 0. For administrators.
    """
    return Reply(_body(uow, retry_id))
