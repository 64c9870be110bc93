"""Subscriptions over HTTP. That they are served is tested in tests/integration/test_webhooks_*.py."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from engine.models import Delivery
from engine.platform.db import Database
from engine.platform.ids import uuid7
from tests import factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, pointers, refused

URL = "http://127.0.0.1:9/hook"


def deliveries(database: Database, webhook: str, case: str, count: int = 1, status: str = "dead") -> None:
    """Deliveries of this status, of the case's first events."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        session.execute(
            insert(Delivery),
            [
                {
                    "id": uuid7(),
                    "webhook_id": UUID(webhook),
                    "case_id": UUID(case),
                    "seq": seq,
                    "status": status,
                    "attempts": 7,
                    "due_at": now,
                    "failure": "status 500",
                    "closed_at": now,
                }
                for seq in range(1, count + 1)
            ],
        )


def test_secret_is_shown_once(client: Clients) -> None:
    administrator = client("administrator")
    response = administrator.post("/webhooks", {"url": URL, "kinds": ["task.created", "case.started"]})
    assert response.status_code == 201
    made = body(response)
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert response.headers["Location"] == f"/api/v1/webhooks/{made['id']}"
    shown = administrator.get(f"/webhooks/{made['id']}")
    listed = administrator.get("/webhooks")
    assert body(shown) == made
    assert body(listed)["items"] == [made]
    assert secret not in shown.text + listed.text
    assert (made["kinds"], made["definition"], made["disabled_at"]) == (
        ["case.started", "task.created"],
        None,
        None,
    )


def test_each_subscription_has_a_secret_of_its_own(client: Clients) -> None:
    secrets = {body(client("administrator").post("/webhooks", {"url": URL}))["secret"] for _ in range(3)}
    assert len(secrets) == 3


def test_same_key_subscribes_once(client: Clients) -> None:
    headers = {"Idempotency-Key": "k"}
    first, second = (
        body(client("administrator").post("/webhooks", {"url": URL}, headers=headers)) for _ in range(2)
    )
    assert first == second
    assert len(body(client("administrator").get("/webhooks"))["items"]) == 1


def test_subscription_is_disabled_and_enabled(client: Clients) -> None:
    administrator = client("administrator")
    webhook = f"/webhooks/{body(administrator.post('/webhooks', {'url': URL}))['id']}"
    since = body(administrator.post(f"{webhook}/disable"))["disabled_at"]
    assert since is not None
    assert body(administrator.post(f"{webhook}/disable"))["disabled_at"] == since
    assert body(administrator.post(f"{webhook}/enable"))["disabled_at"] is None


def test_subscription_ends(client: Clients) -> None:
    administrator = client("administrator")
    webhook = body(administrator.post("/webhooks", {"url": URL}))
    ended = administrator.send("DELETE", f"/webhooks/{webhook['id']}")
    assert body(ended) == {name: value for name, value in webhook.items() if name != "secret"}
    refused(administrator.get(f"/webhooks/{webhook['id']}"), 404, "not-found")
    refused(administrator.send("DELETE", f"/webhooks/{webhook['id']}"), 404, "not-found")


def test_dead_deliveries_are_listed_and_replayed(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    administrator = client("administrator")
    webhook = body(administrator.post("/webhooks", {"url": URL}))["id"]
    deliveries(database, webhook, case["id"])
    (dead,) = body(administrator.get(f"/webhooks/{webhook}/deliveries"))["items"]
    assert (dead["case"], dead["case_number"], dead["seq"]) == (case["id"], case["case_number"], 1)
    assert (dead["kind"], dead["failure"], dead["attempts"]) == ("case.started", "status 500", 7)
    assert body(administrator.post(f"/webhooks/{webhook}/replay")) == {"deliveries": 1}
    assert body(administrator.get(f"/webhooks/{webhook}/deliveries?status=dead"))["items"] == []
    (waiting,) = body(administrator.get(f"/webhooks/{webhook}/deliveries?status=waiting"))["items"]
    assert (waiting["id"], waiting["attempts"], waiting["failure"]) == (dead["id"], 0, None)


def test_replay_since_an_instant_counts_what_will_be_sent(client: Clients, database: Database) -> None:
    webhook = body(client("administrator").post("/webhooks", {"url": URL}))["id"]
    answer = client("administrator").post(f"/webhooks/{webhook}/replay", {"since": "2026-01-01T00:00:00Z"})
    assert body(answer) == {"deliveries": 0}


def test_lists_come_in_pages(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.forked(60))  # a case with many events
    case = client("portal").start()
    administrator = client("administrator")
    made = [body(administrator.post("/webhooks", {"url": URL}))["id"] for _ in range(51)]
    first = body(administrator.get("/webhooks"))
    second = body(administrator.get(f"/webhooks?cursor={first['next']}"))
    assert [item["id"] for page in (first, second) for item in page["items"]] == made
    assert second["next"] is None
    deliveries(database, made[0], case["id"], 60)
    path = f"/webhooks/{made[0]}/deliveries"
    first = body(administrator.get(path))
    second = body(administrator.get(f"{path}?cursor={first['next']}"))
    assert len({item["id"] for page in (first, second) for item in page["items"]}) == 60


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://10.0.0.1/", "address"),
        ("https://169.254.169.254/latest/meta-data/", "address"),
        ("https://[::1]/", "address"),
        ("http://8.8.8.8/", "address"),
        ("https://2130706433/", "url"),
        ("https://0177.0.0.1/", "url"),
        ("ftp://127.0.0.1/", "url"),
        ("https://u:p@127.0.0.1/", "url"),
        ("https://nowhere.invalid/", "name"),
        ("https://127.0.0.1/ x", "string_pattern_mismatch"),
        ("", "string_too_short"),
        ("https://127.0.0.1/" + "x" * 2000, "string_too_long"),
    ],
)
def test_address_that_cannot_be_posted_to_is_refused(steady: Steady, url: str, code: str) -> None:
    problem = refused(steady.client("administrator").post("/webhooks", {"url": url}), 422, "invalid")
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [("/url", code)]


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"url": URL, "kinds": ["none"]}, "/kinds/0"),
        ({"url": URL, "kinds": "case.started"}, "/kinds"),
        ({"url": URL, "definition": "none"}, "/definition"),
        ({"url": URL, "secret": "x"}, "/secret"),
        ({}, "/url"),
    ],
)
def test_subscription_with_a_fault_is_refused_with_its_place(
    steady: Steady, sent: dict[str, Any], pointer: str
) -> None:
    problem = refused(steady.client("administrator").post("/webhooks", sent), 422, "invalid")
    assert pointers(problem) == [pointer]


@pytest.mark.parametrize("since", ["yesterday", "2026-01-01T00:00:00", 1.5e300])
def test_replay_from_what_is_no_instant_is_refused(steady: Steady, since: Any) -> None:
    webhook = f"/webhooks/{uuid4()}/replay"
    problem = refused(steady.client("administrator").post(webhook, {"since": since}), 422, "invalid")
    assert pointers(problem) == ["/since"]


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/enable"),
        ("POST", "/disable"),
        ("GET", "/deliveries"),
        ("POST", "/replay"),
    ],
)
def test_unknown_subscription_does_not_exist(steady: Steady, method: str, rest: str) -> None:
    refused(steady.client("administrator").send(method, f"/webhooks/{uuid4()}{rest}"), 404, "not-found")


@pytest.mark.parametrize("query", ["status=gone", "cursor=x", "odd=1"])
def test_query_that_is_not_understood_is_refused_with_its_name(steady: Steady, query: str) -> None:
    response = steady.client("administrator").get(f"/webhooks/{uuid4()}/deliveries?{query}")
    assert pointers(refused(response, 422, "invalid")) == [f"/query/{query.partition('=')[0]}"]
