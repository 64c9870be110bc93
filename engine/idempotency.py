"""Idempotency keys: the same write sent twice is done once, and answered twice alike."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from engine.db import UnitOfWork, table
from engine.errors import Conflict
from engine.models import IdempotencyKey

_KEYS = table(IdempotencyKey)
_CLAIM = insert(_KEYS).on_conflict_do_nothing().returning(_KEYS.c.key)
_STORE = update(_KEYS).where(_KEYS.c.user_id == bindparam("owner"), _KEYS.c.key == bindparam("name"))


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer to a write."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def claim(uow: UnitOfWork, key: str, request: bytes) -> Answer | None:
    """Take the key for this request, or give the answer that it got before.

    A second request waits here until the first one's transaction ends. Raises Conflict if the key came with
    another request.
    """
    digest = hashlib.sha256(request).digest()
    row = {"user_id": uow.actor.id, "key": key, "request_digest": digest, "created_at": uow.now}
    if uow.connection.execute(_CLAIM, row).one_or_none() is not None:
        return None
    stored = uow.connection.execute(
        select(
            IdempotencyKey.request_digest, IdempotencyKey.status, IdempotencyKey.headers, IdempotencyKey.body
        ).where(IdempotencyKey.user_id == uow.actor.id, IdempotencyKey.key == key)
    ).one()
    if stored.request_digest != digest:
        raise Conflict("This idempotency key was used for another request.")
    return Answer(stored.status, stored.headers, stored.body)


def store(uow: UnitOfWork, key: str, answer: Answer) -> None:
    """Keep the answer with the key, in the transaction of what it answers."""
    values = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    uow.connection.execute(_STORE, {**values, "owner": uow.actor.id, "name": key})
