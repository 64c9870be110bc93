"""Tasks over HTTP: listing, reading with their form, claiming, releasing, completing."""

from typing import Any
from uuid import uuid4

import pytest

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, pointers, refused
from tests.bpmn import in_line, node, process

TYPED = "0499370899-typed"


@pytest.fixture
def task(client: Clients, database: Database) -> str:
    """An open task without a form; its case waits for nothing else."""
    factories.deploy(database, factories.one_task())
    found: str = client("portal").start()["tasks"][0]["id"]
    return found


def test_task_is_read_with_its_form(client: Clients, database: Database) -> None:
    schema = factories.form(("x",), x={"type": "string", "title": "نام"})
    factories.deploy(database, factories.with_form(schema))
    task = client("portal").start()["tasks"][0]["id"]
    shown = body(client("caseworker").get(f"/tasks/{task}"))
    assert (shown["form"], shown["assignee"], shown["status"]) == (
        {"schema": schema, "ui": None},
        None,
        "open",
    )


def test_task_without_form_is_read(client: Clients, task: str) -> None:
    assert body(client("caseworker").get(f"/tasks/{task}"))["form"] is None


def test_form_is_that_of_the_cases_version(client: Clients, database: Database) -> None:
    old, new = (factories.form(x={"type": kind}) for kind in ("string", "integer"))
    factories.deploy(database, factories.with_form(old))
    task = client("portal").start()["tasks"][0]["id"]
    factories.deploy(database, factories.with_form(new))
    assert body(client("caseworker").get(f"/tasks/{task}"))["form"]["schema"] == old
    assert client("caseworker").complete(task, {"x": "text"}).status_code == 200


def test_persian_names_and_lanes_are_shown(client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, factories.LICENCE)
    client("portal").post("/cases", factories.example(factories.LICENCE))
    factories.answer_calls(database)
    (task,) = body(client("caseworker").get("/tasks?status=open"))["items"]
    assert task["name"] == "بازدید از محل | Inspect the premises"
    assert task["lane"]


def test_people_and_dates_are_shown(client: Clients, database: Database) -> None:
    task = node(
        "userTask",
        "a",
        parvandeh__assignee="who",
        parvandeh__candidateGroups="['clerks', 'heads']",
        parvandeh__due="'2026-04-01T09:00:00Z'",
        parvandeh__priority="50",
    )
    factories.deploy(database, factories.files(process(*in_line(task))))
    client("portal").start(data={"who": "سارا"})
    (shown,) = body(client("caseworker").get("/tasks"))["items"]
    assert shown["people"] == {"assignee": "سارا", "users": [], "groups": ["clerks", "heads"]}
    assert (shown["due_at"], shown["follow_up_at"], shown["priority"]) == ("2026-04-01T09:00:00Z", None, 50)


def test_portal_has_to_name_the_case_of_its_tasks(client: Clients) -> None:
    assert "`case`" in refused(client("portal").get("/tasks"), 403, "forbidden")["detail"]


def test_task_for_nobody_in_particular_has_no_people(client: Clients, task: str) -> None:
    shown = body(client("caseworker").get(f"/tasks/{task}"))
    assert {shown[name] for name in ("people", "due_at", "follow_up_at", "priority")} == {None}


def test_completion_tells_what_it_did(client: Clients, task: str) -> None:
    done = body(client("caseworker").complete(task, {"x": 1}))
    assert done["task"] == {"id": task, "status": "completed"}
    assert (done["case"]["status"], done["tasks"], done["incidents"]) == ("completed", [], [])
    shown = body(client("caseworker").get(f"/tasks/{task}"))
    assert (shown["status"], shown["assignee"]["name"]) == ("completed", "caseworker")
    assert shown["closed_at"] is not None


def test_completion_opens_the_next_task(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.scripted("x = y + 1"))
    case = client("portal").start()
    done = body(client("caseworker").complete(case["tasks"][0]["id"], {"y": 1}))
    shown = body(client("caseworker").get(f"/cases/{case['id']}"))
    assert [opened["element"] for opened in done["tasks"]] == ["b"]
    assert done["tasks"] == shown["tasks"]
    assert shown["data"] == {"x": 2, "y": 1}


def test_task_is_completed_without_a_body(client: Clients, task: str) -> None:
    assert client("caseworker").post(f"/tasks/{task}/complete").status_code == 200


def test_form_is_checked_on_completion(client: Clients, database: Database) -> None:
    schema = factories.form(
        ("name", "more"),
        name={"type": "string", "maxLength": 3},
        age={"type": "integer"},
        place={"type": "object", "properties": {"code": {"pattern": "^[0-9]+$"}}},
        rows={"type": "array", "items": {"type": "object", "required": ["id"]}},
    )
    factories.deploy(database, factories.with_form(schema))
    task = client("portal").start()["tasks"][0]["id"]
    sent = {
        "name": TYPED,
        "age": TYPED,
        "place": {"code": TYPED},
        "rows": [{"id": 1}, {"x": TYPED}],
        "odd": TYPED,
    }
    response = client("caseworker").complete(task, sent)
    assert pointers(refused(response, 422, "invalid")) == [
        "/data/age",
        "/data/more",
        "/data/name",
        "/data/odd",
        "/data/place/code",
        "/data/rows/1/id",
    ]
    assert TYPED not in response.text
    assert body(client("caseworker").get(f"/tasks/{task}"))["status"] == "open"


def test_form_that_allows_further_fields_takes_them(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.with_form({**factories.form(), "additionalProperties": True}))
    task = client("portal").start()["tasks"][0]["id"]
    assert client("caseworker").complete(task, {"odd": 1}).status_code == 200


def test_second_completion_is_refused_with_the_present_state(client: Clients, task: str) -> None:
    client("caseworker").complete(task)
    problem = refused(client("caseworker", "inspector").complete(task), 409, "conflict")
    state = problem["state"]["task"]
    assert (state["id"], state["status"]) == (task, "completed")
    assert state["assignee"] == body(client("caseworker").get(f"/tasks/{task}"))["assignee"]["id"]


@pytest.mark.parametrize("command", ["claim", "release", "complete"])
def test_task_of_a_cancelled_case_is_closed(client: Clients, task: str, command: str) -> None:
    case = body(client("caseworker").get(f"/tasks/{task}"))["case"]
    client("portal").post(f"/cases/{case}/cancel")
    problem = refused(client("caseworker").post(f"/tasks/{task}/{command}"), 409, "conflict")
    assert problem["state"]["task"]["status"] == "cancelled"


def test_claimed_task_has_its_assignee(client: Clients, task: str) -> None:
    claimed = body(client("caseworker").post(f"/tasks/{task}/claim"))
    assert claimed["assignee"]["name"] == "caseworker"
    shown = body(client("caseworker").get(f"/tasks/{task}"))
    assert shown.items() >= claimed.items()


def test_own_task_is_claimed_again_without_an_event(client: Clients, task: str) -> None:
    first, second = (client("caseworker").post(f"/tasks/{task}/claim") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert body(first) == body(second)
    assert first.headers["ETag"] == second.headers["ETag"]
    events = body(client("caseworker").get(f"/cases/{body(first)['case']}/events"))["items"]
    assert [event["kind"] for event in events].count("task.claimed") == 1


@pytest.mark.parametrize("command", ["claim", "release", "complete"])
def test_anothers_task_is_refused_with_its_assignee(client: Clients, task: str, command: str) -> None:
    owner = body(client("caseworker").post(f"/tasks/{task}/claim"))["assignee"]
    problem = refused(client("caseworker", "inspector").post(f"/tasks/{task}/{command}"), 409, "conflict")
    assert problem["state"]["task"] == {"id": task, "status": "open", "assignee": owner["id"]}


def test_task_that_nobody_has_cannot_be_released(client: Clients, task: str) -> None:
    problem = refused(client("caseworker").post(f"/tasks/{task}/release"), 409, "conflict")
    assert problem["state"]["task"]["assignee"] is None


def test_released_task_can_be_claimed_by_another(client: Clients, task: str) -> None:
    client("caseworker").post(f"/tasks/{task}/claim")
    assert body(client("caseworker").post(f"/tasks/{task}/release"))["assignee"] is None
    claimed = client("caseworker", "inspector").post(f"/tasks/{task}/claim")
    assert body(claimed)["assignee"]["name"] == "inspector"


def test_own_claimed_task_is_completed(client: Clients, task: str) -> None:
    client("caseworker").post(f"/tasks/{task}/claim")
    assert client("caseworker").complete(task).status_code == 200


@pytest.mark.parametrize("command", ["", "/claim", "/release", "/complete"])
def test_unknown_task_does_not_exist(steady: Steady, command: str) -> None:
    method = "POST" if command else "GET"
    refused(steady.client("caseworker").send(method, f"/tasks/{uuid4()}{command}"), 404, "not-found")


@pytest.mark.parametrize("command", ["claim", "release"])
def test_command_without_fields_takes_none(steady: Steady, command: str) -> None:
    response = steady.client("caseworker").post(f"/tasks/{steady.task}/{command}", {"assignee": "me"})
    assert pointers(refused(response, 422, "invalid")) == ["/assignee"]


def test_list_is_of_a_case_or_of_what_one_may_work_on(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.forked(2))
    one, two = client("portal").start(), client("portal").start()
    worker = client("caseworker")
    mine = body(worker.post(f"/tasks/{one['tasks'][0]['id']}/claim"))
    worker.complete(two["tasks"][0]["id"])

    def ids(query: str) -> list[str]:
        return [item["id"] for item in body(worker.get(f"/tasks?{query}"))["items"]]

    assert sorted(ids(f"case={one['id']}")) == sorted(task["id"] for task in one["tasks"])
    assert ids(f"case={two['id']}&status=completed") == [two["tasks"][0]["id"]]
    assert ids("scope=mine") == [mine["id"]]
    assert sorted(ids("scope=free")) == sorted([one["tasks"][1]["id"], two["tasks"][1]["id"]])
    assert sorted(ids("")) == sorted([*ids("scope=free"), mine["id"]])
    assert ids("status=completed") == [two["tasks"][0]["id"]]
    assert ids(f"case={uuid4()}") == []


@pytest.mark.parametrize("scope", ["mine", "team"])
def test_inbox_is_narrowed_by_definition_unit_role_due_and_priority(
    client: Clients, database: Database, scope: str
) -> None:
    task = {"parvandeh__due": "'2026-01-01T00:00Z'", "parvandeh__priority": "5"}
    urgent = node("userTask", "a", parvandeh__role="inspector", **task)
    factories.deploy(database, factories.files(process(*in_line(urgent), key="p")))
    factories.deploy(database, factories.one_task("q"))
    worker, ids = client("caseworker"), {}
    for key in ("p", "q"):
        (made,) = client("portal").start(key)["tasks"]
        ids[body(worker.post(f"/tasks/{made['id']}/claim"))["id"]] = key

    def found(query: str) -> list[str]:
        items = body(worker.get(f"/tasks?scope={scope}&{query}"))["items"]
        return [ids[item["id"]] for item in items]

    assert found("") == ["p", "q"]  # sorted by due date, earliest first
    assert found("definition=q") == ["q"]
    assert found("role=inspector") == ["p"]
    assert found("unit=root") == ["p", "q"]
    assert found("unit=nowhere") == []
    assert found("overdue=true") == ["p"]
    assert found("due=2025-01-01T00:00Z") == []
    assert found("priority=5") == ["p"]
    assert found("priority=6") == []
    counts = {"mine": 2, "team": 2, "free": 0, "overdue": 1, "today": 0, "returned": 0, "supervised": 2}
    assert body(worker.get("/tasks/counts")) == counts


def test_search_finds_persian_however_it_is_typed(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start(applicant="علی کاظمی", business_key="الف/۱۲")
    client("portal").start(applicant="رضا")
    worker = client("caseworker")
    number = case["case_number"]
    for text in ("علي كاظمي", "كاظ", number, "۱۲", "الف"):
        items = body(worker.post("/tasks/search", {"text": text}))["items"]
        assert [item["case"] for item in items] == [case["id"]], text
    assert body(worker.post("/tasks/search", {"business_key": "الف/۱۲"}))["items"] != []
    assert body(worker.post("/tasks/search", {"business_key": "الف"}))["items"] == []
    refused(worker.post("/tasks/search", {"text": "!!"}), 422, "invalid")


def test_pages_hold_every_task_once_and_the_oldest_first(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.forked(51))
    tasks = client("portal").start()["tasks"]
    worker = client("caseworker")
    first = body(worker.get("/tasks?status=open"))
    second = body(worker.get(f"/tasks?status=open&cursor={first['next']}"))
    listed = [item["id"] for page in (first, second) for item in page["items"]]
    assert (len(first["items"]), len(second["items"]), second["next"]) == (50, 1, None)
    assert listed == sorted(task["id"] for task in tasks)


@pytest.mark.parametrize(
    "query", ["case=1", "status=active", "assignee=me", "cursor=x", "lane=a", "case=%00"]
)
def test_query_that_is_not_understood_is_refused_with_its_name(steady: Steady, query: str) -> None:
    response = steady.client("caseworker").get(f"/tasks?{query}")
    assert pointers(refused(response, 422, "invalid")) == [f"/query/{query.split('=', maxsplit=1)[0]}"]


def test_data_over_the_limit_of_a_case_are_refused(client: Clients, task: str) -> None:
    response = client("caseworker").complete(task, {"x": "x" * (1 << 20)})
    refused(response, 422, "invalid")


def test_answers_that_together_pass_the_limit_of_a_case_are_refused(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.scripted("pass"))
    large = "x" * (700 << 10)
    task = client("caseworker").start(data={"one": large})["tasks"][0]["id"]
    refused(client("caseworker").complete(task, {"two": large}), 422, "invalid")


@pytest.mark.parametrize("value", [0, 1.5, "متن", None, True, [], {"a": [1]}, -(2**63), 2**63 - 1])
def test_answer_comes_into_the_cases_data_as_it_was_sent(steady: Steady, value: Any) -> None:
    key = f"q{uuid4().hex}"
    steady.client("designer").deploy(factories.one_task(key))
    case = steady.client("caseworker").start(key)
    steady.client("caseworker").complete(case["tasks"][0]["id"], {"x": value})
    assert body(steady.client("caseworker").get(f"/cases/{case['id']}"))["data"] == {"x": value}
