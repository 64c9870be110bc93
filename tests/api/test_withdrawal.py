"""Applicants withdraw: as the process has it, or the case ends."""

from typing import Any

import pytest
from sqlalchemy import func, select

from engine.models import Call, Task, Wait
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused

OBJECTION = ("objection", {"reasons": "The taxes have been paid."})


def open_rows(database: Database) -> int:
    """Tasks, waits and calls that are open."""
    counts = (
        select(func.count()).select_from(Task).where(Task.status == "open"),
        select(func.count()).select_from(Wait).where(Wait.closed_at.is_(None), Wait.case_id.is_not(None)),
        select(func.count()).select_from(Call).where(Call.status == "open"),
    )
    with database.transaction() as session:
        return sum(session.scalar(count) or 0 for count in counts)


def kinds(client: Clients, case: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in body(client("caseworker").get(f"/cases/{case['id']}/events"))["items"]]


def busy() -> dict[str, bytes]:
    """Two reviews, a call and a timer at once, and no way to withdraw."""
    nodes = [
        bpmn.node("startEvent", "start"),
        bpmn.node("parallelGateway", "fork"),
        bpmn.node("userTask", "a"),
        bpmn.node("userTask", "b"),
        bpmn.node("serviceTask", "s", camunda__type="external", camunda__topic="t"),
        bpmn.node(
            "intermediateCatchEvent",
            "later",
            "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>",
        ),
        bpmn.node("parallelGateway", "join"),
        bpmn.node("endEvent", "end"),
    ]
    pairs = [("start", "fork"), ("join", "end")]
    pairs += [pair for name in ("a", "b", "s", "later") for pair in (("fork", name), (name, "join"))]
    return factories.files(bpmn.process(*nodes, *(bpmn.flow(*pair) for pair in pairs)))


@pytest.mark.parametrize("role", ["portal", "caseworker"])
def test_case_ends_as_withdrawn_with_all_that_was_open(
    client: Clients, database: Database, role: str
) -> None:
    factories.deploy(database, busy())
    case = client("portal").start()
    assert open_rows(database) == 4
    ended = body(client(role).post(f"/cases/{case['id']}/withdraw", {"reason": "moved away"}))
    assert (ended["status"], ended["outcome"], ended["tasks"]) == ("completed", "withdrawn", [])
    assert open_rows(database) == 0
    logged = kinds(client, case)
    assert logged[-1] == "case.completed"
    assert logged.index("case.withdrawn") < logged.index("task.cancelled")


def test_process_that_waits_for_it_goes_on_as_drawn(client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, "objection")
    case = client("portal").start(*OBJECTION)
    ended = body(client("portal").post(f"/cases/{case['id']}/withdraw"))
    assert (ended["status"], ended["outcome"]) == ("completed", "withdrawn")
    assert open_rows(database) == 0
    logged = kinds(client, case)
    assert logged.index("message.received") == logged.index("case.withdrawn") + 1


def test_the_licence_is_withdrawn_during_its_reviews(client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, factories.LICENCE)
    case = body(client("portal").post("/cases", factories.example(factories.LICENCE)))
    ended = body(client("portal").post(f"/cases/{case['id']}/withdraw"))
    assert (ended["status"], ended["outcome"]) == ("completed", "withdrawn")
    assert open_rows(database) == 0


def test_second_withdrawal_is_refused(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    assert client("portal").post(f"/cases/{case['id']}/withdraw").status_code == 200
    refused(client("portal").post(f"/cases/{case['id']}/withdraw"), 409, "conflict")


def test_second_withdrawal_does_not_end_what_the_process_makes_of_the_first(
    client: Clients, database: Database
) -> None:
    message = '<bpmn:message id="m" name="case.withdraw"/>'
    catch = bpmn.node("intermediateCatchEvent", "c", '<bpmn:messageEventDefinition messageRef="m"/>')
    drawn = bpmn.definitions(message, bpmn.process_element(*bpmn.in_line(catch, "userTask a")))
    factories.deploy(database, factories.files(drawn))
    case = client("portal").start()
    after = body(client("portal").post(f"/cases/{case['id']}/withdraw"))
    assert [task["element"] for task in after["tasks"]] == ["a"]
    refused(client("portal").post(f"/cases/{case['id']}/withdraw"), 409, "conflict")


@pytest.mark.parametrize("ending", ["complete", "cancel"])
def test_ended_case_is_not_withdrawn(client: Clients, database: Database, ending: str) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    if ending == "complete":
        client("caseworker").complete(case["tasks"][0]["id"])
    else:
        client("caseworker").post(f"/cases/{case['id']}/cancel")
    refused(client("portal").post(f"/cases/{case['id']}/withdraw"), 409, "conflict")


def test_withdrawal_of_another_revision_is_refused(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    stale = client("portal").post(f"/cases/{case['id']}/withdraw", headers={"If-Match": '"7"'})
    refused(stale, 412, "stale")


@pytest.mark.parametrize("attempt", range(5))
def test_of_withdrawing_and_completing_at_once_one_wins(
    client: Clients, database: Database, attempt: int
) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    paths = (f"/cases/{case['id']}/withdraw", f"/tasks/{case['tasks'][0]['id']}/complete")
    who = (client("portal"), client("caseworker"))
    answers = factories.at_once(2, lambda number: who[number].post(paths[number]).status_code)
    assert sorted(map(str, answers)) == ["200", "409"]
    ended = body(client("portal").get(f"/cases/{case['id']}"))
    assert ended["outcome"] == ("withdrawn" if answers[0] == 200 else None)


def test_anothers_case_cannot_be_withdrawn(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    refused(client("portal", "another").post(f"/cases/{case['id']}/withdraw"), 404, "not-found")
    refused(client("administrator").post(f"/cases/{case['id']}/withdraw"), 403, "forbidden")
