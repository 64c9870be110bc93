"""Auditors and managers: they read what is below their units, and change nothing. Auditors say why."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from engine.models import AccessRecord
from engine.platform.db import Database
from tests import bpmn, factories, filed
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.api.matrix import ALLOWED, READERS, send
from tests.organisation import a_member, a_unit

# The account of the caller itself; what is open to everyone; searches, whose words must not be in addresses.
OWN = {
    *{("PATCH", "/account"), ("DELETE", "/sessions/{}"), ("POST", "/status"), ("POST", "/status/rating")},
    *{("PATCH", "/me/tokens/{}"), ("POST", "/me/tokens/{}/rotate"), ("DELETE", "/me/tokens/{}")},
}
# What an inspector asks about, and what anybody who works here answers: tests/api/test_flags.py.
ASKED = ("/flags/", "/questions/")
# What managers write: tests/api/test_reports.py and test_commitments.py.
WRITTEN = ("/reports", "/report-actions/", "/commitments/{}/explain")
SEARCHES = {("POST", "/tasks/search"): {"manager"}, ("POST", "/cases/search"): READERS}
PURPOSE = "حکم بازرسی ۳۱۷"
WHY = {"X-Purpose": PURPOSE.encode().decode("latin-1")}


def nameless(path: str) -> str:
    """A path of the document or of the matrix, without the names of its parts."""
    return re.sub(r"\{\w+\}|<[^>]+>", "{}", path.removeprefix("/api/v1"))


@pytest.mark.parametrize("role", sorted(READERS))
def test_readers_change_nothing(
    client: Clients, ids: Mapping[str, str], document: dict[str, Any], database: Database, role: str
) -> None:
    matrix = {(method, nameless(path)): path for method, path in ALLOWED}
    writes = {
        (method.upper(), nameless(path))
        for path, operations in document["paths"].items()
        for method in operations
        if method in ("post", "put", "patch", "delete")
    }
    assert len(writes) > 50
    reader = client(role)
    written = {(method, path) for method, path in writes if role == "manager" and path.startswith(WRITTEN)}
    for method, path in sorted(writes - OWN - written):
        status = send(reader, method, matrix[method, path], ids).status_code
        if role == "auditor" and path.startswith("/audit/"):  # it changes nothing that is audited
            assert status != 403, (method, path)
            continue
        if path.startswith(ASKED):  # none of this id is there
            assert status in (403, 404), (method, path)
            continue
        allowed = role in SEARCHES.get((method, path), ())
        assert status == (200 if allowed else 403), (method, path)


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    """A case with data, an open task and a subject, started by a portal."""
    form = factories.form(x={"type": "string", "x-visible-to": ["inspector"]})
    factories.deploy(database, factories.with_form(form))
    return client("portal").start(data={"name": "نام", "x": "inside"})


def paths(case: dict[str, Any]) -> list[str]:
    task = case["tasks"][0]["id"]
    parts = (
        "",
        "/file",
        "/events",
        "/comments",
        "/decisions",
        "/access-log",
        "/documents",
        "/recusals",
        "/diagram.svg",
    )
    return [*(f"/cases/{case['id']}{part}" for part in parts), f"/tasks/{task}", f"/tasks/{task}/documents"]


def test_auditor_opens_nothing_of_a_case_without_a_purpose(client: Clients, case: dict[str, Any]) -> None:
    for path in paths(case):
        refused(client("auditor").get(path), 403, "purpose-missing")
        assert client("auditor").get(path, headers=WHY).status_code == 200, path


def test_what_an_auditor_opens_is_recorded_with_the_purpose(
    client: Clients, case: dict[str, Any], database: Database
) -> None:
    a_member(database, "clerk", "root", "caseworker")
    a_member(database, "revising", "root", "caseworker", "auditor")
    auditor = client("auditor", "revising")
    assert body(client("caseworker", "clerk").get(f"/cases/{case['id']}"))["data"] == {"name": "نام"}
    shown = body(auditor.get(f"/cases/{case['id']}", headers=WHY))
    assert shown["data"] == {"name": "نام", "x": "inside"}  # forms hide nothing from auditors
    events = body(auditor.get(f"/cases/{case['id']}/events", headers=WHY))["items"]
    assert events[0]["payload"]["data"]["x"] == "inside"
    auditor.get(f"/cases/{case['id']}")  # refused: nothing was shown
    with database.transaction() as session:
        mine = select(AccessRecord).where(AccessRecord.actor_role == "auditor")
        records = session.scalars(mine.order_by(AccessRecord.id)).all()
        assert [(record.what, record.actor_role) for record in records] == [
            ("case", "auditor"),
            ("events", "auditor"),
        ]
        assert {record.case_id for record in records} == {UUID(case["id"])}
        stated = {(record.payload or {}).get("purpose") for record in records}
        assert stated == {PURPOSE}
        assert {(record.payload or {}).get("reason") for record in records} == {"auditor"}


def test_each_part_of_a_case_that_an_auditor_opens_is_recorded(
    client: Clients, case: dict[str, Any], database: Database
) -> None:
    auditor, task = client("auditor"), case["tasks"][0]["id"]
    document = body(client("caseworker").upload(f"/tasks/{task}", filed.pdf()))["id"]
    refused(auditor.get(f"/documents/{document}"), 403, "purpose-missing")
    for path, what, of in (
        (f"/cases/{case['id']}/documents", "document", None),
        (f"/tasks/{task}/documents", "document", None),
        (f"/documents/{document}", "document", document),
        (f"/cases/{case['id']}/recusals", "case", None),
        (f"/cases/{case['id']}/diagram.svg", "case", None),
    ):
        assert auditor.get(path, headers=WHY).status_code == 200
        with database.transaction() as session:
            last = session.scalars(select(AccessRecord).order_by(AccessRecord.id.desc())).first()
        assert last is not None, path
        assert (last.what, last.object_id and str(last.object_id)) == (what, of), path
        count = factories.count(database, AccessRecord)
        assert client("manager").get(path).status_code in (200, 403)
        assert factories.count(database, AccessRecord) == count, path


def test_lists_show_an_auditor_no_subjects(client: Clients, case: dict[str, Any], database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE cases SET subject = 'shop of Arash'"))
    (listed,) = body(client("auditor").get("/cases"))["items"]
    assert (listed["id"], listed["subject"]) == (case["id"], "p")  # the name of the process
    refused(client("auditor").get("/tasks"), 403, "forbidden")  # the inbox is of those who work
    (task,) = body(client("auditor").get(f"/tasks?case={case['id']}"))["items"]
    assert "Arash" not in str(task)
    (listed,) = body(client("manager").get("/cases"))["items"]
    assert listed["subject"] == "shop of Arash"


@pytest.mark.parametrize("role", sorted(READERS))
def test_readers_see_only_what_is_below_their_units(
    client: Clients, case: dict[str, Any], database: Database, role: Any
) -> None:
    a_unit(database, "guild", kind="agency")
    a_unit(database, "health", kind="agency")
    a_member(database, "near", "guild", "*", role)
    a_member(database, "far", "health", "*", role)
    with database.transaction() as session:
        session.execute(text("UPDATE cases SET unit_id = (SELECT id FROM units WHERE key = 'guild')"))
    near, far = client(role, "near"), client(role, "far")
    assert near.get(f"/cases/{case['id']}", headers=WHY).status_code == 200
    assert [row["id"] for row in body(near.get("/cases"))["items"]] == [case["id"]]
    assert body(far.get("/cases"))["items"] == []
    for path in paths(case):
        assert far.get(path, headers=WHY).status_code in (403, 404), path


def test_auditor_reads_the_administration_log_of_their_units(client: Clients, database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    a_member(database, "near", "guild", "*", "auditor")
    client("administrator", "boss").send("PATCH", "/units/guild", json={"name": "Guilds"})
    client("designer").deploy(factories.one_task())

    def kinds(reader: Client) -> set[str]:
        return {row["kind"] for row in body(reader.get("/organisation-log"))["items"]}

    assert kinds(client("auditor", "near")) == {"unit.changed"}
    assert kinds(client("auditor")) >= {"unit.changed", "definition.deployed", "account.made"}
    refused(client("manager").get("/organisation-log"), 403, "forbidden")


def test_only_an_auditor_of_all_units_verifies_all_logs(
    client: Clients, case: dict[str, Any], database: Database
) -> None:
    a_unit(database, "guild", kind="agency")
    a_member(database, "near", "guild", "*", "auditor")
    whole, near = client("auditor"), client("auditor", "near")
    run = body(whole.post("/audit/verifications"))["id"]
    for method, path in (
        *(("GET", path) for path in ("/audit/runs", f"/audit/runs/{run}", "/audit/checkpoints")),
        *(
            ("POST", path)
            for path in ("/audit/verifications", "/audit/checkpoints", "/audit/checkpoints/1/send")
        ),
    ):
        refused(near.send(method, path), 403, "forbidden")
        assert whole.send(method, path).status_code in (200, 201, 404)
    assert near.get("/audit/events", headers=WHY).status_code == 200
    assert case


def test_auditor_reads_who_published_a_version(client: Clients) -> None:
    client("designer", "author").deploy(factories.one_task())
    (version,) = body(client("auditor").get("/definitions/p/versions"))["items"]
    assert version["published_by"] == "author"


def test_readers_are_no_candidates(client: Clients, database: Database) -> None:
    a_member(database, "a manager", "root", "*", "manager")
    factories.deploy(database, factories.files(bpmn.line("userTask a")))
    task = client("portal").start()["tasks"][0]["id"]
    boss = client("administrator")
    assert "a manager" not in boss.get(f"/colleagues?task={task}").text
    assert boss.post(f"/tasks/{task}/assign", {"to": "a manager"}).status_code in (409, 422)


def test_administrators_make_them(client: Clients) -> None:
    boss = client("administrator")
    for role in sorted(READERS):
        new = {"name": f"new {role}", "role": role, "memberships": [{"unit": "root", "role": "*"}]}
        made = boss.post("/people", new)
        assert made.status_code == 201
        assert body(boss.get(made.headers["Location"]))["role"] == role
