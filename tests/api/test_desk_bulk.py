"""Many tasks at once: each is done or refused separately, and the answer has the result of each."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from engine import events
from engine.models import Event, Task
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, pointers, refused
from tests.api.desk import Office, an_office

DONE = {"decision": "granted"}


@pytest.fixture
def office(client: Clients, database: Database) -> Office:
    return an_office(client, database)


def some(office: Office, count: int) -> list[str]:
    return [office.client("portal").start()["tasks"][0]["id"] for _ in range(count)]


def bulk(office: Office, who: str, action: str, items: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    answer = office[who].post("/tasks/bulk", {"action": action, "items": items})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = body(answer)["items"]
    return found


def test_three_illegal_of_a_hundred_leave_97_done_with_one_event_each(
    office: Office, database: Database
) -> None:
    ids = some(office, 99)
    office["reza"].post(f"/tasks/{ids[7]}/claim")
    items: list[Mapping[str, Any]] = [{"id": task, "data": DONE} for task in ids]
    items[50] = {"id": ids[50], "data": {}}
    items.append({"id": str(uuid4()), "data": DONE})
    results = bulk(office, "sara", "complete", items)
    statuses = [one["status"] for one in results]
    assert [one["id"] for one in results] == [item["id"] for item in items]
    assert (statuses.count(200), statuses[7], statuses[50], statuses[99]) == (97, 409, 422, 404)
    with database.transaction() as session:
        completed = select(func.count()).where(Event.kind == "task.completed")
        assert session.scalar(completed) == 97
        assert session.scalar(select(func.count()).where(Task.status == "completed")) == 97
        assert events.verify(session) == []


def test_problem_is_that_of_the_item_alone(office: Office) -> None:
    office.claimed("reza")
    (result,) = bulk(office, "sara", "complete", [{"id": office.task, "data": DONE}])
    alone = refused(office["sara"].complete(office.task, DONE), 409, "conflict")
    assert result["task"] is None
    told = {name: value for name, value in result["problem"].items() if value is not None}
    assert {**told, "request_id": ""} == {**alone, "request_id": ""}


@pytest.mark.parametrize(
    ("action", "kind"), [("claim", "task.claimed"), ("release", "task.released"), ("assign", "task.assigned")]
)
def test_tasks_are_claimed_released_and_given_away(office: Office, action: str, kind: str) -> None:
    if action != "claim":
        office.claimed()
    more = {"to": "reza"} if action == "assign" else {}
    (result,) = bulk(office, "sara", action, [{"id": office.task, **more}])
    assert (result["status"], result["task"], result["problem"]) == (200, "open", None)
    assert office.events()[-1]["kind"] == kind


def test_refused_item_leaves_nothing_of_itself(office: Office) -> None:
    office.claimed("reza")
    before = office.events()
    mine = some(office, 1)[0]
    results = bulk(office, "sara", "release", [{"id": office.task}, {"id": mine}])
    assert [one["status"] for one in results] == [409, 409]
    assert office.events() == before


def test_items_of_one_case_see_each_other(office: Office, database: Database) -> None:
    factories.deploy(database, factories.forked(3))
    found = office.client("caseworker").start()["tasks"]
    items = [{"id": task["id"]} for task in reversed(found)]
    answer = office.client("caseworker").post("/tasks/bulk", {"action": "complete", "items": items})
    assert [one["status"] for one in body(answer)["items"]] == [200, 200, 200]
    with database.transaction() as session:
        assert events.verify(session) == []


def test_task_that_comes_twice_is_refused_before_anything_is_done(office: Office) -> None:
    order = {"action": "claim", "items": [{"id": office.task}, {"id": office.task}]}
    assert pointers(refused(office["sara"].post("/tasks/bulk", order), 422, "invalid")) == ["/items/1/id"]
    assert office.shown()["assignee"] is None


@pytest.mark.parametrize(
    "order",
    [
        {"action": "claim", "items": []},
        {"action": "claim", "items": [{"id": str(uuid4())}] * 101},
        {"action": "assign", "items": [{"id": str(uuid4())}]},
        {"action": "claim", "items": [{"id": str(uuid4()), "to": "reza"}]},
        {"action": "claim", "items": [{"id": str(uuid4()), "data": {"x": 1}}]},
        {"action": "burn", "items": [{"id": str(uuid4())}]},
    ],
)
def test_order_that_makes_no_sense_is_refused(office: Office, order: dict[str, Any]) -> None:
    refused(office["sara"].post("/tasks/bulk", order), 422, "invalid")


def test_two_who_do_the_same_at_once_in_other_orders_share_the_tasks(office: Office) -> None:
    ids = some(office, 8)

    def claim(number: int) -> list[int]:
        order = ids if number else ids[::-1]
        return [
            one["status"]
            for one in bulk(office, ("sara", "reza")[number], "claim", [{"id": task} for task in order])
        ]

    first, second = (one for one in factories.at_once(2, claim) if not isinstance(one, Exception))
    assert sorted(first + second) == [200] * 8 + [409] * 8


def test_repeated_request_gets_the_first_answer(office: Office) -> None:
    order = {"action": "complete", "items": [{"id": office.task, "data": DONE}]}
    answers = [
        office["sara"].post("/tasks/bulk", order, headers={"Idempotency-Key": "once"}) for _ in range(2)
    ]
    assert body(answers[0]) == body(answers[1])
