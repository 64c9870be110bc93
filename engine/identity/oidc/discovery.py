"""A provider's metadata: its addresses and keys, fetched when needed and cached for a while."""

import logging
import ssl
import threading
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from engine.connectors.files import LOCAL
from engine.identity.oidc.provider import Provider
from engine.platform.errors import Busy

# These would log addresses and headers.
for name in ("httpx", "httpcore"):
    logging.getLogger(name).setLevel(logging.WARNING)

Key = RSAKey | ECKey | OKPKey
SECONDS = 5.0  # for a response
MOST = 1 << 20  # bytes of a response
OLD = 3600.0  # seconds after which keys and addresses are fetched again
PAUSE = 60.0  # seconds between two requests for keys
AFTER_FAILURE = 5.0

ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Remote:
    """One provider as this process knows it.

    Raises Busy if it has to be queried and returns no usable answer.
    """

    def __init__(self, provider: Provider, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds."""
        self.provider = provider
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._ask_metadata_at = float("-inf")
        self._keys: Mapping[str, Key] = {}
        self._keys_at = float("-inf")
        self._ask_again_at = float("-inf")
        self._silent = False  # whether the last request for keys failed

    def address(self, name: str) -> str | None:
        """Returns one of its addresses from its discovery document."""
        with self._lock:
            found = self._discovered().get(name)
        return found if isinstance(found, str) and _is_private(found) else None

    def claims(self, name: str) -> object:
        """Returns another member of the document."""
        with self._lock:
            return self._discovered().get(name)

    def key(self, kid: str) -> Key | None:
        """Returns the key with this id; None if the provider has none.

        Known keys are returned without a request.
        """
        with self._lock:
            now = self._clock()
            if (kid not in self._keys or now - self._keys_at > OLD) and now >= self._ask_again_at:
                self._refresh(now)
            if kid not in self._keys and self._silent:
                raise Busy(f"The provider {self.provider.name} does not answer.")
            return self._keys.get(kid)

    def post(self, url: str, form: Mapping[str, str], secret: str | None) -> tuple[int, Mapping[str, Any]]:
        """Returns its response to a form, and the status."""
        auth = None if secret is None else httpx.BasicAuth(_formed(self.provider.client), _formed(secret))
        return self._send("POST", url, data=dict(form), auth=auth)

    def get(self, url: str, token: str) -> tuple[int, Mapping[str, Any]]:
        """Returns its response to a request with an access token, and the status."""
        return self._send("GET", url, auth=_Bearer(token))

    def _refresh(self, now: float) -> None:
        self._ask_again_at, self._silent = now + AFTER_FAILURE, True
        try:
            uri = str(self._discovered()["jwks_uri"])
            status, document = self._send("GET", uri)
            if status != httpx.codes.OK or not isinstance(document.get("keys"), list):
                raise Busy(f"The provider {self.provider.name} gave no keys.")
        except Busy:
            return  # the cached ones remain valid
        self._silent = False
        self._keys = dict(filter(None, map(_key, document["keys"][:100])))
        self._keys_at, self._ask_again_at = now, now + PAUSE

    def _discovered(self) -> Mapping[str, Any]:
        now = self._clock()
        if now >= self._ask_metadata_at:
            self._discover(now)
        if not self._metadata:
            raise Busy(f"The provider {self.provider.name} does not answer.")
        return self._metadata

    def _discover(self, now: float) -> None:
        self._ask_metadata_at = now + AFTER_FAILURE  # otherwise each request would wait for it
        url = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            status, document = self._send("GET", url)
            if status != httpx.codes.OK or document.get("issuer") != self.provider.issuer:
                raise Busy(f"The provider {self.provider.name} does not describe itself under its issuer.")
            needed = ADDRESSES if self.provider.client else ("jwks_uri",)
            if not all(_is_private(document.get(name)) for name in needed):
                raise Busy(f"The provider {self.provider.name} lacks an address, or names one in the clear.")
        except Busy:
            return  # cached values remain valid
        self._metadata, self._ask_metadata_at = document, now + OLD

    def _send(self, method: str, url: str, **options: Any) -> tuple[int, Mapping[str, Any]]:
        try:
            with (
                httpx.Client(verify=ssl.create_default_context(), timeout=SECONDS, trust_env=False) as client,
                client.stream(method, url, headers={"Accept": "application/json"}, **options) as response,
            ):
                content = b""
                for part in response.iter_bytes():
                    content += part
                    if len(content) > MOST:
                        raise Busy(f"The provider {self.provider.name} said too much.")
            document = orjson.loads(content)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failure:
            raise Busy(f"The provider {self.provider.name} does not answer.") from failure
        if not isinstance(document, dict):
            raise Busy(f"The provider {self.provider.name} does not answer.")
        return response.status_code, document


class _Bearer(httpx.Auth):
    """Sends an access token as in RFC 6750."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the token to the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _key(jwk: object) -> tuple[str, Key] | None:
    """Returns a key for signatures, with its id."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or jwk.get("use", "sig") != "sig":
        return None
    if jwk.get("kty") not in ("RSA", "EC", "OKP"):  # never a shared secret
        return None
    try:
        key = import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return (jwk["kid"], key) if isinstance(key, Key) else None


def _is_private(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)


def _formed(text: str) -> str:
    """Encodes client ids and secrets for a header, as in RFC 6749 §2.3.1."""
    return httpx.QueryParams({"": text}).__str__()[1:]
