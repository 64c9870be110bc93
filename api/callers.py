"""The account of a request's token. Looked up in the database once a second, not for each request.

Our own tokens are looked up. Those signed by a provider are verified, then their person is looked up.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.identity import accounts, login
from engine.identity.oidc import Person, Providers
from engine.platform.db import Actor, Database

SECONDS = 1.0  # seconds for which a revoked token may still be accepted
MANY = 10_000


@dataclass(frozen=True, slots=True)
class _Found:
    actor: Actor
    until: float


class Callers:
    """The callers of one process. Unknown tokens are looked up each time: a new token works immediately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._clock = clock
        self._found: dict[bytes | Person, _Found] = {}

    def find(self, session: Session, token: str) -> Actor | None:
        """Return the account of a token; None if unknown, or revoked for at least a second."""
        digest = accounts.digest(token)
        return self._known(digest) or self._keep(digest, accounts.find_actor(session, digest))

    def account_of_token(self, database: Database, providers: Providers, token: str) -> Actor:
        """Return the account of a token signed by a provider. Verified each time, and outside of
        transactions.

        Raises NotRecognised, and Busy if the provider must be asked and doesn't respond.
        """
        person = providers.bearer(token)
        actor = self._known(person)
        if actor is None:
            found = database.run(lambda session, _: login.find_account_of_person(session, person), "single")
            actor = found or database.run(lambda session, now: login.account_of_person(session, now, person))
            self._keep(person, actor)
        return actor

    def _known(self, key: bytes | Person) -> Actor | None:
        known = self._found.get(key)
        return known.actor if known is not None and self._clock() < known.until else None

    def _keep(self, key: bytes | Person, actor: Actor | None) -> Actor | None:
        if actor is None:
            self._found.pop(key, None)
            return None
        if len(self._found) >= MANY:
            self._found.clear()
        self._found[key] = _Found(actor, self._clock() + SECONDS)
        return actor


def is_signed(token: str) -> bool:
    """Return whether it looks like a provider's token, not like one of ours."""
    return token.count(".") == 2 and not token.startswith(accounts.PREFIX)
