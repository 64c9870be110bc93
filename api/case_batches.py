"""Many new cases with one request. Each is started in a transaction of its own."""

from collections.abc import Mapping
from http import HTTPStatus
from math import inf
from time import monotonic
from typing import Annotated, Any

import orjson
from apiflask import APIBlueprint
from flask import g, request
from pydantic import Field

from api import language, problems
from api.bodies.cases import StartCase, StartedBody
from api.cases import start
from api.command import Reply, as_caller, command, prepared, require_quota, run_apart, sends, sent
from api.problems import Problem
from api.requests import may_be_deferred
from api.shapes import Body, Request, Text
from engine import access
from engine.platform.db import UnitOfWork
from engine.platform.errors import Busy, Fault, Invalid, Refusal

blueprint = APIBlueprint("case_batches", __name__, tag="Cases")

MOST = 100
SECONDS = 20  # after which no further item is started: a web worker serves nothing else meanwhile


class BatchItem(StartCase):
    """A new case of a batch, as a request to `POST /cases`, with a `key` that makes repeating it harmless."""

    key: Text
    """Your own key of this item. The same key and the same item start one case, in any batch of a day."""


class StartBatch(Request):
    """Up to 100 new cases."""

    items: Annotated[list[BatchItem], Field(min_length=1, max_length=MOST)]
    """The new cases, in the order in which they are started."""


class BatchResult(Body):
    """The result of an item of a batch."""

    key: str
    """The key of the item."""
    status: int
    """The HTTP status that a request of its own would have had: 201 if the case was started."""
    case: StartedBody | None
    """The new case, with its secret; null if it was refused."""
    problem: Problem | None
    """Why it was refused, as for a single request; null if the case was started."""


class StartedBatch(Body):
    """The results of a batch, in the order of its items."""

    items: list[BatchResult]
    """A result for each item."""


def _start_each() -> Mapping[str, Any]:
    """Start the cases one after the other. Raises the refusal of the whole batch."""
    as_caller(lambda uow: access.require(uow.actor, "cases.start"))
    request.get_data(cache=True)
    items = sent(StartBatch).items
    _require_once(items)
    require_quota(len(items))
    until = monotonic() + (SECONDS if g.get("answer_key") is None else inf)  # a worker has time
    return {"results": [_start_one(item) if monotonic() < until else _left(item) for item in items]}


def _require_distinct(_uow: UnitOfWork, body: StartBatch) -> None:
    _require_once(body.items)
    require_quota(len(body.items))


def _require_once(items: list[BatchItem]) -> None:
    first = {item.key: number for number, item in reversed(list(enumerate(items)))}
    faults = [
        Fault(f"/items/{number}/key", "appears twice", "duplicate")
        for number, item in enumerate(items)
        if first[item.key] != number
    ]
    if faults:
        raise Invalid("A key appears twice in the request.", faults)


def _start_one(item: BatchItem) -> BatchResult:
    content = repr(("batch", request.headers.get("X-On-Behalf-Of"), item.model_dump_json())).encode()
    try:
        done = run_apart(f"batch {item.key}", content, lambda uow: start(uow, item))
    except Refusal as refusal:
        problem = problems.of(refusal)
        return BatchResult(key=item.key, status=problem.status, case=None, problem=problem)
    case = StartedBody.model_validate(orjson.loads(done.body))
    return BatchResult(key=item.key, status=done.status, case=case, problem=None)


def _left(item: BatchItem) -> BatchResult:
    """Return the result of an item for which there was no time."""
    problem = problems.of(Busy("There was no time left for this item. Send the batch again."))
    return BatchResult(key=item.key, status=problem.status, case=None, problem=problem)


@command(blueprint.post("/cases/batch"), body=StartBatch, answer=StartedBatch)
@sends("Content-Language")
@may_be_deferred("cases.start", _require_distinct)
@prepared(_start_each)
def start_batch(uow: UnitOfWork, results: list[BatchResult], body: StartBatch) -> Reply:
    """Start many cases

    Each case is started or refused on its own, in a transaction of its own: the response is 200 and reports
    the result of each. After a lost response, and for items with the status 503, send the same batch again:
    items that were started return the same case. Items that 20 seconds don't suffice for have status 503.
    """
    del body  # read before the transaction
    access.require(uow.actor, "cases.start")
    if any(result.status == HTTPStatus.SERVICE_UNAVAILABLE for result in results):
        g.idempotency_key = None  # the same request may then start the rest
    return Reply(StartedBatch(items=results), language.headers())
