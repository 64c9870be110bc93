"""Messages and external work over HTTP: what is answered, and what a tired or hostile sender gets."""

from typing import Any

import pytest
from sqlalchemy import select

from engine.models import User
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, pointers, refused

MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
PAID: dict[str, Any] = {"name": "paid", "id": "1", "correlation": {"order": "7"}, "data": {"sum": 1}}


def waiting(database: Database) -> None:
    catch = bpmn.node("intermediateCatchEvent", "c", MESSAGE, parvandeh__correlation="{'order': order}")
    process = bpmn.process_element(*bpmn.in_line(catch))
    factories.deploy(database, {"p.bpmn": bpmn.definitions('<bpmn:message id="m" name="paid"/>', process)})


def asking(database: Database) -> None:
    service = bpmn.node(
        "serviceTask", "svc", parvandeh__topic="registry", parvandeh__request="{'id': national_id}"
    )
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(service))))


def test_message_tells_whom_it_reached(client: Clients, database: Database) -> None:
    waiting(database)
    case = client("portal").start(data={"order": 7})
    response = client("service").post("/messages", PAID)
    assert response.status_code == 200
    sent = body(response)
    reached = [{"id": case["id"], "case_number": case["case_number"]}]
    assert (sent["status"], sent["cases"]) == ("delivered", reached)
    assert body(client("portal").get(f"/cases/{case['id']}"))["status"] == "completed"


def test_same_message_again_gets_the_first_answer_and_another_body_is_refused(
    client: Clients, database: Database
) -> None:
    waiting(database)
    client("portal").start(data={"order": 7})
    first, second = (client("service").post("/messages", PAID) for _ in range(2))
    assert (second.status_code, second.data) == (200, first.data)
    refused(client("service").post("/messages", {**PAID, "data": {"sum": 2}}), 409, "conflict")


def test_message_for_nobody_is_not_found_unless_it_is_to_be_kept(client: Clients, database: Database) -> None:
    waiting(database)
    refused(client("service").post("/messages", PAID), 404, "not-found")
    response = client("service").post("/messages", {**PAID, "keep_for": 60})
    assert (response.status_code, body(response)["status"]) == (202, "kept")


def test_message_for_nobody_leaves_a_trace_with_its_sender(client: Clients, database: Database) -> None:
    waiting(database)
    service = client("service")
    refused(service.post("/messages", PAID), 404, "not-found")
    items = body(client("administrator").get("/organisation-log"))["items"]
    (trace,) = [row for row in items if row["kind"] == "message.unmatched"]
    with database.transaction() as session:
        sender = session.scalars(select(User.id).where(User.name == "service")).one()
    assert trace["payload"]["sent_by"] == str(sender)
    assert {"message", "sent_at"} <= trace["payload"].keys()


def test_message_to_an_ended_case_is_in_its_log(client: Clients, database: Database) -> None:
    waiting(database)
    case = client("portal").start(data={"order": 7})
    assert client("service").post("/messages", PAID).status_code == 200
    late = {**PAID, "id": "late", "correlation": {"case_number": case["case_number"]}}
    refused(client("service").post("/messages", late), 404, "not-found")
    assert client("service").post("/messages", {**late, "keep_for": 60}).status_code == 202
    events = body(client("administrator").get(f"/cases/{case['id']}/events"))["items"]
    assert (events[-1]["kind"], events[-1]["payload"]["name"]) == ("message.unmatched", PAID["name"])
    assert {"message", "sent_by", "sent_at"} <= events[-1]["facts"].keys()


@pytest.mark.parametrize(
    ("fault", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "clock.deemed"}, "/name"),
        ({"id": "x" * 201}, "/id"),
        ({"correlation": {"order": {}}}, "/correlation/order"),
        ({"correlation": {str(number): "x" for number in range(11)}}, "/correlation"),
        ({"correlation": {"order": 2**63}}, "/correlation/order"),
        ({"correlation": {"order": "\0"}}, "/correlation/order"),
        ({"correlation": {"a\0b": 1}}, "/correlation/a"),
        ({"correlation": {"order": "\N{EM DASH}" * 200, "more": "\N{EM DASH}" * 200}}, "/correlation"),
        ({"data": []}, "/data"),
        ({"data": {"x": ["\0"]}}, "/data/x/0"),
        ({"data": {"a\0b": 1}}, "/data"),
        ({"data": {"x": {"$": "date", "v": "none"}}}, "/data/x"),
        ({"data": {"x": 2**63}}, "/data/x"),
        ({"data": {"x": "x" * (1 << 20)}}, "/data"),
        ({"keep_for": -1}, "/keep_for"),
        ({"keep_for": 10**12}, "/keep_for"),
        ({"odd": 1}, "/odd"),
    ],
)
def test_faulty_message_is_refused_with_its_place(
    steady: Steady, fault: dict[str, Any], pointer: str
) -> None:
    problem = refused(steady.client("service").post("/messages", {**PAID, **fault}), 422, "invalid")
    assert {found[: len(pointer)] for found in pointers(problem)} == {pointer}


@pytest.mark.parametrize("value", [1.5, "", {}, None, 2**63])
def test_key_that_is_no_key_is_one_fault_at_its_place(steady: Steady, value: Any) -> None:
    message = {**PAID, "correlation": {"order": value}}
    problem = refused(steady.client("service").post("/messages", message), 422, "invalid")
    assert pointers(problem) == ["/correlation/order"]


def test_case_takes_no_message_that_would_make_it_too_large(client: Clients, database: Database) -> None:
    waiting(database)
    half = "x" * (600 << 10)
    case = client("portal").start(data={"order": 7, "a": half})
    problem = refused(client("service").post("/messages", {**PAID, "data": {"b": half}}), 422, "invalid")
    assert pointers(problem) == ["/data"]
    assert body(client("portal").get(f"/cases/{case['id']}"))["status"] == "active"


def test_so_many_messages_are_kept_with_the_same_keys_and_no_more(
    client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cases.messages.delivering.MAX_KEPT", 2)
    service = client("service")
    for number, status in enumerate((202, 202, 409)):
        sent = service.post("/messages", {**PAID, "id": str(number), "keep_for": 60})
        assert sent.status_code == status
    other = {**PAID, "id": "other", "correlation": {"order": "8"}, "keep_for": 60}
    assert service.post("/messages", other).status_code == 202


def test_work_is_taken_done_and_gone(client: Clients, database: Database) -> None:
    asking(database)
    service = client("service")
    empty = service.post("/external-work/take", {"topics": ["registry"]})
    assert (empty.status_code, empty.headers["Retry-After"]) == (204, "5")
    case = client("portal").start(data={"national_id": "1"})
    (work,) = body(service.post("/external-work/take", {"topics": ["registry"]}))["items"]
    assert (work["request"], work["case_number"]) == ({"id": "1"}, case["case_number"])
    path = f"/external-work/{work['id']}"
    assert service.post(f"{path}/extend", {"fence": work["fence"], "lease": 600}).status_code == 200
    done = {"fence": work["fence"], "reply": {"match": True}}
    assert service.post(f"{path}/complete", done).status_code == 200
    refused(service.post(f"{path}/complete", done), 409, "conflict")
    shown = body(client("portal").get(f"/cases/{case['id']}"))
    assert (shown["status"], shown["data"]["match"]) == ("completed", True)


def test_work_of_somebody_else_does_not_exist(client: Clients, database: Database) -> None:
    asking(database)
    client("portal").start(data={"national_id": "1"})
    (work,) = body(client("service").post("/external-work/take", {"topics": ["registry"]}))["items"]
    stranger = client("service", "another")
    for act, more in (
        ("complete", {}),
        ("extend", {}),
        ("fail", {"detail": "d"}),
        ("bpmn-error", {"error": "E"}),
    ):
        answer = stranger.post(f"/external-work/{work['id']}/{act}", {"fence": work["fence"], **more})
        refused(answer, 404, "not-found")


def test_older_fence_is_refused(client: Clients, database: Database) -> None:
    asking(database)
    client("portal").start(data={"national_id": "1"})
    (work,) = body(client("service").post("/external-work/take", {"topics": ["registry"]}))["items"]
    path = f"/external-work/{work['id']}/complete"
    refused(client("service").post(path, {"fence": work["fence"] + 1}), 409, "conflict")


def test_reply_that_a_case_cannot_hold_is_refused_with_its_place(client: Clients, database: Database) -> None:
    asking(database)
    client("portal").start(data={"national_id": "1"})
    (work,) = body(client("service").post("/external-work/take", {"topics": ["registry"]}))["items"]
    answer = {"fence": work["fence"], "reply": {"a": {"$": 1}}}
    problem = refused(client("service").post(f"/external-work/{work['id']}/complete", answer), 422, "invalid")
    assert pointers(problem) == ["/reply/a"]
    assert problem["errors"][0]["code"] == "unportable"  # as docs/api.md says


def test_incident_is_repaired_or_skipped(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("broken", "y = 1 / x"), "userTask u")))
    administrator = client("administrator")
    for act, sent in (
        ("retry", {"data": {"x": 2}, "reason": "typing error"}),
        ("skip", {"data": {"y": 5}, "reason": "known from the file"}),
    ):
        incident = client("portal").start(data={"x": 0})["incidents"][0]["id"]
        mended = body(administrator.post(f"/incidents/{incident}/{act}", sent))
        assert (mended["incidents"], len(mended["tasks"])) == ([], 1)
        refused(administrator.post(f"/incidents/{incident}/{act}", sent), 409, "conflict")


def test_skip_needs_a_reason(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("broken", "1 / 0"))))
    incident = client("portal").start()["incidents"][0]["id"]
    problem = refused(client("administrator").post(f"/incidents/{incident}/skip", {}), 422, "invalid")
    assert pointers(problem) == ["/reason"]


def test_suspended_case_says_so(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    administrator = client("administrator")
    assert body(administrator.post(f"/cases/{case['id']}/suspend", {}))["status"] == "suspended"
    problem = refused(client("caseworker").complete(case["tasks"][0]["id"]), 409, "conflict")
    assert problem["state"]["case"]["status"] == "suspended"
    assert body(administrator.post(f"/cases/{case['id']}/suspend", {}))["status"] == "suspended"
    log = body(administrator.get(f"/cases/{case['id']}/events"))["items"]
    assert [event["kind"] for event in log].count("case.suspended") == 1
    refused(administrator.post(f"/cases/{case['id']}/suspend", {"reason_code": "holiday"}), 422, "invalid")
    assert body(administrator.post(f"/cases/{case['id']}/resume", {}))["status"] == "active"
    refused(administrator.post(f"/cases/{case['id']}/resume", {}), 409, "conflict")


def test_case_of_a_suspended_definition_is_not_reported_as_suspended_itself(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    administrator = client("administrator")
    administrator.post("/definitions/p/suspend", {})
    problem = refused(administrator.post(f"/cases/{case['id']}/suspend", {}), 409, "conflict")
    assert problem["code"] == "definition-suspended"


def test_suspended_definition_begins_no_case(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    administrator = client("administrator")
    assert body(administrator.post("/definitions/p/suspend", {}))["suspended_at"] is not None
    problem = refused(client("portal").post("/cases", {"definition": "p"}), 409, "conflict")
    assert problem["state"]["definition"]["key"] == "p"
    assert body(administrator.post("/definitions/p/resume", {}))["suspended_at"] is None
    client("portal").start()
    refused(administrator.post("/definitions/none/suspend", {}), 404, "not-found")


def test_business_key_that_runs_already_is_a_conflict(client: Clients, database: Database) -> None:
    once = 'isExecutable="true" parvandeh:businessKey="unique"'
    process = bpmn.process(*bpmn.in_line("userTask u"), attributes=once)
    factories.deploy(database, factories.files(process))
    case = client("portal").start(business_key="A-1")
    body_again = {"definition": "p", "business_key": "A-1"}
    refused(client("portal").post("/cases", body_again), 409, "conflict")
    client("portal").post(f"/cases/{case['id']}/cancel", {})
    client("portal").start(business_key="A-1")
