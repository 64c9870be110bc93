"""Case migrations over HTTP: planned, read with their obstacles, started, cancelled."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from engine.cases import migration
from engine.platform.db import Actor, Database
from tests import bpmn, factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, pointers, refused

PLAN = {"definition": "p", "from": 1, "to": 2}


@pytest.fixture
def judge(database: Database, actor: Callable[..., Actor]) -> Callable[[str], None]:
    """What a worker does for a plan."""

    def run(migration_id: str) -> None:
        factories.as_actor(
            database, actor("administrator"), lambda uow: migration.judge(uow, UUID(migration_id))
        )

    return run


@pytest.fixture
def cases(client: Clients, database: Database) -> list[str]:
    """Of version 1, one that can be migrated to version 2 and one that cannot."""
    factories.deploy(database, factories.scripted("pass"))
    first, second = (client("portal").start() for _ in range(2))
    client("caseworker").complete(second["tasks"][0]["id"], {})
    factories.deploy(database, factories.one_task())
    return [first["id"], second["id"]]


def test_plan_tells_what_can_be_migrated_and_why_the_rest_cannot(
    client: Clients, cases: list[str], judge: Callable[[str], None]
) -> None:
    administrator = client("administrator")
    response = administrator.post("/migrations", PLAN)
    made = body(response)
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/migrations/{made['id']}"
    assert {name: made[name] for name in ("from", "to", "status", "obstacles")} == {
        **{"from": 1, "to": 2, "status": "planning", "obstacles": []}
    }
    judge(made["id"])
    planned = body(administrator.get(f"/migrations/{made['id']}"))
    assert planned["status"] == "planned"
    assert planned["counts"] == {"movable": 1, "stays": 1, "moved": 0, "ended": 0}
    reason = "The case is at a step that the new version doesn’t have."
    (hurdle,) = planned["obstacles"]
    assert hurdle == {"element": "b", "code": "removed", "reason": reason, "cases": 1}
    (stays,) = body(administrator.get(f"/migrations/{made['id']}/cases?status=stays"))["items"]
    assert (stays["id"], stays["obstacles"]) == (
        cases[1],
        [{"element": "b", "code": "removed", "reason": reason}],
    )
    every = body(administrator.get(f"/migrations/{made['id']}/cases"))
    assert ([item["id"] for item in every["items"]], every["next"]) == (cases, None)


@pytest.mark.usefixtures("cases")
def test_migration_is_started_when_it_is_planned_and_can_be_cancelled(
    client: Clients, judge: Callable[[str], None]
) -> None:
    administrator = client("administrator")
    migration_id = body(administrator.post("/migrations", PLAN))["id"]
    problem = refused(administrator.post("/migrations", PLAN), 409, "conflict")
    assert problem["state"]["migration"] == {"id": migration_id, "status": "planning"}
    problem = refused(administrator.post(f"/migrations/{migration_id}/start"), 409, "conflict")
    assert problem["state"]["migration"] == {"id": migration_id, "status": "planning"}
    judge(migration_id)
    begun = body(administrator.post(f"/migrations/{migration_id}/start"))
    assert (begun["status"], begun["started_by"]) == ("moving", begun["planned_by"])
    cancelled = body(administrator.post(f"/migrations/{migration_id}/cancel"))
    assert (cancelled["status"], cancelled["counts"]["stays"]) == ("cancelled", 2)
    assert {hurdle["code"] for hurdle in cancelled["obstacles"]} == {"removed", "cancelled"}
    refused(administrator.post(f"/migrations/{migration_id}/cancel"), 409, "conflict")


def test_migrations_are_listed_the_newest_first_in_pages(client: Clients, database: Database) -> None:
    for task in ("a", "b"):
        factories.deploy(database, factories.files(bpmn.line(f"userTask {task}")))
    administrator = client("administrator")
    made = []
    for _ in range(51):
        made.append(body(administrator.post("/migrations", PLAN))["id"])
        administrator.post(f"/migrations/{made[-1]}/cancel")
    first = body(administrator.get("/migrations"))
    second = body(administrator.get(f"/migrations?cursor={first['next']}"))
    assert [item["id"] for page in (first, second) for item in page["items"]] == made[::-1]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"definition": "nothing"}, ["/definition"]),
        ({"from": 8, "to": 9}, ["/from", "/to"]),
        ({"to": 1}, ["/to"]),
        ({"from": 0}, ["/from"]),
        ({"from": "x"}, ["/from"]),
        ({"source": 1}, ["/source"]),
        ({"to": 2**60}, ["/to"]),
    ],
)
def test_plan_that_makes_no_sense_is_refused_with_its_places(
    client: Clients, database: Database, change: dict[str, object], where: list[str]
) -> None:
    for task in ("a", "b"):
        factories.deploy(database, factories.files(bpmn.line(f"userTask {task}")))
    response = client("administrator").post("/migrations", {**PLAN, **change})
    assert pointers(refused(response, 422, "invalid")) == where


def test_version_that_takes_no_cases_is_no_target(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.files(bpmn.line("userTask a")))
    factories.deploy(database, factories.files(bpmn.line("userTask b")), "four-eyes")
    administrator = client("administrator")
    assert pointers(refused(administrator.post("/migrations", PLAN), 422, "invalid")) == ["/to"]


@pytest.mark.parametrize(
    ("method", "rest"), [("GET", ""), ("GET", "/cases"), ("POST", "/start"), ("POST", "/cancel")]
)
def test_unknown_migration_does_not_exist(steady: Steady, method: str, rest: str) -> None:
    refused(steady.client("administrator").send(method, f"/migrations/{uuid4()}{rest}"), 404, "not-found")


@pytest.mark.parametrize("query", ["status=open", "cursor=x", "odd=1"])
def test_query_that_is_not_understood_is_refused_with_its_name(steady: Steady, query: str) -> None:
    response = steady.client("administrator").get(f"/migrations/{uuid4()}/cases?{query}")
    assert pointers(refused(response, 422, "invalid")) == [f"/query/{query.partition('=')[0]}"]
