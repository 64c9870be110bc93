"""Batch retries: many incidents of one kind, retried one after the other."""

from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command, sends
from api.shapes import Body, Instant, Key, Request, Text
from engine.cases import mass_retry
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("retries", __name__, tag="Incidents")


class OrderRetry(Request):
    """The definition and code of the incidents to retry, and the reason."""

    definition: Key
    code: Text
    reason: Text | None = None


class RetriedCounts(Body):
    """The number of incidents that are waiting, succeeded, failed again, or couldn't be retried."""

    waiting: int
    retried: int
    again: int
    refused: int


class RetryBody(Body):
    """A bulk retry and its progress."""

    id: UUID
    definition: str
    code: str
    reason: str | None
    ordered_at: Instant
    counts: RetriedCounts


def _body(uow: UnitOfWork, retry_id: UUID) -> RetryBody:
    found = mass_retry.get_order(uow, retry_id)
    counts = RetriedCounts.model_validate(found.counts)
    return RetryBody(**found.order, counts=counts)


@command(blueprint.post("/retries"), body=OrderRetry, answer=RetryBody, status=201, refusals=(409,))
@sends("Location")
def order(uow: UnitOfWork, body: OrderRetry) -> Reply:
    """Retry all open incidents of a definition with the same code"""
    made = _body(uow, mass_retry.order(uow, body.definition, body.code, body.reason))
    return Reply(made, {"Location": f"/api/v1/retries/{made.id}"}, status=201)


@command(blueprint.get("/retries/<uuid:retry_id>"), answer=RetryBody, refusals=(404,))
def show(uow: UnitOfWork, retry_id: UUID) -> Reply:
    """Read the progress of a bulk retry"""
    return Reply(_body(uow, retry_id))
