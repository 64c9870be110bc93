"""What one service of an application produces, and another one therefore doesn't ask for."""

from collections.abc import Mapping
from typing import Any

import pytest

from engine.definitions.toml_files import EVIDENCE as ONCE_ONLY
from engine.models import Case
from engine.platform.db import Database
from tests import factories, filed
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers, refused
from tests.api.evidence import ANA, FILE, FORM, Scene, fetch, hub, scene, signed
from tests.api.test_drafts import DEED, FOR_ME, begin, submit, upload
from tests.factories import count

__all__ = ["hub", "scene"]  # fixtures

NAMED = 'name = { fa = "سند", en = "Deed" }\n'
SAID = 'description = { fa = "x", en = "x" }\n'
OUTPUT = f'[[output]]\nid = "deed"\n{NAMED}'
EVIDENCE = f'[[evidence]]\nid = "deed"\n{NAMED}field = "deed"\nproduced_by = ["land", "other"]\n'
LAND = factories.form(("name",), name={"type": "string"})
PERMIT = factories.form(("deed", "street"), street={"type": "string"}, deed=DEED)


def deploy(database: Database, key: str, form: Mapping[str, Any], said: str) -> None:
    files = factories.with_start_form(form, key)
    factories.deploy(database, {**files, "service.toml": (SAID + said).encode()})


@pytest.fixture
def portal(client: Clients, database: Database) -> Client:
    """A portal; `land` registers land, and `permit` asks for the deed."""
    deploy(database, "land", LAND, OUTPUT)
    deploy(database, "permit", PERMIT, EVIDENCE)
    return client("portal")


def deed_of(draft: Mapping[str, Any]) -> tuple[Any, ...]:
    (found,) = [one for one in draft["fields"] if one["name"] == "deed"]
    return tuple(found[name] for name in ("state", "applies", "required", "source", "producer"))


def outputs(office: Client, case: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body(office.get(f"/cases/{case['id']}/file"))["outputs"]
    return found


def test_what_another_service_produces_is_not_asked(portal: Client, client: Clients) -> None:
    draft = begin(portal, "land", "permit", name="Sara")
    assert deed_of(draft) == ("produced", False, False, "service", "land")
    assert [fault["pointer"] for fault in draft["faults"]] == ["/data/street"]
    assert pointers(refused(submit(portal, draft["id"]), 422, "invalid")) == ["/data/street"]
    portal.send("PATCH", f"/drafts/{draft['id']}", json={"data": {"street": "First"}}, headers=FOR_ME)
    land, permit = body(submit(portal, draft["id"]))["cases"]
    assert permit["data"] == {"street": "First"}
    office = client("caseworker")
    (started, *_) = body(office.get(f"/cases/{permit['id']}/events"))["items"]
    assert started["facts"]["awaited"] == "deed"
    (awaited,), (due,) = outputs(office, permit), outputs(office, land)
    assert (awaited["awaits"], awaited["field"], awaited["name"]) == (True, "deed", "سند | Deed")
    assert (awaited["id"], awaited["case_number"], awaited["state"]) == (
        *(land["id"], land["case_number"]),
        "pending",
    )
    assert (due["awaits"], due["id"]) == (False, permit["id"])
    assert office.post(f"/cases/{land['id']}/cancel", {"reason": "x"}).status_code == 200
    assert outputs(office, permit)[0]["state"] == "without"
    (task,) = body(office.get(f"/tasks?case={permit['id']}"))["items"]
    office.post(f"/tasks/{task['id']}/claim")
    asked = {"fields": [{"pointer": "/deed", "text": "It did not come"}]}
    correction = body(office.post(f"/tasks/{task['id']}/send-back", asked))["id"]
    fields = {"task": correction, "field": "/deed"}
    deed = body(portal.upload("", filed.pdf(), fields=fields, headers=FOR_ME))["id"]
    assert portal.complete(correction, {"deed": deed}, headers=FOR_ME).status_code == 200
    assert outputs(office, permit)[0]["state"] == "given"
    assert office.complete(task["id"]).status_code == 200
    ended = body(office.get(f"/cases/{permit['id']}"))
    assert (ended["status"], ended["data"]) == ("completed", {"street": "First", "deed": deed})


def test_what_nobody_else_produces_is_asked_as_before(portal: Client, database: Database) -> None:
    alone = begin(portal, "permit", street="First")
    asked = ("open", True, True, "applicant", None)
    assert deed_of(alone) == asked
    assert pointers(refused(submit(portal, alone["id"]), 422, "invalid")) == ["/data/deed"]
    deploy(database, "third", factories.form(("deed",), deed=DEED), "")
    assert deed_of(begin(portal, "land", "permit", "third")) == asked, (
        "the third one asks for it all the same"
    )
    deploy(database, "untold", LAND, OUTPUT)
    assert deed_of(begin(portal, "permit", "untold")) == asked, "not one of those that it trusts"
    given = begin(portal, "land", "permit", name="Sara", street="First")["id"]
    deed = body(upload(portal, given))["id"]
    answer = portal.send("PATCH", f"/drafts/{given}", json={"data": {"deed": deed}}, headers=FOR_ME)
    assert deed_of(body(answer))[0] == "typed", "it may be given"
    mutual = EVIDENCE.replace('"deed"\n', '"plan"\n', 1).replace('field = "deed"', 'field = "name"')
    deploy(database, "land", LAND, OUTPUT + mutual.replace('"land"', '"permit"'))
    deploy(database, "permit", PERMIT, EVIDENCE + OUTPUT.replace('"deed"', '"plan"'))
    again = body(portal.get(f"/drafts/{begin(portal, 'land', 'permit', 'untold')['id']}", headers=FOR_ME))
    assert deed_of(again) == asked, "each waits for the other"
    assert count(database, Case) == 0


def test_each_answer_of_a_draft_has_its_own_source(scene: Scene, client: Clients) -> None:
    deploy(scene.database, "land", factories.form(("name",), name=FORM["properties"]["name"]), OUTPUT)
    form = factories.form((*FORM["required"], "deed"), **FORM["properties"], deed=DEED)
    files = {**factories.with_start_form(form), ONCE_ONLY: FILE.encode()}
    factories.deploy(scene.database, {**files, "service.toml": (SAID + EVIDENCE).encode()})
    proof = {"X-On-Behalf-Of": ANA, "X-Person-Token": signed(name="Ana")}
    begun = body(scene.portal.post("/drafts", {"services": ["land", "p"]}, headers=proof))
    draft = f"/drafts/{begun['id']}"
    preview = body(fetch(scene.portal, draft, **proof))["id"]
    assert scene.portal.post(f"{draft}/evidence/{preview}/accept", headers=proof).status_code == 200
    read = body(scene.portal.get(draft, headers=proof))
    sources = {one["name"]: (one["state"], one["source"]) for one in read["fields"]}
    assert sources["name"] == sources["national_id"] == ("known", "login")
    assert (sources["address"], sources["deed"]) == (("fetched", "registry"), ("produced", "service"))
    assert read["faults"] == []
    land, asking = body(scene.portal.post(f"{draft}/submit", {}, headers=proof))["cases"]
    assert (land["data"], asking["data"].keys()) == (
        {"name": "Ana"},
        {"name", "national_id", "address", "postal_code"},
    )
    office = client("caseworker")
    log = body(office.get(f"/cases/{asking['id']}/events"))["items"]
    assert log[0]["facts"]["awaited"] == "deed"
    filled = [one["facts"]["fields"] for one in log if one["kind"] == "data.prefilled"]
    assert filled == ["name,national_id", "address,postal_code"]
    assert [one["case_number"] for one in outputs(office, asking)] == [land["case_number"]]
