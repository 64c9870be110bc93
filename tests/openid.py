"""A real OpenID provider for the tests, in its own process, and a browser that logs in there."""

import hashlib
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from engine.access import ASSURANCES
from engine.connectors.secret import Secret
from engine.identity.oidc import Provider
from engine.platform.config import ROOT
from web import node

SITE = "http://pages.test"
API = "https://parvandeh.test/api"
FOLDER = ROOT / "tests" / "servers"
LEVELS = {f"urn:test:{level}": level for level in ASSURANCES}


class OpenId:
    """A running provider."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [node.path(), "provider.mjs", SITE],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.issuer = self._line()
        assert self.issuer.startswith("http://127.0.0.1:"), "run `make test`, which installs the provider"

    def rotate(self) -> None:
        """Sign with new keys from now on; the old ones are no longer published."""
        assert self._process.stdin
        self._process.stdin.write("rotate\n")
        self._process.stdin.flush()
        assert self._line() == "done"

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def described(self, secret: Path, **changes: Any) -> Provider:
        """Return it as in an installation's configuration file."""
        secret.write_text("p+ss w/rd\n")
        known = Provider(
            name="test",
            issuer=self.issuer,
            client="parvandeh",
            secret=Secret(f"file:{secret}"),
            audience=API,
            titles={"en": "The test's provider", "fa": "سامانهٔ آزمون"},
            person="national_id",
            acr=LEVELS,
            unknown="applicant",
        )
        return replace(known, **changes)

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@contextmanager
def running() -> Iterator[OpenId]:
    """Run one until the end of the block."""
    started = OpenId()
    try:
        yield started
    finally:
        started.stop()


class Browser:
    """A user's browser at the provider."""

    def __init__(self) -> None:
        unkept = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(trust_env=False, timeout=20, limits=unkept)

    def authorize(self, url: str, login: str, **form: str) -> dict[str, str]:
        """Follow an authorization request, logging in if required; return what is sent back to the client."""
        answer = self._client.get(url)
        for _ in range(10):
            if answer.status_code == 200 and "<form" in answer.text:
                answer = self._client.post(answer.url, data={"login": login, **form})
                continue
            assert answer.is_redirect, answer.text
            target = urljoin(str(answer.url), answer.headers["Location"])
            if urlsplit(target).netloc != urlsplit(url).netloc:
                return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
            answer = self._client.get(target)
        raise AssertionError("the provider sends the browser in circles")

    def leave(self, url: str) -> str:
        """Confirm the provider's own logout; return where it redirects the browser."""
        page = self._client.get(url)
        assert page.status_code == 200, page.text
        action = page.text.split('action="', 1)[1].split('"', 1)[0]
        xsrf = page.text.split('name="xsrf" value="', 1)[1].split('"', 1)[0]
        answer = self._client.post(action, data={"xsrf": xsrf, "logout": "yes"})
        return str(answer.headers["Location"])


def access_token(provider: OpenId, login: str) -> str:
    """Return a JWT for the API, as another program gets it for a user."""
    verifier = "v" * 43
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = httpx.QueryParams(
        client_id="app",
        redirect_uri="http://127.0.0.1/app",
        response_type="code",
        scope="openid use",
        resource=API,
        code_challenge=challenge,
        code_challenge_method="S256",
    )
    given = Browser().authorize(f"{provider.issuer}/auth?{query}", login)
    form = {
        "grant_type": "authorization_code",
        "client_id": "app",
        "redirect_uri": "http://127.0.0.1/app",
        "code": given["code"],
        "code_verifier": verifier,
        "resource": API,
    }
    answer = httpx.post(f"{provider.issuer}/token", data=form, trust_env=False)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token
