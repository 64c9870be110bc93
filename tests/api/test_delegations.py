"""Private bodies execute steps of an agency's process: they see these, and lose them with the delegation."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from engine import definitions
from engine.identity import accounts
from engine.models import Case, Delegation, User
from engine.platform.db import Database, UnitOfWork
from engine.tasks import delegations
from tests import bpmn, factories, filed
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.organisation import a_member, a_unit

SOON = (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.fixture(autouse=True)
def process(database: Database) -> None:
    """Tasks `a` and `b` one after the other, of the guild; the form of `a` shows `x`, and not `secret`."""
    a_unit(database, "guild", kind="agency")
    a_unit(database, "guild-tehran", "guild")
    a_unit(database, "health", kind="agency")
    a_unit(database, "office", kind="delegate")
    a_member(database, "boss", "guild", "*", "administrator")
    a_member(database, "their boss", "office", "*", "administrator")
    a_member(database, "reza", "guild")
    a_member(database, "clerk", "office")
    task = bpmn.node("userTask", "a", camunda__formKey="f.json")
    files = factories.files(
        bpmn.process(*bpmn.in_line(task, "userTask b")), f=factories.form(x={"type": "string"})
    )
    who = factories.an_actor(database, "designer")
    factories.as_actor(database, who, lambda uow: definitions.deploy(uow, files, unit="guild"))


def new(**fields: Any) -> dict[str, Any]:
    return {"definition": "p", "elements": ["a"], "unit": "guild", "delegate": "office", **fields}


def delegated(client: Clients, **fields: Any) -> Mapping[str, Any]:
    response = client("administrator", "boss").post("/delegations", new(**fields))
    assert response.status_code == 201, response.text
    return body(response)


def started(client: Clients) -> tuple[str, str]:
    """A case and its task."""
    case = body(
        client("caseworker", "reza").post("/cases", {"definition": "p", "data": {"x": "1", "secret": "s"}})
    )
    return case["id"], case["tasks"][0]["id"]


def inbox(client: Clients, name: str) -> list[str]:
    return [task["id"] for task in body(client("caseworker", name).get("/tasks"))["items"]]


def kinds(client: Clients, case: str) -> list[str]:
    return [
        event["kind"] for event in body(client("caseworker", "reza").get(f"/cases/{case}/events"))["items"]
    ]


@pytest.mark.usefixtures("careful")
def test_delegation_is_in_effect_once_another_person_has_confirmed_it(
    client: Clients, database: Database
) -> None:
    a_member(database, "deputy", "guild", "*", "administrator")
    a_member(database, "stranger", "health", "*", "administrator")
    made = delegated(client)
    assert made["confirmed_at"] is None
    case, task = started(client)
    assert (inbox(client, "clerk"), inbox(client, "reza")) == ([], [task])
    path = f"/delegations/{made['id']}/confirm"
    refused(client("administrator", "boss").post(path), 403, "four-eyes")
    refused(client("administrator", "stranger").post(path), 404, "not-found")
    refused(client("administrator", "their boss").post(path), 404, "not-found")
    assert inbox(client, "clerk") == []
    confirmed = [body(client("administrator", "deputy").post(path)) for _ in range(2)]
    assert confirmed[0] == confirmed[1]
    assert confirmed[0]["confirmed_at"] == confirmed[0]["valid_from"]
    _, later = started(client)
    assert (inbox(client, "clerk"), inbox(client, "reza")) == ([later], [task])
    assert case


@pytest.mark.usefixtures("careful")
def test_person_does_not_confirm_its_own_delegation_with_another_account(
    client: Clients, database: Database
) -> None:
    made = delegated(client)
    a_member(database, "boss again", "guild", "*", "administrator")
    with database.transaction() as session:
        person = session.scalars(select(User.person).where(User.name == "boss")).one()
        same = update(User).where(User.name == "boss again").values(person=person, duplicate=True)
        session.execute(same)
    path = f"/delegations/{made['id']}/confirm"
    refused(client("administrator", "boss again").post(path), 403, "four-eyes")
    assert body(client("administrator", "boss").get("/delegations"))["items"][0]["confirmed_at"] is None


@pytest.mark.usefixtures("careful")
def test_open_tasks_are_taken_over_when_it_is_confirmed(client: Clients, database: Database) -> None:
    a_member(database, "deputy", "guild", "*", "administrator")
    _, task = started(client)
    made = delegated(client, take_over=True)
    assert (inbox(client, "clerk"), inbox(client, "reza")) == ([], [task])
    client("administrator", "deputy").post(f"/delegations/{made['id']}/confirm")
    assert (inbox(client, "clerk"), inbox(client, "reza")) == ([task], [])


@pytest.mark.usefixtures("careful")
def test_revoked_proposal_is_not_confirmed(client: Clients, database: Database) -> None:
    a_member(database, "deputy", "guild", "*", "administrator")
    made = delegated(client)
    client("administrator", "boss").send("DELETE", f"/delegations/{made['id']}")
    problem = refused(
        client("administrator", "deputy").post(f"/delegations/{made['id']}/confirm"), 409, "conflict"
    )
    assert problem["code"] == "delegation-over"


def test_delegate_sees_its_task_and_nothing_else_of_the_case(client: Clients) -> None:
    delegated(client)
    case, task = started(client)
    clerk = client("caseworker", "clerk")
    assert (inbox(client, "clerk"), inbox(client, "reza")) == ([task], [])
    assert body(clerk.get(f"/tasks/{task}"))["data"] == {"x": "1"}
    for path in (f"/cases/{case}", f"/cases/{case}/events", f"/cases/{case}/documents"):
        refused(clerk.get(path), 404, "not-found")
    assert body(clerk.get("/cases"))["items"] == []
    done = body(clerk.post(f"/tasks/{task}/complete", {"data": {"x": "2"}}))
    assert (done["tasks"], inbox(client, "clerk")) == ([], [])
    (following,) = inbox(client, "reza")
    refused(clerk.get(f"/tasks/{following}"), 404, "not-found")


VISIBLE = {
    "for_all": None,
    "of_caseworkers": ["caseworker"],
    "of_inspectors": ["inspector"],
    "of_delegates": ["delegate"],
}


def _a_form_for_some(database: Database) -> None:
    """Another version whose form has a read-only field for each side."""
    fields: dict[str, Any] = {
        name: {"type": "string", "readOnly": True, **({"x-visible-to": roles} if roles else {})}
        for name, roles in VISIBLE.items()
    }
    task = bpmn.node("userTask", "a", camunda__formKey="f.json", parvandeh__role="inspector")
    drawn = bpmn.process(*bpmn.in_line(task, "userTask b"))
    files = factories.files(drawn, f=factories.form(x={"type": "string"}, **fields))
    who = factories.an_actor(database, "designer")
    factories.as_actor(database, who, lambda uow: definitions.deploy(uow, files, unit="guild"))


@pytest.mark.parametrize("role", ["caseworker", "inspector", "*"])
def test_delegate_sees_the_fields_that_are_for_delegates_alone(
    client: Clients, database: Database, role: str
) -> None:
    _a_form_for_some(database)
    a_member(database, "inspector", "guild", "inspector")
    a_member(database, "private", "office", role)
    delegated(client)
    given = {"definition": "p", "data": dict.fromkeys(VISIBLE, "1")}
    case = body(client("caseworker", "reza").post("/cases", given))
    task, private = case["tasks"][0]["id"], client("caseworker", "private")
    shown = body(private.get(f"/tasks/{task}"))
    assert shown["data"].keys() == shown["form"]["schema"]["properties"].keys() - {"x"}
    assert shown["data"].keys() == {"for_all", "of_delegates"}
    private.post(f"/tasks/{task}/claim")
    draft = private.send("PUT", f"/tasks/{task}/draft", json={"data": {"of_caseworkers": "2"}})
    refused(draft, 422, "invalid")
    refused(private.post(f"/tasks/{task}/complete", {"data": {"of_inspectors": "2"}}), 422, "invalid")
    for path in (f"/cases/{case['id']}/file", f"/cases/{case['id']}/events"):
        refused(private.get(path), 404, "not-found")
    official = client("caseworker", "inspector")
    assert body(official.get(f"/cases/{case['id']}"))["data"].keys() == VISIBLE.keys() - {"of_delegates"}


def test_delegate_with_a_post_in_the_agency_sees_the_fields_of_both(
    client: Clients, database: Database
) -> None:
    _a_form_for_some(database)
    a_member(database, "both", "office")
    a_member(database, "both", "guild", "inspector")
    delegated(client)
    given = {"definition": "p", "data": dict.fromkeys(VISIBLE, "1")}
    task = body(client("caseworker", "reza").post("/cases", given))["tasks"][0]["id"]
    assert body(client("caseworker", "both").get(f"/tasks/{task}"))["data"].keys() == VISIBLE.keys()


def test_delegates_of_one_step_share_its_tasks(client: Clients, database: Database) -> None:
    a_unit(database, "other-office", kind="delegate")
    a_member(database, "other clerk", "other-office")
    delegated(client)
    delegated(client, delegate="other-office")
    for _ in range(4):
        started(client)
    assert [len(inbox(client, name)) for name in ("clerk", "other clerk")] == [2, 2]


@pytest.mark.parametrize("ended", ["revoked", "expired"])
def test_open_tasks_come_back_and_nothing_is_lost(client: Clients, database: Database, ended: str) -> None:
    delegation = delegated(client)
    case, task = started(client)
    clerk = client("caseworker", "clerk")
    assert clerk.post(f"/tasks/{task}/claim").status_code == 200
    document = body(clerk.upload(f"/tasks/{task}", filed.pdf()))["id"]
    assert clerk.post(f"/tasks/{task}/comments", {"text": "seen"}).status_code == 201
    assert clerk.send("PUT", f"/tasks/{task}/draft", json={"data": {"x": "begun"}}).status_code == 200
    if ended == "revoked":
        for _ in range(2):
            assert body(client("administrator", "boss").send("DELETE", f"/delegations/{delegation['id']}"))[
                "revoked_at"
            ]
    else:
        with database.transaction() as session:
            session.execute(update(Delegation).values(valid_to=datetime.now(UTC)))
        refused(clerk.get(f"/tasks/{task}"), 404, "not-found")  # before anything else has happened
        swept = database.run(
            lambda session, now: delegations.give_back(
                UnitOfWork(session, accounts.system(session, now), now)
            )
        )
        assert swept == 1
    refused(clerk.get(f"/tasks/{task}"), 404, "not-found")
    refused(clerk.post(f"/tasks/{task}/complete", {"data": {}}), 404, "not-found")
    refused(clerk.get(f"/documents/{document}"), 404, "not-found")
    assert inbox(client, "reza") == [task]
    assert body(client("caseworker", "reza").get(f"/tasks/{task}"))["assignee"] is None
    assert kinds(client, case)[-1] == "task.returned"
    reza = client("caseworker", "reza")
    assert body(reza.get(f"/documents/{document}"))["task"] == task
    assert [one["text"] for one in body(reza.get(f"/cases/{case}/comments"))["items"]] == ["seen"]
    assert reza.post(f"/tasks/{task}/claim").status_code == 200
    assert body(reza.get(f"/tasks/{task}"))["draft"] == {"x": "begun"}
    assert client("caseworker", "reza").post(f"/tasks/{task}/complete", {"data": {}}).status_code == 200


def test_revoked_delegate_is_shut_out_while_its_tasks_wait_to_be_returned(
    client: Clients, database: Database
) -> None:
    delegated(client)
    _, task = started(client)
    with database.transaction() as session:
        session.execute(update(Delegation).values(revoked_at=datetime.now(UTC)))
    clerk = client("caseworker", "clerk")
    assert inbox(client, "clerk") == []
    refused(clerk.get(f"/tasks/{task}"), 404, "not-found")
    refused(clerk.post(f"/tasks/{task}/claim"), 404, "not-found")


@pytest.mark.parametrize("attempt", range(5))
def test_of_revoking_and_completing_at_once_both_leave_the_task_done_or_returned(
    client: Clients, attempt: int
) -> None:
    delegation = delegated(client)
    case, task = started(client)
    clerk, boss = client("caseworker", "clerk"), client("administrator", "boss")
    acts = (
        lambda: clerk.post(f"/tasks/{task}/complete", {"data": {"x": "2"}}).status_code,
        lambda: boss.send("DELETE", f"/delegations/{delegation['id']}").status_code,
    )
    completed, revoked = factories.at_once(2, lambda number: acts[number]())
    assert revoked == 200
    done = completed == 200
    assert done or completed == 404
    assert (inbox(client, "clerk"), inbox(client, "reza") == [task]) == ([], not done)
    told = kinds(client, case)
    assert (told.count("task.completed"), told.count("task.returned")) == (done, not done)


def test_held_case_keeps_no_other_task_with_the_delegate(client: Clients, database: Database) -> None:
    delegated(client)
    (held, _), (_, task) = started(client), started(client)
    with database.transaction() as session:
        session.execute(update(Delegation).values(valid_to=datetime.now(UTC)))
    with database.transaction() as other:
        other.execute(select(Case.id).where(Case.id == held).with_for_update())
        given = database.run(
            lambda session, now: delegations.give_back(
                UnitOfWork(session, accounts.system(session, now), now)
            )
        )
    assert (given, inbox(client, "reza")) == (1, [task])


def test_delegate_reads_the_documents_of_its_task_only(client: Clients) -> None:
    delegated(client)
    case, task = started(client)
    clerk, reza = client("caseworker", "clerk"), client("caseworker", "reza")
    others = body(reza.upload(f"/cases/{case}", filed.pdf()))["id"]
    own = body(clerk.upload(f"/tasks/{task}", filed.pdf()))["id"]
    assert [row["id"] for row in body(clerk.get(f"/tasks/{task}/documents"))["items"]] == [own]
    assert clerk.get(f"/documents/{own}/content").status_code == 200
    for path in (f"/documents/{others}", f"/documents/{others}/content"):
        refused(clerk.get(path), 404, "not-found")
    replaced = clerk.upload(f"/tasks/{task}", filed.pdf(), fields={"replaces": others})
    assert pointers(refused(replaced, 422, "invalid")) == ["/replaces"]
    refused(clerk.upload(f"/cases/{case}", filed.pdf()), 404, "not-found")


def test_what_is_open_stays_unless_it_is_taken_over(client: Clients) -> None:
    case, task = started(client)
    assert client("caseworker", "reza").post(f"/tasks/{task}/claim").status_code == 200
    delegated(client)
    assert (inbox(client, "clerk"), inbox(client, "reza")) == ([], [task])
    delegation = delegated(client, take_over=True)
    assert (inbox(client, "clerk"), inbox(client, "reza")) == ([task], [])
    assert kinds(client, case)[-1] == "task.delegated"
    client("administrator", "boss").send("DELETE", f"/delegations/{delegation['id']}")
    assert (inbox(client, "clerk"), inbox(client, "reza")) == ([], [task])


def test_only_cases_of_the_unit_are_delegated(client: Clients) -> None:
    delegated(client, unit="guild-tehran")
    started(client)
    assert inbox(client, "clerk") == []


def test_delegation_counts_from_its_beginning_on(client: Clients) -> None:
    delegated(client, valid_from=SOON)
    started(client)
    assert inbox(client, "clerk") == []


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"definition": "q"}, "/definition"),
        ({"elements": ["start"]}, "/elements/0"),
        ({"elements": ["a", "nothing"]}, "/elements/1"),
        ({"unit": "health"}, "/unit"),
        ({"unit": "root"}, "/unit"),
        ({"delegate": "health"}, "/delegate"),
        ({"delegate": "nowhere"}, "/delegate"),
        ({"valid_to": "2020-01-01T00:00:00Z"}, "/valid_to"),
        ({"valid_from": SOON, "take_over": True}, "/take_over"),
    ],
)
def test_what_cannot_be_delegated_is_refused(client: Clients, fields: dict[str, Any], place: str) -> None:
    response = client("administrator", "boss").post("/delegations", new(**fields))
    assert pointers(refused(response, 422, "invalid")) == [place]


def test_delegates_read_theirs_and_the_agency_revokes(client: Clients, database: Database) -> None:
    a_member(database, "nobody's boss", "health", "*", "administrator")
    made = delegated(client)
    seen = {
        name: [row["id"] for row in body(client("administrator", name).get("/delegations"))["items"]]
        for name in ("boss", "their boss", "nobody's boss")
    }
    assert seen == {"boss": [made["id"]], "their boss": [made["id"]], "nobody's boss": []}
    for name in ("their boss", "nobody's boss"):
        refused(client("administrator", name).send("DELETE", f"/delegations/{made['id']}"), 404, "not-found")
    log = body(client("administrator", "boss").get("/organisation-log"))["items"]
    assert [row["kind"] for row in log if row["kind"].startswith("delegation.")] == ["delegation.agreed"]


def test_step_that_holds_the_legal_decision_is_not_delegated(client: Clients, database: Database) -> None:
    task = bpmn.node("userTask", "a", camunda__formKey="f.json", parvandeh__decision="x")
    drawn = bpmn.process(bpmn.declared(yes="grants"), *bpmn.in_line(task, "userTask b"))
    files = factories.files(drawn, f=factories.form(x={"type": "string", "enum": ["yes"]}))
    who = factories.an_actor(database, "designer", "another")
    factories.as_actor(database, who, lambda uow: definitions.deploy(uow, files, unit="guild"))
    boss = client("administrator", "boss")
    response = boss.post("/delegations", new(elements=["b", "a"]))
    assert pointers(refused(response, 422, "invalid")) == ["/elements/1"]
    assert boss.post("/delegations", new(elements=["b"])).status_code == 201
