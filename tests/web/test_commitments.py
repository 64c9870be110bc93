"""The pages of commitments and of the register: who sees and changes what, and how bad input is explained."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from engine.oversight import commitments
from engine.oversight.commitments import NewService
from engine.platform.db import Actor, Database
from tests import factories
from tests.committing import TEXTS, a_past, at, called, move, plant, promise
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser, statements

SessionOf = Callable[[Actor], Browser]
PATH, REGISTER = "/oversight/commitments", "/oversight/register"
TODAY = datetime.now(UTC).date()
FIRST = (TODAY.replace(day=1) - timedelta(days=80)).replace(day=1)
SECOND = (FIRST + timedelta(days=31)).replace(day=1)
LATER = TODAY + timedelta(days=200)


@pytest.fixture
def administrator(database: Database) -> Actor:
    a_unit(database, "agency", kind="agency", name="سازمان | Agency")
    a_past(database)
    return a_member(database, "an administrator", "agency", "*", "administrator")


@pytest.fixture
def manager(database: Database, administrator: Actor) -> Actor:
    del administrator
    return a_member(database, "a manager", "agency", "*", "manager")


@pytest.fixture
def missed(database: Database, administrator: Actor) -> str:
    """The path of a commitment that was due at the end of its first month."""
    plant(database, "agency", {FIRST: (4, 10), SECOND: (6, 10)})
    new = promise("agency", SECOND - timedelta(days=1))
    return f"{PATH}/{at(database, administrator, FIRST - timedelta(days=1), commitments.make, new)}"


def send(browser: Browser, path: str, **form: Any) -> TestResponse:
    return browser.post(path, {"token": browser.token("/account"), **form})


def said(answer: TestResponse, status: int = 200) -> str:
    assert answer.status_code == status, answer.text[:3000]
    return re.sub("[\u2066-\u2069]", "", answer.text)


def test_administrator_enters_amends_and_withdraws_a_commitment(
    session_of: SessionOf, administrator: Actor
) -> None:
    browser = session_of(administrator)
    browser.get("/account?lang=en")
    assert "Enter the first one below" in said(browser.get(PATH))
    form = {
        **TEXTS,
        **{"unit": "agency", "metric": "on_time", "target": "۸۰٪", "calendar": "jalali"},
        "due": LATER.isoformat(),
    }
    page = said(send(browser, PATH, **{**form, "target": "180", "due": "soon"}), 422)
    assert "Enter a date" in page
    page = said(send(browser, PATH, **{**form, "target": "180", "text_en": ""}), 422)
    assert "Enter a percentage from 0 to 100" in page
    assert 'value="180"' in page
    assert TEXTS["text_fa"] in page
    away = send(browser, PATH, **form)
    assert away.status_code == 303
    path = away.headers["Location"]
    assert "at least 80%" in said(browser.get(path))
    assert "by this day. Amend that one." in said(send(browser, PATH, **form), 409)
    change = {**form, "target": "85", "version": "1", "reason": "The decree was amended."}
    assert "in the past" in said(send(browser, f"{path}/amend", **{**change, "due": "2020-01-01"}), 422)
    assert send(browser, f"{path}/amend", **change).status_code == 303
    assert "Somebody else has amended" in said(send(browser, f"{path}/amend", **change), 409)
    page = said(browser.get(path))
    assert "at least 85%" in page
    assert "2 versions" in page
    assert "The decree was amended." in page
    assert "This field is required" in said(send(browser, f"{path}/withdraw", version="2", reason=" "), 422)
    assert send(browser, f"{path}/withdraw", version="2", reason="Repealed.").status_code == 303
    assert "Repealed." in said(browser.get(path))
    assert path not in said(browser.get(PATH))
    assert path in said(browser.get(f"{PATH}?withdrawn=1"))


def test_commitment_that_holds_is_entered_and_said_in_both_languages(
    session_of: SessionOf, administrator: Actor
) -> None:
    browser = session_of(administrator)
    browser.get("/account?lang=en")
    form = {**TEXTS, "unit": "agency", "metric": "on_time", "target": "80", "calendar": "jalali"}
    form |= {"kind": "hold-from"}
    page = said(send(browser, PATH, **form, due="2020-01-01"), 422)
    assert "This day is in the past." in page
    assert 'value="hold-from" selected' in page
    away = send(browser, PATH, **form, due=LATER.isoformat())
    path = away.headers["Location"]
    page = said(browser.get(path))
    assert "Hold the target from the day on" in page
    assert re.search(r"from [^<]+ on<", page)
    assert "به بعد" in said(browser.get(f"{PATH}?lang=fa"))
    (line,) = csv.DictReader(StringIO(browser.get(f"{PATH}/commitments.csv").data.decode("utf-8-sig")))
    assert (line["kind"], line["state"]) == ("hold-from", "pending")


def test_manager_sees_what_waits_and_explains_it(session_of: SessionOf, manager: Actor, missed: str) -> None:
    browser = session_of(manager)
    browser.get("/account?lang=en")
    page = said(browser.get(PATH))
    assert "1 commitment was not reached on time or not held" in page
    assert "not explained" in page
    assert "Explanation overdue since" in page
    (line,) = csv.DictReader(StringIO(browser.get(f"{PATH}/commitments.csv").data.decode("utf-8-sig")))
    assert (line["state"], line["value"], line["target"]) == ("missed", "60.0", "80.0")
    page = said(browser.get(missed))
    assert "The unit had to explain why by" in page
    assert "<svg" in page
    assert page.count('<th scope="row">') >= 2
    wrong = said(send(browser, f"{missed}/explain", cause="", text=""), 422)
    assert "Select one of the options" in wrong
    text = "Two posts are vacant.\nThey are filled in May."
    assert send(browser, f"{missed}/explain", cause="staff", text=text).status_code == 303
    assert "given before" in said(send(browser, f"{missed}/explain", cause="staff", text=text), 409)
    page = said(browser.get(missed))
    assert "They are filled in May." in page
    assert "had to explain" not in page
    assert "was not reached on time" not in said(browser.get(PATH))
    assert send(browser, f"{missed}/amend", version="1").status_code == 403
    assert send(browser, PATH, unit="agency").status_code == 403
    persian = said(browser.get(f"{missed}?lang=fa"))
    assert "محقق نشد" in persian
    assert "دست‌کم ۸۰" in persian


def test_pages_need_few_statements_and_show_nothing_of_other_units(
    database: Database, session_of: SessionOf, administrator: Actor, manager: Actor, missed: str
) -> None:
    factories.deploy(database, factories.one_task("p"))
    move(database, "p", "agency")
    for number in range(50):
        metric = ("on_time", "median", "late", "services_online", "completion")[number % 5]
        of = "p" if metric == "completion" else None
        new = promise("agency", LATER + timedelta(days=number), metric=metric, target=3, definition=of)
        at(database, administrator, FIRST - timedelta(days=1), commitments.make, new)
    browser = session_of(manager)
    for path in (PATH, missed, REGISTER):
        browser.get(path)
        with statements(database) as told:
            said(browser.get(path))
        assert len(told) <= 12, (path, len(told), told)
    a_unit(database, "far", kind="agency")
    stranger = session_of(a_member(database, "a stranger", "far", "*", "administrator"))
    assert "agency" not in said(stranger.get(PATH))
    for path in (missed, f"{PATH}?unit=agency", f"{REGISTER}?unit=agency"):
        assert stranger.get(path).status_code == 404
    assert send(stranger, f"{missed}/withdraw", version="1", reason="r").status_code == 404


def files_are_imported_as_a_whole_or_not(browser: Browser) -> None:
    exported = browser.get(f"{REGISTER}/register.csv")
    assert exported.data.startswith(b"\xef\xbb\xbfunit,name_fa")
    wrong = "name_fa,name_en,reason,yearly_volume\nالف,A,law,2\nالف,B,law,3\nج,,weather,-1\n".encode()
    page = said(send(browser, f"{REGISTER}/import", unit="agency", file=(BytesIO(wrong), "a.csv")), 422)
    for text in ("The file has", "Line 3, column name_fa (Name in Persian)", "Line 4, column yearly_volume"):
        assert text in page, text
    assert "1 of 1" in page
    right = exported.data + "agency,گواهی,Certificate,5000,on_paper,,1424/01/01,,\r\n".encode()
    done = send(browser, f"{REGISTER}/import", unit="agency", file=(BytesIO(right), "a.csv"))
    assert done.status_code == 303
    page = said(browser.get(REGISTER))
    assert "1 service was added or changed" in page
    assert "1 of 2 services are online" in page
    for content in (b"", b"\xff\xfe", b"x" * 500_000):
        answer = send(browser, f"{REGISTER}/import", unit="agency", file=(BytesIO(content), "a.csv"))
        assert answer.status_code == 422


def test_register_is_filled_imported_and_exported(
    database: Database, session_of: SessionOf, administrator: Actor, manager: Actor
) -> None:
    factories.deploy(database, factories.one_task("p"))
    browser = session_of(administrator)
    browser.get("/account?lang=en")
    assert "is empty" in said(browser.get(REGISTER))
    form = {
        "unit": "agency",
        "name_fa": "تمدید",
        "name_en": "Renewal",
        "reason": "law",
        "yearly_volume": "۱۲۰۰",
    }
    page = said(send(browser, REGISTER, **{**form, "yearly_volume": "many", "planned_for": "x"}), 422)
    assert "Enter a whole number" in page
    assert send(browser, REGISTER, **form).status_code == 303
    assert "has a service of this name" in said(send(browser, REGISTER, **form), 409)
    page = said(browser.get(REGISTER))
    assert "0 of 1 services are online" in page
    (path,) = set(re.findall(rf'href="({REGISTER}/[0-9a-f-]{{36}})"', page))
    assert send(browser, f"{path}/change", **form, definition="p", revision="1").status_code == 303
    assert "meanwhile" in said(send(browser, f"{path}/change", **form, revision="1"), 409)
    assert "1 of 1 services are online" in said(browser.get(REGISTER))
    files_are_imported_as_a_whole_or_not(browser)
    asked = said(browser.get(f"{path}/remove"))
    assert "Remove “تمدید” from the register?" in asked or "Remove “Renewal” from the register?" in asked
    assert f'action="{path}/remove"' not in said(browser.get(path))
    assert session_of(manager).get(f"{path}/remove").status_code == 403
    assert send(browser, f"{path}/remove").status_code == 303
    assert browser.get(f"{path}/remove").status_code == 404
    assert browser.get(path).status_code == 404
    assert "Certificate" in said(session_of(manager).get(f"{REGISTER}?lang=en"))
    assert send(session_of(manager), REGISTER, **form).status_code == 403


def test_process_is_proposed_for_the_service_of_its_name_and_linked(
    database: Database, session_of: SessionOf, administrator: Actor, manager: Actor
) -> None:
    factories.deploy(database, factories.one_task("p"))
    move(database, "p", "agency")
    name = called(database, "p")
    browser = session_of(administrator)
    browser.get("/account?lang=en")
    form = {"unit": "agency", "name_fa": name.partition(" | ")[0], "name_en": "N", "reason": "law"}
    assert send(browser, REGISTER, **form).status_code == 303
    page = said(browser.get(REGISTER))
    assert "1 of 2 services are online" in page
    assert "choose its process under Change" in page
    form_of_link = re.search(rf'action="({REGISTER}/[0-9a-f-]+/link)".*?</form>', page, re.DOTALL)
    assert form_of_link
    path = form_of_link[1]
    revision, key = re.findall(r'name="(?:revision|definition)" value="([^"]+)"', form_of_link[0])
    other = session_of(manager)
    assert "/link" not in said(other.get(REGISTER))
    assert send(other, path, revision=revision, definition=key).status_code == 403
    assert send(browser, path, revision=revision, definition="nothing").status_code == 422
    assert send(browser, path, revision=revision, definition=key).status_code == 303
    assert "meanwhile" in said(send(browser, path, revision=revision, definition=key), 409)
    page = said(browser.get(REGISTER))
    assert "1 of 1 services are online" in page
    assert "/link" not in page


def test_long_list_of_errors_is_cut(session_of: SessionOf, administrator: Actor) -> None:
    browser = session_of(administrator)
    rows = "\n".join(["name_fa,name_en,reason", *("x,y,weather" for _ in range(130))]).encode()
    sent = {"unit": "agency", "file": (BytesIO(rows), "a.csv")}
    page = said(send(browser, f"{REGISTER}/import?lang=en", **sent), 422)
    assert page.count("<li>") < 130
    assert "130 errors" in page
    assert "30 more errors" in page


def test_long_register_has_pages(
    database: Database, session_of: SessionOf, administrator: Actor, manager: Actor
) -> None:
    lines = [f"خدمت {number},Service {number},law,{number}" for number in range(230)]
    content = "\n".join(["name_fa,name_en,reason,yearly_volume", *lines])
    factories.as_actor(database, administrator, lambda uow: commitments.import_csv(uow, "agency", content))
    browser, seen, address = session_of(manager), 0, f"{REGISTER}?lang=en"
    while address:
        page = said(browser.get(address))
        seen += len(re.findall(rf'href="{REGISTER}/[0-9a-f-]{{36}}"', page))
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == 230
    new = NewService("agency", "خدمت 7", "Another", "law")
    with pytest.raises(Exception, match="of this name"):
        factories.as_actor(database, administrator, lambda uow: commitments.register_service(uow, new))


def test_form_without_a_unit_is_kept_with_what_was_typed(
    session_of: SessionOf, administrator: Actor, database: Database
) -> None:
    a_unit(database, "far", kind="agency")
    browser = session_of(administrator)
    browser.get("/account?lang=en")
    sent = {**TEXTS, "metric": "on_time", "target": "80", "calendar": "jalali", "due": LATER.isoformat()}
    service = {"name_fa": "تمدید", "name_en": "Renewal", "reason": "law"}
    for unit, told in (("", "Choose a unit."), ("far", "open unit"), ("nowhere", "open unit")):
        page = said(send(browser, PATH, **sent, unit=unit), 422)
        assert told in page
        assert TEXTS["text_en"] in page
        page = said(send(browser, REGISTER, **service, unit=unit), 422)
        assert told in page
        assert 'value="Renewal"' in page
    page = said(send(browser, PATH, **{**sent, "due": "soon"}), 422)
    assert ("Choose a unit." in page, "Enter a date" in page) == (True, True)


def test_history_says_who_did_it_and_in_what_role(
    session_of: SessionOf, administrator: Actor, manager: Actor, missed: str
) -> None:
    browser = session_of(manager)
    send(browser, f"{missed}/explain", cause="staff", text="Two posts are vacant.")
    page = said(browser.get(f"{missed}?lang=en"))
    assert "explained when it was: missed" in page
    assert "<bdi>a manager</bdi> (manager)" in page
    assert "<bdi>an administrator</bdi> (administrator)" in page
    assert page.count("<bdi>an administrator</bdi>") == 1
    assert (
        send(session_of(administrator), f"{missed}/withdraw", version="1", reason="Repealed.").status_code
        == 303
    )
    page = said(browser.get(f"{missed}?lang=en"))
    assert page.count("<bdi>an administrator</bdi>") == 2
    assert "Reason: <bdi>Repealed.</bdi>" in page
    assert '<span class="badge ">withdrawn</span>' in page
    assert '<span class="badge bad">missed</span>' not in page
    assert '<span class="badge ">withdrawn</span>' in said(browser.get(f"{PATH}?withdrawn=1&lang=en"))


def test_faults_of_a_file_are_told_in_persian(session_of: SessionOf, administrator: Actor) -> None:
    browser = session_of(administrator)
    rows = "name_fa,name_en,reason,planned_for\nالف,A,law,2020-01-01\nب,B,law,soon\nج,C,law,,,,\n".encode()
    sent = {"unit": "agency", "file": (BytesIO(rows), "a.csv")}
    page = said(send(browser, f"{REGISTER}/import?lang=fa", **sent), 422)
    assert "سطر ۲، ستون planned_for (تاریخ برنامه‌ریزی‌شده): روزی از" in page
    assert "سطر ۳، ستون planned_for (تاریخ برنامه‌ریزی‌شده): " in page
    assert "سطر ۴: " in page
    assert "line " not in page


def test_planned_day_that_has_passed_is_kept_but_not_entered(
    database: Database, session_of: SessionOf, administrator: Actor
) -> None:
    passed = TODAY - timedelta(days=10)
    new = NewService("agency", "تمدید", "Renewal", "law", planned_for=passed + timedelta(days=5))
    made = at(database, administrator, passed, commitments.register_service, new)
    browser = session_of(administrator)
    form = {"name_fa": "تمدید", "name_en": "Renewal", "reason": "law", "revision": "1"}
    same, path = {"planned_for": str(passed + timedelta(days=5))}, f"{REGISTER}/{made}/change"
    assert "Choose a day from" in said(send(browser, f"{path}?lang=en", **form, planned_for=str(passed)), 422)
    assert send(browser, path, **{**form, "name_en": "Renew"}, **same).status_code == 303
    exported = browser.get(f"{REGISTER}/register.csv").data
    sent = {"unit": "agency", "file": (BytesIO(exported), "a.csv")}
    assert send(browser, f"{REGISTER}/import", **sent).status_code == 303
    new_form = {**form, "name_fa": "دیگر", "unit": "agency"}
    assert send(browser, REGISTER, **new_form, planned_for=str(passed)).status_code == 422


def test_import_leads_to_where_the_services_are(
    database: Database, session_of: SessionOf, administrator: Actor
) -> None:
    a_unit(database, "office", parent="agency")
    browser = session_of(administrator)
    browser.get("/account?lang=en")
    page = said(browser.get(f"{REGISTER}?unit=office"))
    assert "no service with these filters" in page
    assert "no commitment with these filters" in said(browser.get(f"{PATH}?unit=office"))
    head, places = "unit,name_fa,name_en,reason\n", []
    for rows in ("office,الف,A,law\n", "office,ب,B,law\n,ج,C,law\n", ",د,D,law\n"):
        sent = {"unit": "agency", "file": (BytesIO(f"{head}{rows}".encode()), "a.csv")}
        places.append(send(browser, f"{REGISTER}/import", **sent).headers["Location"])
    assert places == [f"{REGISTER}?unit=office", REGISTER, f"{REGISTER}?unit=agency"]
