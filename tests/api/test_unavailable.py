"""Without its database the API says so, and when to ask again."""

import pytest
from apiflask import APIFlask

from application import create
from engine.config import Settings
from tests.api.contract import Client, Contract, refused


@pytest.fixture(scope="module")
def dead() -> APIFlask:
    """The application on a database that does not exist."""
    return create(Settings.read({"DATABASE_URL": "postgresql+psycopg://nobody@/nothing?host=/nowhere"}))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/cases"), ("GET", "/definitions/p"), ("POST", "/cases"), ("POST", "/deployments")],
)
def test_request_without_a_database_is_put_off(
    dead: APIFlask, contract: Contract, method: str, path: str
) -> None:
    response = Client(dead, contract, "pvd_any").send(method, path)
    refused(response, 503, "busy")
    assert response.headers["Retry-After"] == "1"


def test_readiness_fails_without_a_database_and_health_does_not(dead: APIFlask) -> None:
    client = dead.test_client()
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)


def test_answer_names_no_address_of_the_database(dead: APIFlask, contract: Contract) -> None:
    response = Client(dead, contract, "pvd_any").post("/cases")
    assert "nowhere" not in response.text
