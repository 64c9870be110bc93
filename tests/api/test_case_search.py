"""Which cases a caller finds: by columns in an address, by personal data and variables in a body."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select, update

from engine.cases import search_completion
from engine.models import Case, CaseValue, Cursor, IdempotencyKey, Membership, Task, User
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused
from tests.organisation import a_member, a_unit

PERSON = "0012345679"


def process(key: str = "p", names: str = "shop, area, late, on", more: str = "") -> dict[str, bytes]:
    """Start → user task `a` → end; these variables are searchable."""
    attributes = f'isExecutable="true" parvandeh:searchable="{names}" {more}'
    drawn = bpmn.process_element(*bpmn.in_line("userTask a"), key=key, attributes=attributes)
    return {f"{key}.bpmn": bpmn.definitions(drawn)}


def found(client: Client, query: str = "", **search: Any) -> list[str]:
    """The numbers of the cases on all pages, without the year."""
    numbers, cursor = list[str](), None
    while True:
        if search:
            page = body(client.post("/cases/search", {**search, **({"cursor": cursor} if cursor else {})}))
        else:
            page = body(client.get(f"/cases?{query}" + (f"&cursor={cursor}" if cursor else "")))
        numbers += [item["case_number"].rpartition("-")[2].lstrip("0") for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return numbers


@pytest.fixture
def office(client: Clients, database: Database) -> Client:
    """Who works in `north`; there are four cases of `p`, two in `north`, two below it and elsewhere."""
    a_unit(database, "agency", kind="agency")
    for unit, above in (("north", "agency"), ("desk", "north"), ("south", "agency")):
        a_unit(database, unit, above)
    factories.deploy(database, process())
    for number, unit in enumerate(("north", "north", "desk", "south"), 1):
        data = {
            "shop": f"کباب {number}",
            "area": number * 10,
            "late": number == 2,
            "on": f"2026-11-0{number}",
        }
        given = {"unit": unit, "business_key": f"K{number}", "applicant": PERSON if number > 2 else None}
        client("portal").start("p", data, **given)
    factories.number_in_order(database)
    a_member(database, "nora", "north")
    return client("caseworker", "nora")


def test_cases_are_filtered_by_their_columns(office: Client, client: Clients, database: Database) -> None:
    task = body(office.get("/tasks"))["items"][0]
    assert office.complete(task["id"]).status_code == 200
    ended = task["case_number"].rpartition("-")[2].lstrip("0")
    number = task["case_number"].translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    with database.transaction() as session:
        begun = session.scalars(select(Case.started_at).where(Case.number == task["case_number"])).one()
        moved = begun - timedelta(days=9)
        session.execute(update(Case).where(Case.number == task["case_number"]).values(started_at=moved))
    day = (moved + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    for query, expected in {
        "": ["3", "2", "1"],
        "unit=desk": ["3"],
        "unit=north": ["3", "2", "1"],
        "unit=south": [],
        "unit=none": [],
        "business_key=K2": ["2"],
        f"case_number={number}": [ended],
        "status=completed": [ended],
        "outcome=granted": [],
        "definition=p&limit=1": ["3", "2", "1"],
        f"started_to={day}": [ended],
        f"started_from={day}&sort=started_at&limit=1": sorted({"1", "2", "3"} - {ended}),
        f"since={day}": sorted({"1", "2", "3"} - {ended}, reverse=True),
        f"ended_from={day}": [ended],
        f"ended_to={day}": [],
        "sort=-ended_at": [ended],
        "sort=case_number&limit=2": ["1", "2", "3"],
        "sort=-case_number&limit=1": ["3", "2", "1"],
    }.items():
        assert found(office, query) == expected, query
    assert found(client("portal"), "unit=agency") == ["4", "3", "2", "1"]
    assert found(client("portal"), "unit=north&limit=1") == ["3", "2", "1"]
    assert found(client("portal", "another"), "business_key=K2") == []


def test_cases_are_found_by_applicant_and_variables(office: Client, client: Clients) -> None:
    def by(*values: Mapping[str, Any], **more: Any) -> list[str]:
        return found(office, definition="p", variables=[*values], **more)

    assert found(office, applicant=PERSON) == ["3"]
    assert found(office, applicant="۰۰۱۲۳۴۵۶۷۹", unit="south") == []
    assert found(office, applicant=f" {PERSON} ") == found(office, business_key=" K3 ") == ["3"]
    (newest,) = body(office.get("/cases?limit=1"))["items"]
    assert found(office, case_number=f" {newest['case_number']}") == ["3"]
    assert found(office, applicant="0499370899") == []
    assert found(client("portal"), applicant=PERSON) == ["4", "3"]
    assert by({"name": "shop", "equals": "كباب  ۲"}) == ["2"]
    assert by({"name": "area", "equals": 10.0}) == ["1"]
    assert by({"name": "area", "equals": "10"}) == []
    assert by({"name": "area", "from": 10, "to": 30}, limit=1) == ["2", "1"]
    assert by({"name": "on", "from": "2026-11-02"}) == ["3", "2"]
    assert by({"name": "late", "equals": True}, {"name": "area", "to": 100}) == ["2"]
    assert by({"name": "late", "equals": "True"}) == []
    everything, beyond = ["3", "2", "1"], 1e300
    for edge in (1e99, beyond):
        assert (by({"name": "area", "to": edge}), by({"name": "area", "from": edge})) == (everything, [])
        assert (by({"name": "area", "from": -edge}), by({"name": "area", "to": -edge})) == (everything, [])
    assert by({"name": "area", "equals": beyond}) == []
    assert by({"name": "late", "to": "a"}) == by({"name": "late", "from": " "}) == []
    assert by({"name": "late", "equals": False}, business_key="K4") == []


def test_case_about_oneself_is_not_found_by_what_it_contains(client: Clients, database: Database) -> None:
    factories.deploy(database, process(names="area", more='parvandeh:party="owner"'))
    for owner in (PERSON, "0499370899"):
        data = {"area": 1, "owner": owner}
        client("portal").start("p", data=data, business_key=owner, applicant="0499370899")
    factories.number_in_order(database)
    a_member(database, "official", "root", person=PERSON)
    area = [{"name": "area", "equals": 1}]
    official, other = client("caseworker", "official"), client("caseworker", "other")
    assert (found(official), found(official, "status=active")) == (["2", "1"], ["2", "1"])
    assert found(official, f"business_key={PERSON}") == []
    for search in ({"definition": "p", "variables": area}, {"applicant": "0499370899"}):
        assert (found(official, **search), found(other, **search)) == (["2"], ["2", "1"])


def test_applicant_is_found_by_the_name_of_the_account(
    office: Client, client: Clients, database: Database
) -> None:
    assert client("applicant", "reza").token
    with database.transaction() as session:
        session.execute(update(User).where(User.name == "reza").values(person=PERSON))
    assert found(office, applicant="reza") == ["3"]
    assert found(client("applicant", "reza"), applicant="reza") == ["4", "3"]


def test_values_follow_the_variables(office: Client, client: Clients, database: Database) -> None:
    wanted: dict[str, Any] = {"definition": "p", "variables": [{"name": "area", "from": 500}]}
    assert found(office, **wanted) == []
    (task,) = [one for one in body(office.get("/tasks?unit=desk"))["items"]]
    office.complete(task["id"], {"area": 700, "shop": None})
    assert found(office, **wanted) == ["3"]
    assert found(office, definition="p", variables=[{"name": "shop", "equals": "کباب 3"}]) == []
    factories.deploy(database, process(names="size"))
    client("portal").start("p", {"size": 3}, unit="north")
    factories.number_in_order(database)
    assert found(office, definition="p", variables=[{"name": "size", "equals": 3}]) == ["5"]
    refused(office.post("/cases/search", wanted), 422, "invalid")


def test_cases_of_an_earlier_release_are_found_after_the_migration(
    office: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: dict[str, Any] = {"definition": "p", "variables": [{"name": "area", "from": 20}]}
    with database.transaction() as session:  # as migration 0053 leaves them
        session.execute(delete(CaseValue))
        session.add(Cursor(name=search_completion.MISSING, transaction_id=0))
    assert found(office, **wanted) == []
    monkeypatch.setattr(search_completion, "BATCH", 1)
    search_completion.complete(database)
    assert found(office, **wanted) == ["3", "2"]
    with database.transaction() as session:
        assert session.get(Cursor, search_completion.MISSING) is None
        session.execute(delete(CaseValue))
    search_completion.complete(database)
    assert factories.count(database, CaseValue) == 0, "done once"


def test_search_that_makes_no_sense_is_refused_with_its_place(office: Client) -> None:
    for value, place in {
        ("unknown", 1): "/variables/0/name",
        ("area", None): "/variables/0",
    }.items():
        problem = refused(search(office, name=value[0], equals=value[1]), 422, "invalid")
        assert pointers(problem) == [place]
    for wrong, place, code in (
        ({"name": "area", "from": 1, "equals": 1}, "", "value-or-range"),
        ({"name": "area", "from": 1, "to": "2"}, "", "range-ends"),
        ({"name": "late", "from": False}, "/from", "range-end"),
        ({"name": "shop", "equals": "\0"}, "/equals", "searched-text"),
        ({"name": "shop", "to": "x" * 201}, "/to", "searched-text"),
        ({"name": "area", "equals": [1]}, "/equals", "searched-value"),
    ):
        (fault,) = refused(search(office, **wrong), 422, "invalid")["errors"]
        assert (fault["pointer"], fault["code"]) == (f"/variables/0{place}", code), wrong
    alone = {"variables": [{"name": "area", "equals": 1}]}
    for given in (alone, {"limit": 0}, {"limit": 10_000}, {"q": 1}):
        refused(office.post("/cases/search", given), 422, "invalid")
    refused(office.post("/cases/search", {"definition": "none", **alone}), 404, "not-found")


def search(client: Client, **value: Any) -> Any:
    return client.post("/cases/search", {"definition": "p", "variables": [value]})


def test_personal_business_key_is_only_in_a_body(client: Clients, database: Database) -> None:
    factories.deploy(database, process("q", more='parvandeh:businessKey="unique-personal"'))
    portal = client("portal")
    portal.start("q", business_key=PERSON)
    factories.number_in_order(database)
    for query in (f"business_key={PERSON}&definition=q", f"business_key={PERSON}"):
        problem = refused(portal.get(f"/cases?{query}"), 422, "invalid")
        assert pointers(problem) == ["/query/business_key"]
        assert "POST /cases/search" in problem["errors"][0]["detail"]
        assert PERSON not in str(problem)
    assert found(portal, business_key=PERSON) == ["1"]
    assert found(portal, business_key=PERSON, definition="q") == ["1"]
    refused(portal.post("/cases", {"definition": "q", "business_key": PERSON}), 409, "conflict")


def test_variable_that_a_form_hides_is_not_searchable(client: Clients, database: Database) -> None:
    form = factories.form(score={"type": "string", "x-visible-to": ["reviewer"]}, name={"type": "string"})
    task = bpmn.node("userTask", "a", camunda__formKey="f.json")
    attributes = 'isExecutable="true" parvandeh:searchable="score, name"'
    drawn = bpmn.definitions(bpmn.process_element(*bpmn.in_line(task), attributes=attributes))
    factories.deploy(database, factories.files(drawn, f=form))
    client("portal").start("p", {"score": "secret", "name": "plain"})
    problem = refused(search(client("portal"), name="score", equals="secret"), 422, "invalid")
    assert problem["errors"][0]["values"] == {"options": "name"}
    with database.transaction() as session:
        assert session.scalars(select(CaseValue.name)).all() == ["name"]
    worker = client("caseworker")

    def tasks(text: str) -> int:
        return len(body(worker.post("/tasks/search", {"text": text}))["items"])

    assert (tasks("secr"), tasks("plain")) == (0, 1)
    with database.transaction() as session:  # as an earlier release wrote it
        session.execute(update(Task).values(search=func.replace(Task.search, "plain", "secret plain")))
        session.add(Cursor(name=search_completion.MISSING, transaction_id=0))
        before = session.scalars(select(Task.search)).one()
    assert tasks("secr") == 1
    search_completion.complete(database)
    assert (tasks("secr"), tasks("plain")) == (0, 1)
    with database.transaction() as session:
        assert session.scalars(select(Task.search)).one() == before.replace("secret ", "")


def test_repeated_search_is_made_again(office: Client, database: Database) -> None:
    """Its answer isn't stored: access may have ended since."""
    key = {"Idempotency-Key": "k"}
    for path in ("/cases/search", "/tasks/search"):
        assert body(office.post(path, {"business_key": "K1"}, headers=key))["items"], path
    assert factories.count(database, IdempotencyKey) == 0
    with database.transaction() as session:
        session.execute(delete(Membership).where(Membership.user_id == _id_of("nora")))
    for path in ("/cases/search", "/tasks/search"):
        assert body(office.post(path, {"business_key": "K1"}, headers=key))["items"] == [], path


def _id_of(name: str) -> Any:
    return select(User.id).where(User.name == name).scalar_subquery()


def test_auditor_says_why_and_each_case_found_is_recorded(
    office: Client, client: Clients, database: Database
) -> None:
    a_member(database, "ava", "agency", "*", "auditor")
    auditor = client("auditor", "ava")
    refused(auditor.post("/cases/search", {"applicant": PERSON}), 403, "purpose-missing")
    why = {"X-Purpose": "complaint"}
    rows = body(auditor.post("/cases/search", {"applicant": PERSON}, headers=why))["items"]
    log = body(client("portal").get(f"/cases/{rows[0]['id']}/access-log"))["items"]
    assert [(one["what"], one["purpose"]) for one in log] == [("case", "complaint")]
    refused(auditor.get("/cases?business_key=K4"), 403, "purpose-missing")
    assert len(body(auditor.get("/cases?business_key=K4", headers={"X-Purpose": "audit"}))["items"]) == 1
    log = body(client("portal").get(f"/cases/{rows[0]['id']}/access-log"))["items"]
    assert {one["purpose"] for one in log} == {"complaint", "audit"}


@pytest.fixture
def executed(database: Database) -> Iterator[list[str]]:
    """The statements of SQLAlchemy, in order."""
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


def test_lists_of_cases_take_few_statements_however_many_there_are(
    office: Client, client: Clients, executed: list[str]
) -> None:
    """The first one of each finds the caller's account, at most."""
    for who, counts in ((office, (2, 4, 5)), (client("portal"), (1, 3, 5))):
        for count, (query, given) in zip(
            counts,
            (
                ("", None),
                ("business_key=K1", None),
                ("", {"definition": "p", "variables": [{"name": "area", "equals": 10}]}),
            ),
            strict=True,
        ):
            who.get("/account")
            executed.clear()
            answer = who.post("/cases/search", given) if given else who.get(f"/cases?{query}")
            assert body(answer)["items"]
            assert len([one for one in executed if "FROM tokens" not in one]) == count, executed


def test_place_of_a_case_or_task_that_one_may_not_see_is_no_cursor(
    office: Client, client: Clients, database: Database
) -> None:
    """Otherwise pages after it would show when it started, ended or is due."""
    a_member(database, "sue", "south")
    sue = client("caseworker", "sue")
    (foreign,) = body(sue.get("/tasks"))["items"]
    done, *_ = body(office.get("/tasks"))["items"]
    for task, worker in ((foreign, sue), (done, office)):
        assert worker.complete(task["id"]).status_code == 200
    for path, field, known in (
        ("/cases?sort=ended_at", "case", 0),
        ("/cases?sort=started_at", "case", 1),
        ("/tasks?status=completed", "id", 0),
        ("/tasks?scope=team", "id", 1),
    ):
        problem = refused(office.get(f"{path}&cursor={foreign[field]}"), 422, "invalid")
        assert pointers(problem) == ["/query/cursor"]
        assert body(office.get(f"{path}&cursor={done[field]}"))["items"] == [] or known, path
    for path, given in (
        ("/tasks/search", {"text": PERSON, "cursor": foreign["id"]}),
        ("/cases/search", {"sort": "-case_number", "applicant": PERSON, "cursor": foreign["case"]}),
    ):
        assert pointers(refused(office.post(path, given), 422, "invalid")) == ["/cursor"]
