"""The application on a database of its own, and a client for each role whose every answer is checked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from apiflask import APIFlask

from api import create_app
from api.command import DATABASE, PUBLISHING
from engine import accounts, postgres
from engine.config import Settings
from engine.db import Database
from tests import factories
from tests.api.contract import Client, Contract

Clients = Callable[..., Client]
NOWHERE = "postgresql+psycopg://nobody@/nothing"


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    app = create_app(Settings.read({"DATABASE_URL": NOWHERE}))
    found: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    return found


@pytest.fixture(scope="session")
def contract(document: dict[str, Any]) -> Contract:
    """The same, ready to judge by."""
    return Contract(document)


@pytest.fixture
def app(database: Database, tmp_path: Path) -> APIFlask:
    """The application on the test's database, its documents in the test's folder."""
    return _app(database, tmp_path / "documents")


@pytest.fixture
def careful(app: APIFlask) -> None:
    """The application takes another person than the author to publish."""
    app.extensions[PUBLISHING] = "four-eyes"


@pytest.fixture
def token(database: Database) -> Callable[..., str]:
    """`token("caseworker")`, or `token("caseworker", "another")`: a new token of that account."""
    return partial(_token, database)


@pytest.fixture
def client(app: APIFlask, contract: Contract, database: Database) -> Clients:
    """`client("caseworker")`, or `client("caseworker", "another")`; `client(None)` has no token."""
    return _clients(app, contract, database)


@dataclass(frozen=True, slots=True)
class Steady:
    """One database for all tests that change nothing, since all that they send is refused or only read.

    The definition `p` is deployed; a portal has started `case`, whose user task `task` is open and has the
    form {x: string}.
    """

    client: Clients
    app: APIFlask
    case: str
    task: str


@pytest.fixture(scope="session")
def steady(
    server: postgres.Server,
    admin: psycopg.Connection,
    template: str,
    contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Steady]:
    """The same, ready."""
    with factories.opened(server.url, admin, template, "steady") as database:
        app = _app(database, tmp_path_factory.mktemp("documents"))
        client = _clients(app, contract, database)
        factories.deploy(database, factories.with_form(factories.form(x={"type": "string"})))
        case = client("portal").start()
        yield Steady(client, app, case["id"], case["tasks"][0]["id"])


def _app(database: Database, documents: Path) -> APIFlask:
    settings = {"DATABASE_URL": NOWHERE, "WEBHOOK_ALLOW": "127.0.0.0/8", "DOCUMENTS": str(documents)}
    made = create_app(Settings.read(settings))
    made.extensions[DATABASE].dispose()
    made.extensions[DATABASE] = database
    return made


def _token(database: Database, role: Any, name: str | None = None) -> str:
    with database.transaction() as session:
        return accounts.create_token(session, datetime.now(UTC), name=name or role, role=role)


def _clients(app: APIFlask, contract: Contract, database: Database) -> Clients:
    made: dict[Any, Client] = {}

    def find_or_make(role: str | None, name: str | None = None) -> Client:
        if (role, name) not in made:
            made[role, name] = Client(app, contract, _token(database, role, name) if role else None)
        return made[role, name]

    return find_or_make
