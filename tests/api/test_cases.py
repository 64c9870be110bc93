"""Cases over HTTP: starting, reading, listing, their log, cancelling."""

import re
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import Client, body, pointers, refused, revision_tag

TYPED = "0499370899-typed"


def log(client: Client, case: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = body(client.get(f"/cases/{case}/events"))["items"]
    return items


def test_licence_is_granted_after_inspection_decision_and_payment(
    client: Clients, database: Database
) -> None:
    factories.deploy_shipped(database, factories.LICENCE)
    inspector = client("caseworker", "inspector")  # assigned at random, since there is nobody else yet
    response = client("portal").post("/cases", factories.example(factories.LICENCE))
    assert response.status_code == 201
    case = body(response)
    assert response.headers["Location"] == f"/api/v1/cases/{case['id']}"
    factories.answer_calls(database)
    workers = (inspector, client("caseworker", "head"))
    for worker, (element, answer) in zip(workers, factories.LICENCE_STEPS, strict=True):
        (task,) = body(worker.get(f"/tasks?case={case['id']}&status=open"))["items"]
        assert task["element"] == element
        assert worker.complete(task["id"], answer).status_code == 200
    factories.answer_calls(database)
    payment = {
        "name": "payment.confirmed",
        "id": "payment B-000001",
        "correlation": {"bill": "B-000001"},
        "data": {"amount_rials": 10_250_000, "currency": "IRR"},
    }
    assert client("service").post("/messages", payment).status_code == 200
    factories.answer_calls(database)
    ended = body(client("portal").get(f"/cases/{case['id']}"))
    assert (ended["status"], ended["outcome"], ended["tasks"], ended["incidents"]) == (
        "completed",
        "granted",
        [],
        [],
    )
    assert ended["data"]["fee_rials"] == str(6_000_000 + 50_000 * 85)  # a Decimal: exact, as text


def test_address_that_agrees_is_recorded_without_any_person(client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, factories.ADDRESS)
    started = client("portal").post("/cases", factories.example(factories.ADDRESS))
    factories.answer_calls(database)
    case = body(client("portal").get(started.headers["Location"]))
    assert (case["status"], case["outcome"], case["tasks"]) == ("completed", "updated", [])
    assert case["ended_at"] is not None


def test_case_is_answered_as_it_is_read_later(client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, factories.LICENCE)
    started = client("portal").post("/cases", factories.example(factories.LICENCE))
    read = client("portal").get(started.headers["Location"])
    answer = body(started)
    assert re.fullmatch(r"(-?[2-9A-HJKMNP-TV-Z]{4}){3}", answer.pop("secret"))
    assert body(read) == answer
    assert revision_tag(read) == started.headers["ETag"]


def test_case_number_is_the_year_and_a_number_that_does_not_count(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, factories.one_task())
    numbers = [client("portal").start()["case_number"].split("-") for _ in range(5)]
    assert all(1400 < int(year) < 1500 and len(number) == 6 for year, number in numbers)
    found = [int(number) for _, number in numbers]
    assert len(set(found)) == 5
    assert max(found) > 5


def test_case_ids_grow(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    ids = [UUID(client("portal").start()["id"]) for _ in range(3)]
    assert {found.version for found in ids} == {7}


def test_applicant_and_business_key_are_kept(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start(applicant="۰۰۱۲۳۴۵۶۷۹", business_key="الف/۱۲")
    assert (case["applicant"], case["business_key"]) == ("0012345679", "الف/۱۲")


def test_case_of_an_unknown_definition_does_not_start(steady: Steady) -> None:
    refused(steady.client("portal").post("/cases", {"definition": "none"}), 404, "not-found")


@pytest.mark.parametrize(
    "value",
    [0, 1.5, "متن", None, True, [], {}, [{"a": [1, None]}], -(2**63), 2**63 - 1, 1e300, "💡\u200c"],
)
def test_data_come_back_as_they_were_sent(steady: Steady, value: Any) -> None:
    key = f"q{uuid4().hex}"
    steady.client("designer").deploy(factories.one_task(key))
    case = steady.client("caseworker").start(key, {"x": value})
    assert case["data"] == {"x": value}
    assert body(steady.client("caseworker").get(f"/cases/{case['id']}"))["data"] == {"x": value}


def test_start_form_is_checked(client: Clients, database: Database) -> None:
    schema = factories.form(("name",), name={"type": "string", "maxLength": 3}, age={"type": "integer"})
    factories.deploy(database, factories.with_start_form(schema))
    sent = {"age": TYPED, "name": TYPED, "more": TYPED}
    response = client("portal").post("/cases", {"definition": "p", "data": sent})
    problem = refused(response, 422, "invalid")
    assert pointers(problem) == ["/data/age", "/data/more", "/data/name"]
    assert TYPED not in response.text


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"enum": ["a", "b"]}, TYPED),
        ({"const": "a"}, TYPED),
        ({"pattern": "^[0-9]{10}$"}, TYPED),
        ({"format": "date"}, TYPED),
        ({"format": "uuid"}, TYPED),
        ({"not": {"type": "string"}}, TYPED),
        ({"oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]}, TYPED),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, TYPED),
        ({"type": ["integer", "null"]}, TYPED),
        ({"minLength": 100}, TYPED),
        ({"type": "array", "uniqueItems": True}, [TYPED, TYPED]),
        ({"type": "array", "maxItems": 1}, [TYPED, TYPED]),
        ({"type": "array", "contains": {"const": "a"}}, [TYPED]),
        ({"type": "array", "items": {"type": "integer"}}, [1, TYPED]),
        ({"type": "object", "maxProperties": 0}, {"a": TYPED}),
        ({"type": "object", "propertyNames": {"maxLength": 3}}, {TYPED: 1}),
        ({"type": "object", "dependentRequired": {"a": ["b"]}}, {"a": TYPED}),
        ({"type": "object", "properties": {"a": {"const": 1}}}, {"a": TYPED}),
        ({"if": {"type": "string"}, "then": {"maxLength": 1}}, TYPED),
        ({"type": "object", "unevaluatedProperties": False}, {"a": TYPED}),
        (False, TYPED),
    ],
)
def test_refusal_names_the_place_and_never_repeats_what_was_typed(
    steady: Steady, schema: Any, value: Any
) -> None:
    key = f"q{uuid4().hex}"
    steady.client("designer").deploy(factories.with_start_form(factories.form(x=schema), key))
    response = steady.client("portal").post("/cases", {"definition": key, "data": {"x": value}})
    problem = refused(response, 422, "invalid")
    assert all(pointer.startswith("/data/x") for pointer in pointers(problem))
    assert all(fault["detail"] and fault["code"] for fault in problem["errors"])
    if "propertyNames" not in str(schema):
        assert TYPED not in response.text


def test_an_answer_in_persian_digits_and_dates_is_stored_in_one_way(steady: Steady) -> None:
    key = f"q{uuid4().hex}"
    asked = {"id": {"type": "string", "format": "national-id"}, "on": {"type": "string", "format": "date"}}
    schema = factories.form(("id", "on", "n"), **asked, n={"type": "integer"})
    steady.client("designer").deploy(factories.with_start_form(schema, key))
    typed = {"id": "۰۰۱۲۳۴۵۶۷۹", "on": "۱۴۰۵/۰۹/۰۴", "n": "۴۲"}
    case = body(steady.client("portal").post("/cases", {"definition": key, "data": typed}))
    stored = body(steady.client("caseworker").get(f"/cases/{case['id']}"))["data"]
    assert stored == {"id": "0012345679", "on": "2026-11-25", "n": 42}


def test_refused_start_leaves_no_case(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.with_start_form(factories.form(("x",), x={})))
    refused(client("caseworker").post("/cases", {"definition": "p"}), 422, "invalid")
    assert body(client("caseworker").get("/cases"))["items"] == []


def test_names_in_a_pointer_are_escaped(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.with_start_form(factories.form()))
    response = client("portal").post("/cases", {"definition": "p", "data": {"a/b~c": 1}})
    assert pointers(refused(response, 422, "invalid")) == ["/data/a~1b~0c"]


def test_data_over_the_limit_of_a_case_are_refused(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    response = client("portal").post("/cases", {"definition": "p", "data": {"x": "x" * (1 << 20)}})
    refused(response, 422, "invalid")


def test_list_shows_no_personal_data(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    client("portal").start(applicant=TYPED, business_key=TYPED, data={"name": TYPED})
    response = client("portal").get("/cases")
    assert len(body(response)["items"]) == 1
    assert TYPED not in response.text


def test_list_is_filtered_by_status_and_definition(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    factories.deploy(database, factories.one_task("q"))
    portal = client("portal")
    running, ended, other = portal.start()["id"], portal.start()["id"], portal.start("q")["id"]
    portal.post(f"/cases/{ended}/cancel")

    def ids(query: str) -> set[str]:
        return {item["id"] for item in body(portal.get(f"/cases?{query}"))["items"]}

    assert ids("status=active") == {running, other}
    assert ids("status=cancelled") == {ended}
    assert ids("definition=q") == {other}
    assert ids("definition=p&status=active") == {running}
    assert ids("status=suspended") == set()


def test_pages_hold_every_case_once_and_the_newest_first(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    portal = client("portal")
    started = [portal.start()["id"] for _ in range(101)]
    pages, cursor = [], ""
    while True:
        page = body(portal.get(f"/cases?status=active{cursor}"))
        pages.append([item["id"] for item in page["items"]])
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert [len(page) for page in pages] == [50, 50, 1]
    assert [case for page in pages for case in page] == sorted(started, reverse=True)


def test_full_last_page_says_that_nothing_follows(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    for _ in range(50):
        client("portal").start()
    page = body(client("portal").get("/cases"))
    assert (len(page["items"]), page["next"]) == (50, None)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("cursor=none", "/query/cursor"),
        ("cursor=", "/query/cursor"),
        ("cursor=%00", "/query/cursor"),
        ("status=open", "/query/status"),
        ("status=%D9%86", "/query/status"),
        ("definition=a%20b", "/query/definition"),
        ("definition=%00", "/query/definition"),
        ("size=10", "/query/size"),
        ("limit=0", "/query/limit"),
        ("limit=10000", "/query/limit"),
        ("sort=subject", "/query/sort"),
        ("a%2Fb=1", "/query/a~1b"),
        ("status=active&status=none", "/query/status"),
        ("%00=1", "/query/\x00"),
    ],
)
def test_query_that_is_not_understood_is_refused_with_its_name(
    steady: Steady, query: str, pointer: str
) -> None:
    assert pointers(refused(steady.client("portal").get(f"/cases?{query}"), 422, "invalid")) == [pointer]


def test_log_tells_who_did_what_when(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal", "سامانه").start()
    client("caseworker", "کارشناس").complete(case["tasks"][0]["id"])
    events = log(client("caseworker"), case["id"])
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert all(earlier["at"] <= later["at"] for earlier, later in pairwise(events))
    by_kind = {event["kind"]: event for event in events}
    assert by_kind["case.started"]["actor"]["name"] == "سامانه"
    assert by_kind["case.started"]["actor"]["role"] == "portal"
    completed = by_kind["task.completed"]
    assert (completed["actor"]["name"], completed["element"], completed["task"]) == (
        "کارشناس",
        "a",
        case["tasks"][0]["id"],
    )
    assert {(event["definition"], event["version"]) for event in events} == {("p", 1)}


def test_log_goes_on_after_a_cursor(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("caseworker").start()["id"]
    everything = log(client("caseworker"), case)
    rest = body(client("caseworker").get(f"/cases/{case}/events?cursor=2"))
    assert rest == {"items": everything[2:], "next": None}


def test_long_log_comes_in_pages(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.counting("n == 180"))
    case = client("caseworker").start(data={"n": 0})["id"]
    first = body(client("caseworker").get(f"/cases/{case}/events"))
    second = body(client("caseworker").get(f"/cases/{case}/events?cursor={first['next']}"))
    numbers = [item["seq"] for page in (first, second) for item in page["items"]]
    assert (len(first["items"]), second["next"]) == (500, None)
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("cursor", ["-1", "x", "2147483648", "1.5", ""])
def test_bad_cursor_of_a_log_is_refused(steady: Steady, cursor: str) -> None:
    response = steady.client("caseworker").get(f"/cases/{steady.case}/events?cursor={cursor}")
    assert pointers(refused(response, 422, "invalid")) == ["/query/cursor"]


def test_log_of_an_unknown_case_does_not_exist(steady: Steady) -> None:
    refused(steady.client("caseworker").get(f"/cases/{uuid4()}/events"), 404, "not-found")


@pytest.mark.parametrize("case", ["1", "x" * 3000, "00000000-0000-0000-0000-00000000000", "%00", "پرونده"])
def test_id_that_is_no_id_does_not_exist(steady: Steady, case: str) -> None:
    assert steady.client("portal").get(f"/cases/{case}").status_code == 404


def test_cancelled_case_is_closed_with_its_tasks(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.forked(2))
    case = client("portal").start()
    cancelled = body(client("portal").post(f"/cases/{case['id']}/cancel", {"reason": "انصراف"}))
    assert (cancelled["status"], cancelled["tasks"]) == ("cancelled", [])
    assert cancelled["ended_at"] is not None
    tasks = body(client("caseworker").get(f"/tasks?case={case['id']}"))["items"]
    assert {task["status"] for task in tasks} == {"cancelled"}
    assert log(client("caseworker"), case["id"])[-1]["kind"] in ("case.cancelled", "task.cancelled")
    (event,) = [event for event in log(client("caseworker"), case["id"]) if event["kind"] == "case.cancelled"]
    assert event["payload"] == {"reason": "انصراف"}


def test_case_is_cancelled_without_a_body(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    assert client("portal").post(f"/cases/{client('portal').start()['id']}/cancel").status_code == 200


def test_cancelled_case_cannot_be_cancelled_again(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()["id"]
    client("portal").post(f"/cases/{case}/cancel")
    problem = refused(client("portal").post(f"/cases/{case}/cancel"), 409, "conflict")
    assert problem["state"]["case"] == {"id": case, "status": "cancelled", "outcome": None}


def test_completed_case_cannot_be_cancelled(client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, factories.ADDRESS)
    case = body(client("portal").post("/cases", factories.example(factories.ADDRESS)))["id"]
    factories.answer_calls(database)
    problem = refused(client("portal").post(f"/cases/{case}/cancel"), 409, "conflict")
    assert problem["state"]["case"]["outcome"] == "updated"


def test_unknown_case_cannot_be_cancelled(steady: Steady) -> None:
    refused(steady.client("portal").post(f"/cases/{uuid4()}/cancel"), 404, "not-found")


def test_running_case_keeps_its_version(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.scripted("x = 'old'"))
    case = client("caseworker").start()
    factories.deploy(database, factories.scripted("x = 'new'"))
    client("caseworker").complete(case["tasks"][0]["id"])
    assert (case["version"], client("caseworker").start()["version"]) == (1, 2)
    assert body(client("caseworker").get(f"/cases/{case['id']}"))["data"]["x"] == "old"
