"""Who has lost a post, a substitution or a delegation has lost all it gave, from the next request on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.models import Delegation, Membership, Substitution, User
from engine.platform.db import Database
from tests import bpmn, factories, filed
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.organisation import LONG_AGO, a_member, a_unit

PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    """A case with a task that the clerk has, and a document: of a process in the unit above all."""
    factories.deploy(database, factories.one_task())
    a_unit(database, "office", kind="delegate")
    a_member(database, "clerk", "root")
    case = client("portal").start()
    task = case["tasks"][0]["id"]
    assert client("caseworker", "clerk").post(f"/tasks/{task}/claim").status_code == 200
    document = client("caseworker", "clerk").upload(f"/tasks/{task}", filed.pdf())
    return {"case": case["id"], "task": task, "document": body(document)["id"]}


def has_nothing(clerk: Client, case: dict[str, Any]) -> None:
    for path in (
        "/cases/{case}",
        "/cases/{case}/file",
        "/cases/{case}/events",
        "/cases/{case}/comments",
        "/cases/{case}/documents",
        "/cases/{case}/diagram.svg",
        "/cases/{case}/decisions",
        "/tasks/{task}",
        "/tasks/{task}/documents",
        "/documents/{document}",
        "/documents/{document}/content",
        "/colleagues?task={task}",
    ):
        refused(clerk.get(path.format_map(case)), 404, "not-found")
    for act, sent in (
        ("claim", None),
        ("release", None),
        ("complete", {"data": {}}),
        ("recuse", None),
        ("assign", {"to": "clerk"}),
        ("opinions", {"question": "q"}),
        ("comments", {"text": "t"}),
    ):
        refused(clerk.post(f"/tasks/{case['task']}/{act}", sent), 404, "not-found")
    refused(clerk.send("PUT", f"/tasks/{case['task']}/draft", json={"data": {}}), 404, "not-found")
    refused(clerk.upload(f"/tasks/{case['task']}", filed.pdf()), 404, "not-found")
    for scope in ("mine", "team", "free"):
        assert body(clerk.get(f"/tasks?scope={scope}"))["items"] == []
    assert body(clerk.post("/tasks/search", {}))["items"] == []
    assert set(body(clerk.get("/tasks/counts")).values()) == {0}
    assert body(clerk.get("/cases"))["items"] == []
    (outcome,) = body(clerk.post("/tasks/bulk", {"action": "release", "items": [{"id": case["task"]}]}))[
        "items"
    ]
    assert outcome["problem"]["status"] == 404


def test_ended_membership_counts_for_nothing_though_a_task_is_assigned(
    client: Clients, database: Database, case: dict[str, Any]
) -> None:
    with database.transaction() as session:
        session.execute(update(Membership).where(Membership.role == "caseworker").values(valid_to=PAST))
    has_nothing(client("caseworker", "clerk"), case)


def test_membership_ended_by_an_administrator_counts_for_nothing_at_the_next_request(
    client: Clients, case: dict[str, Any]
) -> None:
    boss = client("administrator")
    person = next(one for one in body(boss.get("/people"))["items"] if one["name"] == "clerk")
    ended = boss.send("DELETE", f"/people/{person['id']}/memberships/{person['memberships'][0]['id']}")
    assert ended.status_code == 200
    has_nothing(client("caseworker", "clerk"), case)


def test_substitute_has_the_work_for_the_time_and_nothing_after(
    client: Clients, database: Database, case: dict[str, Any]
) -> None:
    a_unit(database, "corner")
    a_member(database, "stand-in", "corner")
    stand_in = client("caseworker", "stand-in")
    has_nothing(stand_in, case)
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    leave = {
        "absent": "clerk",
        "substitute": "stand-in",
        "valid_from": "2026-01-01T00:00Z",
        "valid_to": until,
    }
    agreed = body(client("administrator").post("/substitutions", leave))
    assert [task["id"] for task in body(stand_in.get("/tasks?scope=mine"))["items"]] == [case["task"]]
    assert stand_in.upload(f"/tasks/{case['task']}", filed.pdf()).status_code == 201
    assert stand_in.get(f"/documents/{case['document']}/content").status_code == 200
    assert stand_in.send("DELETE", f"/substitutions/{agreed['id']}").status_code == 200
    has_nothing(stand_in, case)
    with database.transaction() as session:
        session.execute(update(Substitution).values(valid_from=LONG_AGO, valid_to=PAST))
    has_nothing(stand_in, case)


def test_substitute_loses_what_the_absent_person_loses(
    client: Clients, database: Database, case: dict[str, Any]
) -> None:
    a_unit(database, "corner")
    a_member(database, "stand-in", "corner")
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    leave = {
        "absent": "clerk",
        "substitute": "stand-in",
        "valid_from": LONG_AGO.isoformat(),
        "valid_to": until,
    }
    assert client("administrator").post("/substitutions", leave).status_code == 201
    stand_in = client("caseworker", "stand-in")
    assert stand_in.get(f"/tasks/{case['task']}").status_code == 200
    with database.transaction() as session:
        of_clerk = Membership.user_id == select(User.id).where(User.name == "clerk").scalar_subquery()
        session.execute(update(Membership).where(of_clerk).values(valid_to=PAST))
    has_nothing(stand_in, case)


@pytest.mark.parametrize("over", ["revoked", "expired"])
def test_delegate_has_nothing_when_the_delegation_is_over(
    client: Clients, database: Database, case: dict[str, Any], over: str
) -> None:
    a_member(database, "delegate", "office", "*")
    a_member(database, "their boss", "office", "*", "administrator")
    given = {"definition": "p", "elements": ["a"], "unit": "root", "delegate": "office", "take_over": True}
    made = client("administrator").post("/delegations", given)
    delegate, task = client("caseworker", "delegate"), case["task"]
    assert made.status_code == 201, made.text
    assert delegate.post(f"/tasks/{task}/claim").status_code == 200
    if over == "revoked":
        assert client("administrator").send("DELETE", f"/delegations/{body(made)['id']}").status_code == 200
    else:  # and nobody has given the task back yet
        with database.transaction() as session:
            session.execute(update(Delegation).values(valid_from=LONG_AGO, valid_to=PAST))
    has_nothing(delegate, case)
    boss = client("administrator", "their boss")
    assert body(boss.get("/tasks"))["items"] == []
    refused(boss.post(f"/tasks/{task}/assign", {"to": "delegate"}), 404, "not-found")


def test_program_brings_nothing_back_when_its_membership_has_ended(
    client: Clients, database: Database
) -> None:
    work = bpmn.node("serviceTask", "svc", parvandeh__topic="registry")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(work))))
    client("portal").start()
    a_member(database, "program", "root", "*", "service")
    program = client("service", "program")
    (call,) = body(program.post("/external-work/take", {"topics": ["registry"]}))["items"]
    with database.transaction() as session:
        session.execute(update(Membership).values(valid_to=PAST))
    for act in ("extend", "complete"):
        answer = program.post(f"/external-work/{call['id']}/{act}", {"fence": call["fence"]})
        refused(answer, 404, "not-found")
