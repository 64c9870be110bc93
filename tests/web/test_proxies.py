"""Whose address counts: what proxies say is believed as far as the installation trusts them."""

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from engine.platform.config import Settings
from web import behind


@pytest.mark.parametrize(
    ("trusted", "said", "address", "scheme"),
    [
        ("0", "203.0.113.9", "127.0.0.1", "http"),
        ("1", "198.51.100.1, 203.0.113.9", "203.0.113.9", "https"),
        ("2", "198.51.100.1, 203.0.113.9", "198.51.100.1", "https"),
        ("1", "", "127.0.0.1", "https"),
    ],
)
def test_an_address_is_that_of_the_last_trusted_hop(
    trusted: str, said: str, address: str, scheme: str
) -> None:
    seen: list[tuple[str | None, str]] = []

    @Request.application
    def site(request: Request) -> Response:
        seen.append((request.remote_addr, request.scheme))
        return Response()

    wrapped = behind(site, Settings.read({"TRUSTED_PROXIES": trusted}))
    headers = {"X-Forwarded-For": said, "X-Forwarded-Proto": ", ".join(["https"] * max(1, int(trusted)))}
    Client(wrapped).get("/", headers=headers, environ_base={"REMOTE_ADDR": "127.0.0.1"})
    assert seen == [(address, scheme)]
