"""The application with its pages, and browsers that look at them."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

import web
from engine.identity import accounts, passwords, sessions
from engine.identity.oidc import Provider, Providers
from engine.identity.sessions import Lasting, Proof
from engine.platform.config import Settings
from engine.platform.db import Actor, Database
from tests import installed, openid
from tests.exchanging import demo_connectors
from tests.installed import NOWHERE
from tests.openid import OpenId

PASSWORD = "one sentence to remember"
AGENT = "Mozilla/5.0 (of the tests)"
Make = Callable[..., APIFlask]
hashed = cache(passwords.hashed)  # slow on purpose


@pytest.fixture(scope="session")
def provider() -> Iterator[OpenId]:
    """A real provider, which all tests share."""
    with openid.running() as started:
        yield started


@pytest.fixture
def make(database: Database, tmp_path: Path) -> Make:
    """`make(provider, public_url="https://…")`: the application and its pages. `routes`: to add more."""
    kept = {
        "DATABASE_URL": NOWHERE,
        "DEMO_CONNECTORS": demo_connectors(tmp_path),
        "DOCUMENTS": str(tmp_path / "documents"),
    }

    def made(
        *described: Provider,
        public_url: str | None = openid.SITE,
        demo: Sequence[str] = (),
        routes: bool = False,
    ) -> APIFlask:
        environ = {**kept, **({"PUBLIC_URL": public_url} if public_url else {})}
        site = web.Site(Settings.read(environ), database, Providers(described), demo)
        return installed.application(Settings.read({"DATABASE_URL": NOWHERE}), database, site, routes=routes)

    return made


@pytest.fixture
def browser(make: Make) -> "Browser":
    """A browser at a site without providers."""
    return Browser(make())


@pytest.fixture
def sara(database: Database) -> str:
    """A caseworker with the password PASSWORD."""
    return an_account(database, "sara")


def an_account(database: Database, name: str, role: Any = "caseworker", *, temporary: bool = False) -> str:
    """An account with the password PASSWORD."""
    kept = hashed(name, PASSWORD)
    with database.transaction() as session:
        accounts.find_or_create(session, datetime.now(UTC), name, role)
        passwords.keep(session, datetime.now(UTC), name, kept, temporary=temporary)
    return name


class Browser:
    """Stores cookies and fills in forms."""

    def __init__(self, app: APIFlask, base: str = openid.SITE, address: str = "192.0.2.1") -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self._base = base
        self._address = address

    def get(self, path: str, **headers: str) -> TestResponse:
        """A page."""
        return self.client.get(path, **self._options(headers))

    def post(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        """A form, as it is given."""
        answer = self.client.post(path, data=form, **self._options(headers))
        answer.request.environ["wsgi.input"].close()  # of a large form that is a file
        return answer

    def token(self, path: str) -> str:
        """That of the form on a page."""
        found = re.search(r'name="token" value="([0-9a-f]{64})"', self.get(path).text)
        assert found
        return found[1]

    def login(self, name: str = "sara", password: str = PASSWORD, **form: str) -> TestResponse:
        """Fill in the form for it."""
        form = {"token": self.token("/login"), "name": name, "password": password, **form}
        return self.post("/login", form)

    def logout(self) -> TestResponse:
        """By the button."""
        return self.post("/logout", {"token": self.token("/account")})

    def cookies(self, prefix: str = "") -> Sequence[Any]:
        """The stored ones."""
        names = [f"{prefix}parvandeh-{name}" for name in ("session", "before", "lang")]
        found = (self.client.get_cookie(name, "pages.test") for name in names)
        return [cookie for cookie in found if cookie is not None]

    def _options(self, headers: dict[str, str]) -> dict[str, Any]:
        given = {"User-Agent": AGENT, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return {
            "base_url": self._base,
            "headers": given,
            "environ_base": {"REMOTE_ADDR": self._address},
        }


@pytest.fixture
def session_of(make: Make, database: Database) -> Callable[..., "Browser"]:
    """`session_of(actor)`: a browser in which this account is logged in. `routes`: to add more."""

    def opened(actor: Actor, *, routes: bool = False) -> Browser:
        browser = Browser(make(routes=routes))
        lasting = Lasting(timedelta(minutes=30), timedelta(hours=12))
        secret = database.run(
            lambda session, now: sessions.open_one(session, now, actor.id, Proof(AGENT, "high"), lasting)
        )
        browser.client.set_cookie("parvandeh-session", secret, domain="pages.test")
        return browser

    return opened


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """`with statements(database) as told:` the SQL that is executed meanwhile; no page needs more than 12."""
    told: list[str] = []

    def record(*arguments: Any) -> None:
        told.append(arguments[2])

    event.listen(database.engine, "before_cursor_execute", record)
    try:
        yield told
    finally:
        event.remove(database.engine, "before_cursor_execute", record)
