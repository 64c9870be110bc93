"""Verifies what a provider has signed. Every error is reported as the same NotRecognised.

A token never chooses how it is verified: the key is the provider's own, found by its id; algorithms are
listed here, and headers that name keys or other rules are ignored.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from engine.identity.oidc.discovery import Key, Remote
from engine.platform.errors import NotRecognised

LONGEST = 16_384
LEEWAY = 60  # seconds by which clocks may differ
# Claims that only ID tokens have.
_OF_ID_TOKENS = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})


def unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Returns unverified header and claims, only to find the provider. Raises NotRecognised."""
    if len(token) > LONGEST:
        raise NotRecognised("The token is too long.")
    try:
        compact = jws.extract_compact(token.encode())
        claims = orjson.loads(compact.payload)
        header = compact.headers()
    except (JoseError, ValueError, TypeError, KeyError) as failure:
        raise NotRecognised("The token cannot be read.") from failure
    if not isinstance(claims, dict) or not isinstance(header, dict):
        raise NotRecognised("The token cannot be read.")
    return header, claims


def access(remote: Remote, token: str) -> Mapping[str, Any]:
    """Returns the claims of an access token for this API."""
    header, _ = unverified(token)
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in ("at+jwt", "jwt"):
        raise NotRecognised("The token has another type.")
    if remote.provider.audience is None:
        raise NotRecognised("This sign-in provider isn't set up for API access.")
    claims = _verified(remote, token, header, remote.provider.audience)
    if _OF_ID_TOKENS & claims.keys() or claims.get("typ") == "ID":
        raise NotRecognised("The token is an ID token.")
    return claims


def identity(remote: Remote, token: str, nonce: str) -> Mapping[str, Any]:
    """Returns the claims of an ID token for this client, issued for the login with this nonce."""
    header, _ = unverified(token)
    client = remote.provider.client
    claims = _verified(remote, token, header, client)
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("nonce") != nonce or claims.get("azp", None if several else client) != client:
        raise NotRecognised("The ID token was made for another login.")
    return claims


def _verified(remote: Remote, token: str, header: Mapping[str, Any], audience: str) -> Mapping[str, Any]:
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= 255 or "crit" in header:
        raise NotRecognised("The token names no key, or has unsupported header parameters.")
    key = remote.key(kid)
    if key is None:
        raise NotRecognised("The provider has no such key.")
    expected = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": remote.provider.issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )
    try:
        claims = jwt.decode(token, key, algorithms=_algorithms(key)).claims
        expected.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as failure:
        raise NotRecognised("The token is not valid.") from failure
    return claims


def _algorithms(key: Key) -> list[str]:
    """Returns the algorithms for this key: its kind decides, never the token."""
    kinds = (
        ["RS256", "PS256"]
        if isinstance(key, RSAKey)
        else ["ES256"]
        if isinstance(key, ECKey)
        else ["EdDSA", "Ed25519"]
    )
    return [key.alg] if key.alg in kinds else [] if key.alg else kinds
