"""People over HTTP: an administrator answers for those of its units, and for nobody else."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from engine.platform.db import Actor, Database
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused
from tests.organisation import a_member, a_unit

NOW = datetime.now(UTC)
SOON, LATER, LATEST = ((NOW + timedelta(days=days)).isoformat() for days in (1, 9, 11))


@pytest.fixture(autouse=True)
def agencies(database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    a_unit(database, "guild-tehran", "guild")
    a_unit(database, "health", kind="agency")
    a_member(database, "boss", "guild", "*", "administrator")


@pytest.fixture
def boss(client: Clients) -> Client:
    return client("administrator", "boss")


@pytest.fixture
def reza(database: Database) -> Actor:
    return a_member(database, "reza", "guild-tehran", "inspector", person="0012345679")


@pytest.fixture
def other(database: Database) -> Actor:
    return a_member(database, "other", "health", "inspector")


def new(**fields: Any) -> dict[str, Any]:
    return {"name": "mina", "role": "caseworker", "memberships": [{"unit": "guild-tehran"}], **fields}


def test_lists_have_the_people_of_ones_units_without_national_ids(
    boss: Client, reza: Actor, other: Actor
) -> None:
    items = body(boss.get("/people"))["items"]
    assert [item["name"] for item in items] == ["boss", "reza"]
    assert "person" not in items[1]
    assert [(row["unit"], row["role"]) for row in items[1]["memberships"]] == [("guild-tehran", "inspector")]
    assert body(boss.get(f"/people/{reza.id}"))["person"] == "0012345679"


def test_person_of_another_agency_looks_like_none(boss: Client, other: Actor, client: Clients) -> None:
    (membership,) = body(client("administrator").get(f"/people/{other.id}"))["memberships"]
    for who in (other.id, uuid4()):
        refused(boss.get(f"/people/{who}"), 404, "not-found")
        refused(boss.post(f"/people/{who}/memberships", {"unit": "guild"}), 404, "not-found")
        place = f"/people/{who}/memberships/{membership['id']}"
        refused(boss.send("PATCH", place, json={"valid_to": LATER}), 404, "not-found")
        refused(boss.send("DELETE", place), 404, "not-found")


def test_memberships_elsewhere_are_not_shown_and_not_ended(
    boss: Client, reza: Actor, database: Database, client: Clients
) -> None:
    a_member(database, "reza", "health", "inspector")
    rows = body(client("administrator").get(f"/people/{reza.id}"))["memberships"]
    (elsewhere,) = [row["id"] for row in rows if row["unit"] == "health"]
    assert [row["unit"] for row in body(boss.get(f"/people/{reza.id}"))["memberships"]] == ["guild-tehran"]
    refused(boss.send("DELETE", f"/people/{reza.id}/memberships/{elsewhere}"), 404, "not-found")


def test_person_is_made_with_memberships(boss: Client) -> None:
    response = boss.post("/people", new(person="۰۰۱۲۳۴۵۶۷۹"))
    assert response.status_code == 201
    made = body(boss.get(response.headers["Location"]))
    assert (made["name"], made["person"], made["active"]) == ("mina", "0012345679", True)
    refused(boss.post("/people", new()), 409, "conflict")
    kinds = [(row["kind"], row["person"]["name"]) for row in body(boss.get("/organisation-log"))["items"]]
    assert kinds == [("membership.given", "mina"), ("person.made", "mina")]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": " mina"}, "/name"),
        ({"name": "system"}, "/name"),
        ({"person": "1"}, "/person"),
        ({"role": "portal"}, "/role"),
        ({"memberships": []}, "/memberships"),
        ({"memberships": [{"unit": "health"}]}, "/memberships/0/unit"),
        ({"memberships": [{"unit": "root"}]}, "/memberships/0/unit"),
        ({"memberships": [{"unit": "guild", "role": "applicant"}]}, "/memberships/0/role"),
        (
            {"memberships": [{"unit": "guild", "valid_from": LATER, "valid_to": SOON}]},
            "/memberships/0/valid_to",
        ),
    ],
)
def test_person_that_cannot_be_made_is_refused_whole(
    boss: Client, fields: dict[str, Any], place: str
) -> None:
    assert pointers(refused(boss.post("/people", new(**fields)), 422, "invalid")) == [place]
    assert [item["name"] for item in body(boss.get("/people"))["items"]] == ["boss"]


def test_service_accounts_are_made_by_who_administers_all(boss: Client, client: Clients) -> None:
    refused(boss.post("/people", new(role="service")), 403, "forbidden")
    assert client("administrator").post("/people", new(role="service")).status_code == 201


def test_membership_is_given_changed_and_ended(boss: Client, reza: Actor, client: Clients) -> None:
    place = f"/people/{reza.id}/memberships"
    given = body(boss.post(place, {"unit": "guild", "role": "supervisor"}))["memberships"]
    (made,) = [row["id"] for row in given if row["role"] == "supervisor"]
    refused(boss.post(place, {"unit": "guild", "role": "supervisor"}), 409, "conflict")
    changed = body(boss.send("PATCH", f"{place}/{made}", json={"valid_to": LATER}))["memberships"]
    assert [row["valid_to"] is not None for row in changed if row["id"] == made] == [True]
    for _ in range(2):
        ended = body(boss.send("DELETE", f"{place}/{made}"))["memberships"]
    (end,) = [row["valid_to"] for row in ended if row["id"] == made]
    assert datetime.fromisoformat(end) <= datetime.now(UTC)
    kinds = [row["kind"] for row in body(boss.get("/organisation-log"))["items"]]
    assert kinds == ["membership.given", "membership.changed", "membership.ended"]


def test_ended_membership_counts_for_nothing_from_the_next_request_on(
    boss: Client, reza: Actor, client: Clients, database: Database
) -> None:
    chief = a_member(database, "chief", "guild-tehran", "*", "administrator")
    (membership,) = body(boss.get(f"/people/{chief.id}"))["memberships"]
    assert client("administrator", "chief").get(f"/people/{reza.id}").status_code == 200
    boss.send("DELETE", f"/people/{chief.id}/memberships/{membership['id']}")
    refused(client("administrator", "chief").get(f"/people/{reza.id}"), 404, "not-found")


def test_nobody_ends_the_own_last_membership(boss: Client) -> None:
    (me,) = body(boss.get("/people"))["items"]
    place = f"/people/{me['id']}/memberships/{me['memberships'][0]['id']}"
    refused(boss.send("DELETE", place), 403, "forbidden")
    refused(boss.send("PATCH", place, json={"valid_to": SOON}), 403, "forbidden")


@pytest.fixture
def mina(database: Database) -> Actor:
    return a_member(database, "mina", "guild", "caseworker")


def leave(**fields: Any) -> dict[str, Any]:
    return {"substitute": "mina", "valid_from": SOON, "valid_to": LATER, **fields}


def test_caseworker_says_who_stands_in(client: Clients, boss: Client, reza: Actor, mina: Actor) -> None:
    made = body(client("caseworker", "reza").post("/substitutions", leave()))
    assert (made["absent"], made["substitute"]) == ("reza", "mina")
    for who in (client("caseworker", "reza"), client("caseworker", "mina"), boss, client("administrator")):
        assert [row["id"] for row in body(who.get("/substitutions"))["items"]] == [made["id"]]
    for _ in range(2):
        assert client("caseworker", "reza").send("DELETE", f"/substitutions/{made['id']}").status_code == 200
    assert body(boss.get("/substitutions"))["items"] == []
    assert client("caseworker", "reza").post("/substitutions", leave()).status_code == 201


def test_substitutions_of_one_person_do_not_overlap(
    client: Clients, boss: Client, reza: Actor, mina: Actor
) -> None:
    assert client("caseworker", "reza").post("/substitutions", leave()).status_code == 201
    refused(boss.post("/substitutions", leave(absent="reza")), 409, "conflict")


def test_one_substitution_may_end_when_the_next_begins(
    client: Clients, boss: Client, reza: Actor, mina: Actor
) -> None:
    assert client("caseworker", "reza").post("/substitutions", leave()).status_code == 201
    for begin, end in ((NOW.isoformat(), SOON), (LATER, LATEST)):
        response = boss.post("/substitutions", leave(absent="reza", valid_from=begin, valid_to=end))
        assert response.status_code == 201, response.text


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"substitute": "reza"}, "/substitute"),
        ({"substitute": "nobody"}, "/substitute"),
        ({"substitute": "other"}, "/substitute"),
        ({"substitute": "boss"}, "/substitute"),
        ({"valid_to": SOON}, "/valid_to"),
        ({"valid_from": "2020-01-01T00:00:00Z", "valid_to": "2020-01-02T00:00:00Z"}, "/valid_to"),
    ],
)
def test_who_cannot_stand_in_is_refused(
    client: Clients, reza: Actor, mina: Actor, other: Actor, fields: dict[str, Any], place: str
) -> None:
    response = client("caseworker", "reza").post("/substitutions", leave(**fields))
    assert pointers(refused(response, 422, "invalid")) == [place]


def test_for_others_an_administrator_of_all_their_work_does(
    client: Clients, boss: Client, reza: Actor, mina: Actor, database: Database
) -> None:
    refused(client("caseworker", "mina").post("/substitutions", leave(absent="reza")), 403, "forbidden")
    a_member(database, "reza", "health", "inspector")
    refused(boss.post("/substitutions", leave(absent="reza")), 422, "invalid")
    assert client("administrator").post("/substitutions", leave(absent="reza")).status_code == 201


def test_anothers_substitution_is_not_there(client: Clients, reza: Actor, mina: Actor, other: Actor) -> None:
    made = body(client("caseworker", "reza").post("/substitutions", leave()))["id"]
    refused(client("caseworker", "other").send("DELETE", f"/substitutions/{made}"), 404, "not-found")


KNOWN = {
    "full_name_fa": "مینا\u200f راد",
    "full_name_en": "Mina Rad",
    "email": "Mina@Example.org",
    "phone": "۰۹۱۲۱۲۳۴۵۶۷",
    "language": "fa",
    "calendar": "jalali",
}
STORED = {**KNOWN, "full_name_fa": "مینا راد", "email": "Mina@example.org", "phone": "+989121234567"}


def test_people_have_names_and_contact_data_that_only_their_own_page_tells(boss: Client) -> None:
    made = body(boss.post("/people", new(**KNOWN)))
    assert {name: made[name] for name in STORED} == STORED
    assert made["display_name"] == {"fa": "مینا راد", "en": "Mina Rad"}
    listed = body(boss.get("/people"))["items"][-1]
    assert listed["display_name"] == made["display_name"]
    assert not {"email", "phone"} & listed.keys()
    changed = body(boss.send("PATCH", f"/people/{made['id']}", json={"full_name_fa": None, "email": None}))
    assert (changed["full_name_fa"], changed["email"], changed["phone"]) == (None, None, "+989121234567")
    assert changed["display_name"] == {"fa": "Mina Rad", "en": "Mina Rad"}


def test_the_log_names_the_fields_and_nothing_of_what_they_hold(boss: Client, reza: Actor) -> None:
    boss.send("PATCH", f"/people/{reza.id}", json={"email": "reza@example.org", "full_name_en": "Reza"})
    record = body(boss.get("/organisation-log"))["items"][-1]
    assert record["payload"] == {"fields": ["full_name_en", "email"]}
    assert record["person"]["display_name"] == {"fa": "Reza", "en": "Reza"}
    boss.send("PATCH", f"/people/{reza.id}", json={"email": "reza@example.org"})  # as it is
    assert body(boss.get("/organisation-log"))["items"][-1]["id"] == record["id"]


def test_fields_that_cannot_be_used_change_nothing_and_are_not_repeated(boss: Client, reza: Actor) -> None:
    wrong = {"full_name_fa": "۱۲۳", "full_name_en": "Reza", "email": "reza@@", "phone": "secret"}
    answer = refused(boss.send("PATCH", f"/people/{reza.id}", json=wrong), 422, "invalid")
    assert pointers(answer) == ["/email", "/full_name_fa", "/phone"]
    assert "secret" not in str(answer)
    assert body(boss.get(f"/people/{reza.id}"))["full_name_en"] is None
    refused(boss.send("PATCH", f"/people/{reza.id}", json={"language": "de"}), 422, "invalid")
    refused(boss.send("PATCH", f"/people/{reza.id}", json={"email": "x" * 100_000}), 422, "invalid")


def test_contact_data_are_for_administrators_of_the_unit_and_oneself(
    boss: Client, other: Actor, client: Clients, database: Database
) -> None:
    refused(boss.send("PATCH", f"/people/{other.id}", json={"email": "x@example.org"}), 404, "not-found")
    both = a_member(database, "both", "guild")
    a_member(database, "both", "health")
    refused(boss.send("PATCH", f"/people/{both.id}", json={"email": "x@example.org"}), 403, "forbidden")
    mine = client("caseworker", "both")
    refused(mine.get(f"/people/{both.id}"), 403, "forbidden")
    assert body(mine.send("PATCH", "/account", json={"email": "me@example.org"}))["email"] == "me@example.org"
    assert body(boss.get(f"/people/{both.id}"))["email"] == "me@example.org"
    refused(mine.send("PATCH", "/account", json={"full_name_en": "The Boss"}), 422, "invalid")
    refused(mine.send("PATCH", "/account", json={"phone": "none"}), 422, "invalid")
    assert body(mine.get("/account"))["display_name"] == {"fa": "both", "en": "both"}
