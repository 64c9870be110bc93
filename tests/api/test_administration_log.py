"""The administration log over HTTP: what is recorded of processes, webhooks, accounts; who reads it."""

from datetime import datetime
from typing import Any

import pytest

from engine.identity import accounts
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.organisation import a_member, a_unit

LOG = "/organisation-log"


def log(client: Clients, query: str = "", name: str = "boss") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body(client("administrator", name).get(LOG + query))["items"]
    return found


def kinds(client: Clients, query: str = "") -> list[str]:
    return [row["kind"] for row in log(client, query)]


def test_life_of_a_process_is_recorded(client: Clients) -> None:
    designer, boss = client("designer", "author"), client("administrator", "boss")
    designer.deploy(factories.one_task())
    designer.deploy({"p.bpmn": factories.one_task()["p.bpmn"] + b"\n"})
    for act in ("disable", "disable", "enable", "offer", "withdraw"):
        assert designer.post(f"/definitions/p/{act}").status_code == 200, act
    for act in ("suspend", "suspend", "resume", "resume"):
        assert boss.post(f"/definitions/p/{act}").status_code == 200, act
    assert designer.post("/definitions/p/versions/2/retire").status_code == 200
    rows = log(client, "?kind=definition.published")
    assert [row["payload"] for row in rows] == [
        {"definition": "p", "version": 1},
        {"definition": "p", "version": 2, "former": 1},
    ]
    assert {(row["actor"]["name"], row["actor_role"], row["unit"], row["person"]) for row in rows} == {
        ("author", "designer", "root", None)
    }
    assert [kind for kind in kinds(client) if kind.startswith("definition.")] == [
        *["definition.deployed", "definition.published"] * 2,
        *("definition.disabled", "definition.enabled", "definition.offered", "definition.withdrawn"),
        *("definition.suspended", "definition.resumed", "definition.retired"),
    ]
    (retired,) = log(client, "?kind=definition.retired")
    assert retired["payload"] == {"definition": "p", "version": 2, "current": 1}


def test_deploying_the_same_again_records_nothing(client: Clients) -> None:
    for _ in range(2):
        client("designer", "author").deploy(factories.one_task())
    assert kinds(client, "?kind=definition.deployed") == ["definition.deployed"]


def test_life_of_a_webhook_is_recorded_without_its_address_and_secret(client: Clients) -> None:
    boss = client("administrator", "boss")
    made = body(boss.post("/webhooks", {"url": "http://127.0.0.1:9/hook?key=abc", "kinds": ["case.started"]}))
    place = f"/webhooks/{made['id']}"
    for act in ("disable", "disable", "enable", "enable"):
        assert boss.post(f"{place}/{act}").status_code == 200
    assert boss.send("DELETE", place).status_code == 200
    rows = [row for row in log(client) if row["kind"].startswith("webhook.")]
    assert [row["kind"] for row in rows] == [
        *("webhook.made", "webhook.disabled", "webhook.enabled", "webhook.removed")
    ]
    named = {"webhook": made["id"], "host": "127.0.0.1", "kinds": ["case.started"], "owner": made["owner"]}
    assert rows[0]["payload"] == named
    assert {row["unit"] for row in rows} == {None}
    refused(boss.post(f"{place}/disable"), 404, "not-found")


def test_tokens_and_accounts_of_the_command_line_are_recorded(client: Clients, database: Database) -> None:
    def make(session: Any, now: datetime) -> None:
        limits = accounts.Limits(["messages.send"])
        accounts.create_token(session, now, name="hub", role="service", limits=limits)
        (token,) = [row for row in accounts.list_tokens(session) if row.name == "hub"]
        for _ in range(2):
            accounts.revoke_token(session, now, token.id)

    database.run(make)
    rows = [row for row in log(client) if row["person"] and row["person"]["name"] == "hub"]
    assert [(row["kind"], row["actor"], row["actor_role"]) for row in rows] == [
        ("account.made", None, "system"),
        ("token.made", None, "system"),
        ("token.revoked", None, "system"),
    ]
    assert rows[1]["payload"] == {"token": rows[2]["payload"]["token"], "scopes": ["messages.send"]}


def test_list_is_narrowed_by_kind_unit_and_time(client: Clients, database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    boss = client("administrator", "boss")
    boss.post("/units", {"key": "tehran", "name": "Tehran", "kind": "unit", "parent": "guild"})
    boss.send("PATCH", "/units/guild", json={"name": "Guild"})
    boss.send("PATCH", "/units/guild", json={"name": "Guilds"})
    rows = log(client, "?unit=guild")
    assert [row["kind"] for row in rows] == ["unit.made", "unit.changed", "unit.changed"]
    assert kinds(client, "?unit=tehran") == ["unit.made"]
    assert kinds(client, "?kind=unit.changed") == ["unit.changed", "unit.changed"]
    last = rows[-1]["at"].replace("+", "%2B")
    assert kinds(client, f"?unit=guild&from_at={last}") == ["unit.changed"]
    assert kinds(client, f"?unit=guild&to_at={last}") == ["unit.made", "unit.changed"]
    assert kinds(client, f"?unit=guild&cursor={rows[0]['id']}") == ["unit.changed", "unit.changed"]
    assert kinds(client, "?unit=nowhere") == []


@pytest.mark.parametrize("query", ["kind=unit.gone", "from_at=yesterday", "to_at=2026-01-01", "unit=A+B"])
def test_filters_that_can_not_be_used_are_refused(client: Clients, query: str) -> None:
    refused(client("administrator", "boss").get(f"{LOG}?{query}"), 422, "invalid")


def test_entries_of_the_installation_are_for_those_who_work_above_all_units(
    client: Clients, database: Database
) -> None:
    a_unit(database, "guild", kind="agency")
    a_member(database, "near", "guild", "*", "administrator")
    client("administrator", "boss").post("/webhooks", {"url": "http://127.0.0.1:9/hook"})
    assert "webhook.made" in kinds(client)
    assert log(client, name="near") == []
