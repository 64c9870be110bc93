"""What an account names in what it sends reaches no further than what it may see."""

from typing import Any

import pytest

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.organisation import LONG_AGO, a_member, a_unit


@pytest.fixture(autouse=True)
def agencies(database: Database) -> None:
    """Two agencies, each with an administrator; a clerk has left `north` for `south`."""
    for key in ("north", "south"):
        a_unit(database, key, kind="agency")
        a_member(database, f"boss of {key}", key, "*", "administrator")
        a_member(database, f"clerk of {key}", key)
    past = LONG_AGO.replace(year=2001)
    a_member(database, "gone", "north", valid_to=past)
    a_member(database, "gone", "south")
    a_member(database, "colleague", "south")


def person(boss: Client, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in body(boss.get("/people"))["items"] if one["name"] == name)
    return found


@pytest.mark.parametrize("role", ["caseworker", "*", "supervisor"])
def test_administrator_gives_no_membership_elsewhere(client: Clients, role: str) -> None:
    boss = client("administrator", "boss of north")
    for name in ("boss of north", "clerk of north"):
        for unit in ("south", "root"):
            path = f"/people/{person(boss, name)['id']}/memberships"
            refused(boss.post(path, {"unit": unit, "role": role}), 422, "invalid")
    new = {"name": "new", "role": "caseworker", "memberships": [{"unit": "north"}, {"unit": "south"}]}
    refused(boss.post("/people", new), 422, "invalid")
    assert "new" not in [one["name"] for one in body(boss.get("/people"))["items"]]


def test_administrator_makes_no_service_that_reaches_further(client: Clients) -> None:
    new = {"name": "new", "role": "service", "memberships": [{"unit": "north"}]}
    refused(client("administrator", "boss of north").post("/people", new), 403, "forbidden")


def test_administrator_of_a_former_agency_has_no_say_over_who_has_left(client: Clients) -> None:
    before, now = client("administrator", "boss of north"), client("administrator", "boss of south")
    relation = body(
        client("caseworker", "gone").post("/relations", {"person": "0012345679", "kind": "family"})
    )
    leave = {"absent": "gone", "substitute": "colleague"}
    leave |= {"valid_from": "2026-01-01T00:00Z", "valid_to": "2100-01-01T00:00Z"}
    agreed = body(now.post("/substitutions", leave))
    assert body(before.get("/relations"))["items"] == []
    assert body(before.get("/substitutions"))["items"] == []
    refused(before.send("DELETE", f"/relations/{relation['id']}"), 404, "not-found")
    refused(before.send("DELETE", f"/substitutions/{agreed['id']}"), 404, "not-found")
    assert [one["id"] for one in body(now.get("/relations"))["items"]] == [relation["id"]]
    assert now.send("DELETE", f"/substitutions/{agreed['id']}").status_code == 200


def test_bulk_tells_of_anothers_task_like_of_none(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    theirs = client("portal").start()["tasks"][0]["id"]
    clerk, none = client("caseworker", "clerk of north"), "00000000-0000-7000-8000-000000000001"
    for action in ("claim", "release", "assign", "complete"):
        items = [{"id": task, **({"to": "gone"} if action == "assign" else {})} for task in (theirs, none)]
        answer = body(clerk.post("/tasks/bulk", {"action": action, "items": items}))
        told = [
            (one["problem"]["status"], one["problem"]["detail"].replace(one["id"], ""))
            for one in answer["items"]
        ]
        assert told[0] == told[1]
        assert told[0][0] == 404
    assert theirs not in clerk.post("/tasks/search", {"text": "a"}).text


@pytest.mark.parametrize("path", ["/cases/{}", "/cases/{}/file"])
def test_case_shows_nothing_that_its_forms_keep_from_the_reader(
    client: Clients, database: Database, path: str
) -> None:
    schema = factories.form(
        open={"type": "string"},
        finding={"type": "string", "x-visible-to": ["inspector"]},
        inner={"type": "object", "properties": {"note": {"type": "string", "x-visible-to": ["inspector"]}}},
    )
    factories.deploy(database, factories.with_form(schema))
    case = client("portal").start()
    data = {"open": "1", "finding": "2", "inner": {"note": "3", "more": "4"}}
    a_member(database, "inspector", "root", "inspector")
    a_member(database, "clerk", "root")
    assert client("caseworker", "inspector").complete(case["tasks"][0]["id"], data).status_code == 200
    less = {"open": "1", "inner": {"more": "4"}}
    readers = [("caseworker", "inspector", data), ("caseworker", None, data), ("caseworker", "clerk", less)]
    readers += [("portal", None, less)] if path == "/cases/{}" else []
    for role, name, seen in readers:
        shown = body(client(role, name).get(path.format(case["id"])))
        assert shown.get("case", shown)["data"] == seen, (role, name)
