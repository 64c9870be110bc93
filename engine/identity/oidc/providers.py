"""All providers of an installation."""

from collections.abc import Iterator, Sequence

from engine.identity.oidc import configuration, tokens
from engine.identity.oidc.discovery import Remote
from engine.identity.oidc.provider import Person, Provider
from engine.platform.config import Settings
from engine.platform.errors import NotFound, NotRecognised


class Providers:
    """Those of one process, by name and by issuer."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._remotes = {provider.name: Remote(provider) for provider in providers}
        self._by_issuer = {remote.provider.issuer: remote for remote in self._remotes.values()}

    @classmethod
    def read(cls, settings: Settings) -> "Providers":
        """Those of the configured file. Raises Misconfigured (a ValueError) with every fault of it."""
        return cls(configuration.read(settings))

    def __iter__(self) -> Iterator[Provider]:
        return (remote.provider for remote in self._remotes.values())

    def get(self, name: str) -> Remote:
        """Raises NotFound."""
        if name not in self._remotes:
            raise NotFound(f"The provider {name!r} does not exist.")
        return self._remotes[name]

    def bearer(self, token: str) -> Person:
        """Whom an access token speaks of.

        Raises NotRecognised, and Busy if the provider has to be asked and does not answer.
        """
        _, claims = tokens.unverified(token)
        issuer = claims.get("iss")
        remote = self._by_issuer.get(issuer) if isinstance(issuer, str) else None
        if remote is None:
            raise NotRecognised("The token was not issued by a trusted provider.")
        return remote.provider.vouched(tokens.access(remote, token))

    def values(self, needed: str) -> list[str]:
        """What to ask providers for, where a level is needed; its own name where no provider has a value."""
        return [value for provider in self for value in provider.values(needed)] or [needed]
