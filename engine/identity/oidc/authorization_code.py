"""The authorization code flow with PKCE: a browser is sent to the provider and comes back with a code."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from engine.connectors.secret import Unreadable
from engine.identity.oidc import tokens
from engine.identity.oidc.discovery import Remote
from engine.identity.oidc.provider import DESCRIBING, Person
from engine.platform.errors import Busy, NotRecognised

PROFILE = {"profile", "email", "phone"}  # scopes with which providers describe people


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, its state, and the data needed when it returns."""

    url: str
    state: str
    nonce: str
    verifier: str


def depart(remote: Remote, redirect_uri: str, needed: str | None) -> Departure:
    """Returns the departure of a browser; `needed` is the minimum assurance level of the login.

    Raises Busy.
    """
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": remote.provider.client,
        "redirect_uri": redirect_uri,
        "scope": remote.provider.scopes,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if needed and (values := remote.provider.values(needed)):
        asked["acr_values"] = " ".join(values)
    return Departure(_with(remote.address("authorization_endpoint"), asked), state, nonce, verifier)


def back(remote: Remote, given: Mapping[str, str], *, nonce: str, verifier: str, redirect_uri: str) -> Person:
    """Returns who came back with this answer to the departure with this nonce and verifier.

    Raises NotRecognised, and Busy if the provider does not answer.
    """
    code, issuer = given.get("code", ""), given.get("iss")
    says_issuer = remote.claims("authorization_response_iss_parameter_supported") is True
    if (issuer or says_issuer) and issuer != remote.provider.issuer:
        raise NotRecognised("Another provider answered.")
    if not code:
        raise NotRecognised("The provider sent no code.")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    secret = _secret(remote)
    if secret is None:
        form["client_id"] = remote.provider.client
    status, answer = remote.post(remote.address("token_endpoint") or "", form, secret)
    token = answer.get("id_token")
    if status != httpx.codes.OK or not isinstance(token, str):
        raise NotRecognised("The provider did not accept its code.")
    claims = tokens.identity(remote, token, nonce)
    return remote.provider.person_of({**_more(remote, claims, answer.get("access_token")), **claims})


def _more(remote: Remote, claims: Mapping[str, Any], token: object) -> Mapping[str, Any]:
    """Returns further claims from the provider's userinfo endpoint, if more than the identity was requested.

    No login depends on it: claims that can't be fetched now are missing.
    """
    if not PROFILE & set(remote.provider.scopes.split()) or not isinstance(token, str):
        return {}
    try:
        url = remote.address("userinfo_endpoint")
        status, found = remote.get(url, token) if url else (httpx.codes.NOT_FOUND, {})
    except Busy:
        return {}
    same = status == httpx.codes.OK and found.get("sub") == claims["sub"]  # else another person (§5.3.2)
    return {name: value for name, value in found.items() if name in DESCRIBING} if same else {}


def farewell(remote: Remote, back_to: str) -> str | None:
    """Returns the address where the provider ends its own session.

    None if not offered, or it does not answer.
    """
    try:
        address = remote.address("end_session_endpoint")
    except Busy:
        return None
    asked = {"client_id": remote.provider.client, "post_logout_redirect_uri": back_to}
    return _with(address, asked) if address else None


def _secret(remote: Remote) -> str | None:
    try:
        return remote.provider.secret.value() if remote.provider.secret else None
    except Unreadable as unreadable:
        raise Busy(f"The secret of the provider {remote.provider.name} cannot be read.") from unreadable


def _with(address: str | None, query: Mapping[str, str]) -> str:
    address = address or ""
    return address + ("&" if "?" in address else "?") + urlencode(query)
