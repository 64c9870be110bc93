"""The pages of progress reports: drafting, actions, the signature of a second person, and who is missing."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from io import StringIO

import pytest

from engine.oversight import reports
from engine.oversight.reports import ReportPeriod, periods
from engine.platform.db import Actor, Database
from engine.platform.language import Reader
from tests import factories
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser, statements

AT = "/oversight/reports"
SessionOf = Callable[[Actor], Browser]
# At most: a draft and the comparison have sums of their own for each section, a signed report is one row.
STATEMENTS = {"index": 22, "signed": 6, "draft": 24}


def a_month(ago: int = 1) -> ReportPeriod:
    period = reports.offered(datetime.now(UTC).date(), "gregorian")[0]
    for _ in range(ago):
        period = period.before
    return period


def value(period: ReportPeriod) -> str:
    return f"{period.days.first}:{period.days.last}"


def send(browser: Browser, path: str, **form: str) -> str:
    """Sends a form, and returns the page to which it leads."""
    answer = browser.post(path, {"token": browser.token(AT), **form})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("#")[0]


def begin(browser: Browser, unit: str, period: ReportPeriod) -> str:
    return send(browser, AT, unit=unit, period=value(period))


def english(browser: Browser, path: str) -> str:
    answer = browser.get(f"{path}?lang=en&calendar=gregorian")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def people(database: Database) -> tuple[Actor, Actor]:
    """Two managers of an agency."""
    a_unit(database, "guild", kind="agency", name="اتحادیه | Guild")
    a_unit(database, "registry", kind="agency", name="ثبت | Registry")
    first, second = (a_member(database, name, "guild", "*", "manager") for name in ("writer", "signer"))
    return first, second


def add(browser: Browser, path: str, text: str, due: date, owner: str) -> None:
    send(browser, f"{path}/actions", adding="1", text=text, owner=owner, due=due.isoformat())


def test_a_manager_drafts_and_another_one_signs(database: Database, session_of: SessionOf) -> None:
    one, another = people(database)
    writer, signer = session_of(one), session_of(another)
    path = begin(writer, "guild", a_month())
    assert begin(writer, "guild", a_month()) == path  # there is one
    page = english(writer, path)
    assert "There are no figures of this period" in page
    assert "0%" not in page
    revision = re.search(r'name="revision" value="(\d+)"', page)
    assert revision
    text = {"section": "summary", "text": "All is well"}
    texts = f"{path}/texts"
    send(writer, texts, revision=revision[1], **text)
    assert writer.post(texts, {"token": writer.token(AT), "revision": revision[1], **text}).status_code == 409
    today = datetime.now(UTC).date()
    add(writer, path, "Hire two people", today + timedelta(days=9), str(another.id))
    assert "Sign the report" not in english(writer, path)
    page = english(signer, path)
    assert "All is well" in page
    digest = re.search(r'name="digest" value="(\w{64})"', page)
    assert digest
    refused = writer.post(f"{path}/signature", {"token": writer.token(AT), "digest": digest[1]})
    assert (refused.status_code, "another person has to sign it" in refused.text) == (403, True)
    add(writer, path, "Buy chairs", today, str(one.id))
    _sign_after_change(signer, path, digest[1])
    _require_next(writer, path)


def _sign_after_change(signer: Browser, path: str, seen: str) -> None:
    changed = signer.post(f"{path}/signature", {"token": signer.token(AT), "digest": seen})
    assert changed.status_code == 409
    digest = re.search(r'name="digest" value="(\w{64})"', changed.text)
    assert digest
    send(signer, f"{path}/signature", digest=digest[1])
    page = english(signer, path)
    assert digest[1] in page
    assert "Comment on" not in page


def _require_next(writer: Browser, path: str) -> None:
    """Fails unless the next report begins with the open actions, and a signed one can be corrected."""
    following = begin(writer, "guild", a_month(0))
    page = english(writer, following)
    assert page.index("Buy chairs") < page.index("Hire two people")
    assert "The period has not ended" in page
    edition = send(writer, f"{path}/editions", reason="A typing error")
    assert "A typing error" in english(writer, edition)
    assert "later edition" in english(writer, path)


def test_what_is_wrong_is_explained_where_it_was_typed(database: Database, session_of: SessionOf) -> None:
    one, _ = people(database)
    writer = session_of(one)
    path = begin(writer, "guild", a_month())
    for form, words in (
        ({"text": "", "owner": "", "due": ""}, "الزامی"),
        ({"text": "x", "owner": str(one.id), "due": "1380/01/01"}, "امروز یا روزی پس از آن"),
        ({"text": "x" * 1_001, "owner": str(one.id), "due": "1420/01/01"}, "نویسه"),
        ({"text": "x", "owner": str(one.id), "due": "1420/01/01", "cause": "[1]"}, "علت"),
    ):
        answer = writer.post(f"{path}/actions", {"token": writer.token(AT), "adding": "1", **form})
        assert answer.status_code == 422
        assert words in answer.text
    for section, text in (("summary", "x" * 10_001), ("nothing", "x")):
        form = {"token": writer.token(AT), "section": section, "text": text, "revision": "1"}
        assert writer.post(f"{path}/texts", form).status_code == 422
    for revision in ("", "x", "9" * 30):  # without it, others' texts might be lost
        form = {"token": writer.token(AT), "section": "summary", "text": "y", "revision": revision}
        assert writer.post(f"{path}/texts", form).status_code == 422
    for period in ("9999-12-01:9999-12-31", "9999-11-22:9999-12-21", "0001-01-01:0001-01-31"):
        assert writer.get(f"{AT}?period={period}").status_code == 200
    for period in ("x", "2026-01-02:2026-01-31", "9999-01-01:9999-01-31"):
        form = {"token": writer.token(AT), "unit": "guild", "period": period}
        assert writer.post(AT, form).status_code == 422


def test_actions_are_closed_between_reports(database: Database, session_of: SessionOf) -> None:
    one, _ = people(database)
    writer = session_of(one)
    path = begin(writer, "guild", a_month())
    add(writer, path, "Buy chairs", datetime.now(UTC).date(), str(one.id))
    action = re.search(rf"{AT}/actions/([\w-]+)/close", writer.get(AT).text)
    assert action
    place = f"{AT}/actions/{action[1]}"
    token = writer.token(AT)
    refused = writer.post(f"{place}/close", {"token": token, "status": "dropped", "action": action[1]})
    assert refused.status_code == 422
    send(writer, f"{place}/due", new_due="1420/01/01")
    assert "۱ فروردین ۱۴۲۰" in writer.get(AT).text
    send(writer, f"{place}/close", status="dropped", reason="no money")
    assert "No actions are open" in english(writer, AT)
    again = writer.post(f"{place}/close", {"token": token, "status": "done"})
    assert again.status_code == 409
    assert "no money" in english(writer, path)


def test_a_draft_begun_by_mistake_is_discarded(database: Database, session_of: SessionOf) -> None:
    one, another = people(database)
    writer = session_of(one)
    path = begin(writer, "guild", a_month())
    assert "Discard the draft" in english(writer, path)
    assert send(writer, f"{path}/discard") == AT
    assert writer.get(path).status_code == 404
    path = begin(writer, "guild", a_month())
    add(writer, path, "Hire two people", datetime.now(UTC).date(), str(another.id))
    assert "Discard the draft" not in english(writer, path)
    refused = writer.post(f"{path}/discard", {"token": writer.token(AT)})
    assert (refused.status_code, "they live on" in refused.text) == (409, True)


def test_a_ministry_sees_who_has_not_reported(database: Database, session_of: SessionOf) -> None:
    one, another = people(database)
    path = begin(session_of(one), "guild", a_month(2))
    ministry = session_of(factories.an_actor(database, "manager", "minister"))
    chosen = f"{AT}?period={value(a_month(2))}&lang=en&calendar=gregorian"
    assert "2 agencies have not reported" in unescape(ministry.get(chosen).text)
    signer = session_of(another)
    digest = re.search(r'name="digest" value="(\w{64})"', signer.get(path).text)
    assert digest
    send(signer, f"{path}/signature", digest=digest[1])
    page = unescape(ministry.get(chosen).text)
    assert re.search(r"1 agency has not reported:\s*<strong>Registry</strong>", page)
    assert "Agencies in" not in english(session_of(one), AT)  # it has one agency
    default = unescape(ministry.get(f"{AT}?lang=en&calendar=jalali").text)
    last = reports.offered(datetime.now(UTC).date(), "jalali")[1]  # not the Gregorian one of the only report
    named = Reader("en", "jalali", None).month(last.days.first)
    assert re.search(rf"Agencies in \W?{named}", default)
    draft = begin(session_of(one), "guild", a_month(0))
    for name, address in (("index", AT), ("signed", path), ("draft", draft)):
        with statements(database) as told:
            assert ministry.get(address).status_code == 200
        assert len(told) <= STATEMENTS[name], "\n".join(told)
    pdf = ministry.get(f"{path}/report-fa.pdf")
    assert (pdf.status_code, pdf.mimetype) == (200, "application/pdf")


def test_an_agency_whose_report_is_not_due_has_time(
    database: Database, session_of: SessionOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(database)
    ministry = session_of(factories.an_actor(database, "manager", "minister"))
    chosen = f"{AT}?period={value(a_month())}&lang=en&calendar=gregorian"
    for days, said in ((45, "2 agencies have until"), (0, "2 agencies have not reported")):
        monkeypatch.setattr(periods, "DUE_AFTER", timedelta(days=days))
        page = unescape(ministry.get(chosen).text)
        assert said in page
        assert ("due " in page.partition("<tbody>")[2].partition("</tbody>")[0]) == (days > 0)


def test_figures_lead_to_the_overview_with_unit_and_period(database: Database, session_of: SessionOf) -> None:
    one, another = people(database)
    month = a_month()
    path = begin(session_of(one), "guild", month)
    filters = f"?unit=guild&from={month.days.first}&to={month.days.last}"
    page = english(session_of(another), path)
    assert f'href="/oversight{filters}"' in page
    assert f'href="/oversight/delays{filters}"' in page
    assert "appeals included. They differ from the public statistics" in page
    ministry = session_of(factories.an_actor(database, "manager", "minister"))
    chosen = f"{AT}?period={value(month)}&lang=en&calendar=gregorian"
    page = unescape(ministry.get(chosen).text)
    assert f'<a href="/oversight{filters}">' in page
    file = re.search(r'href="([^"]+agencies\.csv[^"]+)"', page)
    assert file
    sent = ministry.get(file[1])
    lines = list(csv.DictReader(StringIO(sent.data.decode("utf-8-sig"))))
    named = [(line["unit"], line["state"], line["on_time"]) for line in lines]
    assert named == [("guild", "draft", "no_data"), ("registry", "none", "no_data")]
    assert session_of(one).get(file[1]).status_code == 200
    for period in ("x", "9999-01-01:9999-01-31"):
        assert ministry.get(f"{AT}/agencies.csv?period={period}").status_code == 200


def test_a_persian_page_of_reports_has_persian_commas(database: Database, session_of: SessionOf) -> None:
    one, another = people(database)
    path = begin(session_of(one), "guild", a_month())
    signer = session_of(another)
    empty = "در این گزارش چیزی نوشته نشده است"
    assert empty in signer.get(path).text
    send(session_of(one), f"{path}/texts", section="summary", text="خلاصه", revision="1")
    page = signer.get(path).text
    assert empty not in page
    digest = re.search(r'name="digest" value="(\w{64})"', page)
    assert digest
    send(signer, f"{path}/signature", digest=digest[1])
    for address in (AT, path):
        page = unescape(re.sub(r"<[^>]+>", "", signer.get(f"{address}?lang=fa&calendar=jalali").text))
        assert not re.search(r"[\u0600-\u06ff\w][,;] ", page)
        assert "، " in page


def test_strangers_find_nothing(database: Database, session_of: SessionOf) -> None:
    one, _ = people(database)
    path = begin(session_of(one), "guild", a_month())
    stranger = session_of(a_member(database, "far-away", "registry", "*", "manager"))
    assert stranger.get(path).status_code == 404
    assert stranger.get(f"{path}/report-fa.pdf").status_code == 404
    form = {"token": stranger.token(AT), "digest": "0" * 64}
    assert stranger.post(f"{path}/signature", form).status_code == 404
    assert "Guild" not in english(stranger, AT)
    auditor = session_of(factories.an_actor(database, "auditor"))
    assert "Sign the report" not in english(auditor, path)
    assert "Begin a report" not in english(auditor, AT)
