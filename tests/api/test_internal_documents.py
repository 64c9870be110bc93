"""Documents of the office are internal until they are shared: the applicant's side doesn't see them."""

from typing import Any

import pytest

from engine.platform.db import Database
from tests import factories, filed
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.api.test_documents import sent


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    """A case that the portal started, with one open task."""
    factories.deploy(database, factories.one_task())
    return client("portal").start()


def add(by: Client, path: str, **fields: str) -> Any:
    """Upload a PDF with these fields."""
    named: list[tuple[str, str | None, bytes]] = [
        (name, None, text.encode()) for name, text in fields.items()
    ]
    return sent(by, f"{path}/documents", [("file", "a.pdf", filed.pdf()), *named])


def listed(by: Client, case: dict[str, Any]) -> list[str]:
    return [row["id"] for row in body(by.get(f"/cases/{case['id']}/documents"))["items"]]


@pytest.mark.parametrize("place", ["case", "task"])
def test_what_an_official_adds_is_internal(client: Clients, case: dict[str, Any], place: str) -> None:
    worker, portal = client("caseworker"), client("portal")
    path = f"/cases/{case['id']}" if place == "case" else f"/tasks/{case['tasks'][0]['id']}"
    response = add(worker, path)
    assert response.status_code == 201
    made = body(response)
    assert made["visibility"] == "internal"
    assert listed(worker, case) == [made["id"]]
    assert listed(portal, case) == []
    refused(portal.get(f"/documents/{made['id']}"), 404, "not-found")
    refused(portal.get(f"/documents/{made['id']}/content"), 404, "not-found")
    refused(portal.post(f"/documents/{made['id']}/share"), 404, "not-found")
    refused(add(portal, f"/cases/{case['id']}", replaces=made["id"]), 422, "invalid")  # as an unknown one


def test_internal_document_is_shared_later_and_once(client: Clients, case: dict[str, Any]) -> None:
    worker, portal = client("caseworker"), client("portal")
    made = body(add(worker, f"/cases/{case['id']}"))["id"]
    for _ in range(2):
        assert body(worker.post(f"/documents/{made}/share"))["visibility"] == "shared"
    assert listed(portal, case) == [made]
    assert portal.get(f"/documents/{made}/content").status_code == 200
    told = body(client("administrator").get(f"/cases/{case['id']}/events"))["items"]
    found = [(one["kind"], one["facts"]["visible"]) for one in told if one["kind"].startswith("document")]
    assert found == [("document.added", False), ("document.shared", True)]


def test_official_may_share_with_the_upload(client: Clients, case: dict[str, Any]) -> None:
    made = body(add(client("caseworker"), f"/cases/{case['id']}", visibility="shared"))
    assert made["visibility"] == "shared"
    assert listed(client("portal"), case) == [made["id"]]


def test_new_version_is_as_visible_as_its_document(client: Clients, case: dict[str, Any]) -> None:
    worker, path = client("caseworker"), f"/cases/{case['id']}"
    internal = body(add(worker, path))["id"]
    assert body(add(worker, path, replaces=internal))["visibility"] == "internal"
    shared = body(add(client("portal"), path))["id"]
    assert body(add(worker, path, replaces=shared))["visibility"] == "shared"
    problem = refused(add(worker, path, replaces=shared, visibility="internal"), 422, "invalid")
    assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [("/visibility", "shared")]


def test_what_a_portal_adds_is_shared(client: Clients, case: dict[str, Any]) -> None:
    portal, path = client("portal"), f"/cases/{case['id']}"
    assert body(add(portal, path))["visibility"] == "shared"
    refused(add(portal, path, visibility="internal"), 422, "invalid")
    refused(add(portal, path, visibility="secret"), 422, "invalid")
    assert len(listed(portal, case)) == 1


def test_auditor_shares_nothing(client: Clients, case: dict[str, Any]) -> None:
    made = body(add(client("caseworker"), f"/cases/{case['id']}"))["id"]
    refused(client("auditor").post(f"/documents/{made}/share"), 403, "forbidden")


def asking(client: Clients, database: Database, **report: Any) -> dict[str, Any]:
    """A case whose task asks the office for a report, with these keywords of the field."""
    field = {"type": "string", "format": "document", **report}
    factories.deploy(database, factories.with_form(factories.form(report=field)))
    return client("portal").start()


def test_answer_of_a_form_is_shared_and_what_it_names_too(client: Clients, database: Database) -> None:
    worker, case = client("caseworker"), asking(client, database)
    task = case["tasks"][0]["id"]
    worker.post(f"/tasks/{task}/claim", {})
    made = body(add(worker, f"/tasks/{task}"))
    assert made["visibility"] == "internal"
    assert worker.post(f"/tasks/{task}/complete", {"data": {"report": made["id"]}}).status_code == 200
    assert listed(client("portal"), case) == [made["id"]]
    told = body(client("administrator").get(f"/cases/{case['id']}/events"))["items"]
    assert [one["kind"] for one in told if one["kind"].startswith("document")] == [
        "document.added",
        "document.shared",
    ]


def test_answer_to_a_field_that_the_form_hides_from_the_applicant_is_internal(
    client: Clients, database: Database
) -> None:
    worker, case = client("caseworker"), asking(client, database, **{"x-visible-to": ["caseworker"]})
    task = case["tasks"][0]["id"]
    worker.post(f"/tasks/{task}/claim", {})
    parts: list[tuple[str, str | None, bytes]] = [("field", None, b"/report"), ("task", None, task.encode())]
    made = body(sent(worker, "/documents", [*parts, ("file", "a.pdf", filed.pdf())]))["id"]
    assert worker.post(f"/tasks/{task}/complete", {"data": {"report": made}}).status_code == 200
    assert listed(worker, case) == [made]
    assert listed(client("portal"), case) == []
