"""Once only: data of other agencies enter a draft with the person's consent, and nothing else does."""

import hashlib
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from joserfc.jwk import ECKey
from sqlalchemy import select, update

from engine.definitions.toml_files import EVIDENCE
from engine.models import Call, Consent, Evidence, EvidenceValue
from engine.platform.config import Settings
from engine.platform.db import UnitOfWork
from engine.portal import consents, once_only
from engine.requests.fetching import FETCHER, Fetcher
from tests import bpmn, factories, filed
from tests.api.contract import Client, body, refused
from tests.api.evidence import (
    AGREED,
    ANA,
    BEA,
    FILE,
    FORM,
    TEXT,
    Scene,
    equip,
    fetch,
    field_of,
    hub,
    scene,
    signed,
)
from tests.installed import NOWHERE

__all__ = ["hub", "scene"]  # fixtures


def test_fetched_data_are_shown_and_the_applicant_sees_the_request_at_once(scene: Scene) -> None:
    draft = scene.begin()
    assert body(scene.ana.get(draft))["data"] == {"national_id": ANA}
    assert [field_of(scene.ana, draft, name)["state"] for name in ("national_id", "address")] == [
        "known",
        "fetchable",
    ]
    (offer,) = body(scene.ana.get(f"{draft}/evidence"))["items"]
    assert (offer["agency"], offer["state"], offer["consent"]["hashes"]["en"]) == (
        "housing-registry",
        "fetchable",
        AGREED["hash"],
    )
    preview = body(fetch(scene.ana, draft))
    assert (preview["state"], preview["values"]["postal_code"]) == ("preview", "1345678901")
    assert body(scene.ana.get(draft))["data"] == {"national_id": ANA}
    assert not field_of(scene.ana, draft, "proof")["applies"]
    (seen,) = body(scene.ana.get(f"{draft}/access-log"))["items"]
    assert seen["what"] == "evidence"
    assert seen["purpose"].endswith(" | Fetch the registered place of residence")
    stated = [seen["evidence"][name] for name in ("agency", "text_hash", "outcome")]
    assert stated == ["housing-registry", AGREED["hash"], "preview"]
    assert seen["evidence"]["legal_basis"]


def _prefilled(official: Client, case: str) -> list[dict[str, Any]]:
    log = body(official.get(f"/cases/{case}/events"))["items"]
    return [dict(one["facts"]) for one in log if one["kind"] == "data.prefilled"]


def test_accepted_data_enter_the_draft_once_and_the_case_needs_no_upload(scene: Scene, client: Any) -> None:
    draft = scene.begin()
    preview = body(fetch(scene.ana, draft))
    accept = f"{draft}/evidence/{preview['id']}/accept"
    at_once = factories.at_once(2, lambda _: scene.ana.post(accept).status_code)
    assert at_once == [200, 200]
    assert body(scene.ana.post(accept))["state"] == "accepted"
    assert body(fetch(scene.ana, draft))["id"] == preview["id"]  # nothing is fetched again
    assert len(scene.hub.received) == 1
    assert field_of(scene.ana, draft, "address")["state"] == "fetched"
    assert body(scene.ana.get(draft))["faults"] == []
    (seen,) = body(scene.ana.get(f"{draft}/access-log"))["items"]
    (case,) = body(scene.ana.post(f"{draft}/submit", {}))["cases"]
    read = body(scene.ana.get(f"/cases/{case['id']}"))
    assert read["data"] == {"national_id": ANA, **preview["values"]}
    login, registry = _prefilled(official := client("caseworker"), case["id"])
    assert login == {"source": "login", "fields": "national_id"}
    told = {"type": "residence", "connector": "housing-registry", "operation": "residence"}
    assert registry.items() >= {"source": "registry", "fields": "address,postal_code", **told}.items()
    assert registry["evidence"] == preview["id"]
    sources = {one["field"]: one for one in body(official.get(f"/cases/{case['id']}/file"))["sources"]}
    assert (sources["national_id"]["kind"], sources["national_id"]["fetched"]) == ("data.prefilled", None)
    fetched = sources["address"]["fetched"]
    assert fetched["operation"] == "residence"
    assert fetched["fetched_at"][:26] == registry["fetched_at"][:26]
    *_, logged = body(scene.ana.get(f"/cases/{case['id']}/access-log"))["items"]
    assert (logged["id"], logged["evidence"]["outcome"]) == (seen["id"], "accepted")
    (consent,) = body(scene.ana.get("/consents"))["items"]
    assert (consent["case"], consent["text"], consent["revoked_at"]) == (case["id"], TEXT, None)
    assert factories.count(scene.database, EvidenceValue) == 0


def test_what_is_refused_is_deleted_and_the_upload_appears(scene: Scene, client: Any) -> None:
    draft = scene.begin()
    preview = body(fetch(scene.ana, draft))
    gone = body(scene.ana.post(f"{draft}/evidence/{preview['id']}/refuse"))
    assert (gone["state"], gone["values"], gone["fallback"]) == ("refused", None, "proof")
    assert factories.count(scene.database, EvidenceValue) == 0
    again = body(fetch(scene.ana, draft))
    scene.ana.post(f"{draft}/evidence/{preview['id']}/refuse")  # repeated late: it was about the first one
    assert body(fetch(scene.ana, draft)) == again
    scene.ana.post(f"{draft}/evidence/{again['id']}/refuse")
    assert field_of(scene.ana, draft, "address")["state"] == "refused"
    assert field_of(scene.ana, draft, "proof")["applies"]
    refused(scene.ana.post(f"{draft}/evidence/{preview['id']}/accept"), 409, "conflict")
    typed = scene.ana.send("PATCH", draft, json={"data": {"address": "elsewhere"}})
    assert typed.status_code == 200
    problem = refused(scene.ana.post(f"{draft}/submit", {}), 422, "invalid")
    (fault,) = problem["errors"]
    assert (fault["pointer"], fault["code"]) == ("/data/proof", "evidence-document")
    file = body(scene.ana.upload(draft, filed.pdf(), fields={"field": "/proof"}))
    scene.ana.send("PATCH", draft, json={"data": {"proof": file["id"]}})
    (case,) = body(scene.ana.post(f"{draft}/submit", {}))["cases"]
    assert [one["source"] for one in _prefilled(client("caseworker"), case["id"])] == ["login"]


def test_changed_values_count_as_typed_and_known_ones_cannot_be_changed(scene: Scene) -> None:
    draft = scene.begin()
    preview = body(fetch(scene.ana, draft))
    scene.ana.post(f"{draft}/evidence/{preview['id']}/accept")
    other = scene.ana.send("PATCH", draft, json={"data": {"national_id": BEA}})
    assert refused(other, 422, "invalid")["errors"][0]["code"] == "known"
    assert scene.ana.send("PATCH", draft, json={"data": {"postal_code": "1"}}).status_code == 200
    assert field_of(scene.ana, draft, "postal_code")["state"] == "typed"
    assert field_of(scene.ana, draft, "proof")["applies"]


def test_an_answer_for_some_of_the_fields_is_no_proof_of_the_typed_ones(scene: Scene) -> None:
    draft = scene.begin()
    proof = body(scene.ana.upload(draft, filed.pdf(), fields={"field": "/proof"}))["id"]
    scene.ana.send("PATCH", draft, json={"data": {"postal_code": "1345678901", "proof": proof}})
    preview = body(fetch(scene.ana, draft))
    with scene.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE evidence_values SET values = values - 'postal_code'")
    scene.ana.post(f"{draft}/evidence/{preview['id']}/accept")
    assert body(scene.ana.get(draft))["data"]["proof"] == proof
    scene.ana.send("PATCH", draft, json={"data": {"proof": None}})
    (fault,) = refused(scene.ana.post(f"{draft}/submit", {}), 422, "invalid")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/data/proof", "evidence-document")
    scene.ana.send("PATCH", draft, json={"data": {"postal_code": None}})
    assert field_of(scene.ana, draft, "address")["state"] == "fetched"
    assert scene.ana.post(f"{draft}/submit", {}).status_code == 201


def test_a_repeated_request_gets_the_present_state_and_no_deleted_value(scene: Scene) -> None:
    draft, once = scene.begin(), {"Idempotency-Key": "one"}
    preview = body(fetch(scene.ana, draft, **once))
    assert body(fetch(scene.ana, draft, **once)) == preview
    accept, twice = f"{draft}/evidence/{preview['id']}/accept", {"Idempotency-Key": "two"}
    accepted = body(scene.ana.post(accept, headers=twice))
    assert body(scene.ana.post(accept, headers=twice)) == accepted
    assert (accepted["state"], accepted["values"]) == ("accepted", preview["values"])
    scene.ana.post(f"{draft}/evidence/{preview['id']}/refuse")
    again = body(fetch(scene.ana, draft, **once))
    assert (again["id"], again["state"], again["values"]) == (preview["id"], "refused", None)
    assert len(scene.hub.received) == 1
    assert scene.ana.post(accept, headers=twice).status_code == 409
    with scene.database.engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT body FROM idempotency_keys").scalars().all()
    assert stored
    assert not any(preview["values"]["postal_code"].encode() in bytes(one) for one in stored)


@pytest.mark.parametrize(
    ("consent", "status", "kind"),
    [
        (None, 422, "invalid"),
        ({"text_version": "1", "hash": "0" * 64}, 409, "conflict"),
        ({"text_version": "0", "hash": AGREED["hash"]}, 409, "conflict"),
        ({"text_version": "1", "hash": "x"}, 422, "invalid"),
        ({"text_version": "1"}, 422, "invalid"),
    ],
)
def test_nothing_is_fetched_without_consent_to_the_present_text(
    scene: Scene, consent: Any, status: int, kind: str
) -> None:
    draft = scene.begin()
    problem = refused(fetch(scene.ana, draft, consent), status, kind)
    if status == 409:
        assert problem["code"] == "consent-outdated"
        assert problem["state"]["consent"]["texts"]["en"] == TEXT
    assert factories.count(scene.database, Evidence) == factories.count(scene.database, Consent) == 0
    assert scene.hub.received == []


def test_others_have_neither_the_draft_nor_its_evidence_nor_the_consent(scene: Scene) -> None:
    draft = scene.begin()
    preview = body(fetch(scene.ana, draft))
    (consent,) = body(scene.ana.get("/consents"))["items"]
    for answer in (
        fetch(scene.bea, draft),
        scene.bea.post(f"{draft}/evidence/{preview['id']}/accept"),
        scene.bea.post(f"{draft}/evidence/{preview['id']}/refuse"),
        scene.bea.get(f"{draft}/evidence"),
        scene.bea.get(f"{draft}/access-log"),
        scene.bea.post(f"/consents/{consent['id']}/revoke"),
        scene.portal.post(f"/consents/{consent['id']}/revoke", headers={"X-On-Behalf-Of": ANA}),
        scene.ana.post(f"{scene.begin(scene.bea)}/evidence/{preview['id']}/accept"),
        scene.ana.post(f"{draft}/evidence", {"type": "other", "consent": AGREED}),
    ):
        refused(answer, 404, "not-found")


def test_a_portal_contradicts_not_the_person_for_whom_it_acts(scene: Scene) -> None:
    behalf = {"X-On-Behalf-Of": ANA}
    draft = scene.begin(scene.portal, **behalf)
    assert body(scene.portal.get(draft, headers=behalf))["data"] == {"national_id": ANA}
    field = field_of(scene.portal, draft, "national_id", **behalf)
    assert (field["state"], field["source"]) == ("known", "portal")
    other = scene.portal.send("PATCH", draft, json={"data": {"national_id": BEA}}, headers=behalf)
    assert refused(other, 422, "invalid")["errors"][0]["code"] == "known"
    for person in ("citizen 17", "0012345678"):  # else the field would be open for any ID
        begun = scene.portal.post("/drafts", {"service": "p"}, headers={"X-On-Behalf-Of": person})
        (fault,) = refused(begun, 422, "invalid")["errors"]
        assert (fault["code"], "X-On-Behalf-Of" in fault["detail"]) == ("not-a-person", True)


@pytest.mark.parametrize(
    "token",
    [
        None,
        "a.b.c",
        signed(ECKey.generate_key("P-256", {"kid": "one"})),
        signed(exp=int(time.time()) - 100),
        signed(iat=int(time.time()) - 601),
        signed(aud="https://other.example"),
        signed(iss="https://other.example"),
        signed(national_id=BEA),
        signed(national_id=None),
    ],
)
def test_a_portal_fetches_nothing_without_a_recent_signed_login(scene: Scene, token: str | None) -> None:
    behalf = {"X-On-Behalf-Of": ANA}
    draft = scene.begin(scene.portal, **behalf)
    given = behalf if token is None else {**behalf, "X-Person-Token": token}
    refused(fetch(scene.portal, draft, **given), 403, "person-not-proven")
    assert scene.hub.received == []


def test_a_portal_passes_on_the_login_of_its_person(scene: Scene, app: APIFlask) -> None:
    behalf = {"X-On-Behalf-Of": ANA}
    draft = scene.begin(scene.portal, **behalf)
    preview = body(fetch(scene.portal, draft, **behalf, **{"X-Person-Token": signed()}))
    assert preview["state"] == "preview"
    accept = f"{draft}/evidence/{preview['id']}/accept"
    for token in ({}, {"X-Person-Token": signed(national_id=BEA)}):
        refused(scene.portal.post(accept, headers={**behalf, **token}), 403, "person-not-proven")
    done = scene.portal.post(accept, headers={**behalf, "X-Person-Token": signed()})
    assert body(done)["state"] == "accepted"
    assert field_of(scene.portal, draft, "address", **behalf)["state"] == "fetched"


def test_a_passed_login_fills_the_name_for_good(scene: Scene) -> None:
    behalf = {"X-On-Behalf-Of": ANA}
    draft = scene.begin(scene.portal, **behalf)
    assert field_of(scene.portal, draft, "name", **behalf)["state"] == "open"
    typed = {"data": {"name": "somebody"}}
    assert body(scene.portal.send("PATCH", draft, json=typed, headers=behalf))["data"]["name"] == "somebody"
    proof = {**behalf, "X-Person-Token": signed(given_name="Ana ", family_name="Sample")}
    other = {**behalf, "X-Person-Token": signed(national_id=BEA, name="Bea")}
    forged = {**behalf, "X-Person-Token": signed(ECKey.generate_key("P-256", {"kid": "one"}), name="Bea")}
    for wrong in (other, forged):
        refused(scene.portal.send("PATCH", draft, json={"data": {}}, headers=wrong), 403, "person-not-proven")
        refused(scene.portal.post("/drafts", {"service": "p"}, headers=wrong), 403, "person-not-proven")
    assert (
        body(scene.portal.send("PATCH", draft, json={"data": {}}, headers=proof))["data"]["name"]
        == "Ana Sample"
    )
    nameless = {**behalf, "X-Person-Token": signed()}
    for later in (behalf, nameless):
        shown = body(scene.portal.send("PATCH", draft, json={"data": {"address": "x"}}, headers=later))
        (field,) = (one for one in shown["fields"] if one["name"] == "name")
        assert (field["state"], field["source"], field["read_only"]) == ("known", "login", True)
        assert shown["data"]["name"] == "Ana Sample"
        for value in ("somebody", None):
            changed = scene.portal.send("PATCH", draft, json={"data": {"name": value}}, headers=later)
            assert refused(changed, 422, "invalid")["errors"][0]["code"] == "known"
    assert field_of(scene.portal, draft, "national_id", **behalf)["source"] == "login"
    scene.portal.send("DELETE", draft, headers=behalf)
    begun = body(scene.portal.post("/drafts", {"service": "p"}, headers=proof))
    assert begun["data"] == {"national_id": ANA, "name": "Ana Sample"}
    long = {
        **behalf,
        "X-Person-Token": signed(name="آنا " * 6),
    }  # which the form doesn't accept: to be typed
    draft = f"/drafts/{begun['id']}"
    assert "name" not in body(scene.portal.send("PATCH", draft, json={"data": {}}, headers=long))["data"]
    assert body(scene.portal.send("PATCH", draft, json=typed, headers=behalf))["data"]["name"] == "somebody"


def test_the_login_must_have_the_level_that_the_connector_needs(
    scene: Scene, app: APIFlask, tmp_path: Path
) -> None:
    file = tmp_path / "demo-connectors.toml"
    file.write_text(file.read_text().replace('assurance = "low"', 'assurance = "substantial"'))
    settings = {"DATABASE_URL": NOWHERE, "PARVANDEH_VAR": str(tmp_path), "DEMO_CONNECTORS": str(file)}
    app.extensions[FETCHER] = Fetcher(Settings.read(settings))
    refused(fetch(scene.ana, scene.begin()), 403, "assurance-too-low")
    behalf = {"X-On-Behalf-Of": ANA}
    draft = scene.begin(scene.portal, **behalf)
    low = fetch(scene.portal, draft, **behalf, **{"X-Person-Token": signed(acr="otp")})
    refused(low, 403, "assurance-too-low")
    assert fetch(scene.portal, draft, **behalf, **{"X-Person-Token": signed()}).status_code == 201


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [("wrong", "invalid-reply"), ("error", "status"), ("refuse", "interrupted"), ("slow", "timeout")],
)
def test_an_agency_that_does_not_answer_leads_to_the_upload(
    scene: Scene, app: APIFlask, tmp_path: Path, behaviour: str, code: str
) -> None:
    if behaviour == "slow":
        equip(app, tmp_path, scene.hub, EVIDENCE_TIMEOUT="1")
    scene.hub.call("POST", "/control", {"service": "housing-registry", "behaviour": behaviour})
    draft = scene.begin()
    failed = body(fetch(scene.ana, draft))
    assert (failed["state"], failed["failure"], failed["fallback"]) == ("failed", code, "proof")
    assert failed["values"] is None
    assert field_of(scene.ana, draft, "address")["state"] == "failed"
    assert field_of(scene.ana, draft, "proof")["applies"]
    (seen,) = body(scene.ana.get(f"{draft}/access-log"))["items"]
    assert (seen["evidence"]["outcome"], seen["evidence"]["failure"]) == ("failed", code)
    scene.hub.call("POST", "/control", {"service": "housing-registry", "behaviour": None})
    assert body(fetch(scene.ana, draft))["state"] == "preview"


def test_a_revoked_consent_ends_every_call_that_rests_on_it(scene: Scene) -> None:
    draft = scene.begin()
    preview = body(fetch(scene.ana, draft))
    (consent,) = body(scene.ana.get("/consents"))["items"]
    assert body(scene.ana.post(f"/consents/{consent['id']}/revoke"))["revoked_at"]
    refused(scene.ana.post(f"{draft}/evidence/{preview['id']}/accept"), 403, "consent-revoked")
    refused(fetch(scene.ana, draft), 403, "consent-revoked")
    again = fetch(scene.ana, draft, {**AGREED, "renew": True})
    assert body(again)["state"] == "preview"
    assert [one["revoked_at"] is None for one in body(scene.ana.get("/consents"))["items"]] == [True, False]


def test_a_consent_that_is_renewed_after_accepting_is_another_one_with_a_request_of_its_own(
    scene: Scene,
) -> None:
    draft = scene.begin()
    first = body(fetch(scene.ana, draft))
    scene.ana.post(f"{draft}/evidence/{first['id']}/accept")
    (consent,) = body(scene.ana.get("/consents"))["items"]
    scene.ana.post(f"/consents/{consent['id']}/revoke")
    refused(fetch(scene.ana, draft), 403, "consent-revoked")
    assert field_of(scene.ana, draft, "address")["state"] == "fetched"  # accepted while it was in force
    renewed = {**AGREED, "renew": True}
    again = body(fetch(scene.ana, draft, renewed))
    assert (again["state"], again["id"] == first["id"]) == ("preview", False)
    assert len(scene.hub.received) == 2
    scene.ana.post(f"{draft}/evidence/{again['id']}/accept")
    assert body(fetch(scene.ana, draft, renewed))["id"] == again["id"]
    (case,) = body(scene.ana.post(f"{draft}/submit", {}))["cases"]
    kept = body(scene.ana.get("/consents"))["items"]
    assert [(one["case"], one["revoked_at"] is None) for one in kept] == [
        (case["id"], True),
        (case["id"], False),
    ]


def test_calls_of_the_case_rest_on_the_consent_of_its_applicant(scene: Scene) -> None:
    task = bpmn.node(
        "serviceTask", "ask", parvandeh__connector="housing-registry", parvandeh__operation="residence"
    )
    start = bpmn.node("startEvent", "start", camunda__formKey="f.json")
    flows = (bpmn.flow("start", "ask"), bpmn.flow("ask", "end"))
    drawn = bpmn.process(start, task, bpmn.node("endEvent", "end"), *flows)
    factories.deploy(scene.database, {**factories.files(drawn, f=FORM), EVIDENCE: FILE.encode()})
    draft = scene.begin()
    persian = {**AGREED, "hash": hashlib.sha256("موافقم.".encode()).hexdigest().upper()}
    preview = body(fetch(scene.ana, draft, persian))
    scene.ana.post(f"{draft}/evidence/{preview['id']}/refuse")
    for agreement in (persian, AGREED, {**AGREED, "hash": AGREED["hash"].upper()}):
        preview = body(fetch(scene.ana, draft, agreement))
        with scene.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE evidence_values SET expires_at = now() - interval '1 second'")
    with scene.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE evidence_values SET expires_at = now() + interval '1 minute'")
    scene.ana.post(f"{draft}/evidence/{preview['id']}/accept")
    assert scene.ana.post(f"{draft}/submit", {}).status_code == 201
    admin = factories.an_actor(scene.database, "administrator")

    def agreed(operation: str = "residence") -> Any:
        return factories.as_actor(scene.database, admin, lambda uow: _agreed(uow, operation))

    _ask_about(scene, BEA)
    assert agreed() is None
    _ask_about(scene, ANA)
    assert (agreed(), agreed("other")) == ("given", None)
    consent, earlier, refused_one = body(scene.ana.get("/consents"))["items"]
    assert (consent["revoked_at"], earlier["revoked_at"]) == (None, None)
    assert refused_one["revoked_at"]
    scene.ana.post(f"/consents/{consent['id']}/revoke")
    assert agreed() == "revoked"
    assert all(one["revoked_at"] for one in body(scene.ana.get("/consents"))["items"])


def _ask_about(scene: Scene, person: str) -> None:
    with scene.database.engine.begin() as connection:
        connection.execute(update(Call).values(request={"national_id": person}))


def _agreed(uow: UnitOfWork, operation: str) -> Any:
    (call,) = uow.session.scalars(select(Call.id))
    return consents.of_call(uow, call, "housing-registry", operation)


def test_requests_are_limited_for_each_person_and_each_portal(
    scene: Scene, app: APIFlask, tmp_path: Path
) -> None:
    equip(app, tmp_path, scene.hub, EVIDENCE_OF_PERSON="1", EVIDENCE_OF_PORTAL="1")
    draft = scene.begin()
    preview = body(fetch(scene.ana, draft))
    scene.ana.post(f"{draft}/evidence/{preview['id']}/refuse")
    limited = fetch(scene.ana, draft)
    refused(limited, 429, "quota-exceeded")
    assert 3590 < int(limited.headers["Retry-After"]) <= 3601
    told = body(fetch(scene.ana, draft, **{"Accept-Language": "fa"}))["detail"]
    assert told.endswith(("۶۰ دقیقهٔ دیگر دوباره تلاش کنید.", "۶۱ دقیقهٔ دیگر دوباره تلاش کنید."))
    assert fetch(scene.bea, scene.begin(scene.bea)).status_code == 201
    for person, status in (("0013542419", 201), ("0499370899", 429)):
        behalf = {"X-On-Behalf-Of": person}
        token = {"X-Person-Token": signed(national_id=person)}
        drafted = scene.begin(scene.portal, **behalf)
        assert fetch(scene.portal, drafted, **behalf, **token).status_code == status


def test_a_preview_and_an_accepted_value_expire(scene: Scene) -> None:
    draft = scene.begin()
    first = body(fetch(scene.ana, draft))
    with scene.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE evidence_values SET expires_at = now() - interval '1 second'")
    problem = refused(scene.ana.post(f"{draft}/evidence/{first['id']}/accept"), 409, "conflict")
    assert problem["code"] == "evidence-expired"
    admin = factories.an_actor(scene.database, "administrator")
    assert factories.as_actor(scene.database, admin, once_only.expire) == 1
    assert factories.count(scene.database, EvidenceValue) == 0
    second = body(fetch(scene.ana, draft))
    assert second["id"] != first["id"]
    scene.ana.post(f"{draft}/evidence/{second['id']}/accept")
    with scene.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE evidence SET valid_until = now() - interval '1 second'")
    assert field_of(scene.ana, draft, "address")["state"] == "fetchable"
    problem = refused(scene.ana.post(f"{draft}/submit", {}), 422, "invalid")
    assert {one["code"] for one in problem["errors"]} == {"evidence-expired"}
    assert body(fetch(scene.ana, draft))["state"] == "preview"
    scene.ana.post(f"{draft}/evidence", {"type": "residence", "refuse": True})  # also what is accepted
    assert body(scene.ana.get(draft))["data"] == {"national_id": ANA}
    assert factories.count(scene.database, EvidenceValue) == 0


def test_cases_of_a_service_with_evidence_start_from_drafts_only(scene: Scene, client: Any) -> None:
    sent = {"definition": "p", "applicant": BEA, "data": {"national_id": BEA, "address": "elsewhere"}}
    for caller, given in ((scene.portal, sent), (scene.bea, sent)):
        problem = refused(caller.post("/cases", given), 409, "conflict")
        assert (problem["code"], problem["state"]) == ("draft-required", {"definition": {"key": "p"}})
    case = body((official := client("caseworker")).post("/cases", sent))
    assert _prefilled(official, case["id"]) == []  # all of it counts as typed
    refused(fetch(official, scene.begin()), 403, "forbidden")
    assert factories.count(scene.database, Consent) == 0
    direct = f"direct = true\n{FILE}"
    factories.deploy(scene.database, {**factories.with_start_form(FORM), EVIDENCE: direct.encode()})
    assert refused(scene.ana.post("/cases", {**sent, "applicant": ANA}), 409, "conflict")
    for changes, pointer, code in (
        ({"applicant": ANA}, "/data/national_id", "not-the-applicant"),
        ({"applicant": "abc"}, "/applicant", "not-a-person"),
    ):
        problem = refused(scene.portal.post("/cases", {**sent, **changes}), 422, "invalid")
        assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [(pointer, code)]
    for caller, person in ((scene.portal, "۰۴۹۹۳۷۰۸۹۹"), (official, ANA)):  # officials enter what they see
        assert caller.post("/cases", {**sent, "applicant": person}).status_code == 201


def test_nothing_is_fetched_for_a_service_that_was_withdrawn(scene: Scene, client: Any) -> None:
    draft = scene.begin()
    assert client("administrator").post("/definitions/p/suspend").status_code == 200
    assert refused(fetch(scene.ana, draft), 409, "conflict")["code"] == "definition-suspended"
    assert scene.hub.received == []


def test_old_requests_without_a_case_are_forgotten(scene: Scene) -> None:
    fetch(scene.ana, scene.begin())
    admin = factories.an_actor(scene.database, "administrator")

    def later(uow: Any) -> None:
        once_only.forget(replace(uow, now=uow.now + once_only.KEPT + timedelta(days=1)))

    factories.as_actor(scene.database, admin, later)
    assert factories.count(scene.database, Evidence) == factories.count(scene.database, Consent) == 0
