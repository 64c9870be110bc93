"""The feed over HTTP: a reader that follows `next` misses nothing."""

import base64
from typing import Any

import pytest
from sqlalchemy import text

from engine.events import feed
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, pointers, refused
from tests.outbound import settled


def test_feed_is_followed_from_next_to_next(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    administrator = client("administrator")
    empty = body(administrator.get("/events"))
    assert (empty["items"], empty["more"]) == ([], False)
    case = client("portal").start()
    settled(database)
    first = body(administrator.get(f"/events?after={empty['next']}"))
    assert [item["seq"] for item in first["items"]] == list(range(1, len(first["items"]) + 1))
    assert first["items"][0]["kind"] == "case.started"
    assert first["items"][0]["id"] == f"{case['id']}/1"
    again = body(administrator.get(f"/events?after={first['next']}"))
    assert again == {"items": [], "next": first["next"], "more": False}


def test_feed_leads_to_the_payload(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    client("portal").start(data={"name": "نام"})
    settled(database)
    response = client("administrator").get("/events?kind=case.started")
    assert "نام" not in response.text
    (item,) = body(response)["items"]
    log = body(client("administrator").get(f"/cases/{item['case']}/events?cursor={item['seq'] - 1}"))
    assert (log["items"][0]["hash"], log["items"][0]["payload"]["data"]) == (item["hash"], {"name": "نام"})


def test_feed_tells_whether_there_is_more(
    client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.deploy(database, factories.one_task())
    client("portal").start()
    settled(database)
    monkeypatch.setattr(feed, "PAGE", 2)
    first = body(client("administrator").get("/events?definition=p&kind=task.created"))
    assert (first["items"], first["more"]) == ([], True)
    second = body(
        client("administrator").get(f"/events?definition=p&kind=task.created&after={first['next']}")
    )
    assert ([item["kind"] for item in second["items"]], second["more"]) == (["task.created"], False)


def test_cursor_of_a_log_that_was_there_before_a_restore_is_refused(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.one_task())
    client("portal").start()
    settled(database)
    after = body(client("administrator").get("/events"))["next"]
    with database.transaction() as session:
        session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        session.execute(text("DELETE FROM events"))
    problem = refused(client("administrator").get(f"/events?after={after}"), 409, "conflict")
    assert "restored" in problem["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=" + "A" * 47,
        "after=" + "A" * 47 + "!",
        "after=" + base64.urlsafe_b64encode(b"\xff" * 36).decode(),
        "kind=none",
        "definition=%20",
        "cursor=" + "A" * 48,
    ],
)
def test_query_that_is_not_understood_is_refused_with_its_name(steady: Steady, query: str) -> None:
    response = steady.client("administrator").get(f"/events?{query}")
    assert pointers(refused(response, 422, "invalid")) == [f"/query/{query.partition('=')[0]}"]


@pytest.mark.parametrize("cursor", ["A" * 48, "_" * 10 + "A" * 38])
def test_forged_cursor_does_no_harm(steady: Steady, cursor: str) -> None:
    status = steady.client("administrator").get(f"/events?after={cursor}").status_code
    assert status in (200, 422)


def test_role_that_may_not_follow_is_refused(steady: Steady) -> None:
    response: Any = steady.client("caseworker").get("/events")
    refused(response, 403, "forbidden")
