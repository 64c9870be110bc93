"""Once only on the pages: the applicant agrees, looks at what was fetched, and accepts or refuses it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.platform.config import Settings
from engine.platform.db import Actor, Database
from engine.portal import application_drafts
from engine.requests.fetching import FETCHER, Fetcher
from tests import exchanging, factories
from tests.exchanging import Playing
from tests.installed import NOWHERE
from tests.web.applying import ME, OTHER, Applicant, apply_here, me
from tests.web.conftest import Browser

__all__ = ["apply_here", "me"]  # fixtures

SERVICE = "/services/address-change/apply"
STEP, ANSWER = f"{SERVICE}/1", f"{SERVICE}/1/evidence"


@pytest.fixture
def hub(database: Database, me: Applicant, tmp_path: Path) -> Iterator[Playing]:
    """The mock hub, and the shipped service that asks it."""
    factories.deploy_shipped(database, "verify-identity")
    factories.deploy_shipped(database, "address-change")
    with exchanging.playing(tmp_path) as playing:
        connectors = exchanging.demo_connectors(tmp_path, playing.port)
        environ = {"DATABASE_URL": NOWHERE, "PARVANDEH_VAR": str(tmp_path), "DEMO_CONNECTORS": connectors}
        me.browser.app.extensions[FETCHER] = Fetcher(Settings.read(environ))
        yield playing


def _act(me: Applicant, act: str, step: str = STEP) -> str:
    """Press a button of the panel; return the page that follows."""
    page = me.get(step)
    form = dict(re.findall(r'name="(type|evidence|version|hash)" value="([^"]*)"', page))
    sent = me.post(f"{step}/evidence", {**form, "act": act}, on=step)
    assert (sent.status_code, sent.headers["Location"]) == (303, step), sent.text
    return me.get(step)


def test_a_case_starts_with_fetched_data_and_without_an_upload(
    me: Applicant, hub: Playing, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]
) -> None:
    page = me.get(STEP)
    assert "I agree that the civil registry fetches" in page
    assert "Land, Housing and Rent Act" in page
    assert f'readonly value="{ME}"' in page
    assert 'type="file"' not in page
    page = _act(me, "fetch")
    assert "1345678901" in page
    assert 'readonly value="1345678901"' not in page
    page = _act(me, "accept")
    assert 'readonly value="1345678901"' in page
    forged = {"data/postal_code": "1111111111", "data/national_id": OTHER}
    assert me.post(STEP, forged).headers["Location"] == f"{SERVICE}/check"
    sent = me.post(f"{SERVICE}/check", {})
    assert sent.status_code == 303, sent.text
    case = me.case(sent.headers["Location"].split("/")[3])
    assert case.data["postal_code"] == "1345678901"
    assert case.data["national_id"] == ME
    assert "residence_proof" not in case.data
    file = session_of(actor("caseworker")).get(f"/desk/cases/{case.id}?lang=en").text
    assert len(re.findall("Fetched from .housing-registry., ", file)) == 2
    assert "Proved by the applicant’s login, " in file
    log = me.get(f"/my/cases/{case.id}/access")
    assert "Requested from" in log
    assert "Land, Housing and Rent Act" in log


def test_data_are_fetched_for_a_draft_of_several_services(
    me: Applicant, hub: Playing, database: Database
) -> None:
    both = ["address-change", "p"]
    draft = factories.as_actor(database, me.actor, lambda uow: application_drafts.create(uow, both, {}))
    step = f"/my/drafts/{draft.id}/apply/1"
    assert 'type="file"' not in me.get(step)
    assert "1345678901" in _act(me, "fetch", step)
    assert 'readonly value="1345678901"' in _act(me, "accept", step)
    assert 'type="file"' in _act(me, "refuse", step), "taken back"


def test_what_is_refused_is_typed_and_proved_by_an_upload(me: Applicant, hub: Playing) -> None:
    _act(me, "fetch")
    page = _act(me, "refuse")
    assert "1345678901" not in page
    assert 'type="file"' in page
    form = {"data/new_address": "تهران، خیابان آزادی، پلاک ۱۲", "data/postal_code": "1345678901"}
    assert me.post(STEP, form).status_code == 303
    sent = me.post(f"{SERVICE}/check", {})
    assert sent.status_code == 422
    assert "Upload this document" in sent.text


def test_a_consent_is_shown_and_can_be_revoked(me: Applicant, hub: Playing) -> None:
    assert "You have given no consents." in me.get("/my/consents")
    _act(me, "fetch")
    assert 'href="/my/consents"' in me.get("/my")
    page = me.get("/my/consents")
    assert "I agree that the civil registry fetches" in page
    (revoke,) = re.findall(r'action="(/my/consents/[\w-]+/revoke)"', page)
    assert me.post(revoke, {}, on="/my/consents").headers["Location"] == "/my/consents"
    page = me.get("/my/consents")
    assert "You have revoked your consent." in page
    assert revoke not in page
    assert "1345678901" not in me.get(STEP)


@pytest.mark.parametrize("number", ["0", "99"])
def test_a_step_that_the_form_lacks_is_not_found(me: Applicant, hub: Playing, number: str) -> None:
    sent = me.post(f"{SERVICE}/{number}/evidence", {"act": "refuse", "type": "unknown"}, on=STEP)
    assert sent.status_code == 404


def test_an_agency_that_is_down_is_told(me: Applicant, hub: Playing) -> None:
    hub.call("POST", "/control", {"service": "housing-registry", "behaviour": "error"})
    page = _act(me, "fetch")
    assert "has given no usable answer" in page
    assert 'type="file"' in page


def test_an_old_text_is_refused_on_the_page(me: Applicant, hub: Playing) -> None:
    me.get(STEP)
    old = {"type": "residence", "version": "1404-1", "hash": "0" * 64, "act": "fetch"}
    sent = me.post(ANSWER, old, on=STEP)
    assert sent.status_code == 422
    assert "The text of the consent has changed" in sent.text
    assert hub.received == []
