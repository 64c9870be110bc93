"""Drafts by API: begun, answered, with documents, for several services, and submitted exactly once."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update
from werkzeug.serving import make_server

from engine.cases import staged_documents
from engine.models import ApplicationDraft, Case, Document, IdempotencyKey, StagedDocument, Task, User
from engine.platform.db import Actor, Database
from engine.portal import application_drafts
from tests import factories, filed
from tests.api.conftest import Clients
from tests.api.contract import PREFIX, Client, body, pointers, refused, revision_tag
from tests.factories import count

ME, OTHER = "0012345679", "0084575948"
FOR_ME, FOR_OTHER = {"X-On-Behalf-Of": ME}, {"X-On-Behalf-Of": OTHER}
DEED = {"type": "string", "format": "document", "x-accept": ["pdf"], "title": "سند | Deed"}
ID_COPY = {"type": "string", "format": "document", "title": "شناسنامه | Identity card"}
FORM = factories.form(
    ("name", "deed"),
    name={"type": "string", "minLength": 2, "title": "نام | Name"},
    floors={"type": "integer", "maximum": 9},
    shop={"type": "boolean"},
    trade={"type": "string"},
    deed=DEED,
) | {
    "if": {"properties": {"shop": {"const": True}}, "required": ["shop"]},
    "then": {"required": ["trade"]},
    "else": {"properties": {"trade": False}},
}
SECOND = factories.form(
    ("deed", "street"), street={"type": "string"}, deed=DEED | {"title": "سند | The deed"}
)


@pytest.fixture
def portal(client: Clients, database: Database) -> Client:
    """A portal, where a service with a form is deployed."""
    factories.deploy(database, factories.with_start_form(FORM))
    return client("portal")


def begin(client: Client, *services: str, headers: Mapping[str, str] = FOR_ME, **data: Any) -> dict[str, Any]:
    named: dict[str, Any] = {"services": list(services)} if len(services) > 1 else {"service": services[0]}
    answer = client.post("/drafts", {**named, "data": data}, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{PREFIX}/drafts/{body(answer)['id']}"
    return body(answer)


def patch(client: Client, draft: str, headers: Mapping[str, str] = FOR_ME, **data: Any) -> Any:
    return client.send("PATCH", f"/drafts/{draft}", json={"data": data}, headers=headers)


def upload(client: Client, draft: str, field: str = "/deed", headers: Mapping[str, str] = FOR_ME) -> Any:
    return client.upload(f"/drafts/{draft}", filed.pdf(), fields={"field": field}, headers=headers)


def submit(client: Client, draft: str, headers: Mapping[str, str] = FOR_ME, **given: Any) -> Any:
    return client.post(f"/drafts/{draft}/submit", given, headers=headers)


def fields(draft: Mapping[str, Any]) -> dict[str, tuple[bool, bool, str]]:
    return {one["name"]: (one["applies"], one["required"], one["state"]) for one in draft["fields"]}


def test_a_portal_collects_an_application_before_any_case_exists(portal: Client, database: Database) -> None:
    draft = begin(portal, "p", name="Sara")
    deed = body(upload(portal, draft["id"]))["id"]
    assert pointers(refused(patch(portal, draft["id"], floors=10), 422, "invalid")) == ["/data/floors"]
    changed = patch(portal, draft["id"], deed=deed, floors="۳")
    assert body(changed)["data"] == {"name": "Sara", "deed": deed, "floors": 3}
    assert body(changed)["faults"] == []
    assert [one["id"] for one in body(changed)["documents"]] == [deed]
    read = portal.get(f"/drafts/{draft['id']}", headers=FOR_ME)
    assert (body(read), revision_tag(read)) == (body(changed), changed.headers["ETag"])
    (listed,) = body(portal.get("/drafts", headers=FOR_ME))["items"]
    assert (listed["id"], listed["services"]) == (draft["id"], ["p"])
    assert count(database, Case) == count(database, Task) == 0, "no case, no clock"
    keyed = {**FOR_ME, "Idempotency-Key": "once"}
    sent = submit(portal, draft["id"], keyed, channel="assisted")
    repeated = submit(portal, draft["id"], keyed, channel="assisted")
    assert (repeated.status_code, repeated.data) == (201, sent.data), "with the secret"
    (case,) = body(sent)["cases"]
    assert sent.status_code == 201
    assert sent.headers["Location"] == f"{PREFIX}/cases/{case['id']}"
    assert (case["applicant"], case["channel"], case["data"]["deed"]) == (ME, "assisted", deed)
    assert case["secret"]
    assert (count(database, ApplicationDraft), count(database, StagedDocument)) == (0, 0)
    again = refused(submit(portal, draft["id"]), 409, "conflict")
    assert again["code"] == "draft-submitted"
    assert [one["id"] for one in again["state"]["cases"]] == [case["id"]]
    assert refused(portal.get(f"/drafts/{draft['id']}", headers=FOR_ME), 409, "conflict")
    assert factories.whole(database)


def test_what_applies_and_is_required_follows_from_the_answers(portal: Client) -> None:
    draft = begin(portal, "p")
    assert fields(draft) == {
        "name": (True, True, "open"),
        "floors": (True, False, "open"),
        "shop": (True, False, "open"),
        "trade": (False, False, "open"),
        "deed": (True, True, "open"),
    }
    (deed,) = next(one for one in draft["fields"] if one["name"] == "deed")["documents"]
    assert (deed["pointer"], deed["kinds"], deed["count"]) == ("/deed", ["pdf"], 1)
    assert {one["pointer"]: one["code"] for one in draft["faults"]} == {
        "/data/name": "required",
        "/data/deed": "required",
    }
    shop = body(patch(portal, draft["id"], shop=True))
    assert fields(shop)["trade"] == (True, True, "open")
    assert "/data/trade" in pointers({"errors": shop["faults"]})
    assert fields(body(patch(portal, draft["id"], trade="bread")))["trade"] == (True, True, "typed")
    shut = body(patch(portal, draft["id"], shop=None))
    assert fields(shut)["trade"] == (False, False, "typed")
    assert {"pointer": "/data/trade", "code": "not-asked"}.items() <= shut["faults"][-1].items()
    assert "trade" not in body(patch(portal, draft["id"], trade=None))["data"]


def test_a_draft_belongs_to_one_person_at_one_portal(
    portal: Client, client: Clients, database: Database
) -> None:
    draft = begin(portal, "p", name="mine alone")
    deed = body(upload(portal, draft["id"]))["id"]
    begin(portal, "p", headers=FOR_OTHER)
    for other, headers in ((portal, FOR_OTHER), (client("portal", "another"), FOR_ME)):
        assert draft["id"] not in other.get("/drafts", headers=headers).text
        for answer in (
            other.get(f"/drafts/{draft['id']}", headers=headers),
            patch(other, draft["id"], headers, name="theirs"),
            upload(other, draft["id"], headers=headers),
            submit(other, draft["id"], headers),
            other.send("DELETE", f"/drafts/{draft['id']}", headers=headers),
            other.send("DELETE", f"/documents/{deed}", headers=headers),
            other.send("DELETE", f"/documents/{deed}"),
        ):
            refused(answer, 404, "not-found")
    theirs = body(portal.get("/drafts", headers=FOR_OTHER))["items"][0]["id"]
    assert pointers(refused(patch(portal, theirs, FOR_OTHER, deed=deed), 422, "invalid")) == ["/data/deed"]
    nobody = refused(portal.get("/drafts"), 422, "invalid")
    assert nobody["errors"][0]["code"] == "on-behalf-of"
    assert refused(client("caseworker").get("/drafts"), 403, "forbidden")
    assert refused(portal.post("/drafts", {"service": "p"}, headers=FOR_ME), 409, "conflict")["state"] == {
        "draft": {"id": draft["id"]}
    }
    again = body(upload(portal, draft["id"], "/deed"))["id"]
    assert portal.send("DELETE", f"/documents/{again}", headers=FOR_ME).status_code == 200
    upload(portal, draft["id"])
    portal.send("DELETE", f"/drafts/{draft['id']}", headers=FOR_ME)
    assert count(database, StagedDocument) == 0
    assert refused(portal.get(f"/drafts/{draft['id']}", headers=FOR_ME), 404, "not-found")


def test_an_applicant_has_the_same_draft_here_and_on_the_pages(client: Clients, database: Database) -> None:
    factories.deploy(database, factories.with_start_form(FORM))
    me, none = client("applicant"), dict[str, str]()
    assert me.token
    with database.transaction() as session:
        session.execute(update(User).where(User.name == "applicant").values(person=ME))
        actor = session.query(User).filter_by(name="applicant").one()
        who = Actor(actor.id, actor.name, actor.role)
    draft = begin(me, "p", headers=none, name="Sara")
    shown = factories.as_actor(database, who, lambda uow: application_drafts.of_service(uow, "p"))
    assert (str(shown.id), shown.answers) == (draft["id"], {"name": "Sara"})
    deed = body(upload(me, draft["id"], headers=none))["id"]
    patch(me, draft["id"], none, deed=deed)
    (case,) = body(submit(me, draft["id"], none))["cases"]
    assert case["applicant"] == ME


def test_two_services_ask_once(portal: Client, database: Database) -> None:
    factories.deploy(database, factories.with_start_form(SECOND, "q"))
    draft = begin(portal, "q", "p", name="Sara", street="First")
    assert [one["key"] for one in draft["services"]] == ["p", "q"]
    asked = {one["name"]: one["services"] for one in draft["fields"]}
    assert asked["deed"] == ["p", "q"]
    assert (asked["name"], asked["street"]) == (["p"], ["q"])
    assert refused(submit(portal, draft["id"]), 422, "invalid")["errors"][0]["pointer"] == "/data/deed"
    deed = body(upload(portal, draft["id"]))["id"]
    patch(portal, draft["id"], deed=deed)
    first, second = body(submit(portal, draft["id"]))["cases"]
    assert first["data"] == {"name": "Sara", "deed": deed}
    assert second["data"].keys() == {"street", "deed"}
    assert second["data"]["deed"] != deed, "each case has its own document"
    content = {portal.get(f"/documents/{case['data']['deed']}/content").data for case in (first, second)}
    assert content == {filed.pdf()}
    assert (count(database, Document), count(database, StagedDocument)) == (2, 0)


def test_services_that_ask_differently_are_not_combined(portal: Client, database: Database) -> None:
    other = factories.form(name={"type": "string", "maxLength": 5}, deed=DEED)
    factories.deploy(database, factories.with_start_form(other, "q"))
    problem = refused(portal.post("/drafts", {"services": ["p", "q"]}, headers=FOR_ME), 409, "conflict")
    assert problem["code"] == "fields-differ"
    assert problem["state"] == {"fields": [{"name": "name", "services": ["p", "q"]}]}
    wrong: dict[str, Any]
    for wrong in ({}, {"service": "p", "services": ["p"]}, {"services": ["p", "p"]}, {"services": []}):
        refused(portal.post("/drafts", wrong, headers=FOR_ME), 422, "invalid")


def test_of_fifty_submits_at_once_one_starts_a_case(
    portal: Client, database: Database, app: APIFlask
) -> None:
    factories.deploy(database, factories.with_start_form(factories.form(name={"type": "string"}), "q"))
    draft = begin(portal, "q", name="Sara")["id"]
    headers = {"Authorization": f"Bearer {portal.token}", "Content-Type": "application/json", **FOR_ME}
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def send(_: int) -> int:
        url = f"http://127.0.0.1:{server.port}{PREFIX}/drafts/{draft}/submit"
        try:
            with urlopen(Request(url, b"{}", headers)) as answer:
                return int(answer.status)
        except OSError as error:
            return int(getattr(error, "code", 0))

    try:
        with ThreadPoolExecutor(50) as threads:
            done = list(threads.map(send, range(50)))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.count(201) == 1, done
    assert set(done) <= {201, 409, 503}, done
    assert (count(database, Case), count(database, ApplicationDraft)) == (1, 0)
    assert submit(portal, draft).status_code == 409


def test_a_changed_form_keeps_what_still_fits(portal: Client, database: Database) -> None:
    draft = begin(portal, "p", name="Sara", floors=2)["id"]
    factories.deploy(database, factories.with_start_form(factories.form(("name",), name={"type": "string"})))
    shown = body(portal.get(f"/drafts/{draft}", headers=FOR_ME))
    assert (shown["changed"], shown["dropped"], shown["data"]) == (True, ["floors"], {"name": "Sara"})
    problem = refused(submit(portal, draft), 409, "conflict")
    assert (problem["code"], problem["state"]) == ("form-changed", {"dropped": ["floors"]})
    confirmed = body(portal.send("PATCH", f"/drafts/{draft}", json={}, headers=FOR_ME))
    assert (confirmed["changed"], confirmed["dropped"]) == (False, [])
    assert submit(portal, draft).status_code == 201


def test_what_is_not_offered_now_is_not_begun_and_not_submitted(
    portal: Client, client: Clients, database: Database
) -> None:
    asked = factories.form(("name",), name={"type": "string"})
    factories.deploy(database, factories.with_start_form(asked, "q"))
    draft = begin(portal, "q")["id"]  # its required field is missing, and its form changes: neither matters
    factories.deploy(database, factories.with_start_form({**asked, "title": "New"}, "q"))
    office = client("administrator")
    office.post("/definitions/q/disable")
    assert refused(portal.post("/drafts", {"service": "q"}, headers=FOR_OTHER), 409, "conflict")["code"] == (
        "definition-disabled"
    )
    shown = body(portal.get(f"/drafts/{draft}", headers=FOR_ME))
    assert shown["services"][0]["unavailable"] == "definition-disabled"
    assert refused(submit(portal, draft), 409, "conflict")["code"] == "definition-disabled"
    office.post("/definitions/q/enable")
    office.post("/definitions/q/suspend")
    assert refused(submit(portal, draft), 409, "conflict")["code"] == "definition-suspended"
    office.post("/definitions/q/resume")
    office.post("/definitions/q/versions/1/retire")
    office.post("/definitions/q/versions/2/retire")
    assert (
        body(portal.get(f"/drafts/{draft}", headers=FOR_ME))["services"][0]["unavailable"] == "not-published"
    )
    assert refused(submit(portal, draft), 409, "conflict")["code"] == "not-published"
    assert refused(portal.post("/drafts", {"service": "none"}, headers=FOR_ME), 404, "not-found")


def test_two_windows_do_not_overwrite_each_other(portal: Client) -> None:
    draft = begin(portal, "p")["id"]
    tag = portal.get(f"/drafts/{draft}", headers=FOR_ME).headers["ETag"]
    assert patch(portal, draft, {**FOR_ME, "If-Match": tag}, name="one").status_code == 200
    old = {**FOR_ME, "If-Match": tag}
    refused(patch(portal, draft, old, name="two"), 412, "stale")
    refused(submit(portal, draft, old), 412, "stale")
    refused(portal.send("DELETE", f"/drafts/{draft}", headers=old), 412, "stale")
    assert body(portal.get(f"/drafts/{draft}", headers=FOR_ME))["data"] == {"name": "one"}


def test_bad_answers_and_files_say_where(portal: Client) -> None:
    draft = begin(portal, "p")["id"]
    for value in (1, None):
        assert pointers(refused(patch(portal, draft, none=value), 422, "invalid")) == ["/data/none"]
    assert pointers(refused(patch(portal, draft, deed=str(uuid4())), 422, "invalid")) == ["/data/deed"]
    assert pointers(refused(patch(portal, draft, name="x" * (1 << 20)), 422, "invalid")) == ["/data"]
    assert pointers(refused(upload(portal, draft, "/name"), 422, "invalid")) == ["/field"]
    (fault,) = refused(upload(portal, draft, "deed"), 422, "invalid")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/field", "string_pattern_mismatch")
    program = portal.upload(
        f"/drafts/{draft}", filed.EXE, "deed.pdf", fields={"field": "/deed"}, headers=FOR_ME
    )
    assert pointers(refused(program, 422, "invalid")) == ["/file"]
    missing = portal.upload(f"/drafts/{draft}", filed.pdf(), headers=FOR_ME)
    assert pointers(refused(missing, 422, "invalid")) == ["/field"]


def test_drafts_expire_with_their_documents(portal: Client, database: Database) -> None:
    factories.deploy(database, factories.with_start_form(SECOND, "q"))
    draft = begin(portal, "p", "q")["id"]
    deed = body(upload(portal, draft))["id"]
    system = factories.an_actor(database, "administrator")
    with database.transaction() as session:
        old = StagedDocument.expires_at - timedelta(days=31)
        session.execute(update(StagedDocument).values(expires_at=old))
    assert factories.as_actor(database, system, staged_documents.forget) == 0, "its draft is still there"
    assert patch(portal, draft, deed=deed).status_code == 200
    with database.transaction() as session:
        old = ApplicationDraft.updated_at - timedelta(days=31)
        session.execute(update(ApplicationDraft).values(updated_at=old))
    for answer in (
        portal.get(f"/drafts/{draft}", headers=FOR_ME),
        patch(portal, draft),
        submit(portal, draft),
    ):
        refused(answer, 404, "not-found")
    assert body(portal.get("/drafts", headers=FOR_ME))["items"] == []
    assert factories.as_actor(database, system, application_drafts.forget) == 1
    assert factories.as_actor(database, system, staged_documents.forget) == 1
    begin(portal, "p")
    with database.transaction() as session:
        session.execute(update(ApplicationDraft).values(updated_at=old))
    assert begin(portal, "p")["data"] == {}, "the expired one is in nobody's way"


def test_answers_last_no_longer_than_their_draft(portal: Client, database: Database) -> None:
    key = {**FOR_ME, "Idempotency-Key": "k"}
    given = {"service": "p", "data": {"name": "Sara"}}
    draft = body(portal.post("/drafts", given, headers=key))
    again = portal.post("/drafts", given, headers=key)
    assert (again.status_code, body(again)) == (201, {**draft, "data": {}})
    portal.send("DELETE", f"/drafts/{draft['id']}", headers=FOR_ME)
    with database.transaction() as session:
        assert [
            b"Sara" in (stored or b"Sara") for stored in session.scalars(select(IdempotencyKey.body))
        ] == [False]


def test_drafts_begun_at_the_same_moment_are_one(portal: Client) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: portal.post("/drafts", {"service": "p"}, headers=FOR_ME), range(4)))
    (made,) = [body(one)["id"] for one in answers if one.status_code == 201]
    for answer in answers:
        assert answer.status_code == 201 or refused(answer, 409, "conflict")["state"] == {
            "draft": {"id": made}
        }
