"""The application on a database of its own, and a client for each role whose every answer is checked."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from apiflask import APIFlask

from api import create_app
from api.command import DATABASE
from engine import accounts
from engine.config import Settings
from engine.db import Database
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
def app(database_url: str, database: Database) -> APIFlask:
    """The application on the test's database."""
    made = create_app(Settings.read({"DATABASE_URL": database_url, "TIME_ZONE": "UTC"}))
    made.extensions[DATABASE].dispose()
    made.extensions[DATABASE] = database
    return made


@pytest.fixture
def token(database: Database) -> Callable[..., str]:
    """`token("caseworker")`, or `token("caseworker", "another")`: a new token of that account."""

    def make(role: Any, name: str | None = None) -> str:
        with database.transaction() as session:
            return accounts.create_token(session, datetime.now(UTC), name=name or role, role=role)

    return make


@pytest.fixture
def client(app: APIFlask, contract: Contract, token: Callable[..., str]) -> Clients:
    """`client("caseworker")`, or `client("caseworker", "another")`; `client(None)` has no token."""
    made: dict[Any, Client] = {}

    def find_or_make(role: str | None, name: str | None = None) -> Client:
        if (role, name) not in made:
            made[role, name] = Client(app, contract, token(role, name) if role else None)
        return made[role, name]

    return find_or_make
