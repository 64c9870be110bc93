"""Without its database the API says so, and when to ask again; and what may have been done is not denied."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask

from engine.platform.config import Settings
from engine.platform.db import Database
from engine.platform.limits import Limits
from tests import cutting, factories, installed
from tests.api.contract import Client, Contract, body, refused
from tests.cutting import Line
from tests.installed import NOWHERE
from tests.waiting import until
from web.application import create

START = {"definition": "p"}
WRITE = b"INSERT INTO events"  # a case is started by one statement, without a transaction around it


@pytest.fixture(scope="module")
def dead() -> APIFlask:
    """The application on a database that does not exist."""
    return create(Settings.read({"DATABASE_URL": "postgresql+psycopg://nobody@/nothing?host=/nowhere"}))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/cases"), ("GET", "/definitions/p"), ("POST", "/cases"), ("POST", "/deployments")],
)
@pytest.mark.parametrize("key", [None, "k"])
def test_request_without_a_database_is_put_off(
    dead: APIFlask, contract: Contract, method: str, path: str, key: str | None
) -> None:
    headers = {"Idempotency-Key": key} if key else {}
    response = Client(dead, contract, "pvd_any").send(method, path, headers=headers)
    refused(response, 503, "busy")
    assert response.headers.get("Retry-After") == ("1" if method == "GET" or key else None)


def test_readiness_fails_without_a_database_and_health_does_not(dead: APIFlask) -> None:
    client = dead.test_client()
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)


def test_answer_names_no_address_of_the_database(dead: APIFlask, contract: Contract) -> None:
    response = Client(dead, contract, "pvd_any").post("/cases")
    assert "nowhere" not in response.text


@pytest.fixture
def line(database_url: str) -> Iterator[Line]:
    with cutting.line(database_url) as made:
        yield made


@pytest.fixture
def far(
    line: Line, database: Database, contract: Contract, token: Callable[..., str], tmp_path: Path
) -> Iterator[Client]:
    """A portal whose installation reaches its database by the line. The definition `p` is deployed."""
    factories.deploy(database, factories.one_task())
    settings = Settings.read({"DATABASE_URL": NOWHERE, "DOCUMENTS": str(tmp_path / "documents")})
    reached = Database(line.url, limits=Limits(total=1, check=0.1, rest=0.1))
    yield Client(installed.application(settings, reached), contract, token("portal"))
    reached.dispose()


def cases_of(client: Client) -> int:
    return len(body(client.get("/cases"))["items"])


@pytest.mark.parametrize("fate", ["committed", "undone"])
@pytest.mark.parametrize("silence", [False, True])
def test_write_that_was_not_confirmed_is_done_once_by_its_key(
    far: Client, line: Line, fate: cutting.Fate, silence: bool
) -> None:
    line.at, line.fate, line.silence = WRITE, fate, silence
    keyed = {"Idempotency-Key": "k"}
    first = far.post("/cases", START, headers=keyed)
    if first.status_code != 201:  # else the stored answer was found at once
        refused(first, 503, "outcome-unknown")
        assert first.headers["Retry-After"] == "1"
    line.release()
    until(lambda: far.get("/cases").status_code == 200)
    again = far.post("/cases", START, headers=keyed)
    assert (again.status_code, cases_of(far)) == (201, 1)


@pytest.mark.parametrize(("fate", "made"), [("committed", 1), ("undone", 0)])
def test_write_without_a_key_that_was_not_confirmed_invites_to_no_repetition(
    far: Client, line: Line, fate: cutting.Fate, made: int
) -> None:
    line.at, line.fate = WRITE, fate
    response = far.post("/cases", START)
    refused(response, 503, "outcome-unknown")
    assert "Retry-After" not in response.headers
    until(lambda: cases_of(far) == made)


def test_hanging_database_is_named_by_readiness_and_metrics(
    far: Client, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    visitor = far._app.test_client()
    assert visitor.get("/readyz").status_code == 200
    assert "parvandeh_database_up 1.0" in visitor.get("/metrics").text
    line.hold()
    ready = visitor.get("/readyz")
    assert (ready.status_code, body(ready)["detail"]) == (
        503,
        "The database does not answer. Nothing was changed.",
    )
    assert "parvandeh_database_up 0.0" in visitor.get("/metrics").text
    assert visitor.get("/healthz").status_code == 200
    line.release()
    until(lambda: visitor.get("/readyz").status_code == 200)
