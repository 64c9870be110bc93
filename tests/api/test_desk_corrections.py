"""Sending a task back: the applicant corrects what was marked, and nothing else."""

from typing import Any

import pytest
from sqlalchemy import select, update

from engine import events
from engine.models import Definition, Task, Unit
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused
from tests.api.desk import Office
from tests.organisation import a_member, a_unit

START = factories.form(
    ("name", "area"),
    name={"type": "string"},
    area={"type": "integer", "minimum": 1},
    secret={"type": "string", "x-visible-to": ["caseworker"]},
)
MARKS = {"fields": [{"pointer": "/area", "text": "مساحت با سند نمی‌خواند"}], "text": "لطفاً اصلاح کنید"}


@pytest.fixture
def office(client: Clients, database: Database) -> Office:
    """Sara has the task `a` of a case whose applicant has answered START; a script follows, and `b`."""
    a_unit(database, "office", kind="agency")
    for name, role in (("sara", "caseworker"), ("reza", "caseworker"), ("mina", "supervisor")):
        a_member(database, name, "office", role)
    nodes = [
        bpmn.node("startEvent", "start", camunda__formKey="f.json"),
        bpmn.node("userTask", "a"),
        bpmn.script("s", "double = area * 2"),
        bpmn.node("userTask", "b"),
        bpmn.node("endEvent", "end"),
    ]
    flows = [bpmn.flow(*pair) for pair in (("start", "a"), ("a", "s"), ("s", "b"), ("b", "end"))]
    factories.deploy(database, factories.files(bpmn.process(*nodes, *flows), f=START))
    with database.transaction() as session:
        home = select(Unit.id).where(Unit.key == "office").scalar_subquery()
        session.execute(update(Definition).values(unit_id=home))
    case = client("portal").start(data={"name": "Ali", "area": 10})
    made = Office(client, case["id"], case["tasks"][0]["id"])
    made.claimed()
    return made


def send_back(office: Office, **more: Any) -> str:
    answer = office["sara"].post(f"/tasks/{office.task}/send-back", {**MARKS, **more})
    assert answer.status_code == 201, answer.text
    found: str = body(answer)["id"]
    return found


def portal(office: Office) -> Client:
    return office.client("portal")


def test_applicants_side_sees_what_is_wrong_and_the_marked_fields_alone(office: Office) -> None:
    task = send_back(office)
    (listed,) = body(portal(office).get(f"/tasks?case={office.case}"))["items"]
    assert (listed["id"], listed["kind"]) == (task, "correction")
    shown = body(portal(office).get(f"/tasks/{task}"))
    assert (shown["asked"]["text"], shown["asked"]["fields"]) == (MARKS["text"], MARKS["fields"])
    assert (shown["asked"]["by"], b"sara" in portal(office).get(f"/tasks/{task}").data) == (None, False)
    assert list(shown["form"]["schema"]["properties"]) == ["area"]
    assert shown["data"] == {"area": 10}


def test_correction_reaches_data_and_process(office: Office, database: Database) -> None:
    task = send_back(office)
    assert portal(office).complete(task, {"area": 30}).status_code == 200
    assert body(office["sara"].get(f"/cases/{office.case}"))["data"]["area"] == 30
    assert office["sara"].complete(office.task).status_code == 200
    assert body(office["sara"].get(f"/cases/{office.case}"))["data"] == {
        "name": "Ali",
        "area": 30,
        "double": 60,
    }
    with database.transaction() as session:
        assert events.verify(session) == []


def test_log_tells_what_was_corrected(office: Office) -> None:
    task = send_back(office)
    portal(office).complete(task, {"area": 30})
    asked, corrected = office.events()[-2:]
    assert (asked["kind"], asked["task"]) == ("correction.asked", task)
    assert asked["payload"] == {"parent": office.task, **MARKS}
    assert (corrected["kind"], corrected["payload"]) == ("data.corrected", {"changes": {"area": 30}})


def test_field_that_was_not_marked_is_not_corrected(office: Office) -> None:
    task = send_back(office)
    refused(portal(office).complete(task, {"area": 30, "name": "Reza"}), 403, "field-not-marked")
    assert body(office["sara"].get(f"/cases/{office.case}"))["data"] == {"name": "Ali", "area": 10}


def test_correction_must_fit_the_form(office: Office) -> None:
    task = send_back(office)
    problem = refused(portal(office).complete(task, {"area": 0}), 422, "invalid")
    assert pointers(problem) == ["/data/area"]


def test_task_waits_for_the_correction(office: Office) -> None:
    task = send_back(office)
    refused(office["sara"].complete(office.task), 409, "correction-awaited")
    assert portal(office).complete(task, {"area": 30}).status_code == 200
    (corrected,) = office.shown()["corrections"]
    assert corrected["status"] == "completed"
    assert office["sara"].complete(office.task).status_code == 200


def test_withdrawn_correction_is_awaited_no_more(office: Office) -> None:
    task = send_back(office)
    refused(office["sara"].post(f"/tasks/{office.task}/send-back", MARKS), 409, "conflict")
    assert office["sara"].post(f"/tasks/{task}/withdraw").status_code == 200
    refused(portal(office).complete(task, {"area": 30}), 409, "conflict")
    assert office["sara"].complete(office.task).status_code == 200


def test_cancelled_case_takes_it_along(office: Office) -> None:
    task = send_back(office)
    assert office["sara"].post(f"/cases/{office.case}/cancel").status_code == 200
    refused(portal(office).complete(task, {"area": 30}), 409, "conflict")


@pytest.mark.parametrize("pointer", ["/nothing", "area", "", "/secret"])
def test_mark_that_leads_to_no_field_of_the_applicants_is_refused(office: Office, pointer: str) -> None:
    marks = {"fields": [{"pointer": pointer or "/", "text": "x"}]}
    answer = office["sara"].post(f"/tasks/{office.task}/send-back", marks)
    assert pointers(refused(answer, 422, "invalid")) == ["/fields/0/pointer"]


def test_task_that_the_applicant_has_not_completed_is_not_corrected(office: Office) -> None:
    answer = office["sara"].post(f"/tasks/{office.task}/send-back", {**MARKS, "task": office.task})
    assert pointers(refused(answer, 422, "invalid")) == ["/task"]


def test_only_the_applicants_side_corrects(office: Office) -> None:
    task = send_back(office)
    refused(office["sara"].complete(task, {"area": 30}), 403, "forbidden")
    refused(office.client("portal", "other").complete(task, {"area": 30}), 404, "not-found")


def test_only_who_has_the_task_sends_it_back(office: Office) -> None:
    refused(office["reza"].post(f"/tasks/{office.task}/send-back", MARKS), 409, "conflict")
    refused(portal(office).post(f"/tasks/{office.task}/send-back", MARKS), 403, "forbidden")


@pytest.mark.parametrize(("role", "kinds"), [("portal", ["correction", "step"]), ("caseworker", None)])
def test_case_tells_the_kinds_of_its_open_tasks_and_applicants_no_opinions(
    office: Office, role: str, kinds: list[str] | None
) -> None:
    asked = office["sara"].post(f"/tasks/{office.task}/opinions", {"question": "?"})
    assert asked.status_code == 201, asked.text
    send_back(office)
    reader = portal(office) if role == "portal" else office["mina"]
    shown = body(reader.get(f"/cases/{office.case}"))["tasks"]
    assert sorted(task["kind"] for task in shown) == (kinds or ["correction", "opinion", "step"])


@pytest.mark.parametrize("how", ["withdraw", "cancel"])
def test_ending_the_case_closes_what_was_asked_beside_its_tasks(
    office: Office, database: Database, how: str
) -> None:
    office["sara"].post(f"/tasks/{office.task}/opinions", {"question": "?"})
    correction = send_back(office)
    assert office["mina"].post(f"/cases/{office.case}/{how}").status_code == 200
    with database.transaction() as session:
        left = session.scalars(select(Task.status).where(Task.kind != "step")).all()
        assert events.verify(session) == []
    assert left == ["cancelled", "cancelled"]
    told = [event["task"] for event in office.events() if event["kind"] == "task.cancelled"]
    assert (len(told), correction in told) == (3, True)
    refused(portal(office).complete(correction, {"area": 11}), 409, "conflict")
