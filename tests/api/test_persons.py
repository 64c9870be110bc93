"""Four eyes and conflicts of interest by person: accounts that share one, and accounts that have none."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import update

from engine.identity import login
from engine.identity.oidc import Person
from engine.models import Case, User
from engine.platform.db import Actor, Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.api.test_fairness import next_task, opened, parted, two_eyes
from tests.organisation import a_member, a_person

PERSON, OTHER = "0012345679", "0499370899"


def of_one_person(client: Clients, database: Database, *names: str, role: str = "caseworker") -> None:
    """Let these accounts, from before a person had one of a kind, belong to one person."""
    for name in names:
        client(role, name)
    with database.transaction() as session:
        ours = update(User).where(User.name.in_(names))
        session.execute(ours.values(person=PERSON, duplicate=User.name != names[0]))


def nobody(database: Database, *names: str) -> None:
    """Let it be unknown whose these accounts are."""
    with database.transaction() as session:
        session.execute(update(User).where(User.name.in_(names)).values(person=None))


def test_second_account_of_a_person_does_not_take_the_second_task(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, two_eyes())
    of_one_person(client, database, "one", "one-again")
    case = opened(client)
    assert client("caseworker", "one").complete(case["a"]).status_code == 200
    task = next_task(client, case["case"])
    refused(client("caseworker", "one-again").post(f"/tasks/{task}/claim"), 403, "four-eyes")
    refused(client("caseworker", "one-again").complete(task), 409, "four-eyes")
    assert client("caseworker", "two").complete(task).status_code == 200


def test_second_account_of_a_person_does_not_complete_the_other_branch(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, parted())
    of_one_person(client, database, "one", "one-again")
    case = opened(client)
    assert client("caseworker", "one-again").post(f"/tasks/{case['b']}/claim").status_code == 200
    assert client("caseworker", "one").complete(case["a"]).status_code == 200
    refused(client("caseworker", "one-again").complete(case["b"]), 409, "four-eyes")


def test_task_of_a_group_is_assigned_to_no_second_account_of_a_person(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, two_eyes())
    of_one_person(client, database, "one", "one-again")
    case = opened(client)
    client("caseworker", "one").complete(case["a"])
    task = next_task(client, case["case"])
    problem = refused(
        client("administrator").post(f"/tasks/{task}/assign", {"to": "one-again"}), 422, "invalid"
    )
    assert pointers(problem) == ["/to"]


@pytest.mark.parametrize("act", ["claim", "complete"])
def test_account_without_a_person_takes_no_part_in_four_eyes(
    client: Clients, database: Database, act: str
) -> None:
    factories.deploy(database, two_eyes())
    case, unknown = opened(client), client("caseworker", "unknown")
    nobody(database, "unknown")
    given: dict[str, Any] = {"data": {}} if act == "complete" else {}
    problem = refused(unknown.post(f"/tasks/{case['a']}/{act}", given), 403, "person-unknown")
    assert "Ask an administrator" in problem["detail"]
    to_nobody = client("administrator").post(f"/tasks/{case['a']}/assign", {"to": "unknown"})
    refused(to_nobody, 422, "invalid")
    assert client("caseworker", "known").complete(case["a"]).status_code == 200


def test_account_without_a_person_does_other_tasks(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case, unknown = opened(client, applicant=PERSON), client("caseworker", "unknown")
    nobody(database, "unknown")
    assert unknown.complete(case["a"]).status_code == 200


@pytest.mark.usefixtures("careful")
@pytest.mark.parametrize(
    ("accounts", "problem"),
    [("same", "four-eyes"), ("no-author", "person-unknown"), ("no-publisher", "person-unknown")],
)
def test_version_is_published_by_another_person_than_the_author(
    client: Clients, database: Database, accounts: str, problem: str
) -> None:
    client("designer", "author").deploy(factories.one_task())
    if accounts == "same":
        of_one_person(client, database, "author", "author-again", role="designer")
    reviewer = client("designer", "author-again")
    if accounts != "same":
        nobody(database, "author" if accounts == "no-author" else "author-again")
    refused(reviewer.post("/definitions/p/versions/1/publish"), 403, problem)


def new(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "role": "caseworker", "memberships": [{"unit": "root"}], "person": PERSON, **fields}


def test_person_gets_no_second_account(client: Clients) -> None:
    boss = client("administrator")
    assert boss.post("/people", new("one")).status_code == 201
    for fields in ({}, {"role": "designer"}, {"person": "۰۰۱-۲۳۴۵۶۷-۹"}):
        problem = refused(boss.post("/people", new("one-again", **fields)), 422, "invalid")
        assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
            ("/person", "person-taken")
        ]
    assert PERSON not in str(problem)
    refused(boss.post("/people", new("one")), 409, "conflict")


def test_two_accounts_for_a_person_at_once_make_one(client: Clients) -> None:
    boss = client("administrator")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: boss.post("/people", new(f"one-{n}")).status_code, range(4)))
    assert sorted(made) == [201, 422, 422, 422]


def test_applicant_of_the_same_person_keeps_an_account(client: Clients, database: Database) -> None:
    client("applicant", "citizen")
    with database.transaction() as session:
        session.execute(update(User).where(User.name == "citizen").values(person=PERSON))
    assert client("administrator").post("/people", new("official")).status_code == 201


def test_administrator_adds_the_missing_person(client: Clients, database: Database) -> None:
    boss = client("administrator")
    unknown = a_member(database, "unknown", "root", person=None)
    a_member(database, "known", "root")
    missing = body(boss.get("/people?person=missing"))["items"]
    assert [(row["name"], row["has_person"]) for row in missing] == [("unknown", False)]
    place = f"/people/{unknown.id}"
    taken = {"person": a_person("known")}
    assert pointers(refused(boss.send("PATCH", place, json=taken), 422, "invalid")) == ["/person"]
    assert body(boss.send("PATCH", place, json={"person": PERSON}))["person"] == PERSON
    assert body(boss.get("/people?person=missing"))["items"] == []


def test_nobody_says_whose_their_own_account_is(client: Clients, database: Database) -> None:
    boss = a_member(database, "boss", "root", "*", "administrator", person=None)
    own = client("administrator", "boss").send("PATCH", f"/people/{boss.id}", json={"person": PERSON})
    refused(own, 403, "forbidden")


def test_administrators_see_accounts_that_share_a_person(client: Clients, database: Database) -> None:
    of_one_person(client, database, "one", "one-again")
    found = body(client("administrator").get("/people?person=duplicate"))["items"]
    assert [row["name"] for row in found] == ["one", "one-again"]


READS = (
    "/cases/{case}",
    "/cases/{case}/file",
    "/cases/{case}/events",
    "/cases/{case}/comments",
    "/cases/{case}/documents",
    "/cases/{case}/decisions",
    "/cases/{case}/diagram.svg",
    "/tasks/{task}",
)


@pytest.mark.parametrize("party", ["applicant", "representative", "owner"])
def test_official_does_not_read_the_cases_of_their_own(
    client: Clients, database: Database, party: str
) -> None:
    files = factories.with_form(factories.form(owner={"type": "string"}))
    content = files["p.bpmn"].replace(b'isExecutable="true"', b'isExecutable="true" parvandeh:party="owner"')
    factories.deploy(database, {**files, "p.bpmn": content})
    a_member(database, "official", "root", person=PERSON)
    about = {"data": {"owner": PERSON}} if party == "owner" else {party: PERSON}
    case = client("portal").start(**about)
    places = {"case": case["id"], "task": case["tasks"][0]["id"]}
    for read in READS:
        answer = client("caseworker", "official").get(read.format(**places))
        refused(answer, 403, "conflict-of-interest")
        assert client("caseworker", "another").get(read.format(**places)).status_code == 200, read
    assert client("portal").get(f"/cases/{case['id']}").status_code == 200


def test_lists_leave_out_the_cases_of_ones_own(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    a_member(database, "official", "root", person=PERSON)
    own, foreign = (client("portal").start(applicant=person)["id"] for person in (PERSON, OTHER))
    official = client("caseworker", "official")
    assert [row["id"] for row in body(official.get("/cases"))["items"]] == [foreign]
    assert [row["case"] for row in body(official.get("/tasks"))["items"]] == [foreign]
    assert body(official.get(f"/tasks?case={own}"))["items"] == []


def test_page_of_the_inbox_is_full_though_tasks_of_ones_own_are_left_out(
    client: Clients, database: Database, actor: Callable[..., Actor]
) -> None:
    factories.deploy(database, factories.one_task())
    a_member(database, "official", "root", person=PERSON)
    for _ in range(53):
        client("portal").start(applicant=OTHER)
    with database.transaction() as session:
        first = session.query(Case.id).order_by(Case.id).limit(1).scalar_subquery()
        session.execute(update(Case).where(Case.id == first).values(applicant=PERSON))
    page = body(client("caseworker", "official").get("/tasks"))
    rest = body(client("caseworker", "official").get(f"/tasks?cursor={page['next']}"))
    assert (len(page["items"]), len(rest["items"])) == (50, 2)


def test_case_of_ones_own_in_another_unit_does_not_exist(client: Clients, database: Database) -> None:
    factories.an_agency(database, "elsewhere")
    factories.deploy(database, factories.one_task())
    a_member(database, "official", "elsewhere", person=PERSON)
    case = client("portal").start(applicant=PERSON)
    for place in (f"/cases/{case['id']}", f"/tasks/{case['tasks'][0]['id']}"):
        refused(client("caseworker", "official").get(place), 404, "not-found")


def test_official_gives_back_a_task_of_a_case_that_became_their_own(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.one_task())
    a_member(database, "official", "root", person=PERSON)
    case, official = opened(client), client("caseworker", "official")
    official.post(f"/tasks/{case['a']}/claim")
    with database.transaction() as session:
        session.execute(update(Case).values(applicant=PERSON))
    assert body(official.post(f"/tasks/{case['a']}/release"))["assignee"] is None
    refused(official.get(f"/tasks/{case['a']}"), 403, "conflict-of-interest")


def test_suspension_has_a_reason_that_is_counted(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case, boss = client("portal").start()["id"], client("administrator")
    unknown = refused(boss.post(f"/cases/{case}/suspend", {"reason_code": "holiday"}), 422, "invalid")
    assert pointers(unknown) == ["/reason_code"]
    told = {"reason_code": "related-case", "reason": "1405-000001"}
    assert body(boss.post(f"/cases/{case}/suspend", told))["status"] == "suspended"
    event = body(boss.get(f"/cases/{case}/events"))["items"][-1]
    assert (event["facts"], event["payload"]) == ({"reason_code": "related-case"}, told)


@pytest.mark.parametrize("act", ["suspend", "cancel"])
def test_administrator_does_nothing_to_a_case_of_their_own(
    client: Clients, database: Database, act: str
) -> None:
    factories.deploy(database, factories.one_task())
    a_member(database, "boss", "root", "*", "administrator", person=PERSON)
    case = client("portal").start(applicant=PERSON)["id"]
    refused(client("administrator", "boss").post(f"/cases/{case}/{act}"), 403, "conflict-of-interest")
    events = body(client("administrator").get(f"/cases/{case}/events"))["items"]
    assert [event["payload"] for event in events if event["kind"] == "case.blocked"] == [
        {"reason": "conflict-of-interest"}
    ]


def citizen_of(database: Database, person: str) -> str:
    """The account that the person gets at a provider of citizens."""
    came = Person(
        "https://citizens.example.org", "s", person, "low", None, "applicant", "c", opens="applicants"
    )
    found = database.run(lambda session, now: login.account_of_person(session, now, came))
    assert found.role == "applicant"
    return found.name


def test_official_applies_as_a_citizen_and_does_nothing_in_that_case(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.one_task())
    a_member(database, "official", "root", person=PERSON)
    citizen = client("applicant", citizen_of(database, PERSON))
    answer = citizen.post("/cases", {"definition": "p"})
    assert answer.status_code == 201
    case = body(answer)["id"]
    (task,) = body(client("caseworker", "another").get(f"/tasks?case={case}"))["items"]
    official = client("caseworker", "official")
    for read in READS:
        refused(official.get(read.format(case=case, task=task["id"])), 403, "conflict-of-interest")
    refused(official.post(f"/tasks/{task['id']}/claim"), 403, "conflict-of-interest")
    refused(official.complete(task["id"]), 403, "conflict-of-interest")
    refused(official.post(f"/cases/{case}/cancel", {"reason": "r"}), 403, "conflict-of-interest")
    to_official = client("administrator").post(f"/tasks/{task['id']}/assign", {"to": "official"})
    refused(to_official, 422, "invalid")
    assert citizen.get(f"/cases/{case}").status_code == 200
    assert client("caseworker", "another").complete(task["id"]).status_code == 200


def test_relatives_of_an_official_are_those_of_the_person_who_applied(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.one_task())
    a_member(database, "official", "root", person=PERSON)
    citizen = client("applicant", citizen_of(database, PERSON))
    case = body(citizen.post("/cases", {"definition": "p"}))["id"]
    colleague = client("caseworker", "another")
    assert colleague.post("/relations", {"person": PERSON, "kind": "family"}).status_code == 201
    (task,) = body(colleague.get(f"/tasks?case={case}"))["items"]
    refused(colleague.post(f"/tasks/{task['id']}/claim"), 403, "conflict-of-interest")
