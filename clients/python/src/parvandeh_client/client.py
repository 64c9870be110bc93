"""The client: the operations of an installation, for one token."""

from typing import Self

import httpx

from parvandeh_client.generated.operations import Operations
from parvandeh_client.tokens import Token
from parvandeh_client.transport import Caller, Connection

TIMEOUT = 45.0  # seconds; the server answers within 10, but `external_work.take` can wait for 30


class Client(Operations):
    """The API of an installation. Can be shared by threads; close it at the end, or use it with `with`.

    `token` is a token or a function that returns the current one, such as ClientCredentials. `http` is the
    httpx client to use, for proxies or certificates of your own; its time-outs hold, and must be longer
    than the `wait` of `external_work.take`.
    """

    def __init__(
        self, url: str, token: Token | None = None, *, http: httpx.Client | None = None, attempts: int = 4
    ) -> None:
        if attempts < 1:
            raise ValueError("At least one attempt is needed.")
        opened = http or httpx.Client(timeout=TIMEOUT, headers={"User-Agent": "parvandeh-client"})
        self._use(Caller(Connection(url.rstrip("/"), token, opened, attempts)))

    def acting(
        self,
        *,
        on_behalf_of: str | None = None,
        purpose: str | None = None,
        language: str | None = None,
        person_token: str | None = None,
    ) -> Self:
        """Return a client of the same connection whose calls have these headers.

        `on_behalf_of` is the person for whom you act, `purpose` why; both are in the logs of the case.
        `language` (`fa`, `en`) is that of texts in responses. `person_token` proves that the person is logged
        in: the access token that their login gave you, at most ten minutes old.
        """
        headers = {
            "X-On-Behalf-Of": on_behalf_of,
            "X-Purpose": purpose,
            "Accept-Language": language,
            "X-Person-Token": person_token,
        }
        other = type(self).__new__(type(self))
        other._use(self.caller.having(headers))
        return other

    def close(self) -> None:
        """Close the connections."""
        self.caller.connection.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _use(self, caller: Caller) -> None:
        self.caller = caller  # `caller.send` calls what has no method here
        Operations.__init__(self, caller)
