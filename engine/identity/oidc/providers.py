"""All providers of an installation."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from engine.identity.oidc import configuration, tokens
from engine.identity.oidc.discovery import Remote
from engine.identity.oidc.provider import Person, Provider
from engine.platform.config import Settings
from engine.platform.errors import NotFound, NotRecognised

RECENT = timedelta(minutes=10)  # the age of a token that proves that somebody is logged in elsewhere


class Providers:
    """The providers of one process, by name and by issuer."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._remotes = {provider.name: Remote(provider) for provider in providers}
        self._by_issuer = {remote.provider.issuer: remote for remote in self._remotes.values()}

    @classmethod
    def read(cls, settings: Settings) -> "Providers":
        """Reads the configured file. Raises Misconfigured (a ValueError) with all of its faults."""
        return cls(configuration.read(settings))

    def __iter__(self) -> Iterator[Provider]:
        """Yields those at which people log in with a browser."""
        return (remote.provider for remote in self._remotes.values() if remote.provider.client)

    def all(self) -> Sequence[Provider]:
        """Returns all of them, also those that only sign access tokens."""
        return [remote.provider for remote in self._remotes.values()]

    def get(self, name: str) -> Remote:
        """Returns the provider with this name, at which people log in. Raises NotFound."""
        if name not in {provider.name for provider in self}:
            raise NotFound(f"The provider {name!r} does not exist.")
        return self._remotes[name]

    def bearer(self, token: str) -> Person:
        """Returns the person of an access token.

        Raises NotRecognised, and Busy if the provider has to be queried and does not answer.
        """
        _, claims = tokens.unverified(token)
        issuer = claims.get("iss")
        remote = self._by_issuer.get(issuer) if isinstance(issuer, str) else None
        if remote is None:
            raise NotRecognised("The token was not issued by a trusted provider.")
        return remote.provider.bearer_of(tokens.access(remote, token))

    def ends_at(self, token: str) -> datetime:
        """Returns when an access token ends that `bearer` has verified."""
        _, claims = tokens.unverified(token)
        return datetime.fromtimestamp(claims["exp"], UTC)

    def signed_login(self, token: str, now: datetime) -> Person:
        """Returns the person of an access token that another system passes on, issued a short time ago.

        Raises as `bearer` does, also for a token that is older than `RECENT` or names no person.
        """
        _, claims = tokens.unverified(token)
        person, issued = self.bearer(token), claims.get("iat")
        age = now.timestamp() - issued if isinstance(issued, int | float) else float("inf")
        if age > RECENT.total_seconds() or person.person is None:
            raise NotRecognised("The token is too old, or names no person.")
        return person

    def values(self, needed: str) -> list[str]:
        """Returns the `acr` values to request for a level.

        The level's own name if no provider has a value.
        """
        return [value for provider in self.all() for value in provider.values(needed)] or [needed]
