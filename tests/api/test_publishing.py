"""The life of a version over HTTP: drafts, a second pair of eyes, retiring, and what portals are offered."""

from typing import Any

import pytest

from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients, Steady
from tests.api.contract import body, refused

VERSIONS = "/definitions/p/versions"


def content(number: int) -> dict[str, bytes]:
    """The same process each time, in other bytes."""
    return {"p.bpmn": factories.one_task()["p.bpmn"] + b"\n" * number}


def upload(client: Clients, number: int, name: str = "author") -> dict[str, Any]:
    """What a designer's deployment made."""
    (made,) = body(client("designer", name).deploy(content(number)))["definitions"]
    return dict(made)


def publish(client: Clients, number: int, name: str = "reviewer", **options: Any) -> Any:
    return client("designer", name).post(f"{VERSIONS}/{number}/publish", **options)


def retire(client: Clients, number: int, **options: Any) -> Any:
    return client("designer", "reviewer").post(f"{VERSIONS}/{number}/retire", **options)


def statuses(client: Clients) -> list[tuple[int, str]]:
    listed = body(client("administrator").get(VERSIONS))["items"]
    return [(item["version"], item["status"]) for item in listed]


def started(client: Clients) -> int:
    """The version that a new case takes."""
    return int(client("portal").start()["version"])


def test_deployment_is_published_at_once_unless_told_otherwise(client: Clients) -> None:
    assert upload(client, 1)["status"] == "published"
    (record,) = body(client("designer", "author").get(VERSIONS))["items"]
    assert (record["author"], record["published_by"], record["retired_by"]) == ("author", "author", None)
    assert record["deployed_at"] == record["published_at"]


@pytest.mark.usefixtures("careful")
def test_draft_serves_cases_once_another_person_has_published_it(client: Clients) -> None:
    assert upload(client, 1)["status"] == "draft"
    refused(client("portal").post("/cases", {"definition": "p"}), 409, "conflict")
    assert body(publish(client, 1))["status"] == "published"
    assert started(client) == 1
    (record,) = body(client("designer", "author").get(VERSIONS))["items"]
    assert (record["author"], record["published_by"]) == ("author", "reviewer")


@pytest.mark.usefixtures("careful")
def test_author_does_not_publish_their_own_version(client: Clients) -> None:
    upload(client, 1)
    refused(publish(client, 1, "author"), 403, "four-eyes")
    assert statuses(client) == [(1, "draft")]


def test_author_publishes_a_draft_where_one_person_is_enough(client: Clients, database: Database) -> None:
    factories.deploy(database, content(1), "four-eyes")
    assert publish(client, 1, "author").status_code == 200


@pytest.mark.usefixtures("careful")
def test_what_is_a_draft_already_is_no_second_one_whoever_sends_it(client: Clients) -> None:
    first, again = upload(client, 1), upload(client, 1, "reviewer")
    assert again == {**first, "created": False}
    refused(publish(client, 1, "author"), 403, "four-eyes")
    assert publish(client, 1).status_code == 200


@pytest.mark.usefixtures("careful")
def test_newer_draft_takes_the_place_of_the_one_before(client: Clients) -> None:
    upload(client, 1)
    assert upload(client, 2)["version"] == 2
    assert statuses(client) == [(2, "draft"), (1, "retired")]
    problem = refused(publish(client, 1), 409, "conflict")
    assert problem["state"] == {"version": {"key": "p", "number": 1, "status": "retired"}}


@pytest.mark.usefixtures("careful")
def test_deploying_what_is_current_leaves_a_draft_alone(client: Clients, database: Database) -> None:
    factories.deploy(database, content(1))
    upload(client, 2)
    assert upload(client, 1) == {**upload(client, 1), "version": 1, "created": False}
    assert statuses(client) == [(2, "draft"), (1, "published")]


def test_deployment_that_is_published_at_once_replaces_a_draft(client: Clients, database: Database) -> None:
    factories.deploy(database, content(1), "four-eyes")
    assert (upload(client, 1)["version"], statuses(client)) == (2, [(2, "published"), (1, "retired")])


@pytest.mark.usefixtures("careful")
def test_running_case_keeps_its_version_when_another_is_published(
    client: Clients, database: Database
) -> None:
    factories.deploy(database, content(1))
    case = client("portal").start()
    upload(client, 2)
    assert started(client) == 1
    publish(client, 2)
    assert started(client) == 2
    done = body(client("caseworker").complete(case["tasks"][0]["id"]))
    assert done["case"]["status"] == "completed"
    assert body(client("portal").get(f"/cases/{case['id']}"))["version"] == 1


def test_retired_version_gives_way_to_the_one_published_before(client: Clients) -> None:
    upload(client, 1)
    upload(client, 2)
    case = client("portal").start()
    assert body(retire(client, 2))["status"] == "retired"
    assert started(client) == 1
    assert body(client("portal").get("/definitions/p"))["version"] == 1
    assert client("caseworker").complete(case["tasks"][0]["id"]).status_code == 200
    (newest, _) = body(client("administrator").get(VERSIONS))["items"]
    assert (newest["retired_by"], newest["published_by"]) == ("reviewer", "author")


def test_retiring_an_older_version_leaves_the_current_one(client: Clients) -> None:
    upload(client, 1)
    upload(client, 2)
    retire(client, 1)
    assert started(client) == 2
    assert retire(client, 2).status_code == 200
    refused(client("portal").post("/cases", {"definition": "p"}), 409, "conflict")


def test_definition_without_published_version_is_not_listed_and_not_startable(client: Clients) -> None:
    upload(client, 1)
    retire(client, 1)
    problem = refused(client("caseworker").post("/cases", {"definition": "p"}), 409, "conflict")
    assert problem["state"] == {"definition": {"key": "p"}}
    assert body(client("designer").get("/definitions"))["items"] == []
    assert body(client("portal").get("/definitions/p"))["status"] == "retired"
    assert upload(client, 1)["version"] == 2
    assert started(client) == 2


@pytest.mark.usefixtures("careful")
def test_draft_is_withdrawn_also_by_its_author(client: Clients) -> None:
    upload(client, 1)
    withdrawn = client("designer", "author").post(f"{VERSIONS}/1/retire")
    assert (body(withdrawn)["status"], body(withdrawn)["published_at"]) == ("retired", None)
    assert upload(client, 1)["version"] == 2


@pytest.mark.parametrize("verb", ["publish", "retire"])
def test_nothing_is_done_twice(client: Clients, database: Database, verb: str) -> None:
    factories.deploy(database, content(1), "four-eyes")
    assert client("designer").post(f"{VERSIONS}/1/{verb}").status_code == 200
    refused(client("designer").post(f"{VERSIONS}/1/{verb}"), 409, "conflict")


def test_retired_version_is_not_published_again(client: Clients) -> None:
    upload(client, 1)
    retire(client, 1)
    refused(publish(client, 1), 409, "conflict")


def test_repeated_request_gets_the_first_answer(client: Clients, database: Database) -> None:
    factories.deploy(database, content(1), "four-eyes")
    once = {"Idempotency-Key": "k"}
    first, again = (publish(client, 1, headers=once) for _ in range(2))
    assert first.status_code == 200
    assert (again.status_code, again.data) == (200, first.data)


def test_who_saw_an_older_state_changes_nothing(client: Clients, database: Database) -> None:
    factories.deploy(database, content(1), "four-eyes")
    seen = client("designer").get(f"{VERSIONS}/1").headers["ETag"]
    answer = publish(client, 1, headers={"If-Match": seen})
    assert answer.headers["ETag"] != seen
    refused(retire(client, 1, headers={"If-Match": seen}), 412, "stale")
    assert retire(client, 1, headers={"If-Match": answer.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("verb", ["publish", "retire"])
@pytest.mark.parametrize("place", ["p/versions/2", "p/versions/0", "unknown/versions/1", "%00/versions/1"])
def test_unknown_version_is_neither_published_nor_retired(steady: Steady, place: str, verb: str) -> None:
    refused(steady.client("designer").post(f"/definitions/{place}/{verb}"), 404, "not-found")


@pytest.mark.parametrize("path", ["unknown/enable", "unknown/disable", "%00/disable"])
def test_unknown_definition_is_neither_enabled_nor_disabled(steady: Steady, path: str) -> None:
    refused(steady.client("designer").post(f"/definitions/{path}"), 404, "not-found")


def test_versions_of_an_unknown_definition_are_not_listed(steady: Steady) -> None:
    refused(steady.client("designer").get("/definitions/unknown/versions"), 404, "not-found")


@pytest.mark.parametrize("role", ["portal", "caseworker"])
def test_draft_does_not_exist_for_those_who_do_not_publish(
    client: Clients, database: Database, role: str
) -> None:
    factories.deploy(database, content(1), "four-eyes")
    refused(client(role).get("/definitions/p"), 404, "not-found")
    refused(client(role).get(f"{VERSIONS}/1/bpmn"), 404, "not-found")
    refused(client(role).get("/definitions?status=draft"), 403, "forbidden")
    publish(client, 1)
    factories.deploy(database, content(2), "four-eyes")
    assert body(client(role).get("/definitions/p"))["versions"] == [1]


def test_drafts_are_listed_for_those_who_publish(client: Clients, database: Database) -> None:
    factories.deploy(database, content(1))
    factories.deploy(database, content(2), "four-eyes")
    factories.deploy(database, factories.one_task("q"), "four-eyes")
    listed = body(client("designer").get("/definitions?status=draft"))["items"]
    assert [(item["key"], item["version"]) for item in listed] == [("p", 2), ("q", 1)]
    shown = body(client("designer").get("/definitions/p"))
    assert (shown["version"], shown["versions"]) == (1, [2, 1])


def test_disabled_definition_vanishes_from_portals_and_its_cases_go_on(client: Clients) -> None:
    upload(client, 1)
    case = client("portal").start()
    disabled = body(client("designer").post("/definitions/p/disable"))
    assert disabled["disabled_at"] is not None
    assert body(client("portal").get("/definitions"))["items"] == []
    problem = refused(client("portal").post("/cases", {"definition": "p"}), 409, "conflict")
    assert problem["state"]["definition"].keys() == {"key", "disabled_at"}
    done = body(client("caseworker").complete(case["tasks"][0]["id"]))
    assert done["case"]["status"] == "completed"


def test_disabled_definition_is_there_for_caseworkers(client: Clients) -> None:
    upload(client, 1)
    client("designer").post("/definitions/p/disable")
    assert len(body(client("caseworker").get("/definitions"))["items"]) == 1
    assert client("caseworker").start()["status"] == "active"


def test_disabled_definition_is_offered_again_once_enabled(client: Clients) -> None:
    upload(client, 1)
    first, again = (body(client("designer").post("/definitions/p/disable")) for _ in range(2))
    assert again["disabled_at"] == first["disabled_at"]
    for _ in range(2):
        assert body(client("designer").post("/definitions/p/enable"))["disabled_at"] is None
    assert len(body(client("portal").get("/definitions"))["items"]) == 1
    assert started(client) == 1


def test_disabled_definition_stays_so_in_a_new_version(client: Clients) -> None:
    upload(client, 1)
    client("designer").post("/definitions/p/disable")
    upload(client, 2)
    refused(client("portal").post("/cases", {"definition": "p"}), 409, "conflict")


@pytest.mark.usefixtures("careful")
def test_draft_cannot_be_called(client: Clients) -> None:
    upload(client, 1)
    problem = refused(client("designer").deploy(factories.caller("p")), 422, "rejected")
    assert {finding["code"] for finding in problem["findings"]} == {"unknown-process"}


def test_draft_that_calls_a_retired_version_is_not_published(client: Clients, database: Database) -> None:
    upload(client, 1)
    factories.deploy(database, factories.caller("p"), "four-eyes")
    retire(client, 1)
    publishing = client("designer").post("/definitions/caller/versions/1/publish")
    assert "'p'" in refused(publishing, 409, "conflict")["detail"]


def test_callers_go_on_calling_a_version_that_is_retired(client: Clients, database: Database) -> None:
    upload(client, 1)
    factories.deploy(database, factories.caller("p"))
    retire(client, 1)
    assert len(client("portal").start("caller")["tasks"]) == 1


def test_publishing_one_process_of_an_upload_runs_the_others_with_it(
    client: Clients, database: Database
) -> None:
    both = {"a.bpmn": factories.caller("p")["p.bpmn"], "b.bpmn": factories.one_task()["p.bpmn"]}
    factories.deploy(database, both, "four-eyes")
    assert client("designer").post("/definitions/caller/versions/1/publish").status_code == 200
    assert len(client("portal").start("caller")["tasks"]) == 1
    refused(client("portal").post("/cases", {"definition": "p"}), 409, "conflict")


def by_message(number: int) -> dict[str, bytes]:
    """A process that the message `begin` starts, in other bytes each time."""
    start = bpmn.node("startEvent", "start", '<bpmn:messageEventDefinition messageRef="m"/>')
    flows = bpmn.flow("start", f"a{number}"), bpmn.flow(f"a{number}", "end")
    nodes = start, bpmn.node("userTask", f"a{number}"), bpmn.node("endEvent", "end")
    drawn = bpmn.process_element(*nodes, *flows)
    return factories.files(bpmn.definitions('<bpmn:message id="m" name="begin"/>', drawn))


def reached(client: Clients, number: int) -> list[str]:
    """The current steps of the cases that a message has started."""
    sent = client("service").post("/messages", {"name": "begin", "id": str(number)})
    cases = body(sent)["cases"] if sent.status_code == 201 else []
    shown = [body(client("caseworker").get(f"/cases/{case['id']}")) for case in cases]
    return [task["element"] for case in shown for task in case["tasks"]]


def test_start_events_wait_in_the_current_version_alone(client: Clients, database: Database) -> None:
    factories.deploy(database, by_message(1))
    factories.deploy(database, by_message(2), "four-eyes")
    assert reached(client, 1) == ["a1"]
    publish(client, 2)
    assert reached(client, 2) == ["a2"]
    retire(client, 2)
    assert reached(client, 3) == ["a1"]
    retire(client, 1)
    assert reached(client, 4) == []
