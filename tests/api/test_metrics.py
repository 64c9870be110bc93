"""The gauges of `/metrics`: what is open, late or failed in the installation."""

from datetime import timedelta
from pathlib import Path

import pytest
from apiflask import APIFlask
from sqlalchemy import event, text, update

from api.command import OPERATIONS
from engine.models import Call, Delivery, Task
from engine.platform.db import Database
from engine.platform.ids import uuid7
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import body

CALLING = bpmn.node("serviceTask", "ask", parvandeh__connector="it", parvandeh__result="reply")


@pytest.fixture
def gauges(app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Filled by `scrape`."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return {}


def scrape(app: APIFlask) -> dict[str, float]:
    """The value of each gauge of the installation."""
    lines = app.test_client().get("/metrics").text.splitlines()
    pairs = (line.rpartition(" ") for line in lines if line.startswith("parvandeh_"))
    return {name.removeprefix("parvandeh_"): float(value) for name, _, value in pairs}


@pytest.mark.usefixtures("gauges")
def test_metrics_tell_the_queues(app: APIFlask, client: Clients, database: Database) -> None:
    app.extensions[OPERATIONS] = {"it": frozenset({"ask"})}
    factories.deploy(database, factories.files(bpmn.line(CALLING)))
    for _ in range(2):
        client("portal").start()
    found = scrape(app)
    assert found['jobs{queue="calls",status="waiting"}'] == 2
    assert found['jobs_age_seconds{queue="cases"}'] == 0
    assert found['open_calls{connector="it",status="waiting"}'] == 2
    assert found['calls_last_hour{connector="it",result="answered"}'] == 0
    assert found["workers"] == 0
    factories.answer_calls(database, ask={"a": 1})
    assert scrape(app)['calls_last_hour{connector="it",result="answered"}'] == 2
    with database.transaction() as session:
        session.execute(update(Call).values(status="open", failure="timeout", closed_at=None))
    assert scrape(app)['open_calls{connector="it",status="retrying"}'] == 2


@pytest.mark.usefixtures("gauges")
def test_metrics_tell_what_is_open(app: APIFlask, client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    started = [client("portal").start() for _ in range(4)]
    body(client("administrator").post(f"/cases/{started[0]['id']}/suspend", {}))
    body(client("caseworker").post(f"/tasks/{started[1]['tasks'][0]['id']}/complete", {"data": {}}))
    old = started[2]["tasks"][0]["id"]
    with database.transaction() as session:
        earlier = Task.opened_at - timedelta(days=10)
        session.execute(update(Task).where(Task.id == old).values(opened_at=earlier, due_at=earlier))
    found = scrape(app)
    assert found['open_cases{status="active"}'] == 2
    assert found['open_cases{status="suspended"}'] == 1
    ages = {age: found[f'open_tasks{{age="{age}"}}'] for age in ("1d", "7d", "30d", "90d", "older")}
    assert ages == {"1d": 2, "7d": 0, "30d": 1, "90d": 0, "older": 0}
    assert found["overdue_tasks"] == 1
    assert found["open_incidents"] == 0


@pytest.mark.usefixtures("gauges", "ids")
def test_metrics_tell_what_has_failed(app: APIFlask, client: Clients, database: Database) -> None:
    assert scrape(app)["open_incidents"] == 2
    (webhook,) = body(client("administrator").get("/webhooks"))["items"]
    with database.transaction() as session:
        now = session.execute(text("SELECT now()")).scalar_one()
        for number, status in enumerate(("dead", "dead", "waiting", "delivered")):
            shared = {"id": uuid7(), "webhook_id": webhook["id"], "case_id": uuid7(), "due_at": now}
            session.add(Delivery(**shared, seq=number, status=status, attempts=0))
    found = scrape(app)
    assert found['deliveries{status="dead"}'] == 2
    assert found['deliveries{status="waiting"}'] == 1
    with database.transaction() as session:
        session.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))
        session.execute(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')")
        )
    assert scrape(app)["workers"] == 1


@pytest.mark.usefixtures("gauges", "ids")
def test_scrape_costs_six_statements(app: APIFlask, database: Database) -> None:
    sent: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda _, __, statement, *___: sent.append(statement)
    )
    scrape(app)
    assert len(sent) == 6
