"""The login that the hub simulates: signed tokens that say who is logged in, as a portal passes them on.

It asks nobody anything: each program that reaches the hub gets a token for any national ID.
"""

import json
import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

PATH = "/login"
AUDIENCE = "urn:parvandeh:demonstration"
LEVELS = {"low": "urn:demo:password", "substantial": "urn:demo:code", "high": "urn:demo:card"}
NAMES = ("given_name", "family_name")
LIFETIME = 600  # seconds
NOTE = "# Written by the demonstration at each start; remove this line to change the file.\n"


class Signer:
    """A provider with a key that lasts as long as the hub."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)

    def document(self, issuer: str) -> dict[str, Any]:
        """Return the discovery document (OpenID Connect Discovery 1.0 §3), as far as tokens need it."""
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/keys",
            "token_endpoint": f"{issuer}/tokens",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    def keys(self) -> dict[str, Any]:
        """Return the public key."""
        return {"keys": [self._key.as_dict(private=False)]}

    def token(self, issuer: str, body: dict[str, Any]) -> str | None:
        """Return a token for a `national_id` with an assurance `level`; None if the request is faulty.

        `given_name` and `family_name` may be sent, too.
        """
        person, level = body.get("national_id"), body.get("level", "substantial")
        if not isinstance(person, str) or not person or level not in LEVELS:
            return None
        names = {
            name: body[name] for name in ("given_name", "family_name") if isinstance(body.get(name), str)
        }
        now = int(time.time())
        claims = {"iss": issuer, "aud": AUDIENCE, "sub": person, "national_id": person, "acr": LEVELS[level]}
        times = {"iat": now, "auth_time": now, "exp": now + LIFETIME}
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, {**claims, **names, **times}, self._key)


def describe(file: Path, address: str) -> None:
    """Write the configuration of the provider, unless there is a file of somebody else's."""
    if file.exists() and not file.read_text(encoding="utf-8").startswith(NOTE):
        return
    levels = "".join(f"{name} = {json.dumps([value])}\n" for name, value in LEVELS.items() if name != "low")
    provider = (
        f'[demo]\ntitle = "Mock login"\nissuer = "{address}{PATH}"\naudience = "{AUDIENCE}"\n'
        f'person = "national_id"\n\n[demo.acr]\n{levels}'
    )
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(NOTE + provider, encoding="utf-8")
    fresh.replace(file)  # atomically: commands of the same installation may read it
