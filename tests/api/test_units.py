"""The tree of units over HTTP: who changes which part of it, and why a unit can't be closed."""

import pytest
from sqlalchemy import select

from engine.models import Unit, UnitLine
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.organisation import a_member, a_unit


@pytest.fixture(autouse=True)
def agencies(database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    a_unit(database, "guild-tehran", "guild")
    a_unit(database, "health", kind="agency")
    a_member(database, "boss", "guild", "*", "administrator")


def above(database: Database, key: str) -> set[str]:
    found = select(Unit.key).join(UnitLine, UnitLine.ancestor_id == Unit.id)
    with database.transaction() as session:
        unit = select(Unit.id).where(Unit.key == key).scalar_subquery()
        return set(session.scalars(found.where(UnitLine.unit_id == unit)))


@pytest.mark.parametrize("role", ["administrator", "designer", "caseworker", "portal"])
def test_names_of_units_are_public(client: Clients, role: str) -> None:
    items = body(client(role).get("/units"))["items"]
    assert [item["key"] for item in items] == ["root", "guild", "guild-tehran", "health"]
    assert [item["parent"] for item in items] == [None, "root", "guild", "root"]
    below = body(client(role).get("/units?parent=guild"))["items"]
    assert [item["key"] for item in below] == ["guild-tehran"]


def test_administrator_makes_units_below_its_own(client: Clients, database: Database) -> None:
    new = {
        "key": "guild-isfahan",
        "name": "اصفهان | Isfahan",
        "kind": "unit",
        "parent": "guild",
        "region": "isfahan",
    }
    response = client("administrator", "boss").post("/units", new)
    assert response.status_code == 201
    assert body(client("portal").get(response.headers["Location"])) == {**new, "closed_at": None}
    assert above(database, "guild-isfahan") == {"guild-isfahan", "guild", "root"}


@pytest.mark.parametrize("parent", ["root", "health", "nowhere"])
def test_not_elsewhere(client: Clients, parent: str) -> None:
    new = {"key": "x", "name": "X", "kind": "unit", "parent": parent}
    assert pointers(refused(client("administrator", "boss").post("/units", new), 422, "invalid")) == [
        "/parent"
    ]
    there = client("administrator", "boss").send("PATCH", "/units/guild-tehran", json={"parent": parent})
    assert pointers(refused(there, 422, "invalid")) == ["/parent"]


@pytest.mark.parametrize("key", ["health", "root", "nowhere"])
def test_anothers_unit_is_not_there_to_be_changed(client: Clients, key: str) -> None:
    response = client("administrator", "boss").send("PATCH", f"/units/{key}", json={"name": "X"})
    refused(response, 404, "not-found")


@pytest.mark.parametrize("key", ["root", "guild"])
def test_key_that_is_taken_is_a_conflict(client: Clients, key: str) -> None:
    refused(
        client("administrator").post("/units", {"key": key, "name": "X", "kind": "agency"}), 409, "conflict"
    )


@pytest.mark.parametrize("key", ["", "Guild", "a b", "a" * 64, "صنف", "a\0"])
def test_key_that_cannot_be_one_is_refused(client: Clients, key: str) -> None:
    response = client("administrator").post("/units", {"key": key, "name": "X", "kind": "agency"})
    assert pointers(refused(response, 422, "invalid")) == ["/key"]


def test_moved_unit_takes_all_along_that_stands_below(client: Clients, database: Database) -> None:
    a_unit(database, "district", "guild-tehran")
    moved = client("administrator").send("PATCH", "/units/guild-tehran", json={"parent": "health"})
    assert body(moved)["parent"] == "health"
    assert above(database, "district") == {"district", "guild-tehran", "health", "root"}
    assert above(database, "guild") == {"guild", "root"}


@pytest.mark.parametrize("parent", ["guild", "guild-tehran"])
def test_unit_cannot_stand_below_itself(client: Clients, parent: str) -> None:
    response = client("administrator").send("PATCH", "/units/guild", json={"parent": parent})
    assert pointers(refused(response, 422, "invalid")) == ["/parent"]


def test_unit_is_closed_when_nothing_is_left(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    member = a_member(database, "reza", "guild-tehran")
    administrator = client("administrator")
    problem = refused(administrator.send("PATCH", "/units/guild", json={"closed": True}), 409, "conflict")
    assert problem["state"]["unit"] == {"key": "guild", "units": 1, "memberships": 1}
    (membership,) = body(administrator.get(f"/people/{member.id}"))["memberships"]
    administrator.send("DELETE", f"/people/{member.id}/memberships/{membership['id']}")
    closed = administrator.send("PATCH", "/units/guild-tehran", json={"closed": True})
    assert body(closed)["closed_at"]
    again = administrator.post(f"/people/{member.id}/memberships", {"unit": "guild-tehran"})
    assert pointers(refused(again, 422, "invalid")) == ["/unit"]
    assert (
        body(administrator.send("PATCH", "/units/guild-tehran", json={"closed": False}))["closed_at"] is None
    )


def test_changes_stand_in_the_log_of_the_organisation(client: Clients) -> None:
    boss = client("administrator", "boss")
    boss.send("PATCH", "/units/guild-tehran", json={"name": "New", "region": "tehran"})
    boss.send("PATCH", "/units/guild-tehran", json={"name": "New"})
    (record,) = body(boss.get("/organisation-log"))["items"]
    assert (record["kind"], record["unit"], record["actor"]["name"]) == (
        "unit.changed",
        "guild-tehran",
        "boss",
    )
    assert record["payload"] == {"name": "New", "region": "tehran"}
