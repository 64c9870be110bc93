"""The audit over HTTP: checkpoints, verifications, searching the log with a purpose."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text

from engine.models import AccessRecord
from engine.oversight.audit import checkpoints, statement
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused

WHY = {"X-Purpose": "complaint 12"}
Find = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def started(client: Clients, database: Database) -> list[dict[str, Any]]:
    """Three cases; a caseworker has completed the task of the first."""
    factories.deploy(database, factories.one_task())
    made = [client("portal").start() for _ in range(3)]
    body(client("caseworker").post(f"/tasks/{made[0]['tasks'][0]['id']}/complete", {"data": {}}))
    return made


@pytest.fixture
def find(client: Clients) -> Find:
    """`find(kind="task.created")`: the events that are found."""

    def search(**wanted: str) -> list[dict[str, Any]]:
        found = client("administrator").get("/audit/events", query_string=wanted, headers=WHY)
        items: list[dict[str, Any]] = body(found)["items"]
        return items

    return search


def take(database: Database) -> None:
    database.run(lambda session, now: checkpoints.take(session, now, (), ["folder"]), "snapshot")


@pytest.mark.usefixtures("started")
def test_checkpoints_are_listed_and_downloaded(client: Clients, database: Database) -> None:
    administrator = client("administrator")
    assert body(administrator.get("/audit/checkpoints")) == {"items": [], "next": None}
    for _ in range(2):
        take(database)
    newest, oldest = body(administrator.get("/audit/checkpoints"))["items"]
    assert (newest["number"], newest["previous"]) == (2, oldest["hash"])
    assert newest["cases"]["count"] == 3
    assert [one["status"] for one in newest["sendings"]] == ["waiting"]
    assert body(administrator.get("/audit/checkpoints?before=2"))["items"] == [oldest]
    file = client("caseworker").get("/audit/checkpoints/2")
    assert statement.parse(file.data).hash.hex() == newest["hash"]
    refused(administrator.get("/audit/checkpoints/3"), 404, "not-found")
    refused(administrator.get(f"/audit/checkpoints/{1 << 70}"), 404, "not-found")
    refused(administrator.post(f"/audit/checkpoints/{1 << 70}/send"), 404, "not-found")
    assert body(administrator.post("/audit/checkpoints/1/send")) == {"sendings": 1}


def test_altered_checkpoint_is_listed_as_such(client: Clients, database: Database) -> None:
    for _ in range(2):
        take(database)
    alter(database)
    newest, oldest = body(client("administrator").get("/audit/checkpoints"))["items"]
    assert (newest["number"], newest["altered"], newest["cases"]) == (2, True, None)
    assert (oldest["number"], oldest["altered"]) == (1, False)
    refused(client("administrator").get("/audit/checkpoints/2"), 404, "not-found")


def alter(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("ALTER TABLE checkpoints DISABLE TRIGGER USER"))
        session.execute(text("UPDATE checkpoints SET body = 'x' WHERE number = 2"))


def test_long_list_of_checkpoints_has_pages(client: Clients, database: Database) -> None:
    for _ in range(checkpoints.PAGE + 2):
        take(database)
    first = body(client("administrator").get("/audit/checkpoints"))
    assert (len(first["items"]), first["next"]) == (checkpoints.PAGE, 3)
    rest = body(client("administrator").get("/audit/checkpoints?before=3"))
    assert ([one["number"] for one in rest["items"]], rest["next"]) == ([2, 1], None)
    refused(client("administrator").get("/audit/checkpoints?before=0"), 422, "invalid")


def test_verification_is_requested_once_and_has_a_result(client: Clients) -> None:
    administrator = client("administrator")
    asked = administrator.post("/audit/verifications")
    run = body(asked)
    assert (asked.status_code, run["kind"], run["finished_at"], run["result"]) == (
        *(201, "verification"),
        *(None, None),
    )
    assert asked.headers["Location"].endswith(f"/audit/runs/{run['id']}")
    assert body(administrator.post("/audit/verifications"))["id"] == run["id"]
    checkpoint = body(administrator.post("/audit/checkpoints"))
    assert body(administrator.get(f"/audit/runs/{checkpoint['id']}")) == checkpoint
    assert body(administrator.get("/audit/runs"))["items"] == [checkpoint, run]


def test_log_is_searched_by_each_property(started: list[dict[str, Any]], find: Find, client: Clients) -> None:
    first, second, _ = started
    assert len(find(kind="case.started")) == 3
    assert {one["case"] for one in find(kind="case.completed")} == {first["id"]}
    assert {one["case"] for one in find(case=second["id"])} == {second["id"]}
    assert find(case=second["case_number"]) == find(case=second["id"])
    persian = second["case_number"].translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert find(case=persian) == find(case=second["id"])
    by_role = find(role="caseworker")
    assert {one["role"] for one in by_role} == {"caseworker"}
    assert {one["kind"] for one in by_role} >= {"task.completed", "case.completed"}
    # What the portal and the engine did in a case of the unit has no unit of its own.
    assert {one["unit"] for one in find(unit="root")} == {"root", None}
    assert find(unit="nowhere") == []
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert find(since=tomorrow, until=(datetime.now(UTC) + timedelta(days=2)).isoformat()) == []
    assert find(until=yesterday) == []
    assert find(since=yesterday) == find()
    assert client("administrator").token


def test_search_has_pages_of_which_none_repeats(
    started: list[dict[str, Any]], client: Clients, database: Database
) -> None:
    for _ in range(20):
        client("portal").start()
    found: list[str] = []
    query: dict[str, str] | None = {}
    while query is not None:
        page = body(client("administrator").get("/audit/events", query_string=query, headers=WHY))
        found += [one["id"] for one in page["items"]]
        query = {"after": page["next"]} if page["next"] else None
    assert len(found) == len(set(found)) > 50
    with database.transaction() as session:
        assert len(found) == session.scalar(text("SELECT count(*) FROM events"))
    assert started


def test_purpose_is_required_and_recorded_for_each_case(
    started: list[dict[str, Any]], client: Clients, database: Database, find: Find
) -> None:
    refused(client("administrator").get("/audit/events"), 422, "invalid")
    assert factories.count(database, AccessRecord) == 0
    find(kind="case.started")
    with database.transaction() as session:
        records = session.execute(select(AccessRecord.case_id, AccessRecord.what, AccessRecord.payload)).all()
    assert {str(row.case_id) for row in records} == {case["id"] for case in started}
    assert {row.what for row in records} == {"events"}
    assert {row.payload["purpose"] for row in records} == {"complaint 12"}


def test_payload_is_not_among_the_results(started: list[dict[str, Any]], client: Clients, find: Find) -> None:
    client("portal").start(data={"name": "نام"})
    found = orjson.dumps(find()).decode()
    assert "نام" not in found
    assert "payload" not in found
    assert started


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"since": "2020-01-01T00:00:00Z"}, "/since"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "/until"),
        ({"until": "0001-01-01T00:00:00Z"}, "/until"),
        ({"since": "9999-12-31T23:59:59Z"}, "/since"),
        ({"case": "1", "since": "0001-01-01T00:00:00+14:00"}, "/since"),
        ({"since": "yesterday"}, "/query/since"),
        ({"kind": "nonsense"}, "/query/kind"),
        ({"role": "a b"}, "/query/role"),
        ({"after": "x"}, "/query/after"),
        ({"after": "_" * 40}, "/query/after"),
        ({"where": "x"}, "/query/where"),
        ({"case": ""}, "/query/case"),
    ],
)
def test_bad_search_is_explained(client: Clients, query: Mapping[str, str], pointer: str) -> None:
    answer = client("administrator").get("/audit/events", query_string=query, headers=WHY)
    problem = refused(answer, 422, "invalid")
    assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
