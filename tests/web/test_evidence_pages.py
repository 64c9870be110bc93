"""Once only on the pages: the applicant agrees, looks at what was fetched, and accepts or refuses it."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import update

from engine.connectors import Connectors
from engine.models import ApplicationDraft
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
def hub(
    database: Database, me: Applicant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Playing]:
    """The mock hub, the shipped service that asks it, and what the hub's connectors declare."""
    factories.deploy_shipped(database, "verify-identity")
    factories.deploy_shipped(database, "address-change")
    with exchanging.playing(tmp_path) as playing:
        connectors = exchanging.demo_connectors(tmp_path, playing.port)
        environ = {"DATABASE_URL": NOWHERE, "PARVANDEH_VAR": str(tmp_path), "DEMO_CONNECTORS": connectors}
        settings = Settings.read(environ)
        me.browser.app.extensions[FETCHER] = Fetcher(settings)
        monkeypatch.setattr(database, "_info", {"connectors": Connectors.declarations_of(settings)})
        yield playing


def _form(page: str) -> dict[str, str]:
    """What the form of a step sends, with its texts unchanged."""
    found = re.findall(r'<input[^>]* name="([\w/-]+)"[^>]* value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found if name not in ("token", "once")}


def _act(me: Applicant, act: str, step: str = STEP) -> str:
    """Press a button of the panel; return the page that follows."""
    sent = me.post(f"{step}/evidence", {**_form(me.get(step)), "act": f"{act} residence"}, on=step)
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
    _fetch_twice(me)
    page = _act(me, "accept")
    assert "From your login" in page
    assert "From the data that you accepted above" in page
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
    assert len(re.findall("Fetched from .Housing registry., ", file)) == 2
    assert "Proved by the applicant’s login, " in file
    log = me.get(f"/my/cases/{case.id}/access")
    assert "Land, Housing and Rent Act" in log
    assert log.count('<td data-label="Who">You, through this application</td>') == 2
    assert log.count('<td data-label="Which office">Housing registry</td>') == 2
    assert log.index("you accepted them") < log.index("they were refused and deleted")


def _fetch_twice(me: Applicant) -> None:
    page = _act(me, "fetch")
    assert "This is what Housing registry has answered" in re.sub("[\u2066-\u2069]", "", page)
    assert "You can accept it until" in page
    assert "1345678901" in page
    assert 'readonly value="1345678901"' not in page
    _act(me, "refuse")
    _act(me, "fetch")


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


def test_what_is_refused_is_typed_and_proved_by_an_upload(
    me: Applicant, hub: Playing, database: Database
) -> None:
    _act(me, "fetch")
    page = _act(me, "refuse")
    assert "1345678901" not in page
    assert 'type="file"' in page
    assert "You enter this yourself" in page
    form = {"data/new_address": "تهران، خیابان آزادی، پلاک ۱۲", "data/postal_code": "1345678901"}
    sent = me.post(STEP, form)
    assert sent.status_code == 422, "a document that is needed is asked before the next step"
    assert 'id="data-residence_proof-wrong0"' in sent.text
    assert "پلاک ۱۲" in sent.text
    with database.transaction() as session:  # as before the step was checked
        session.execute(update(ApplicationDraft).values(step=1))
    page = me.get(f"{SERVICE}/check")
    assert f'href="{STEP}#data-residence_proof"' in page


def test_what_nobody_decided_is_asked_for_at_its_step(
    me: Applicant, hub: Playing, database: Database
) -> None:
    page = me.get(STEP)
    sent = me.post(STEP, _form(page))
    assert sent.status_code == 422
    assert "data-new_address-wrong0" in sent.text
    typed = {**_form(page), "data/new_address": "تهران، خیابان آزادی، پلاک ۱۲"}
    sent = me.post(STEP, {**typed, "data/postal_code": "1345678901"})
    assert sent.status_code == 422
    assert 'type="file"' in sent.text, "typed instead of fetched: the document is needed from now on"


def test_the_buttons_of_evidence_keep_what_was_typed(me: Applicant, hub: Playing) -> None:
    typed = {**_form(me.get(STEP)), "data/postal_code": "۱۲", "act": "refuse residence"}
    assert me.post(ANSWER, typed, on=STEP).status_code == 303
    assert 'value="۱۲"' in me.get(STEP)
    me.browser.client.delete_cookie("parvandeh-session", domain="pages.test")
    late = me.browser.post(ANSWER, typed)
    assert 'name="data/postal_code" value="۱۲"' in late.text
    assert 'name="act" value="refuse residence"' in late.text


def test_a_page_from_before_an_acceptance_types_nothing_over_it(me: Applicant, hub: Playing) -> None:
    _act(me, "fetch")
    old = {**_form(me.get(STEP)), "data/new_address": "mine"}
    _act(me, "accept")
    page = me.post(STEP, old)
    assert page.status_code == 422
    assert "In another window you changed answers" in page.text
    assert 'readonly value="1345678901"' in page.text
    assert me.post(STEP, _form(page.text)).headers["Location"] == f"{SERVICE}/check"
    sent = me.post(f"{SERVICE}/check", {})
    case = sent.headers["Location"].removesuffix("/begun")
    again = me.post(ANSWER, {**old, "act": "refuse residence"}, on="/my")
    assert again.headers["Location"] == case
    assert "You had already sent this application" in me.get(case)


def test_a_consent_is_shown_and_can_be_revoked(me: Applicant, hub: Playing) -> None:
    assert "You have given no consents." in me.get("/my/consents")
    _act(me, "fetch")
    assert 'href="/my/consents"' in me.get("/my")
    page = me.get("/my/consents")
    assert "I agree that the civil registry fetches" in page
    assert "not sent yet" in page
    (revoke,) = re.findall(r'href="(/my/consents/[\w-]+/revoke)"', page)
    assert "can’t undo this" in me.get(revoke), "it is asked first"
    assert me.post(revoke, {}).headers["Location"] == "/my/consents"
    page = me.get("/my/consents")
    assert "You have revoked your consent." in page
    assert revoke not in page
    assert "Revoked" in page
    assert "1345678901" not in me.get(STEP)


@pytest.mark.parametrize("number", ["0", "99"])
def test_a_step_that_the_form_lacks_is_not_found(me: Applicant, hub: Playing, number: str) -> None:
    sent = me.post(f"{SERVICE}/{number}/evidence", {"act": "refuse unknown"}, on=STEP)
    assert sent.status_code == 404


def test_an_agency_that_is_down_is_told(me: Applicant, hub: Playing) -> None:
    hub.call("POST", "/control", {"service": "housing-registry", "behaviour": "error"})
    page = _act(me, "fetch")
    assert "has given no usable answer" in page
    assert 'type="file"' in page


def test_nothing_is_fetched_for_an_application_that_cannot_be_sent(
    me: Applicant, hub: Playing, database: Database
) -> None:
    page = me.get("/services/address-change")
    assert re.search(r"Postal code[^<]* <span[^>]*>\(can be fetched", page), page
    assert "(only if the data are not fetched" in page
    _act(me, "fetch")
    _act(me, "accept")
    me.post(STEP, _form(me.get(STEP)))
    assert me.post(f"{SERVICE}/check", {}).status_code == 303
    files = factories.shipped("address-change")
    files["service.toml"] = b'duplicates = "refuse"\n' + files["service.toml"]
    factories.deploy(database, files)
    before = list(hub.received)
    sent = me.post(ANSWER, {**_form(me.get(STEP)), "act": "fetch residence"}, on=STEP)
    assert sent.status_code == 422
    assert "Only one application at a time" in sent.text
    assert hub.received == before


def test_an_old_text_is_refused_on_the_page(me: Applicant, hub: Playing) -> None:
    me.get(STEP)
    old = {"residence/version": "1404-1", "residence/hash": "0" * 64, "act": "fetch residence"}
    sent = me.post(ANSWER, old, on=STEP)
    assert sent.status_code == 422
    assert "The text of the consent has changed" in sent.text
    assert hub.received == []
