"""Whose token a request carries. Found in the database once a second and not with each request."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine import accounts
from engine.db import Actor

SECONDS = 1.0  # for so long a revoked token may still be taken
MANY = 10_000


@dataclass(frozen=True, slots=True)
class _Found:
    actor: Actor
    until: float


class Callers:
    """The callers of one process. What is nobody's is looked up each time: a new token works at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._clock = clock
        self._found: dict[bytes, _Found] = {}

    def find(self, session: Session, token: str) -> Actor | None:
        """Whose token it is; None if nobody's, or revoked a second ago."""
        digest = accounts.digest(token)
        known = self._found.get(digest)
        now = self._clock()
        if known is not None and now < known.until:
            return known.actor
        actor = accounts.find_actor(session, digest)
        if actor is None:
            self._found.pop(digest, None)
            return None
        if len(self._found) >= MANY:
            self._found.clear()
        self._found[digest] = _Found(actor, now + SECONDS)
        return actor
