"""Idempotency keys: a write that is sent twice is done once, and has the same answer both times.

The key is written with the answer, in the transaction of the command. So the first request costs one
statement; a repeated one, which is rare, is done, rolled back and answered from here.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from psycopg.errors import UniqueViolation
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from engine.models import IdempotencyKey
from engine.platform.db import UnitOfWork, table, values_of
from engine.platform.errors import Conflict

Kind = Literal["batch", "message", "page", "request", "signal"]

KEPT = timedelta(days=1)
_OWN = "\x1f"  # neither headers nor forms can have it in a key

_KEYS = table(IdempotencyKey)
_KEEP = insert(_KEYS).values(values_of(_KEYS, "key", _KEYS.c.keys()))


# How a key of our own is called where its content differs.
_OTHERWISE: Mapping[str, str] = {
    "batch": "An item with this key was already sent with different content. Use a new key.",
    "message": "A message with this id was already sent with different content. Use a new id.",
    "page": "This form has already been sent with different answers. Open it again.",
    "signal": "A signal with this id was already sent with different content. Use a new id.",
}


def internal(kind: Kind, text: str) -> str:
    """Returns a key that no client can send as its idempotency key."""
    return f"{_OWN}{kind} {text}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer to a write."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def keep(uow: UnitOfWork, key: str, request: bytes, answer: Answer) -> None:
    """Stores the answer to a request under its key, with all else that the command writes.

    A second request waits here until the first one's transaction ends, and then fails as described in
    `repeated`.
    """
    row = {
        "user_id": uow.actor.id,
        "key": key,
        "request_digest": hashlib.sha256(request).digest(),
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
        "created_at": uow.now,
    }
    uow.write(_KEEP, {f"key__{name}": value for name, value in row.items()})


def forget(uow: UnitOfWork) -> int:
    """Deletes answers that are older than `KEPT`. Returns how many."""
    old = delete(_KEYS).where(_KEYS.c.created_at < uow.now - KEPT)
    return uow.connection.execute(old).rowcount


def repeated(error: IntegrityError) -> bool:
    """Returns whether a command failed because its key has an answer already.

    Its other writes are rolled back.
    """
    cause = error.orig
    return isinstance(cause, UniqueViolation) and cause.diag.constraint_name == _KEYS.primary_key.name


def find(uow: UnitOfWork, key: str, request: bytes) -> Answer | None:
    """Returns the answer for the actor's key, if any. Raises Conflict if it belongs to another request."""
    columns = (_KEYS.c.request_digest, _KEYS.c.status, _KEYS.c.headers, _KEYS.c.body)
    found = select(*columns).where(_KEYS.c.user_id == uow.actor.id, _KEYS.c.key == key)
    stored = uow.connection.execute(found).one_or_none()
    if stored is None:
        return None
    if stored.request_digest != hashlib.sha256(request).digest():
        usual = "This idempotency key was already used for a different request. Use a new key."
        kind = key.removeprefix(_OWN).partition(" ")[0] if key.startswith(_OWN) else ""
        raise Conflict(_OTHERWISE.get(kind, usual), code="sent-before")
    return Answer(stored.status, stored.headers, stored.body)
