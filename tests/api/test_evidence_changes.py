"""Once only, while something changes: the service, an answer, a consent, or the draft itself."""

import hashlib
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.definitions.toml_files import EVIDENCE
from engine.models import Consent, Evidence, EvidenceValue
from engine.portal import evidence
from engine.portal.once_only import Ordered
from engine.requests.fetching import Fetcher
from tests import factories, filed
from tests.api.contract import body, refused
from tests.api.evidence import (
    ANA,
    FILE,
    FORM,
    TEXT,
    Scene,
    fetch,
    field_of,
    hub,
    scene,
)

__all__ = ["hub", "scene"]  # fixtures


LATER = FILE.replace('version = "1"', 'version = "2"').replace(TEXT, "I do.").replace("موافقم.", "باشد.")


def test_a_preview_rests_on_the_present_form_and_text(scene: Scene) -> None:
    draft = scene.begin()
    former = body(fetch(scene.ana, draft))
    factories.deploy(scene.database, {**factories.with_start_form(FORM), EVIDENCE: LATER.encode()})
    accept = f"{draft}/evidence/{former['id']}/accept"
    assert refused(scene.ana.post(accept), 409, "conflict")["code"] == "form-changed"
    assert body(scene.ana.get(draft))["changed"]
    assert body(scene.ana.send("PATCH", draft, json={"data": {}}))["changed"] is False
    problem = refused(scene.ana.post(accept), 409, "conflict")
    assert (problem["code"], problem["state"]["consent"]["text_version"]) == ("consent-outdated", "2")
    refused(fetch(scene.ana, draft), 409, "conflict")
    agreed = {"text_version": "2", "hash": hashlib.sha256(b"I do.").hexdigest()}
    present = body(fetch(scene.ana, draft, agreed))
    assert (present["state"], present["id"] == former["id"]) == ("preview", False)
    assert body(scene.ana.post(f"{draft}/evidence/{present['id']}/accept"))["state"] == "accepted"
    factories.deploy(scene.database, {**factories.with_start_form(FORM), EVIDENCE: FILE.encode()})
    scene.ana.post(f"{draft}/evidence/{present['id']}/refuse")  # always possible, and confirms no form
    shown = body(scene.ana.get(draft))
    assert (shown["changed"], shown["data"]) == (True, {"national_id": ANA})


def test_values_prove_nothing_for_other_answers_than_were_sent(scene: Scene) -> None:
    asking = FILE.replace("validity =", 'request = { area = "area" }\nvalidity =')
    fields = {**FORM["properties"], "area": {"type": "string"}}
    files = {**factories.with_start_form(factories.form(**fields)), EVIDENCE: asking.encode()}
    factories.deploy(scene.database, files)
    draft = scene.begin()

    def answer(area: str) -> None:
        scene.ana.send("PATCH", draft, json={"data": {"area": area}})

    answer("north")
    preview = body(fetch(scene.ana, draft))
    answer("south")
    problem = refused(scene.ana.post(f"{draft}/evidence/{preview['id']}/accept"), 409, "conflict")
    assert problem["code"] == "evidence-outdated"
    preview = body(fetch(scene.ana, draft))
    assert len(scene.hub.received) == 2
    scene.ana.post(f"{draft}/evidence/{preview['id']}/accept")
    assert field_of(scene.ana, draft, "address")["state"] == "fetched"
    answer("north")
    assert field_of(scene.ana, draft, "address")["state"] == "typed"
    (fault,) = refused(scene.ana.post(f"{draft}/submit", {}), 422, "invalid")["errors"]
    assert fault["code"] == "evidence-document"
    answer("south")
    assert scene.ana.post(f"{draft}/submit", {}).status_code == 201


def test_a_type_whose_fields_are_not_asked_needs_no_document(scene: Scene) -> None:
    none = {"properties": dict.fromkeys(("address", "postal_code", "proof"), False)}
    form = factories.form(**FORM["properties"], moved={"type": "boolean"}) | {
        "if": {"properties": {"moved": {"const": True}}, "required": ["moved"]},
        "then": {"required": ["address"]},
        "else": none,
    }
    factories.deploy(scene.database, {**factories.with_start_form(form), EVIDENCE: FILE.encode()})
    draft = scene.begin()
    moved = body(scene.ana.send("PATCH", draft, json={"data": {"moved": True, "address": "x"}}))
    assert [one["code"] for one in moved["faults"]] == ["evidence-document"]
    scene.ana.send("PATCH", draft, json={"data": {"moved": False, "address": None}})
    assert not field_of(scene.ana, draft, "proof")["applies"]
    assert scene.ana.post(f"{draft}/submit", {}).status_code == 201


def test_services_that_define_a_type_differently_have_drafts_of_their_own(scene: Scene) -> None:
    other = FILE.replace('"/address" = "address", ', "")
    files = {**factories.with_start_form(FORM, "q"), EVIDENCE: other.encode()}
    factories.deploy(scene.database, files)
    problem = refused(scene.ana.post("/drafts", {"services": ["p", "q"]}), 409, "conflict")
    assert problem["code"] == "fields-differ"
    assert problem["state"]["fields"] == [{"name": "residence", "services": ["p", "q"]}]


def test_acceptance_waits_for_a_revocation(scene: Scene) -> None:
    draft = scene.begin()
    preview = body(fetch(scene.ana, draft))
    with ThreadPoolExecutor(1) as threads, scene.database.transaction() as session:
        session.execute(update(Consent).values(revoked_at=datetime.now(UTC)))
        accepted = threads.submit(scene.ana.post, f"{draft}/evidence/{preview['id']}/accept")
        assert not wait([accepted], 0.2).done
    refused(accepted.result(), 403, "consent-revoked")
    assert body(scene.ana.get(draft))["data"] == {"national_id": ANA}


@pytest.mark.parametrize(
    ("act", "status", "outcome"),
    [("revoke", 201, "refused"), ("refuse", 201, "refused"), ("submit", 409, "expired")],
)
def test_what_happens_while_an_agency_answers_comes_first(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, act: str, status: int, outcome: str
) -> None:
    draft = scene.begin()
    proof = body(scene.ana.upload(draft, filed.pdf(), fields={"field": "/proof"}))["id"]
    scene.ana.send("PATCH", draft, json={"data": {"address": "x", "proof": proof}})
    ask = Fetcher._ask

    def interrupted(self: Fetcher, ordered: Ordered) -> Any:
        if act == "revoke":
            (consent,) = body(scene.ana.get("/consents"))["items"]
            done = scene.ana.post(f"/consents/{consent['id']}/revoke")
        elif act == "refuse":
            done = scene.ana.post(f"{draft}/evidence", {"type": "residence", "refuse": True})
        else:
            done = scene.ana.post(f"{draft}/submit", {})
        assert done.status_code in (200, 201)
        return ask(self, ordered)

    monkeypatch.setattr(Fetcher, "_ask", interrupted)
    assert fetch(scene.ana, draft).status_code == status
    assert factories.count(scene.database, EvidenceValue) == 0
    with scene.database.transaction() as session:
        assert session.scalars(select(Evidence.state)).all() == [outcome]


def test_a_version_that_is_published_while_a_draft_is_submitted_comes_first(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = scene.begin()
    preview = body(fetch(scene.ana, draft))
    scene.ana.post(f"{draft}/evidence/{preview['id']}/accept")
    check = evidence.settled

    def published(*given: Any) -> Any:
        factories.deploy(scene.database, {**factories.with_start_form(FORM), EVIDENCE: LATER.encode()})
        return check(*given)

    with monkeypatch.context() as patched:
        patched.setattr(evidence, "settled", published)
        problem = refused(scene.ana.post(f"{draft}/submit", {}), 409, "conflict")
    assert problem["code"] == "form-changed"
    assert body(scene.ana.get(draft))["changed"]


def test_what_was_not_answered_ends_with_the_draft(scene: Scene) -> None:
    draft = scene.begin()
    proof = body(scene.ana.upload(draft, filed.pdf(), fields={"field": "/proof"}))["id"]
    scene.ana.send("PATCH", draft, json={"data": {"address": "x", "proof": proof}})
    preview = body(fetch(scene.ana, draft))
    (case,) = body(scene.ana.post(f"{draft}/submit", {}))["cases"]
    *_, logged = body(scene.ana.get(f"/cases/{case['id']}/access-log"))["items"]
    assert (logged["evidence"]["outcome"], preview["state"]) == ("expired", "preview")
    assert factories.count(scene.database, EvidenceValue) == 0
