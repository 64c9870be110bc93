"""Applying: the catalogue for anybody, a form in steps, a draft between them, one case at the end."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html import unescape
from io import BytesIO
from time import monotonic, sleep
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from engine.bpmn import Form
from engine.design import publishing
from engine.models import ApplicationDraft, Case
from engine.platform.db import Actor, Database
from engine.platform.limits import Limits
from engine.portal import application_drafts
from tests import cutting, factories, filed
from tests.api.test_services import described
from tests.factories import count
from tests.web.applying import (
    ANSWERS,
    OTHER,
    START,
    Applicant,
    an_applicant,
    apply_here,
    decided,
    me,
    secret_of,
    service,
    started,
)
from tests.web.conftest import Browser, statements
from web.applicants.steps import steps_of
from web.site import SITE

__all__ = ["apply_here", "me"]  # fixtures

CHECK = "/services/p/apply/check"
SAID = b'[description]\nfa = "x"\nen = "x"\n'


def switch(database: Database, office: Actor, on: bool = False) -> None:
    change = publishing.enable if on else publishing.disable
    factories.as_actor(database, office, lambda uow: change(uow, "p"))


def test_anybody_sees_what_there_is_and_what_it_takes(browser: Browser, apply_here: None) -> None:
    page = browser.get("/services?lang=en").text
    assert "Service p" in page
    assert "At most 2 steps" in page
    page = browser.get("/services/p?lang=en").text
    assert "Field f1" in page
    assert 'href="/services/p/apply"' in page


def test_an_empty_catalogue_says_so(browser: Browser) -> None:
    assert "No services are available" in browser.get("/services?lang=en").text


def test_what_others_call_or_appeal_by_is_no_service(browser: Browser, database: Database) -> None:
    factories.deploy_shipped(database, "objection")
    factories.deploy_shipped(database, factories.LICENCE)
    found = set(re.findall(r'href="/services/([\w-]+)"', browser.get("/services").text))
    assert found == {factories.LICENCE}


def test_the_catalogue_goes_on_on_another_page(browser: Browser, database: Database) -> None:
    for number in range(52):
        factories.deploy(database, factories.one_task(f"p{number:02}"))
    first = browser.get("/services").text
    assert len(re.findall(r'class="card" href="/services/', first)) == 50
    assert len(re.findall(r'class="card" href="/services/', browser.get("/services?cursor=p49").text)) == 2
    assert "cursor=p49" in first


def test_what_is_disabled_is_not_there(
    browser: Browser, database: Database, apply_here: None, actor: Callable[..., Actor]
) -> None:
    switch(database, actor("administrator"))
    assert "Service p" not in browser.get("/services?lang=en").text
    assert browser.get("/services/p").status_code == 404


def test_whoever_is_not_known_logs_in_first(browser: Browser, apply_here: None) -> None:
    sent = browser.get("/services/p/apply")
    assert (sent.status_code, sent.headers["Location"]) == (303, "/login?next=/services/p/apply")


def test_who_works_here_does_not_apply(
    actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], apply_here: None
) -> None:
    office = session_of(actor("caseworker"))
    assert office.get("/services/p/apply").status_code == 403
    assert office.get("/my").status_code == 403
    assert "/services/p/apply" not in office.get("/services/p").text


def test_a_case_is_made_of_the_answers(me: Applicant, database: Database) -> None:
    case = me.case(me.apply())
    assert case.data["f1"] == "first"
    assert case.data["f2"] == 12, "typed in Persian digits"
    assert case.applicant == "0012345679"
    assert count(database, ApplicationDraft) == 0, "what was typed is gone with the draft"


def test_number_and_secret_are_shown_once_and_stand_in_no_address(me: Applicant, database: Database) -> None:
    me.fill()
    sent = me.post(CHECK, {})
    where = sent.headers["Location"]
    secret = secret_of(me.get(where))
    assert secret not in where
    assert secret not in me.get(where)
    stands = me.post("/status", {"number": me.case(UUID(where.split("/")[3])).number, "secret": secret})
    assert stands.status_code == 200


def test_a_step_tells_what_is_wrong_and_keeps_what_was_typed(me: Applicant, database: Database) -> None:
    sent = me.post("/services/p/apply/1", {"data/f2": "3", "data/f3": "typed & kept"})
    assert sent.status_code == 422
    assert 'id="data-f1-wrong0"' in sent.text
    assert 'id="data-f2-wrong0"' in sent.text
    assert "typed &amp; kept" in sent.text
    assert count(database, ApplicationDraft) == 0


def test_a_step_judges_its_own_fields_only(me: Applicant) -> None:
    sent = me.post("/services/p/apply/1", {"data/f1": "x"})
    assert sent.headers["Location"] == "/services/p/apply/2"


@pytest.mark.parametrize("path", ["/services/p/apply/2", "/services/p/apply/99", "/services/p/apply/0"])
def test_a_step_that_is_not_open_leads_to_the_one_that_is(me: Applicant, path: str) -> None:
    assert me.browser.get(path).headers["Location"] == "/services/p/apply/1"


def test_a_page_from_before_the_sending_makes_no_second_application(me: Applicant) -> None:
    assert me.browser.get(CHECK).headers["Location"] == "/my"
    assert me.post(CHECK, {}, on="/my").headers["Location"] == "/my"


def test_submitting_before_the_end_makes_no_case(me: Applicant, database: Database) -> None:
    me.post("/services/p/apply/1", {"data/f1": "x"})
    sent = me.post(CHECK, {}, on="/services/p/apply/2")
    assert sent.headers["Location"] == "/services/p/apply/2"
    assert count(database, Case) == 0


def test_whoever_comes_back_goes_on_where_they_stopped(me: Applicant) -> None:
    me.post("/services/p/apply/1", {"data/f1": "first"})
    assert me.browser.get("/services/p/apply").headers["Location"] == "/services/p/apply/2"
    assert "Service p" in me.get("/my")
    assert 'value="first"' in me.get("/services/p/apply/1")


def test_going_back_keeps_what_is_not_finished(me: Applicant) -> None:
    me.post("/services/p/apply/1", {"data/f1": "first"})
    sent = me.post("/services/p/apply/2", {"back": "yes", "data/f8": "eighth"})
    assert sent.headers["Location"] == "/services/p/apply/1"
    assert 'value="eighth"' in me.get("/services/p/apply/2")


def test_a_form_that_is_sent_twice_makes_one_case(me: Applicant, database: Database) -> None:
    me.fill()
    once = {"once": uuid4().hex, "token": me.browser.token(CHECK)}
    first, second = (me.browser.post(CHECK, once) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert "parvandeh-begun" in second.headers["Set-Cookie"], "the second answer is what the browser shows"
    assert count(database, Case) == 1


@pytest.mark.parametrize("fate", ["committed", "undone"])
def test_a_form_that_was_not_confirmed_can_be_sent_again_and_makes_one_case(
    me: Applicant, database: Database, database_url: str, fate: cutting.Fate
) -> None:
    me.fill()
    form = {"once": uuid4().hex, "token": me.browser.token(CHECK)}
    extensions = me.browser.client.application.extensions
    with cutting.line(database_url) as line:
        reached = Database(line.url, limits=Limits(total=1, check=0.1, rest=0.1))
        usual, extensions[SITE] = extensions[SITE], replace(extensions[SITE], database=reached)
        line.fate, line.silence = fate, True
        unknown = me.browser.post(CHECK, form)
        extensions[SITE] = usual
        reached.dispose()
    assert unknown.status_code == 503
    kept = dict(re.findall(r'name="(\w+)" value="(\w+)"', unknown.text.partition(f'action="{CHECK}"')[2]))
    assert kept == form
    assert me.browser.post(CHECK, kept).status_code == 303
    assert count(database, Case) == 1


def test_two_that_send_at_once_make_one_case(me: Applicant, database: Database) -> None:
    me.fill()
    token = me.browser.token(CHECK)
    browsers = [me.browser, Browser(me.browser.app)]
    cookie = me.browser.client.get_cookie("parvandeh-session", "pages.test")
    assert cookie
    browsers[1].client.set_cookie("parvandeh-session", cookie.value, domain="pages.test")
    factories.at_once(2, lambda number: browsers[number].post(CHECK, {"token": token}).status_code)
    assert count(database, Case) == 1


def test_a_service_that_was_disabled_takes_no_old_draft(
    me: Applicant, database: Database, actor: Callable[..., Actor]
) -> None:
    me.fill()
    token = me.browser.token(CHECK)
    switch(database, actor("administrator"))
    sent = me.browser.post(f"{CHECK}?lang=en", {"token": token})
    assert sent.status_code == 409
    assert "currently unavailable" in sent.text
    assert count(database, Case) == 0
    assert "no longer available" in me.get("/my")


def test_a_new_form_keeps_what_still_fits_and_says_so(me: Applicant, database: Database) -> None:
    me.fill()
    fields = {name: field for name, field in START["properties"].items() if name != "f8"}
    factories.deploy(database, service(start={**START, "properties": {**fields, "new": {"type": "string"}}}))
    assert me.browser.get(CHECK).headers["Location"] == "/services/p/apply/1"
    page = me.get("/services/p/apply/1")
    assert "has changed since" in page
    assert 'value="first"' in page
    me.fill()
    assert me.post(CHECK, {}).status_code == 303


def test_a_draft_is_discarded_after_asking(me: Applicant, database: Database) -> None:
    me.post("/services/p/apply/1", {"data/f1": "x"})
    (path,) = re.findall(r'href="(/my/drafts/[\w-]+/discard)"', me.get("/my"))
    assert "Service p" in me.get(path)
    assert me.post(path, {}).status_code == 303
    assert count(database, ApplicationDraft) == 0


def test_a_draft_of_another_does_not_exist(
    me: Applicant, database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]
) -> None:
    me.post("/services/p/apply/1", {"data/f1": "mine alone"})
    (path,) = re.findall(r'href="(/my/drafts/[\w-]+/discard)"', me.get("/my"))
    other = an_applicant(database, actor, session_of, "other", OTHER)
    assert other.browser.get(path).status_code == 404
    assert other.post(path, {}, on="/account").status_code == 404
    assert "mine alone" not in other.get("/services/p/apply/1")
    assert count(database, ApplicationDraft) == 1


def test_a_draft_that_nobody_touches_is_forgotten(me: Applicant, database: Database) -> None:
    me.post("/services/p/apply/1", {"data/f1": "x"})
    assert factories.as_actor(database, me.actor, application_drafts.forget) == 0
    with database.transaction() as session:
        old = ApplicationDraft.updated_at - timedelta(days=31)
        session.execute(update(ApplicationDraft).values(updated_at=old))
    assert factories.as_actor(database, me.actor, application_drafts.forget) == 1


def test_a_text_that_no_page_takes_is_refused(me: Applicant, database: Database) -> None:
    sent = me.post("/services/p/apply/1", {"data/f1": "x" * (10 << 20)})
    assert sent.status_code == 413
    assert sent.mimetype == "text/html"
    assert count(database, ApplicationDraft) == 0


def test_an_account_of_nobody_in_particular_starts_nothing(
    database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], apply_here: None
) -> None:
    unknown = Applicant(session_of(actor("applicant", "unknown")), actor("applicant", "unknown"), database)
    unknown.fill()
    assert unknown.post(CHECK, {}).status_code == 403
    assert count(database, Case) == 0


def test_a_second_open_application_is_asked_about(me: Applicant, database: Database) -> None:
    factories.deploy(database, service() | {"service.toml": SAID})
    first = me.apply()
    begun = [me.get(path) for path in ("/services/p", "/services/p/apply/1")]
    me.fill()
    for page in (*begun, me.get(CHECK)):
        assert f'href="/my/cases/{first}"' in page
        assert "You can send another one" in page
    asked = me.post(CHECK, {})
    assert asked.status_code == 422
    assert f'href="/my/cases/{first}"' in asked.text
    assert (count(database, Case), count(database, ApplicationDraft)) == (1, 1)
    assert me.post(CHECK, {"confirm_duplicate": "1"}).status_code == 303
    factories.deploy(database, service() | {"service.toml": b'duplicates = "refuse"\n' + SAID})
    assert 'href="/services/p/apply"' not in me.get("/services/p")
    assert "Only one application at a time" in me.get("/services/p/apply/1")
    me.fill()
    refused = me.post(CHECK, {"confirm_duplicate": "1"})
    assert refused.status_code == 422
    assert 'name="confirm_duplicate"' not in refused.text
    assert count(database, Case) == 2


def test_an_applicant_reads_the_name_of_the_service_everywhere(me: Applicant, database: Database) -> None:
    named = '[name]\nfa = "نام خدمت"\nen = "Its own name"\n'.encode()
    factories.deploy(database, service() | {"service.toml": SAID + named})
    case = me.apply()
    me.fill()
    for path in ("/my", f"/my/cases/{case}", "/services", "/services/p", "/services/p/apply/1"):
        page = me.get(path)
        assert "Its own name" in page, path
        assert "Service p" not in page, path


OWNER = {"type": "boolean", "title": "مالکم | I own it"}
LEASE = {"type": "string", "format": "document", "title": "اجاره‌نامه | Lease"}
SECOND = factories.form(("f1", "lease"), f1=START["properties"]["f1"], owner=OWNER, lease=LEASE)


@pytest.fixture
def together(me: Applicant, database: Database) -> str:
    """The address of an application of ME for `p` and `q`, which was begun by API."""
    factories.deploy(database, service() | {"service.toml": SAID})
    factories.deploy(database, service("q", SECOND))
    draft = factories.as_actor(
        database, me.actor, lambda uow: application_drafts.create(uow, ["p", "q"], {"f1": "begun"})
    )
    return f"/my/drafts/{draft.id}/apply"


def answer_all(me: Applicant, address: str, *, lease: bool = True) -> None:
    """Answer the two steps of `p`, then that of `q`, with a document."""
    last: dict[str, Any] = {"file/lease": (BytesIO(filed.pdf()), "lease.pdf")} if lease else {}
    for number, form in enumerate(({"data/f1": "x"}, {"data/f7": "y"}, last), 1):
        assert me.post(f"{address}/{number}", form).status_code == 303


def test_a_draft_of_several_services_is_answered_and_sent_on_pages(
    me: Applicant, database: Database, together: str
) -> None:
    page = me.get("/my")
    assert re.search("Together with: .?Service q", page)
    assert f'href="{together}"' in page
    page = me.get(f"{together}/1")
    assert "Step 1 of 3" in page
    assert 'value="begun"' in page
    assert me.browser.get(f"{together}/3").headers["Location"] == f"{together}/1"
    answer_all(me, together)
    assert "lease.pdf" in me.get(f"{together}/3"), "the document is stored"
    page = me.get(f"{together}/check")
    assert page.count("Field f1") == 1, "both ask for it"
    assert "a case starts for each of these services" in page
    assert "خدمت p و خدمت q" in me.browser.get(f"{together}/check?lang=fa").text
    sent = me.post(f"{together}/check", {})
    where = sent.headers["Location"]
    assert where == together.replace("/apply", "/begun"), sent.text
    first = me.get(where)
    shown = re.findall(r"<bdi class=\"ltr[^\"]*\">((?:[0-9A-Z]{4}-){2}[0-9A-Z]{4})</bdi>", first)
    assert len(set(shown)) == 2
    cases = [me.case(UUID(found)) for found in re.findall(r'href="/my/cases/([\w-]+)"', first)]
    assert [case.data["f1"] for case in cases] == ["x", "x"]
    for case, secret in zip(cases, shown, strict=True):
        assert me.post("/status", {"number": case.number, "secret": secret}).status_code == 200
    assert cases[1].data["lease"]
    assert not set(shown) & set(re.findall(r"[0-9A-Z-]{14}", me.get(where))), "they are shown once"
    for path in (together, f"{together}/1", f"{together}/check"):
        assert me.browser.get(path).headers["Location"] == where
    assert (count(database, Case), count(database, ApplicationDraft)) == (2, 0)


def test_a_draft_of_several_services_is_checked_as_one_of_one(
    me: Applicant,
    database: Database,
    together: str,
    actor: Callable[..., Actor],
    session_of: Callable[[Actor], Browser],
) -> None:
    wrong = me.post(f"{together}/1", {"data/f2": "3"})
    assert wrong.status_code == 422
    assert {"data-f1-wrong0", "data-f2-wrong0"} <= set(re.findall(r'id="([\w-]+)"', wrong.text))
    answer_all(me, together)
    other = an_applicant(database, actor, session_of, "other", OTHER)
    for path in ("/1", "/check"):
        assert other.browser.get(f"{together}{path}").status_code == 404
        assert other.post(f"{together}{path}", {}, on="/account").status_code == 404
    (place,) = set(re.findall(r'"(draft:[\w-]+)"', me.get(f"{together}/3")))
    part = {"place": place, "field": "/lease", "name": "lease.pdf", "size": "10"}  # as the script sends it
    assert [one.post("/uploads", part, on="/account").status_code for one in (me, other)] == [200, 404]
    me.get("/my")  # in English from now on
    started(database, me)  # a case of `p` by another path
    asked = me.post(f"{together}/check", {})
    assert asked.status_code == 422
    assert "for one of these services" in asked.text
    assert count(database, Case) == 1, "all are started, or none"
    factories.deploy(database, service("q", {**SECOND, "required": ["f1"]}))
    assert me.browser.get(f"{together}/check").headers["Location"] == f"{together}/1"
    assert "has changed since" in me.get(f"{together}/1")
    answer_all(me, together, lease=False)
    with statements(database) as told:
        me.get(f"{together}/3")
    assert len(told) <= 12, told
    assert me.post(f"{together}/check", {"confirm_duplicate": "1"}).status_code == 303
    assert count(database, Case) == 3


def test_what_another_service_produces_is_not_asked_on_pages(
    me: Applicant, database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]
) -> None:
    named = 'name = { fa = "سند", en = "Lease" }\n'.encode()
    made = SAID.replace(b"[description]", b'[[output]]\nid = "lease"\n' + named + b"[description]")
    needs = b'[[evidence]]\nid = "lease"\nfield = "lease"\nproduced_by = ["p"]\n' + named
    factories.deploy(database, service() | {"service.toml": made})
    factories.deploy(database, service("q", SECOND) | {"service.toml": needs + SAID})
    both = "/services/q/apply/with/p"
    assert f'href="{both}"' in me.get("/services/q")
    assert "/apply/with/" not in me.get("/services/p")
    assert "Service q and" in re.sub("[\u2066-\u2069]", "", me.get(both))
    together = me.post(both, {}).headers["Location"]
    assert me.post(both, {}).headers["Location"] == together, "it is there already"
    assert me.browser.get("/services/q/apply/with/q").status_code == 404
    for number, form in enumerate(({"data/f1": "x"}, {"data/f7": "y"}, {}), 1):
        assert me.post(f"{together}/{number}", form).status_code == 303
    for page in (me.get(f"{together}/3"), me.get(f"{together}/check")):
        assert "You don’t need to bring" in page
        assert 'type="file"' not in page
    assert "لازم نیست «" in me.browser.get(f"{together}/check?lang=fa").text
    me.get("/my")  # in English again
    where = me.post(f"{together}/check", {}).headers["Location"]
    first, second = re.findall(r'href="/my/cases/([\w-]+)"', me.get(where))
    office = actor("caseworker")
    desk = session_of(office)
    assert "The applicant was not asked for it" in desk.get(f"/desk/cases/{second}?lang=en").text
    assert f'href="/desk/cases/{second}"' in desk.get(f"/desk/cases/{first}?lang=en").text
    decided(database, office, me, UUID(first))
    page = desk.get(f"/desk/cases/{second}?lang=fa").text
    assert "بدون این مدرک پایان یافته است" in page


def test_a_draft_of_several_services_with_a_disabled_one_says_so(
    me: Applicant, database: Database, together: str, actor: Callable[..., Actor]
) -> None:
    switch(database, actor("administrator"))
    assert "no longer available" in me.get("/my")
    page = me.browser.get(f"{together}?lang=en")
    assert page.status_code == 409
    assert "currently unavailable" in page.text
    (path,) = re.findall(r'href="(/my/drafts/[\w-]+/discard)"', me.get("/my"))
    assert me.post(path, {}).status_code == 303
    assert count(database, ApplicationDraft) == 0


def test_no_page_of_it_needs_many_statements(me: Applicant, database: Database) -> None:
    me.fill()
    for path in ("/services", "/services/p", "/services/p/apply/1", CHECK, "/my"):
        me.get(path)  # what a process learns of a version once
        with statements(database) as told:
            me.get(path)
        assert len([text for text in told if not re.match("BEGIN|COMMIT|SET", text)]) <= 6, path
    with statements(database) as told:
        me.post(CHECK, {})
    assert len(told) <= 24, "its page, and the command"


TEXT = {"type": "string"}
HIDDEN = {**TEXT, "x-hide-when": {"field": "a", "is": "=", "value": "no"}}
GROUPS = [{"title": "یک | One", "fields": ["a", "b"]}, {"title": "دو | Two", "fields": ["c"]}]
GROUPED = Form({"type": "object", "properties": {"a": TEXT, "b": TEXT, "c": HIDDEN}}, {"ui:groups": GROUPS})


def test_groups_of_a_form_are_its_steps() -> None:
    steps = steps_of(GROUPED, {})
    assert [(step.title and step.title.en, set(step.names)) for step in steps] == [
        ("One", {"a", "b"}),
        ("Two", {"c"}),
    ]


def test_a_step_of_which_nothing_is_asked_is_left_out() -> None:
    assert len(steps_of(GROUPED, {"a": "no"})) == 1
    assert len(steps_of(GROUPED, {"a": "yes"})) == 2


def test_fields_without_groups_come_a_few_at_a_time() -> None:
    form = Form({"type": "object", "properties": {f"f{number}": TEXT for number in range(13)}}, None)
    assert [len(step.names) for step in steps_of(form, {})] == [6, 6, 1]
    assert steps_of(None, {}) == []


def test_answers_are_as_they_were_typed_until_they_fit(me: Applicant, database: Database) -> None:
    me.fill(answers={"f2": "۱۲"})
    page = me.get(CHECK)
    assert "first" in page
    assert ANSWERS["f7"] in page


def test_the_catalogue_is_searched_and_a_service_shows_what_is_known(
    browser: Browser, database: Database
) -> None:
    factories.deploy(database, described("parking", statutory="P20D", norm="P5WD"))
    factories.deploy(database, factories.one_task("plain"))
    found = browser.get("/services?lang=fa&q=پارك&life_event=vehicle").text
    assert re.findall(r'class="card" href="/services/([\w-]+)"', found) == ["parking"]
    assert '<option value="vehicle" selected>' in found
    assert "No service matches" in browser.get("/services?lang=en&q=nothing").text
    assert "No service matches" in browser.get("/services?lang=en&unit=x&cursor=gone").text
    login = browser.get("/login?next=/services/parking/apply&lang=en").text
    assert 'href="/services/parking"' in login
    assert "Log in to apply for" in login
    page = browser.get("/services/parking?lang=en").text
    assert re.search(r'<a href="tel:\+?[0-9]+"', page)
    for text in (
        *("Individuals", "Online, By post", "20 days", "5 working days", "Municipalities Act"),
        *("Vehicle papers", "To your address", "mailto:parking@city.example", "First street"),
    ):
        assert text in page, text
    assert "۲۰ روز" in browser.get("/services/parking?lang=fa").text


def test_another_window_overwrites_no_answer_unseen(me: Applicant, database: Database) -> None:
    me.fill()
    seen = unescape(*re.findall(r'name="seen" value="([^"]*)"', me.get("/services/p/apply/1")))
    mine = {"seen": seen, "data/f1": "first", "data/f2": "12"}
    assert me.post("/services/p/apply/1", {**mine, "data/f2": "5"}).status_code == 303
    page = me.post("/services/p/apply/1", {**mine, "data/f3": "typed"})
    assert page.status_code == 422
    assert "In another window you changed answers" in page.text
    assert re.search(r'name="data/f2"[^>]* value="5"', page.text), "left as it was: the new answer"
    assert re.search(r'name="data/f3"[^>]* value="typed"', page.text)
    page = me.post("/services/p/apply/1", {**mine, "data/f1": "again", "data/f2": "7"})
    assert "It replaces this answer when you continue" in page.text
    assert re.search(r'name="data/f2"[^>]* value="7"', page.text), "changed in both"
    seen = unescape(*re.findall(r'name="seen" value="([^"]*)"', page.text))
    now = {"seen": seen, "data/f1": "again", "data/f2": "7"}
    assert me.post("/services/p/apply/1", now).status_code == 303
    case = me.post(CHECK, {}).headers["Location"].removesuffix("/begun")
    late = me.post("/services/p/apply/1", now, on="/my")
    assert late.headers["Location"] == case
    assert "You had already sent this application" in me.get(case)
    assert count(database, ApplicationDraft) == 0


def test_a_step_keeps_what_is_stored_at_the_same_moment(me: Applicant, database: Database) -> None:
    first = {f"data/{name}": value for name, value in ANSWERS.items() if name != "f7"}
    me.post("/services/p/apply/1", first)
    store = """UPDATE applications SET answers = answers || '{"f7": "fetched"}'"""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with ThreadPoolExecutor(1) as window:
        with database.transaction() as session:
            other = session.connection()
            other.exec_driver_sql(store)
            sent = window.submit(me.post, "/services/p/apply/1", {**first, "data/f1": "other"})
            until = monotonic() + 10
            while not other.exec_driver_sql(waiting).scalar_one() and monotonic() < until:
                sleep(0.02)
        assert sent.result().status_code == 303
    with database.transaction() as session:
        (draft,) = session.scalars(select(ApplicationDraft))
        assert (draft.answers["f1"], draft.answers["f7"]) == ("other", "fetched")
