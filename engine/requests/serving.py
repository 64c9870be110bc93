"""The entry point of a request: its command, its idempotency key and its access log record, in one place.

The API and the pages translate HTTP into a `Request` and a command, and what `serve` returns into a response.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from engine import access, cases
from engine.oversight import access_log
from engine.oversight.access_log import Opened
from engine.platform.db import Actor, Database, UnitOfWork, View
from engine.platform.errors import Conflict, NotFound, Refusal, Uncertain
from engine.requests import idempotency
from engine.requests.idempotency import Answer
from engine.tasks import work_time

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """How to find out what identifies a request. Each function may be called more than once."""

    actor: Callable[[Session], Actor]  # who acts; raises what refuses them
    key: Callable[[], str | None]  # the idempotency key, called when the command has ended; None without one
    fingerprint: Callable[[], bytes]  # what has to be equal for two requests with one key to be the same
    final: tuple[type[Refusal], ...] = ()  # refusals that are raised even if the key has an answer
    # Raises what refuses a stored answer, for an actor who may not see any more what it shows.
    recheck: Callable[[UnitOfWork, Answer], None] = lambda _uow, _answer: None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What a command returns.

    `answer` is what a repeated request gets (None: the command runs again), `opened` what of a case the
    response shows.
    """

    response: T
    answer: Answer | None = None
    opened: Opened | tuple[Opened, ...] | None = None


def serve(
    database: Database, request: Request, command: Callable[[UnitOfWork], Outcome[T]], view: View
) -> T | Answer:
    """Runs a command in a transaction of its own; then records in the access log what its response shows.

    The command runs again from the start when the database requires it. Its answer is stored with what it
    writes. For a request that was answered before, what the command did is rolled back, and the stored answer
    is returned. Raises Conflict if the key came with another request, Busy if the access log cannot be
    written, and what the command raises.
    """
    shown: tuple[Actor, tuple[Opened, ...]] | None = None

    def run(session: Session, now: datetime) -> T:
        nonlocal shown
        uow = UnitOfWork(session, request.actor(session), now)
        outcome = command(uow)
        opened = _each(outcome.opened)
        shown = uow.actor, opened
        if any(one.purpose is None for one in opened):
            access.require_purpose(uow.actor)
        key = request.key()
        if key is not None and outcome.answer is not None:
            idempotency.keep(uow, key, request.fingerprint(), outcome.answer)
        return outcome.response

    try:
        done: T | Answer = database.run(run, view)
    except IntegrityError as failure:
        done = _of_integrity(database, request, failure)
    except Refusal as refusal:
        done = _answered_before(database, request, refusal)
    if shown is not None and shown[1]:
        actor, opened = shown
        access_log.record(database, actor, *opened)
        _record_work(database, actor, opened)
    return done


def _each(opened: Opened | tuple[Opened, ...] | None) -> tuple[Opened, ...]:
    if opened is None:
        return ()
    return opened if isinstance(opened, tuple) else (opened,)


def _record_work(database: Database, actor: Actor, opened: tuple[Opened, ...]) -> None:
    for one in opened:
        if one.work is not None and one.object_id is not None:
            work_time.record(database, actor, one.object_id, one.work)


def _of_integrity(database: Database, request: Request, failure: IntegrityError) -> Answer:
    """Returns the answer that is stored under the request's key. Raises what the violated rule means."""
    refusal = cases.as_conflict(failure)
    try:
        return _answered_before(database, request, refusal or failure)
    except Conflict as raised:
        if raised is not refusal or raised.code != "business-key-runs":
            raise

    def name(session: Session, now: datetime) -> Conflict:
        return cases.name_running(UnitOfWork(session, request.actor(session), now), refusal, failure)

    raise database.run(name, "single")


def _answered_before(database: Database, request: Request, failure: Refusal | IntegrityError) -> Answer:
    """Returns the answer that is stored under the request's key. Raises the failure if there is none.

    Looked up only now: what was done before is refused the second time (a task is completed), or rolled back.
    """
    key = request.key()
    repeated = not isinstance(failure, IntegrityError) or idempotency.repeated(failure)
    if key is None or not repeated or isinstance(failure, request.final):
        raise failure

    def find(session: Session, now: datetime) -> Answer | None:
        uow = UnitOfWork(session, request.actor(session), now)
        if isinstance(failure, NotFound) and uow.actor.on_behalf_of is not None:
            raise failure  # not, or no longer, the person's
        found = idempotency.find(uow, key, request.fingerprint())
        if found is not None:
            request.recheck(uow, found)
        return found

    try:
        found = database.run(find, "single")
    except (DBAPIError, PoolTimeout) as unavailable:
        if isinstance(failure, Uncertain):
            raise failure from unavailable  # the request is not known to have failed
        raise
    if found is None:
        raise failure
    return found
