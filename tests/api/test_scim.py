"""SCIM 2 over HTTP: a directory of staff maintains people and units, and can't do more than that."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server
from sqlalchemy import select, text, update

from api.scim import resources
from engine.identity import accounts, login, passwords, sessions
from engine.identity.accounts import Limits, Position
from engine.models import BrowserSession, Membership, OrganisationRecord, Token, Unit, User
from engine.platform.db import Database
from tests import waiting
from tests.organisation import a_member, a_person, a_unit

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PERSON = "urn:parvandeh:params:scim:schemas:2.0:Person"
UNIT = "urn:parvandeh:params:scim:schemas:2.0:Unit"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
Call = Callable[..., Any]

# What the foreign tests take for errors, and what is meant. Of values that a resource already has, these
# expect that adding one replaces them; of written attributes that are never returned, that they come back.
MEANT = {
    ("check_add_attribute", f"{PERSON}:memberships"),
    ("check_add_attribute", "members"),  # with the display name, which they didn't write
    ("check_replace_attribute", "members"),
    ("check_add_attribute", "emails"),
    ("check_replace_attribute", "emails"),
    ("check_add_attribute", "phoneNumbers"),
    ("check_replace_attribute", "phoneNumbers"),
    ("check_remove_attribute", "active"),  # means active
    ("check_remove_attribute", PERSON),  # contains the national ID,
    ("check_remove_attribute", f"{PERSON}:nationalId"),  # which can't be removed
    ("check_remove_attribute", f"{UNIT}:parent"),
    # Written again with another key and kind.
    *((f"check_{verb}_attribute", UNIT) for verb in ("add", "remove", "replace")),
    ("check_add_attribute", f"{UNIT}:key"),
    ("check_add_attribute", f"{UNIT}:kind"),
    ("object_replacement", None),
}


def a_token(database: Database, *scopes: str, unit: str = "root", role: Any = "service") -> str:
    with database.transaction() as session:
        home = session.scalars(select(Unit.id).where(Unit.key == unit)).one()
        return accounts.create_token(
            session,
            datetime.now(UTC),
            name=f"directory-{unit}-{role}",
            role=role,
            position=Position(home, "*"),
            limits=Limits(scopes=scopes or None),
        )


@pytest.fixture
def caller(app: APIFlask, database: Database) -> Callable[[str], Call]:
    browser = app.test_client()

    def of(token: str) -> Call:
        def call(method: str, path: str, body: Any = None, status: int = 200) -> Any:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
            response = browser.open(f"/scim/v2{path}", method=method, json=body, headers=headers)
            assert response.status_code == status, response.text
            if status != 204:
                assert response.mimetype == "application/scim+json"
            return response.get_json(force=True) if response.text else None

        return call

    return of


@pytest.fixture
def directory(database: Database, caller: Callable[[str], Call]) -> Call:
    a_unit(database, "guild", kind="agency")
    a_unit(database, "health", kind="agency")
    return caller(a_token(database, "people.provision", unit="guild"))


def a_user(**more: Any) -> dict[str, Any]:
    own = {"nationalId": a_person(more.get("userName", "mina")), **more.pop("own", {})}
    return {"schemas": [USER, PERSON], "userName": "mina", PERSON: own, **more}


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}


@contextmanager
def meanwhile(database: Database, call: Callable[[], Any]) -> Iterator[Any]:
    """A transaction for which a call waits: it has locked the account of the directory."""
    waits = "wait_event_type = 'Lock' AND datname = current_database()"
    blocked = text(f"SELECT count(*) FROM pg_stat_activity WHERE {waits}")
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(select(User.id).where(User.name.like("directory-%")).with_for_update())
            done = pool.submit(call)
            with database.transaction("single") as looking:
                waiting.until(lambda: bool(looking.execute(blocked).scalar_one()) or done.done())
            yield session
        done.result()


def inactive() -> dict[str, Any]:
    return patch({"op": "replace", "path": "active", "value": False})


def test_foreign_tests_find_only_what_is_meant(
    app: APIFlask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = a_token(database, "people.provision")
    valid = [a_person(str(number)) for number in range(2000)]
    monkeypatch.setattr(resources.PersonExtension.model_fields["national_id"], "examples", valid)
    client = WSGISCIMClient(
        app,
        base_url="http://localhost/scim/v2",
        headers={"Authorization": f"Bearer {token}"},
        provider=resources.PROVIDER,
    )
    results = check_server(client)
    wrong = {
        (one.title, one.data.get("urn") if isinstance(one.data, dict) else None): one.reason
        for one in results
        if one.status not in (Status.SUCCESS, Status.SKIPPED)
    }
    assert {place: reason for place, reason in wrong.items() if place not in MEANT} == {}
    assert sum(one.status == Status.SUCCESS for one in results) > 60


def test_person_is_created_found_changed_and_removed(directory: Call, database: Database) -> None:
    sent = a_user(
        externalId="7",
        name={"givenName": "مینا", "familyName": "رضایی"},
        emails=[{"value": "a@example.org"}, {"value": "mina@example.org", "primary": True}],
        title="is dropped",
        own={"memberships": [{"unit": "guild", "role": "inspector"}]},
    )
    made = directory("POST", "/Users", sent, 201)
    assert made["active"]
    assert made["userType"] == "caseworker"
    assert made["displayName"] == made[PERSON]["fullNameFa"] == "مینا رضایی"
    assert made["emails"] == [{"value": "mina@example.org"}]
    assert [group["display"] for group in made["groups"]] == ["guild"]
    for condition in ('userName eq "mina"', 'externalId eq "7"', f'id eq "{made["id"]}"'):
        assert directory("GET", f"/Users?filter={condition}")["Resources"] == [made]
    renamed = patch({"op": "Replace", "path": "name.familyName", "value": "احمدی"})
    assert directory("PATCH", f"/Users/{made['id']}", renamed)["displayName"] == "مینا احمدی"
    directory("DELETE", f"/Users/{made['id']}", status=204)
    directory("GET", f"/Users/{made['id']}", status=404)
    assert directory("GET", '/Users?filter=userName eq "mina"')["totalResults"] == 0
    with database.transaction() as session:
        kinds = session.scalars(select(OrganisationRecord.kind).order_by(OrganisationRecord.seq)).all()
    assert {"person.made", "membership.given", "person.changed", "person.closed", "membership.ended"} <= {
        *kinds
    }


def test_removal_ends_sessions_and_tokens(directory: Call, database: Database) -> None:
    mina = a_member(database, "mina", "guild", "inspector")
    with database.transaction() as session:
        now = datetime.now(UTC)
        accounts.create_token(session, now, name="mina", role="caseworker")
        lasting = sessions.Lasting(timedelta(minutes=5), timedelta(hours=1))
        sessions.open_one(session, now, mina.id, sessions.Proof("browser"), lasting)
    directory("DELETE", f"/Users/{mina.id}", status=204)
    with database.transaction() as session:
        for kept in (BrowserSession, Token):
            ended = session.scalars(select(kept.revoked_at).where(kept.user_id == mina.id)).all()
            assert len(ended) == 1
            assert None not in ended


def test_administrators_are_neither_made_nor_given_units(directory: Call, database: Database) -> None:
    directory("POST", "/Users", a_user(userType="administrator"), 403)
    mina = directory("POST", "/Users", a_user(userName="sara"), 201)
    for role in ("*", "administrator"):
        own = {"memberships": [{"unit": "guild", "role": role}]}
        assert directory("POST", "/Users", a_user(own=own), 400)["scimType"] == "invalidValue"
        wider = patch({"op": "add", "path": f"{PERSON}:memberships", "value": own["memberships"]})
        directory("PATCH", f"/Users/{mina['id']}", wider, 400)
    boss = a_member(database, "boss", "guild", "*", "administrator")
    unit = directory("GET", '/Groups?filter=displayName eq "guild"')["Resources"][0]
    assert [one["value"] for one in unit["members"]] == [str(boss.id)]
    below = {"schemas": [GROUP], "displayName": "Tehran", "members": [{"value": str(boss.id)}]}
    directory("POST", "/Groups", below, 403)
    wider = {"memberships": [{"unit": "guild", "role": "*"}, {"unit": "guild", "role": "clerk"}]}
    sent = {"schemas": [USER, PERSON], "userName": "boss", PERSON: wider}
    directory("PUT", f"/Users/{boss.id}", sent, 403)


def test_last_administrator_of_a_unit_stays(directory: Call, database: Database) -> None:
    first = a_member(database, "first", "guild", "*", "administrator")
    second = a_member(database, "second", "guild", "*", "administrator")
    a_member(database, "above", "root", "*", "administrator")  # the directory can't replace the last one here
    directory("DELETE", f"/Users/{first.id}", status=204)
    refusal = directory("DELETE", f"/Users/{second.id}", status=409)
    assert "No other administrator" in refusal["detail"]
    directory("PATCH", f"/Users/{second.id}", inactive(), 409)
    unit = directory("GET", '/Groups?filter=displayName eq "guild"')["Resources"][0]
    directory("PATCH", f"/Groups/{unit['id']}", patch({"op": "remove", "path": "members"}), 409)
    assert directory("GET", f"/Users/{second.id}")["active"]


def test_national_id_of_an_account_that_may_have_acted_stays(directory: Call, database: Database) -> None:
    made = directory("POST", "/Users", a_user(), 201)
    other = patch({"op": "replace", "path": f"{PERSON}:nationalId", "value": a_person("other")})
    assert directory("PATCH", f"/Users/{made['id']}", other)[PERSON]["nationalId"] == a_person("other")
    with database.transaction() as session:
        hashed = passwords.hashed("", "a long enough password")
        passwords.keep(session, datetime.now(UTC), "mina", hashed, temporary=False)
    again = patch({"op": "replace", "path": f"{PERSON}:nationalId", "value": a_person("third")})
    directory("PATCH", f"/Users/{made['id']}", again, 403)
    directory("PATCH", f"/Users/{made['id']}", patch({"op": "remove", "path": f"{PERSON}:nationalId"}), 400)


def test_account_of_an_administrator_gets_no_national_id(directory: Call, database: Database) -> None:
    boss = a_member(database, "boss", "guild", "*", "administrator", person=None)
    a_member(database, "another", "guild", "*", "administrator")
    clerk = a_member(database, "clerk", "guild", person=None)
    with database.transaction() as session:
        accounts.create_token(session, datetime.now(UTC), name="clerk", role="caseworker")
    for account in (boss, clerk):
        change = patch({"op": "add", "path": f"{PERSON}:nationalId", "value": a_person("mine")})
        directory("PATCH", f"/Users/{account.id}", change, 403)


def test_only_what_the_directory_closed_is_reopened(directory: Call, database: Database) -> None:
    made = directory("POST", "/Users", a_user(), 201)
    active = patch({"op": "replace", "value": {"active": True}})
    assert not directory("PATCH", f"/Users/{made['id']}", inactive())["active"]
    assert directory("PATCH", f"/Users/{made['id']}", active)["active"]
    with database.transaction() as session:
        login.deactivate(session, datetime.now(UTC), "mina")
    directory("PATCH", f"/Users/{made['id']}", inactive())
    directory("PATCH", f"/Users/{made['id']}", active, 403)
    directory("DELETE", f"/Users/{made['id']}", status=204)
    directory("POST", "/Users", a_user(), 403)


def test_closed_account_stays_closed_unless_it_is_said_to_be_active(directory: Call) -> None:
    made = directory("POST", "/Users", a_user(), 201)
    directory("PATCH", f"/Users/{made['id']}", inactive())
    sent = {"schemas": [USER], "userName": "mina"}
    assert directory("PUT", f"/Users/{made['id']}", sent)["active"] is False
    assert directory("PUT", f"/Users/{made['id']}", {**sent, "active": True})["active"] is True


def test_parallel_changes_are_not_lost(directory: Call, database: Database) -> None:
    mina, reza = (directory("POST", "/Users", a_user(userName=name), 201) for name in ("mina", "reza"))
    unit = directory("GET", '/Groups?filter=displayName eq "guild"')["Resources"][0]
    add = patch({"op": "add", "path": "members", "value": [{"value": mina["id"]}]})
    with meanwhile(database, lambda: directory("PATCH", f"/Groups/{unit['id']}", add)) as session:
        begun = datetime.now(UTC) - timedelta(days=1)
        session.add(Membership(user_id=reza["id"], unit_id=unit["id"], role="clerk", valid_from=begun))
    members = directory("GET", f"/Groups/{unit['id']}")["members"]
    assert {one["value"] for one in members} == {mina["id"], reza["id"]}
    phone = patch({"op": "add", "path": "phoneNumbers", "value": [{"value": "+982112345678"}]})
    with meanwhile(database, lambda: directory("PATCH", f"/Users/{mina['id']}", phone)) as session:
        login.deactivate(session, datetime.now(UTC), "mina")
    changed = directory("GET", f"/Users/{mina['id']}")
    assert (changed["active"], changed["phoneNumbers"]) == (False, [{"value": "+982112345678"}])


def test_person_who_works_only_for_others_by_now_is_not_there(directory: Call, database: Database) -> None:
    zara = a_member(database, "zara", "guild", "inspector", person=a_person("zara"))
    assert "nationalId" not in directory("GET", f"/Users/{zara.id}")[PERSON]
    made = directory("POST", "/Users", a_user(own={"memberships": [{"unit": "guild"}]}), 201)
    assert made[PERSON]["nationalId"] == a_person("mina")
    with database.transaction() as session:
        session.execute(update(Membership).values(valid_to=datetime.now(UTC)).where(Membership.role != "*"))
    directory("GET", f"/Users/{zara.id}", status=404)
    assert directory("GET", f"/Users/{made['id']}")["active"]  # nobody else's, and made by it
    a_member(database, "mina", "health", "inspector")
    back = patch({"op": "add", "path": f"{PERSON}:memberships", "value": [{"unit": "guild"}]})
    for method, sent in (("GET", None), ("PATCH", back), ("DELETE", None)):
        directory(method, f"/Users/{made['id']}", sent, 404)
    assert directory("GET", "/Users")["totalResults"] == 0
    directory("POST", "/Users", a_user(), 409)


def test_removed_account_comes_back_only_for_its_person(directory: Call) -> None:
    made = directory("POST", "/Users", a_user(), 201)
    directory("DELETE", f"/Users/{made['id']}", status=204)
    taken = directory("POST", "/Users", a_user(own={"nationalId": a_person("another")}), 409)
    assert taken["scimType"] == "uniqueness"
    assert directory("POST", "/Users", a_user(), 201)["id"] == made["id"]


def test_people_and_units_of_others_are_not_there(directory: Call, database: Database) -> None:
    other = a_member(database, "other", "health", "inspector")
    directory("GET", f"/Users/{other.id}", status=404)
    directory("DELETE", f"/Users/{other.id}", status=404)
    unit = directory("GET", '/Groups?filter=displayName eq "guild"')["Resources"][0]
    added = patch({"op": "add", "path": "members", "value": [{"value": str(other.id)}]})
    directory("PATCH", f"/Groups/{unit['id']}", added, 400)
    directory("POST", "/Users", a_user(own={"memberships": [{"unit": "health"}]}), 400)
    taken = directory("POST", "/Users", a_user(userName="other"), 409)
    assert taken["scimType"] == "uniqueness"
    both = a_member(database, "both", "guild", "inspector")
    a_member(database, "both", "health", "inspector")
    directory("PATCH", f"/Users/{both.id}", inactive(), 403)
    left = directory("PATCH", f"/Users/{both.id}", patch({"op": "remove", "path": f"{PERSON}:memberships"}))
    assert "groups" not in left


def test_unit_is_created_filled_moved_and_closed(directory: Call) -> None:
    mina = directory("POST", "/Users", a_user(), 201)
    sent = {"schemas": [GROUP], "displayName": "Tehran", "members": [{"value": mina["id"]}]}
    made = directory("POST", "/Groups", sent, 201)
    assert made[UNIT]["parent"] == "guild"
    assert [one["value"] for one in made["members"]] == [mina["id"]]
    directory("DELETE", f"/Groups/{made['id']}", status=409)
    emptied = directory("PUT", f"/Groups/{made['id']}", {"schemas": [GROUP], "displayName": "Tehran 1"})
    assert "members" not in emptied
    assert emptied["displayName"] == "Tehran 1"
    directory("PUT", f"/Groups/{made['id']}", sent)
    for excluded, shown in ((f"{GROUP}:Members", False), ("id,members", False), ("nomembers", True)):
        asked = {"schemas": [SEARCH], "excludedAttributes": excluded.split(",")}
        path = f'?filter=displayName eq "Tehran"&excludedAttributes={excluded}'
        for found in (
            directory("GET", f"/Groups{path}"),
            directory("POST", "/Groups/.search", {**asked, "filter": 'displayName eq "Tehran"'}),
        ):
            assert ("members" in found["Resources"][0]) is shown, excluded
    directory("PUT", f"/Groups/{made['id']}", {"schemas": [GROUP], "displayName": "Tehran 1"})
    directory("DELETE", f"/Groups/{made['id']}", status=204)
    directory("GET", f"/Groups/{made['id']}", status=404)


@pytest.mark.parametrize(
    ("scopes", "role"), [((), "service"), (("messages.send",), "service"), ((), "administrator")]
)
def test_token_must_name_the_scope(
    scopes: tuple[str, ...], role: str, database: Database, caller: Callable[[str], Call]
) -> None:
    call = caller(a_token(database, *scopes, role=role))
    for path in ("/Users", "/Groups"):
        assert call("GET", path, status=403)["status"] == "403"


def test_wrong_input_is_named(directory: Call, caller: Callable[[str], Call]) -> None:
    caller("nobody")("GET", "/Users", status=401)
    for body, kind in (
        ({"schemas": [USER]}, "invalidValue"),
        (a_user(own={"nationalId": "1"}), "invalidValue"),
        (a_user(active="perhaps"), "invalidValue"),
        ([], "invalidSyntax"),
    ):
        assert directory("POST", "/Users", body, 400)["scimType"] == kind
    directory("POST", "/Users", a_user(externalId="7"), 201)
    again = directory("POST", "/Users", a_user(userName="reza", externalId="7"), 409)
    assert again["scimType"] == "uniqueness"
    for wrong in ({"externalId": "a\0"}, {"externalId": "a" * 201}, {"name": {"givenName": "\0"}}):
        directory("POST", "/Users", a_user(userName="nobody", **wrong), 400)
    directory("POST", "/Users?attributes=id&excludedAttributes=id", a_user(userName="nobody"), 400)
    assert directory("GET", "/Users?startIndex=" + "9" * 30)["totalResults"] == 1
    assert directory("GET", '/Users?filter=userName eq "nobody"')["totalResults"] == 0
    conditions = ('userName eq "a\\u0000b"', "externalId eq null")
    for condition in ('emails.value eq "a@example.org"', 'userName co "m"', "(", *conditions):
        assert directory("GET", f"/Users?filter={condition}", status=400)["scimType"] == "invalidFilter"
    for path in ("/Users/1", "/Users/01a2276c-a8ff-759b-8418-2973a0947160", "/Schemas/none", "/Nothing"):
        directory("GET", path, status=404)
