"""ETag and If-Match: nobody overwrites what somebody else has changed in between."""

import pytest

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused, revision_tag

STALE = [
    '"0"',
    '"99"',
    'W/"1"',
    '"garbage"',
    "garbage",
    '""',
    '"-1"',
    '"\u0663"',
    '"' + "9" * 40 + '"',
]


@pytest.fixture
def task(client: Clients, database: Database) -> str:
    factories.deploy(database, factories.one_task())
    found: str = client("portal").start()["tasks"][0]["id"]
    return found


def test_case_has_a_tag_that_changes_with_it(client: Clients, task: str) -> None:
    worker = client("caseworker")
    case = body(worker.get(f"/tasks/{task}"))["case"]
    before, again = (worker.get(f"/cases/{case}").headers["ETag"] for _ in range(2))
    worker.post(f"/tasks/{task}/claim")
    assert before == again
    assert worker.get(f"/cases/{case}").headers["ETag"] != before


def test_task_has_a_tag_that_each_command_changes(client: Clients, task: str) -> None:
    worker = client("caseworker")
    tags = [revision_tag(worker.get(f"/tasks/{task}"))]
    for command in ("claim", "release", "complete"):
        answered = worker.post(f"/tasks/{task}/{command}").headers["ETag"]
        assert revision_tag(worker.get(f"/tasks/{task}")) == answered
        tags.append(answered)
    assert len(set(tags)) == 4


@pytest.mark.parametrize("command", ["claim", "complete"])
def test_command_with_the_present_tag_is_taken(client: Clients, task: str, command: str) -> None:
    tag = client("caseworker").get(f"/tasks/{task}").headers["ETag"]
    response = client("caseworker").post(f"/tasks/{task}/{command}", headers={"If-Match": tag})
    assert response.status_code == 200


@pytest.mark.parametrize("command", ["claim", "complete"])
def test_command_with_any_tag_is_taken(client: Clients, task: str, command: str) -> None:
    response = client("caseworker").post(f"/tasks/{task}/{command}", headers={"If-Match": "*"})
    assert response.status_code == 200


@pytest.mark.parametrize("command", ["claim", "release", "complete"])
def test_command_with_an_old_tag_is_refused_with_the_present_revision(
    client: Clients, task: str, command: str
) -> None:
    worker = client("caseworker")
    old = worker.get(f"/tasks/{task}").headers["ETag"]
    new = worker.post(f"/tasks/{task}/claim").headers["ETag"]
    problem = refused(worker.post(f"/tasks/{task}/{command}", headers={"If-Match": old}), 412, "stale")
    assert f'"{problem["state"]["revision"]}"' == new
    assert body(worker.get(f"/tasks/{task}"))["status"] == "open"


def test_case_with_an_old_tag_is_not_cancelled(client: Clients, task: str) -> None:
    worker = client("caseworker")
    case = body(worker.get(f"/tasks/{task}"))["case"]
    old = worker.get(f"/cases/{case}").headers["ETag"]
    worker.post(f"/tasks/{task}/claim")
    refused(worker.post(f"/cases/{case}/cancel", headers={"If-Match": old}), 412, "stale")
    assert body(worker.get(f"/cases/{case}"))["status"] == "active"


def test_case_with_the_present_tag_is_cancelled(client: Clients, task: str) -> None:
    case = body(client("caseworker").get(f"/tasks/{task}"))["case"]
    tag = client("portal").get(f"/cases/{case}").headers["ETag"]
    assert client("portal").post(f"/cases/{case}/cancel", headers={"If-Match": tag}).status_code == 200


@pytest.mark.parametrize("tag", STALE)
def test_tag_that_was_never_given_matches_nothing(client: Clients, task: str, tag: str) -> None:
    latin = tag.encode().decode("latin-1")
    refused(client("caseworker").complete(task, headers={"If-Match": latin}), 412, "stale")


def test_one_of_several_tags_is_enough(client: Clients, task: str) -> None:
    tag = client("caseworker").get(f"/tasks/{task}").headers["ETag"]
    response = client("caseworker").complete(task, headers={"If-Match": f'"77", {tag}'})
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/cases/{case}", "/cases/{case}/file", "/tasks/{task}",
                                  "/cases/{case}/diagram.svg", "/definitions/p/versions/1"])  # fmt: skip
def test_what_the_reader_has_is_not_sent_again(client: Clients, task: str, path: str) -> None:
    worker = client("caseworker")
    path = path.format(case=body(worker.get(f"/tasks/{task}"))["case"], task=task)
    read = worker.get(path)
    for seen in (read.headers["ETag"], "*", f'"77", W/{read.headers["ETag"]}'):
        again = worker.get(path, headers={"If-None-Match": seen})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", read.headers["ETag"])
    assert worker.get(path, headers={"If-None-Match": '"1"'}).data == read.data


def test_draft_is_read_although_it_changes_no_revision(client: Clients, task: str) -> None:
    worker = client("caseworker")
    worker.post(f"/tasks/{task}/claim")
    before = worker.get(f"/tasks/{task}")
    worker.send("PUT", f"/tasks/{task}/draft", json={"data": {"x": 1}})
    after = worker.get(f"/tasks/{task}", headers={"If-None-Match": before.headers["ETag"]})
    assert body(after)["draft"] == {"x": 1}
    assert revision_tag(after) == revision_tag(before)
    assert worker.complete(task, headers={"If-Match": before.headers["ETag"]}).status_code == 200


def test_completed_task_is_a_conflict_whatever_the_tag(client: Clients, task: str) -> None:
    client("caseworker").complete(task)
    refused(client("caseworker").complete(task, headers={"If-Match": '"1"'}), 409, "conflict")
