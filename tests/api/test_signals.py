"""Signals from other systems, and the timers for which cases wait."""

from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from api.command import TEST_INSTALLATION
from engine.cases import messages
from engine.cases.messages import signals
from engine.models import Message
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.organisation import a_member, a_unit

SIGNAL = '<bpmn:signalEventDefinition signalRef="s"/>'
ALARM = '<bpmn:signal id="s" name="alarm"/>'


def waiting(database: Database, key: str = "p") -> None:
    """A process whose cases wait for the signal `alarm`, and one that starts with it."""
    catch = bpmn.node("intermediateCatchEvent", "c", SIGNAL)
    begin = [bpmn.node("startEvent", "s2", SIGNAL), bpmn.node("userTask", "t"), bpmn.node("endEvent", "e")]
    flows = [bpmn.flow("s2", "t"), bpmn.flow("t", "e")]
    both = (
        bpmn.process_element(*bpmn.in_line(catch), key=key),
        bpmn.process_element(*begin, *flows, key=f"{key}2"),
    )
    factories.deploy(database, factories.files(bpmn.definitions(*both, ALARM)))


def deliver(database: Database) -> None:
    worker = factories.an_actor(database, "administrator", f"worker {uuid4()}")
    with database.transaction() as session:
        kept = session.scalars(select(Message.id).where(Message.status == "kept")).all()
    for one in kept:
        factories.as_actor(database, worker, partial(messages.deliver_kept, message_id=one))


def test_signal_reaches_all_that_wait_and_starts_cases_once(client: Clients, database: Database) -> None:
    waiting(database)
    started = [client("portal").start()["id"] for _ in range(2)]
    signal = {"name": "alarm", "id": "1", "data": {"level": 3}}
    sent = client("service").post("/signals", signal)
    assert (sent.status_code, body(sent)) == (202, {"cases": 2, "starts": 1})
    deliver(database)
    for case in started:
        found = body(client("portal").get(f"/cases/{case}"))
        assert (found["status"], found["data"]) == ("completed", {"level": 3})
    assert body(client("service").post("/signals", signal)) == {"cases": 2, "starts": 1}  # the same signal
    other = refused(client("service").post("/signals", {**signal, "data": {}}), 409, "conflict")
    assert "signal with this id" in other["detail"]
    deliver(database)
    begun = body(client("administrator").get("/cases?definition=p2"))["items"]
    assert len(begun) == 1
    assert body(client("service").post("/signals", {**signal, "id": "2"})) == {"cases": 0, "starts": 1}


def test_signal_stays_within_the_units_of_its_sender(client: Clients, database: Database) -> None:
    waiting(database)
    client("portal").start()
    a_unit(database, "elsewhere", kind="agency")
    a_member(database, "outsider", "elsewhere", "*", "administrator")
    signal = {"name": "alarm", "id": "1"}
    assert body(client("administrator", "outsider").post("/signals", signal)) == {"cases": 0, "starts": 0}


def test_signal_has_an_author_and_a_limit(
    client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(database)
    client("portal").start()
    service, administrator = client("service"), client("administrator")
    service.post("/signals", {"name": "alarm", "id": "1"})
    path = "/organisation-log?kind=signal.sent"
    (entry,) = body(administrator.get(path))["items"]
    assert entry["payload"] == {"definitions": ["p", "p2"], "cases": 1, "starts": 1}
    assert entry["actor"]["id"] == body(service.get("/me"))["id"]
    monkeypatch.setattr(signals, "MAX_RECEIVERS", 1)
    problem = refused(service.post("/signals", {"name": "alarm", "id": "2"}), 409, "conflict")
    assert problem["code"] == "too-many-receivers"
    assert factories.count(database, Message) == 2
    assert len(body(administrator.get(path))["items"]) == 1


def test_signal_that_no_case_can_store_is_refused(client: Clients) -> None:
    large = {"name": "alarm", "id": "1", "data": {"x": "x" * signals.MAX_DATA}}
    assert pointers(refused(client("service").post("/signals", large), 422, "invalid")) == ["/data"]
    ours = {"name": "clock.breach", "id": "1"}
    assert pointers(refused(client("service").post("/signals", ours), 422, "invalid")) == ["/name"]


def test_timers_are_listed_and_fired_in_test_installations_only(
    app: APIFlask, client: Clients, database: Database
) -> None:
    timer = (
        "<bpmn:timerEventDefinition><bpmn:timeDuration>P30D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
    wait = bpmn.node("intermediateCatchEvent", "c", timer)
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(wait))))
    one, other = (client("portal").start()["id"] for _ in range(2))
    administrator = client("administrator")
    listed = body(administrator.get("/timers?definition=p"))["items"]
    assert [(each["case"], each["element"]) for each in listed] == [(one, "c"), (other, "c")]
    assert datetime.fromisoformat(listed[0]["due_at"]) > datetime.now(UTC)
    (found,) = body(administrator.get(f"/timers?case={one}"))["items"]
    path = f"/timers/{found['id']}/fire"
    refused(administrator.post(path), 403, "forbidden")
    refused(administrator.post(f"/timers/{uuid4()}/fire"), 404, "not-found")
    app.extensions[TEST_INSTALLATION] = True
    assert body(administrator.post(path))["status"] == "completed"
    refused(administrator.post(path), 409, "conflict")
    assert len(body(administrator.get("/timers"))["items"]) == 1
    kinds = [event["kind"] for event in body(administrator.get(f"/cases/{one}/events"))["items"]]
    assert "timer.fired" in kinds
