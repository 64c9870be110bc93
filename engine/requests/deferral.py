"""Requests that a worker carries out later, as the same actor, and whose responses the actor reads then.

The response of a command is stored under an idempotency key of its own, in the transaction of the command. So
a job that runs again, after its worker died, carries out nothing twice, and what was sent can be deleted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, insert, select, update

from engine import access
from engine.access import Permission
from engine.identity import accounts
from engine.models import DeferredRequest, IdempotencyKey
from engine.platform import jobs
from engine.platform.db import Actor, UnitOfWork
from engine.platform.errors import Busy, NotFound
from engine.platform.ids import uuid7
from engine.requests import idempotency
from engine.requests.idempotency import KEPT, Answer

JOB = "request"
MOST = 1000  # pending requests of an account
MOST_BYTES = 64 << 20  # that they may have together


Progress = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sent:
    """What is carried out later. `headers` are those that matter to it, as they arrived.

    `token` is the bearer token, of which only the id is stored.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    token: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """A pending request, and the key of its response.

    `actor` is None if its account is closed or its token is revoked. `progress` are the results of the parts
    that were carried out already.
    """

    key: str
    actor: Actor | None
    sent: Sent
    progress: Progress = ()


@dataclass(frozen=True, slots=True)
class State:
    """A request as its actor sees it; `answer` is None unless it is done."""

    id: UUID
    status: str
    requested_at: datetime
    answer: Answer | None


def defer(uow: UnitOfWork, permission: Permission, sent: Sent) -> State:
    """Stores a request for a worker. Raises Busy if too many of the actor's requests are pending."""
    access.require(uow.actor, permission)
    size = func.coalesce(func.sum(func.octet_length(DeferredRequest.body)), 0)
    theirs = select(func.count(), size).where(
        DeferredRequest.user_id == uow.actor.id, DeferredRequest.status == "pending"
    )
    pending, stored = uow.connection.execute(theirs).one()
    if pending >= MOST or stored + len(sent.body) > MOST_BYTES:
        raise Busy(
            f"{pending} of your requests are still pending. Try again when some of them are done,"
            " or send this one without `Prefer: respond-async`."
        )
    request_id, actor = uuid7(), uow.actor
    token_id = accounts.token_id(uow.session, sent.token)
    envelope = {
        "method": sent.method,
        "path": sent.path,
        "headers": dict(sent.headers),
        "acr": actor.acr,
        "token": None if token_id is None else str(token_id),
        "scopes": None if actor.scopes is None else sorted(actor.scopes),
    }
    row = {
        "id": request_id,
        "user_id": actor.id,
        "on_behalf_of": actor.on_behalf_of,
        "permission": permission,
        "status": "pending",
        "envelope": envelope,
        "body": sent.body,
        "requested_at": uow.now,
    }
    uow.connection.execute(insert(DeferredRequest).values(row))
    _queue(uow, request_id)
    return State(request_id, "pending", uow.now, None)


def find_work(uow: UnitOfWork, request_id: UUID) -> Work | None:
    """Returns what is to be carried out; None if that was done already."""
    row = uow.session.get(DeferredRequest, request_id)
    if row is None or row.status != "pending" or row.envelope is None or row.body is None:
        return None
    envelope: Mapping[str, Any] = row.envelope
    actor = None
    if envelope["token"] is None or not accounts.is_revoked(uow.session, UUID(envelope["token"])):
        actor = accounts.actor_of(uow.session, row.user_id, envelope["acr"])
    if actor is not None and envelope["scopes"] is not None:
        actor = replace(actor, scopes=frozenset(envelope["scopes"]))
    sent = Sent(envelope["method"], envelope["path"], envelope["headers"], row.body)
    return Work(_key(request_id), actor, sent, envelope.get("progress", ()))


def interrupt(uow: UnitOfWork, request_id: UUID, progress: Progress) -> None:
    """Stores the results of the first parts of a request. The others follow after what is due in cases."""
    row = uow.session.get(DeferredRequest, request_id, with_for_update=True)
    if row is not None and row.status == "pending":
        row.envelope = {**(row.envelope or {}), "progress": list(progress)}
        _queue(uow, request_id)


def settle(uow: UnitOfWork, request_id: UUID, fingerprint: bytes, answer: Answer) -> None:
    """Stores the response of a request unless its command did, and deletes what was sent."""
    user_id = _finish(uow, request_id, "done")
    if user_id is None:
        return
    owner = replace(uow, actor=replace(uow.actor, id=user_id))
    stored = select(IdempotencyKey.key).where(
        IdempotencyKey.user_id == user_id, IdempotencyKey.key == _key(request_id)
    )
    if uow.connection.execute(stored).one_or_none() is None:
        idempotency.keep(owner, _key(request_id), fingerprint, answer)


def give_up(uow: UnitOfWork, request_id: UUID, _reason: str) -> None:
    """Ends a request that could not be carried out, each time it was tried."""
    _finish(uow, request_id, "failed")


def _finish(uow: UnitOfWork, request_id: UUID, status: str) -> UUID | None:
    """Deletes what was sent. Returns whose request it is; None if it was finished before."""
    pending = update(DeferredRequest).where(
        DeferredRequest.id == request_id, DeferredRequest.status == "pending"
    )
    ended = pending.values(status=status, envelope=None, body=None).returning(DeferredRequest.user_id)
    return uow.connection.execute(ended).scalar_one_or_none()


def get(uow: UnitOfWork, request_id: UUID) -> State:
    """Returns a request of the actor and the same person. Raises NotFound, also if it is erased."""
    access.require_one(uow.actor, "tasks.work", "cases.start")
    row, answer = DeferredRequest, IdempotencyKey
    columns = (row.status, row.permission, row.requested_at, answer.status.label("code"), answer.headers)
    stored = and_(answer.user_id == row.user_id, answer.key == _key(request_id))
    mine = (
        row.id == request_id,
        row.user_id == uow.actor.id,
        row.on_behalf_of.is_not_distinct_from(uow.actor.on_behalf_of),
    )
    wanted = select(*columns, answer.body).outerjoin_from(row, answer, stored).where(*mine)
    found = uow.connection.execute(wanted).one_or_none()
    if found is None or (found.status == "done" and found.code is None):
        raise NotFound(f"The request {str(request_id)!r} does not exist, or is older than a day.")
    access.require(uow.actor, found.permission)
    if found.code is None:
        return State(request_id, found.status, found.requested_at, None)
    return State(request_id, "done", found.requested_at, Answer(found.code, found.headers, found.body))


def forget(uow: UnitOfWork) -> int:
    """Deletes requests that were sent more than a day ago, unless they are pending. Returns how many."""
    old = delete(DeferredRequest).where(
        DeferredRequest.requested_at < uow.now - KEPT, DeferredRequest.status != "pending"
    )
    return uow.connection.execute(old).rowcount


def _queue(uow: UnitOfWork, request_id: UUID) -> None:
    # After what is due in cases: nobody waits for it in front of a screen.
    jobs.defer(uow, JOB, queue="cases", priority=jobs.LAST, request_id=request_id)


def _key(request_id: UUID) -> str:
    return idempotency.internal("request", str(request_id))
