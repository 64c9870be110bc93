"""Many new cases with one request. Each is started in a transaction of its own."""

from itertools import takewhile
from time import monotonic
from typing import Annotated

import orjson
from apiflask import APIBlueprint
from flask import g, request
from pydantic import Field

from api import language, problems
from api.bodies.cases import StartCase, StartedBody
from api.cases import start
from api.command import Reply, as_caller, command, in_parts, sends, sent
from api.parts import require_quota, run_apart
from api.problems import Problem
from api.requests import may_be_deferred
from api.shapes import Body, Request, Text
from engine import access
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, NoTimeLeft
from engine.requests.idempotency import internal

blueprint = APIBlueprint("case_batches", __name__, tag="Cases")

MOST = 100
SLICE = 1  # seconds after which a worker does first what is due in cases
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


def _require_distinct(_uow: UnitOfWork, body: StartBatch) -> None:
    _require_startable(body.items)


def _require_startable(items: list[BatchItem]) -> None:
    """Raise the refusal of the whole batch."""
    first = {item.key: number for number, item in reversed(list(enumerate(items)))}
    faults = [
        Fault(f"/items/{number}/key", "appears twice", "duplicate")
        for number, item in enumerate(items)
        if first[item.key] != number
    ]
    if faults:
        raise Invalid("A key appears twice in the request.", faults)
    require_quota(len(items), "/items")


def _start_one(item: BatchItem) -> BatchResult:
    content = repr(("batch", request.headers.get("X-On-Behalf-Of"), item.model_dump_json())).encode()
    try:
        done = run_apart(internal("batch", item.key), content, lambda uow: start(uow, item))
    except problems.FORESEEN as error:
        problem = problems.of(error)
        return BatchResult(key=item.key, status=problem.status, case=None, problem=problem)
    case = StartedBody.model_validate(orjson.loads(done.body))
    return BatchResult(key=item.key, status=done.status, case=case, problem=None)


def _left(item: BatchItem) -> BatchResult:
    """Return the result of an item for which there was no time."""
    problem = problems.of(
        NoTimeLeft("This item was not tried: there was no time left. Send the batch again.")
    )
    return BatchResult(key=item.key, status=problem.status, case=None, problem=problem)


@command(blueprint.post("/cases/batch"), body=StartBatch, answer=StartedBatch)
@sends("Content-Language")
@may_be_deferred("cases.start", _require_distinct)
@in_parts
def start_batch() -> Reply:
    """Start many cases

    Each case is started or refused on its own, in a transaction of its own: the response is 200 and reports
    the result of each. After a lost response, and for items with the status 503, send the same batch again:
    items that were started return the same case. Items that 20 seconds don't suffice for have status 503.
    `Idempotency-Key` matters only with `Prefer: respond-async`: otherwise the items' own keys do.
    """
    as_caller(lambda uow: access.require(uow.actor, "cases.start"))
    items = sent(StartBatch).items
    _require_startable(items)
    results = [BatchResult.model_validate(one) for one in g.get("progress", ())]
    until = monotonic() + (SLICE if "progress" in g else SECONDS)
    in_time = takewhile(lambda _: monotonic() < until, items[len(results) :])
    results += [_start_one(item) for item in in_time]
    rest = items[len(results) :]
    if rest and "progress" in g:
        g.interrupted = [one.model_dump(mode="json", by_alias=True) for one in results]
    return Reply(StartedBatch(items=[*results, *map(_left, rest)]), language.headers())
