"""Documents before a case: uploaded for a field, named by the answer, and then documents of the case."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, update

from engine import events
from engine.cases import erasure, staged_documents
from engine.models import Document, ErasedFile, StagedDocument
from engine.platform.db import Database
from engine.platform.storage import Storage
from tests import bpmn, factories, filed
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.api.test_documents import sent
from tests.factories import count

DEED = {"type": "string", "format": "document", "x-accept": ["pdf"]}
PHOTO = {"type": "string", "format": "document", "x-accept": ["jpeg", "png"], "x-max-mib": 0.001}
FORM = factories.form(("deed",), deed=DEED, photos={"type": "array", "items": PHOTO, "maxItems": 2})


def process(key: str = "p") -> dict[str, bytes]:
    """Start with a required document → a task that asks for another."""
    body = [
        bpmn.node("startEvent", "start", camunda__formKey="f.json"),
        bpmn.node("userTask", "report", camunda__formKey="g.json"),
        bpmn.node("endEvent", "end"),
        bpmn.flow("start", "report"),
        bpmn.flow("report", "end"),
    ]
    report = factories.form(("report",), deed=DEED, report={"type": "string", "format": "document"})
    return factories.files(bpmn.process(*body, key=key), f=FORM, g=report)


@pytest.fixture
def portal(client: Clients, database: Database) -> Client:
    """A portal, where such a process is deployed."""
    factories.deploy(database, process())
    return client("portal")


def upload(
    client: Client, field: str = "/deed", content: bytes = b"", name: str = "deed.pdf", **place: Any
) -> Any:
    named = place or {"definition": "p"}
    parts = [(key, None, str(value).encode()) for key, value in {"field": field, **named}.items()]
    return sent(client, "/documents", [*parts, ("file", name, content or filed.pdf())])


def staged(client: Client, *given: Any, **named: Any) -> str:
    answer = upload(client, *given, **named)
    assert answer.status_code == 201, answer.text
    found: str = answer.json["id"]
    return found


def start(client: Client, **data: Any) -> Any:
    return client.post("/cases", {"definition": "p", "data": data})


def codes(response: Any) -> dict[str, str]:
    """The codes of what was refused, by place."""
    return {one["pointer"]: one["code"] for one in refused(response, 422, "invalid")["errors"]}


def test_what_a_portal_uploads_becomes_documents_of_the_case(portal: Client, database: Database) -> None:
    deed = staged(portal)
    photo = staged(portal, "/photos", filed.jpeg(), "front.jpg")
    case = start(portal, deed=deed, photos=[photo]).json
    assert case["data"] == {"deed": deed, "photos": [photo]}
    found = body(portal.get(f"/cases/{case['id']}/documents"))["items"]
    assert {(one["id"], one["name"], one["media_type"]) for one in found} == {
        (deed, "deed.pdf", "application/pdf"),
        (photo, "front.jpg", "image/jpeg"),
    }
    assert portal.get(f"/documents/{deed}/content").data == filed.pdf()
    assert count(database, StagedDocument) == 0
    with database.transaction() as session:
        assert events.verify(session) == []


def test_a_required_document_is_met_by_nothing_else(portal: Client, client: Clients) -> None:
    photo = staged(portal, "/photos", filed.jpeg(), "front.jpg")
    removed = staged(portal)
    assert portal.send("DELETE", f"/documents/{removed}").status_code == 200
    others = staged(client("portal", "another"), content=filed.pdf(b"1 0 obj\nendobj\n"))
    for value in ("deed", removed, others, photo, str(uuid4()), "", " ", "null"):
        assert list(codes(start(portal, deed=value))) == ["/data/deed"], value
    assert codes(start(portal)) == {"/data/deed": "required"}
    assert codes(start(portal, deed=[photo])) == {"/data/deed": "type"}
    assert codes(start(portal, deed={"id": photo})) == {"/data/deed": "type"}
    own = staged(portal)
    assert codes(start(portal, deed=own.upper())) == {"/data/deed": "document-unknown"}
    assert codes(start(portal, deed=own, photos=[photo, photo])) == {
        "/data/photos/0": "document-twice",
        "/data/photos/1": "document-twice",
    }
    assert start(portal, deed=own).status_code == 201


def test_a_document_is_sent_once(portal: Client) -> None:
    deed = staged(portal)
    assert start(portal, deed=deed).status_code == 201
    assert codes(start(portal, deed=deed)) == {"/data/deed": "document-unknown"}


def test_of_many_answers_at_once_one_gets_the_document(portal: Client, database: Database) -> None:
    deed = staged(portal)
    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(lambda _: start(portal, deed=deed).status_code, range(8)))
    assert done.count(201) == 1, done
    assert set(done) <= {201, 409, 422}
    assert count(database, Document) == 1


def test_the_limits_of_the_field_hold_for_files(portal: Client) -> None:
    assert codes(upload(portal, "/deed", filed.jpeg(), "deed.jpg")) == {"/file": "type"}
    assert codes(upload(portal, "/photos", filed.jpeg(before=bytes(3000)), "a.jpg")) == {
        "/file": "document-size"
    }
    problem = refused(upload(portal, "/deed", filed.EXE, "deed.pdf"), 422, "invalid")
    assert "program (Windows)" in problem["detail"]


@pytest.mark.parametrize(
    ("named", "field", "status"),
    [
        ({"definition": "none"}, "/deed", 404),
        ({"definition": "p"}, "/none", 422),
        ({"definition": "p"}, "deed", 422),
        ({"definition": "p"}, "/photos/*", 422),
        ({"task": uuid4()}, "/deed", 404),
        ({"appeal_of": uuid4()}, "/deed", 404),
        ({"definition": "p", "task": uuid4()}, "/deed", 422),
        ({"task": "x"}, "/deed", 422),
        ({"other": "x"}, "/deed", 422),
    ],
)
def test_files_are_accepted_for_fields_that_ask_for_them(
    portal: Client, named: dict[str, Any], field: str, status: int
) -> None:
    assert upload(portal, field, **named).status_code == status


def test_the_same_file_twice_for_a_field_is_one(portal: Client, client: Clients, database: Database) -> None:
    clerk = client("caseworker")
    assert staged(clerk) == staged(clerk)
    assert count(database, StagedDocument) == 1


def test_the_same_file_of_two_persons_is_two_at_a_portal(portal: Client, database: Database) -> None:
    ours, theirs = staged(portal), staged(portal)
    assert start(portal, deed=ours).status_code == 201
    assert start(portal, deed=theirs).status_code == 201
    assert count(database, Document) == 2


def test_what_is_uploaded_for_a_task_belongs_to_the_task(portal: Client, client: Clients) -> None:
    deed = staged(portal)
    case = start(portal, deed=deed).json
    (task,) = case["tasks"]
    clerk = client("caseworker")
    unclaimed = upload(clerk, "/report", task=task["id"])
    refused(unclaimed, 409, "conflict")
    clerk.post(f"/tasks/{task['id']}/claim", {})
    report = staged(clerk, "/report", task=task["id"])
    done = f"/tasks/{task['id']}/complete"
    assert codes(clerk.post(done, {"data": {"report": deed}})) == {"/data/report": "document-unknown"}
    assert codes(clerk.post(done, {"data": {"report": "x", "deed": report}})) == {
        "/data/report": "document-unknown",
        "/data/deed": "document-unknown",
    }
    # What the case has in the same field may stay.
    answer = clerk.post(done, {"data": {"report": report, "deed": deed}})
    assert answer.status_code == 200, answer.text
    documents = body(clerk.get(f"/cases/{case['id']}/documents"))["items"]
    assert {one["id"]: one["task"] for one in documents} == {deed: None, report: task["id"]}


def test_who_gave_a_task_away_leaves_its_files(portal: Client, client: Clients) -> None:
    (task,) = start(portal, deed=staged(portal)).json["tasks"]
    former, now = client("caseworker", "former"), client("caseworker", "now")
    former.post(f"/tasks/{task['id']}/claim", {})
    report = staged(former, "/report", task=task["id"])
    former.post(f"/tasks/{task['id']}/release", {})
    now.post(f"/tasks/{task['id']}/claim", {})
    refused(former.send("DELETE", f"/documents/{report}"), 409, "conflict")
    assert now.post(f"/tasks/{task['id']}/complete", {"data": {"report": report}}).status_code == 200


def test_what_nobody_sends_is_deleted_with_its_file(
    portal: Client, database: Database, tmp_path: Path, actor: Callable[..., Any]
) -> None:
    late = staged(portal)
    kept = staged(portal, "/photos", filed.png(), "a.png")
    start(portal, deed=staged(portal, content=filed.pdf(b"2 0 obj\nendobj\n")), photos=[kept])

    def files() -> list[Path]:
        return [path for path in (tmp_path / "documents").rglob("*") if path.is_file()]

    assert len(files()) == 3
    with database.transaction() as session:
        long_ago = func.now() - func.make_interval(0, 0, 0, 2)
        session.execute(update(StagedDocument).values(expires_at=long_ago))
    assert codes(start(portal, deed=late)) == {"/data/deed": "document-unknown"}, "gone before it is deleted"
    office = actor("administrator")
    assert factories.as_actor(database, office, staged_documents.forget) == 1
    storage = Storage(str(tmp_path / "documents"))
    assert factories.as_actor(database, office, lambda uow: erasure.sweep(uow, storage)) == 0
    with database.transaction() as session:
        session.execute(update(ErasedFile).values(erased_at=long_ago))
    for path in files():
        os.utime(path, (0, 0))
    assert factories.as_actor(database, office, lambda uow: erasure.sweep(uow, storage)) == 1
    assert len(files()) == 2
