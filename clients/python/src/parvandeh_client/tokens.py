"""Where the token of a call comes from."""

import time
from collections.abc import Callable
from threading import Lock
from typing import TypeAlias
from urllib.parse import quote_plus

import httpx

from parvandeh_client.problems import ParvandehError, Unreachable

EARLY = 30.0  # seconds before its end at which a token is replaced

# A fixed token, or what returns the current one.
Token: TypeAlias = str | Callable[[], str]


class TokenRefused(ParvandehError):
    """The provider issued no token."""


class ClientCredentials:
    """Tokens that an OpenID provider issues to a program (OAuth 2.0, client credentials).

    A token is used until shortly before it expires, or until the API no longer accepts it. Can be shared by
    threads. `token_url` is `token_endpoint` in the provider's discovery document.
    """

    def __init__(  # named as in the standard, each needed by some provider
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        scope: str | None = None,
        audience: str | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        fields = {"grant_type": "client_credentials", "scope": scope, "audience": audience}
        self._fields = {name: value for name, value in fields.items() if value is not None}
        self._url = token_url
        self._secret = (quote_plus(client_id), quote_plus(client_secret))  # RFC 6749 §2.3.1
        self._http = http or httpx.Client(timeout=30)
        self._lock = Lock()
        self._token = ""
        self._until = 0.0

    def __call__(self) -> str:
        """Return a valid token. Raises TokenRefused or Unreachable."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._token, lasts = self._issued()
                self._until = time.monotonic() + max(lasts - EARLY, lasts / 2)
            return self._token

    def expire(self, token: str) -> None:
        """Use this token no longer: the API did not accept it."""
        with self._lock:
            if token == self._token:
                self._until = 0.0

    def _issued(self) -> tuple[str, float]:
        try:
            response = self._http.post(
                self._url, data=self._fields, auth=self._secret, follow_redirects=False
            )
        except httpx.RequestError as failure:
            raise Unreachable(f"The token endpoint {self._url} can't be reached: {failure}") from failure
        try:
            answer = response.raise_for_status().json()
            token, lasts = answer["access_token"], float(answer.get("expires_in") or 60)
        except (httpx.HTTPStatusError, ValueError, KeyError, TypeError):
            token, lasts = None, 0.0
        if not isinstance(token, str):
            reason = f"The token endpoint {self._url} answered {response.status_code} without a token."
            raise TokenRefused(reason)
        return token, lasts
