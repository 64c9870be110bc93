"""Work for programs of other systems: they fetch it, and return the results."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import ConfigDict, Field

from api.command import Reply, command, sends
from api.shapes import Body, Instant, Request, Text
from engine.cases import external_calls
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("external_work", __name__, tag="External work")

RETRY_AFTER = "5"  # seconds: nobody waits here for new work
Lease = Annotated[int, Field(ge=5, le=3600, description="Seconds")]


class TakeWork(Request):
    """The kind of work to take. `worker` is the name of the program, for administrators."""

    topics: list[Text] = Field(min_length=1, max_length=50)
    max: int = Field(default=1, ge=1, le=100)
    lease: Lease = 60
    worker: Text = "worker"


class Leased(Request):
    """Every answer names the lease's fencing number."""

    fence: int = Field(ge=1, le=2**31 - 1)


class ExtendWork(Leased):
    """The new length of the lease, from now on."""

    lease: Lease = 60


class CompleteWork(Leased):
    """The result of the work, which is returned to the process."""

    reply: dict[str, Any] = Field(default_factory=dict)


class FailWork(Leased):
    """Why the work failed, without personal data, and when to retry."""

    detail: Text
    retry_in: int | None = Field(default=None, ge=0, le=7 * 24 * 3600, description="Seconds; null: never")


class ThrowError(Leased):
    """A BPMN error that the process handles."""

    error: Text
    data: dict[str, Any] = Field(default_factory=dict)


class Work(Body):
    """A unit of work. Its `id` stays the same if it is offered again: do it only once."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    topic: str
    operation: str | None
    request: dict[str, Any]
    element: str
    definition: str
    case_number: str
    attempts: int
    fence: int
    lease_until: Instant


class WorkList(Body):
    """The work that was taken."""

    items: list[Work]


class WorkSettled(Body):
    """The work, and the end of its lease, if it is still leased."""

    id: UUID
    lease_until: Instant | None = None


_REFUSALS = (404, 409)


@command(blueprint.post("/external-work/take"), body=TakeWork, answer=WorkList, status=(200, 204))
@sends("Retry-After")
def take(uow: UnitOfWork, body: TakeWork) -> Reply:
    """Take external work, if there is any; returns immediately"""
    rows = external_calls.lease_calls(uow, body.topics, body.max, timedelta(seconds=body.lease), body.worker)
    if not rows:
        return Reply(b"", {"Retry-After": RETRY_AFTER}, status=204)
    return Reply(WorkList(items=[Work.model_validate(dict(row)) for row in rows]))


@command(
    blueprint.post("/external-work/<uuid:call_id>/extend"),
    body=ExtendWork,
    answer=WorkSettled,
    refusals=_REFUSALS,
)
def extend(uow: UnitOfWork, call_id: UUID, body: ExtendWork) -> Reply:
    """Extend the lease of work"""
    until = external_calls.extend(uow, call_id, body.fence, timedelta(seconds=body.lease))
    return Reply(WorkSettled(id=call_id, lease_until=until))


@command(
    blueprint.post("/external-work/<uuid:call_id>/complete"),
    body=CompleteWork,
    answer=WorkSettled,
    refusals=_REFUSALS,
)
def complete(uow: UnitOfWork, call_id: UUID, body: CompleteWork) -> Reply:
    """Complete work"""
    external_calls.complete(uow, call_id, body.fence, body.reply)
    return Reply(WorkSettled(id=call_id))


@command(
    blueprint.post("/external-work/<uuid:call_id>/fail"),
    body=FailWork,
    answer=WorkSettled,
    refusals=_REFUSALS,
)
def fail(uow: UnitOfWork, call_id: UUID, body: FailWork) -> Reply:
    """Report that work has failed"""
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
    """Complete work with a BPMN error"""
    external_calls.throw(uow, call_id, body.fence, body.error, body.data)
    return Reply(WorkSettled(id=call_id))
