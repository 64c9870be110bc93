"""The access log: what is recorded of reading, what is not, and who may see it."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, text, update

from api.command import DATABASE
from engine.models import AccessHead, AccessRecord, Case, Event
from engine.oversight.access_log.records import about
from engine.platform.db import Database
from engine.platform.limits import Limits
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused, revision_tag
from tests.api.desk import Office, an_office
from tests.api.test_decisions import deciding

Records = Callable[[], list[AccessRecord]]


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    """A case that the portal started, with an open task."""
    factories.deploy(database, factories.with_form(factories.form(x={"type": "string"})))
    return client("portal").start(data={"name": "نام"})


@pytest.fixture
def records(database: Database) -> Records:
    """All records so far, in the order of their ids."""

    def read() -> list[AccessRecord]:
        with database.transaction() as session:
            return list(session.scalars(select(AccessRecord).order_by(AccessRecord.id)))

    return read


def belongs(database: Database, applicant: str) -> None:
    """The cases are this person's."""
    with database.transaction() as session:
        session.execute(update(Case).values(applicant=applicant))


@pytest.fixture
def impatient(app: APIFlask, database_url: str) -> Iterator[None]:
    """The application waits for nobody's lock longer than a second."""
    app.extensions[DATABASE] = Database(database_url, limits=Limits(lock=1))
    yield
    app.extensions[DATABASE].dispose()


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/cases/{case}", "case"),
        ("/cases/{case}/clock", "case"),
        ("/cases/{case}/time", "case"),
        ("/cases/{case}/visits", "case"),
        ("/cases/{case}/events", "events"),
        ("/tasks/{task}", "task"),
    ],
)
def test_what_shows_a_case_is_recorded(
    client: Clients, case: dict[str, Any], records: Records, path: str, what: str
) -> None:
    task = case["tasks"][0]["id"]
    assert client("caseworker").get(path.format(case=case["id"], task=task)).status_code == 200
    (record,) = records()
    assert (record.what, record.case_id, record.seq) == (what, UUID(case["id"]), 1)
    assert record.object_id == (UUID(task) if what == "task" else None)
    assert (record.actor_role, record.actor_unit) == ("caseworker", "root")
    assert record.payload == {"reason": "open-step", "step": "a"}


def test_asking_for_the_head_alone_is_recorded(
    client: Clients, app: APIFlask, case: dict[str, Any], records: Records
) -> None:
    headers = {"Authorization": f"Bearer {client('caseworker').token}"}
    assert app.test_client().head(f"/api/v1/cases/{case['id']}", headers=headers).status_code == 200
    assert len(records()) == 1


def test_record_tells_why_and_for_whom(
    client: Clients, database: Database, case: dict[str, Any], records: Records
) -> None:
    belongs(database, "نام")
    said = {"X-Purpose": "رسیدگی", "X-On-Behalf-Of": "نام"}
    headers = {name: words.encode().decode("latin-1") for name, words in said.items()}
    client("caseworker").get(f"/cases/{case['id']}", headers=headers)
    (record,) = records()
    assert record.payload
    said = {name: record.payload[name] for name in ("purpose", "on_behalf_of")}
    assert said == {"purpose": "رسیدگی", "on_behalf_of": "نام"}


@pytest.fixture
def office(client: Clients, database: Database) -> Office:
    return an_office(client, database)


def last(office: Office) -> tuple[str | None, str | None]:
    """Why the last one looked."""
    shown = body(office.client("portal").get(f"/cases/{office.case}/access-log"))["items"][0]
    return shown["reason"], shown["step"]


def why(office: Office, reader: Client, path: str = "/cases/{case}") -> tuple[str | None, str | None]:
    """The reason of access that the log shows."""
    assert reader.get(path.format(case=office.case, task=office.task)).status_code == 200
    return last(office)


@pytest.mark.parametrize("path", ["/cases/{case}", "/cases/{case}/file", "/tasks/{task}"])
def test_work_on_a_step_is_why_somebody_looks(office: Office, path: str) -> None:
    assert why(office, office["sara"], path) == ("open-step", "a")
    office.claimed("sara")
    assert why(office, office["sara"], path) == ("step", "a")
    assert why(office, office["reza"], path) == ("office", None)
    assert office["sara"].complete(office.task, {"decision": "granted"}).status_code == 200
    assert why(office, office["sara"], path) == ("past-step", "a")


def test_without_a_step_it_is_what_somebody_is_there(office: Office) -> None:
    office.claimed("sara")
    assert why(office, office["mina"]) == ("supervisor", None)
    assert why(office, office.client("administrator")) == ("administrator", None)
    assert why(office, office.client("portal")) == ("portal", None)


def test_the_step_is_that_of_the_task_that_is_shown(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.forked(2))
    case = client("portal").start()
    reader, tasks = client("caseworker"), {task["element"]: task["id"] for task in case["tasks"]}
    assert reader.post(f"/tasks/{tasks['t0']}/claim").status_code == 200
    for element, task in tasks.items():
        assert reader.get(f"/tasks/{task}").status_code == 200
        (first, *_) = body(client("portal").get(f"/cases/{case['id']}/access-log"))["items"]
        assert (first["reason"], first["step"]) == ({"t0": "step", "t1": "open-step"}[element], element)


def test_who_works_on_the_appeal_looks_at_the_first_case_for_it(
    client: Clients, database: Database, office: Office
) -> None:
    factories.deploy(database, deciding("q", parvandeh__appeal="p"))
    first = client("portal").start("q")
    ground = {"code": "tax_debt", "text": "Taxes of 1404 are unpaid."}
    decider = client("caseworker", "first")
    decider.complete(first["tasks"][0]["id"], {"decision": "refused", "ground": ground})
    appeal = body(client("portal").post(f"/cases/{first['id']}/appeals", {"data": {}}))
    second = client("caseworker", "second")
    assert second.post(f"/tasks/{appeal['tasks'][0]['id']}/claim").status_code == 200
    assert why(Office(client, first["id"], ""), second) == ("step", "a")


def test_an_administrator_looks_at_a_case_that_failed_to_mend_it(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "n = int(name)"))))
    case = client("portal").start(data={"name": "secret"})
    assert why(Office(client, case["id"], ""), client("administrator")) == ("fault", None)


@pytest.mark.parametrize(
    "path", ["/cases", "/tasks", "/tasks?case={case}", "/cases/{case}/diagram.svg", "/definitions/p"]
)
def test_lists_and_pictures_are_not_recorded(
    client: Clients, case: dict[str, Any], records: Records, path: str
) -> None:
    assert client("caseworker").get(path.format(case=case["id"])).status_code == 200
    assert records() == []


def test_lists_show_no_personal_data(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    client("portal").start(data={"name": "secret"}, applicant="secret", business_key="secret")
    for path in ("/cases", "/tasks"):
        listed = client("caseworker").get(path)
        assert body(listed)["items"]
        assert "secret" not in listed.text


def test_list_of_incidents_does_not_repeat_the_data_on_which_a_script_failed(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "n = int(name)"))))
    (incident,) = client("portal").start(data={"name": "secret"})["incidents"]
    assert "secret" in incident["message"]
    listed = client("administrator").get("/incidents")
    assert body(listed)["items"][0]["code"] == "script-failed"
    assert "secret" not in listed.text


def test_commands_are_told_by_the_event_log_alone(
    client: Clients, case: dict[str, Any], records: Records
) -> None:
    worker, task = client("caseworker"), case["tasks"][0]["id"]
    for command in ("claim", "release"):
        assert worker.post(f"/tasks/{task}/{command}").status_code == 200
    assert client("portal").post(f"/cases/{case['id']}/cancel").status_code == 200
    assert records() == []


def test_refused_reading_is_not_recorded(client: Clients, case: dict[str, Any], records: Records) -> None:
    refused(client("portal", "another").get(f"/cases/{case['id']}"), 404, "not-found")
    refused(client("caseworker").get(f"/cases/{uuid4()}"), 404, "not-found")
    refused(client("designer").get(f"/cases/{case['id']}"), 403, "forbidden")
    assert records() == []


def test_reading_changes_nothing_of_the_case(
    client: Clients, database: Database, case: dict[str, Any]
) -> None:
    tags = [revision_tag(client("caseworker").get(f"/cases/{case['id']}")) for _ in range(2)]
    assert tags[0] == tags[1] == '"1"'
    with database.transaction() as session:
        stored = session.get_one(Case, UUID(case["id"]))
        events = session.scalar(select(func.count()).select_from(Event))
        assert (stored.revision, stored.log_length) == (1, events)


@pytest.mark.usefixtures("impatient")
def test_case_that_somebody_holds_can_be_read(
    client: Clients, database: Database, case: dict[str, Any], records: Records
) -> None:
    with database.transaction() as session:
        session.execute(select(Case.id).with_for_update())
        assert client("caseworker").get(f"/cases/{case['id']}").status_code == 200
    assert len(records()) == 1


@pytest.mark.parametrize("path", ["/cases/{case}", "/cases/{case}/events", "/tasks/{task}"])
def test_what_cannot_be_recorded_is_not_shown(
    client: Clients, database: Database, case: dict[str, Any], path: str
) -> None:
    with database.transaction() as session:
        session.execute(text("ALTER TABLE access_log ADD CONSTRAINT no_room CHECK (false)"))
    url = path.format(case=case["id"], task=case["tasks"][0]["id"])
    answer = client("caseworker").get(url)
    refused(answer, 503, "busy")
    assert answer.headers["Retry-After"]
    assert "نام" not in answer.text
    assert client("caseworker").get("/cases").status_code == 200
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(AccessHead)) == 0


@pytest.mark.usefixtures("impatient")
def test_reader_whose_chain_is_held_is_told_to_come_again(
    client: Clients, database: Database, case: dict[str, Any]
) -> None:
    url = f"/cases/{case['id']}"
    assert client("caseworker").get(url).status_code == 200
    with database.transaction() as session:
        session.execute(update(AccessHead).values(length=AccessHead.length))
        refused(client("caseworker").get(url), 503, "busy")
        assert client("caseworker", "another").get(url).status_code == 200


def test_applicants_side_sees_who_was_shown_what(
    client: Clients, database: Database, case: dict[str, Any]
) -> None:
    belongs(database, "somebody")
    task = case["tasks"][0]["id"]
    client("caseworker", "first").get(f"/cases/{case['id']}", headers={"X-Purpose": "review"})
    client("caseworker", "second").get(f"/tasks/{task}", headers={"X-On-Behalf-Of": "somebody"})
    shown = body(client("portal").get(f"/cases/{case['id']}/access-log"))
    assert shown["next"] is None
    told = [
        (item["reader"]["name"], item["what"], item["object"], item["purpose"], item["on_behalf_of"])
        for item in shown["items"]
    ]
    assert told == [
        ("second", "task", task, None, "somebody"),
        ("first", "case", None, "review", None),
    ]
    assert {item["reader"]["role"] for item in shown["items"]} == {"caseworker"}


def test_only_those_see_it_who_see_the_case(client: Clients, case: dict[str, Any]) -> None:
    path = f"/cases/{case['id']}/access-log"
    refused(client("portal", "another").get(path), 404, "not-found")
    refused(client("caseworker").get(path), 403, "forbidden")
    refused(client("administrator").get(f"/cases/{uuid4()}/access-log"), 404, "not-found")


def test_one_case_shows_nothing_of_another(client: Clients, case: dict[str, Any]) -> None:
    other = client("portal").start()
    client("caseworker").get(f"/cases/{other['id']}")
    assert body(client("portal").get(f"/cases/{case['id']}/access-log"))["items"] == []


def test_administrators_look_at_it_is_recorded_and_the_applicants_sides_is_not(
    client: Clients, case: dict[str, Any]
) -> None:
    path = f"/cases/{case['id']}/access-log"
    for role in ("portal", "administrator", "portal"):
        shown = body(client(role).get(path))["items"]
    assert [(item["what"], item["reader"]["role"]) for item in shown] == [("access-log", "administrator")]


def test_it_comes_in_pages(client: Clients, case: dict[str, Any]) -> None:
    for number in range(51):
        client("caseworker").get(f"/cases/{case['id']}", headers={"X-Purpose": str(number)})
    path = f"/cases/{case['id']}/access-log"
    first = body(client("portal").get(path))
    second = body(client("portal").get(f"{path}?cursor={first['next']}"))
    purposes = [item["purpose"] for item in (*first["items"], *second["items"])]
    assert (len(first["items"]), second["next"]) == (50, None)
    assert sorted(purposes, key=int) == [str(number) for number in range(51)]
    instants = [item["at"] for item in (*first["items"], *second["items"])]
    assert instants == sorted(instants, reverse=True)


def test_erased_words_are_null(client: Clients, database: Database, case: dict[str, Any]) -> None:
    client("caseworker").get(f"/cases/{case['id']}", headers={"X-Purpose": "review"})
    with database.transaction() as session:
        session.execute(update(AccessRecord).values(payload=None, salt=None))
    (item,) = body(client("portal").get(f"/cases/{case['id']}/access-log"))["items"]
    assert (item["reader"]["name"], item["purpose"]) == ("caseworker", None)


def test_the_records_of_a_case_and_its_draft_are_found_by_their_index(database: Database) -> None:
    filled = text(
        "INSERT INTO access_log (reader_id, seq, id, at, case_id, what, actor_role, hash) SELECT :reader, n,"
        " gen_random_uuid(), now(), gen_random_uuid(), 'case', 'auditor', ''"
        " FROM generate_series(1, 5000) AS n"
    )
    wanted = select(AccessRecord.id).where(about(uuid4()))
    with database.transaction() as session:
        session.execute(filled, {"reader": uuid4()})
        session.execute(text("ANALYZE access_log"))
        compiled = wanted.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(row[0] for row in session.connection().exec_driver_sql(f"EXPLAIN {compiled}"))
        session.rollback()
    assert "ix_access_log_case_id_id" in plan, plan
    assert "Seq Scan on access_log" not in plan, plan
