"""Work for programs of other systems: they fetch it, and return the results."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import ConfigDict, Field

from api import waiting
from api.command import Reply, command, sends
from api.shapes import Body, CaseNumber, DefinitionKey, ElementPath, Instant, Request, Text
from engine.cases import external_calls
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("external_work", __name__, tag="External work")

RETRY_AFTER = "5"  # seconds
Lease = Annotated[int, Field(ge=5, le=3600)]


class TakeWork(Request):
    """Which work to fetch."""

    topics: list[Text] = Field(min_length=1, max_length=50)
    """Topics of the service tasks in the diagrams."""
    max: int = Field(default=1, ge=1, le=100)
    """At most this many."""
    lease: Lease = 60
    """Seconds for which the work is yours; extend it before it ends."""
    worker: Text = "worker"
    """Name of your program, for administrators."""
    wait: int = Field(default=0, ge=0, le=30)
    """For how many seconds to wait for work if there is none. The server looks for it every second."""


class Leased(Request):
    """An answer to leased work."""

    fence: int = Field(ge=1, le=2**31 - 1)
    """The `fence` of the work: 409 if the lease has ended."""


class ExtendWork(Leased):
    """A longer lease."""

    lease: Lease = 60
    """Seconds for which the work is yours from now on."""


class CompleteWork(Leased):
    """The result of the work."""

    reply: dict[str, Any] = Field(default_factory=dict)
    """The result, which the process stores as its diagram states."""


class FailWork(Leased):
    """Why the work failed."""

    detail: Text
    """What failed, without personal data."""
    retry_in: int | None = Field(default=None, ge=0, le=7 * 24 * 3600)
    """Seconds until the work can be fetched again; null: never, so that it becomes an incident."""


class ThrowError(Leased):
    """A BPMN error, which the diagram handles."""

    error: Text
    """Code of the error; if no boundary event catches it, it becomes an incident."""
    data: dict[str, Any] = Field(default_factory=dict)
    """Variables that the error sets."""


class Work(Body):
    """A unit of work: a call of a case."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    """Id of the work. It stays the same if it is offered again: do it only once."""
    topic: str
    """Topic of the service task."""
    operation: str | None
    """Operation that the diagram names; null if it names none."""
    request: dict[str, Any]
    """Values that the diagram passes on."""
    element: ElementPath
    definition: DefinitionKey
    case_number: CaseNumber
    attempts: int
    """How often the work was fetched, this time included; ten times at most."""
    fence: int
    """Number of this lease: send it with each answer."""
    lease_until: Instant
    """When the lease ends; others can fetch the work then."""


class WorkList(Body):
    """The work that was taken."""

    items: list[Work]
    """The work, oldest first."""


class WorkSettled(Body):
    """The work after an answer."""

    id: UUID
    """Id of the work."""
    lease_until: Instant | None = None
    """When the lease ends; null if it has ended."""


_REFUSALS = (404, 409)


@command(blueprint.post("/external-work/take"), body=TakeWork, answer=WorkList, status=(200, 204))
@sends("Retry-After")
def take(uow: UnitOfWork, body: TakeWork) -> Reply:
    """Take external work, if there is any

    200 with work, which is yours until its lease ends. If there is none, 204 with `Retry-After` comes
    immediately, or with `wait` as soon as there is some or the time is over. Only a few requests can wait at
    the same time: others get 204 at once. For services.
    """
    rows = external_calls.lease_calls(uow, body.topics, body.max, timedelta(seconds=body.lease), body.worker)
    if not rows:
        if body.wait:
            waiting.wish(body.wait)
        return Reply(b"", {"Retry-After": RETRY_AFTER}, status=204)
    return Reply(WorkList(items=[Work.model_validate(dict(row)) for row in rows]))


@command(
    blueprint.post("/external-work/<uuid:call_id>/extend"),
    body=ExtendWork,
    answer=WorkSettled,
    refusals=_REFUSALS,
)
def extend(uow: UnitOfWork, call_id: UUID, body: ExtendWork) -> Reply:
    """Extend the lease of work

    409 if the lease has ended. For services.
    """
    until = external_calls.extend(uow, call_id, body.fence, timedelta(seconds=body.lease))
    return Reply(WorkSettled(id=call_id, lease_until=until))


@command(
    blueprint.post("/external-work/<uuid:call_id>/complete"),
    body=CompleteWork,
    answer=WorkSettled,
    refusals=_REFUSALS,
)
def complete(uow: UnitOfWork, call_id: UUID, body: CompleteWork) -> Reply:
    """Complete work

    The case continues. 409 if the lease has ended. For services.
    """
    external_calls.complete(uow, call_id, body.fence, body.reply)
    return Reply(WorkSettled(id=call_id))


@command(
    blueprint.post("/external-work/<uuid:call_id>/fail"),
    body=FailWork,
    answer=WorkSettled,
    refusals=_REFUSALS,
)
def fail(uow: UnitOfWork, call_id: UUID, body: FailWork) -> Reply:
    """Report that work has failed

    Without `retry_in`, or after ten attempts, it becomes an incident. 409 if the lease has ended. For
    services.
    """
    pause = None if body.retry_in is None else timedelta(seconds=body.retry_in)
    external_calls.fail(uow, call_id, body.fence, body.detail, retry_in=pause)
    return Reply(WorkSettled(id=call_id))


@command(
    blueprint.post("/external-work/<uuid:call_id>/bpmn-error"),
    body=ThrowError,
    answer=WorkSettled,
    refusals=_REFUSALS,
)
def throw(uow: UnitOfWork, call_id: UUID, body: ThrowError) -> Reply:
    """Complete work with a BPMN error

    409 if the lease has ended. For services.
    """
    external_calls.throw(uow, call_id, body.fence, body.error, body.data)
    return Reply(WorkSettled(id=call_id))
