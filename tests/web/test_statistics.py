"""Published statistics as pages: for everybody, without a session, and cacheable."""

import re
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from engine.platform.db import Actor, Database
from tests import publishing
from tests.publishing import a_month
from tests.web.conftest import Browser, statements

REASON = "An outage was recorded late."


def words(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, path
    plain = re.sub(r"[\u2066-\u2069\u200e]", "", re.sub(r"<[^>]+>", " ", answer.text))
    return " ".join(plain.split())


def test_anybody_reads_months_agencies_services_and_editions(browser: Browser, database: Database) -> None:
    assert "Nothing is published yet" in words(browser, "/statistics?lang=en")
    a_month(database, "1405-07", 12)
    a_month(database, "1405-08", 12)
    a_month(database, "1405-08", 12, REASON)
    newest = words(browser, "/statistics")
    assert "Statistics of public services: Aban 1405" in newest
    assert "Edition 2" in newest
    assert REASON in newest
    assert re.search(r"about 9[4-8]\d \((79|80|81)%\)", newest)
    first = words(browser, "/statistics/1405-08/editions/1")
    assert "This edition has been replaced" in first
    assert REASON not in first
    assert "Rather long service 3" in words(browser, "/statistics/1405-08/units/agency-00")
    own = words(browser, "/statistics/services/service-003")
    for said in (
        "Aban 1405",
        "Mehr 1405",
        "Documents are missing",
        "Version 2",
        "2,500,000 rials",
        "about 30 (30%)",
    ):
        assert said in own, said
    persian = words(browser, "/statistics/services/service-003?lang=fa")
    assert "آبان ۱۴۰۵" in persian
    assert "مدارک ناقص" in persian


def test_each_figure_says_that_it_is_rounded(browser: Browser, database: Database) -> None:
    four = {"started": 4, "closed": 4, "late": 4, "granted": 1, "refused": 3}
    a_month(database, "1405-08", 12, None, **four)
    own = words(browser, "/statistics/services/service-000?lang=en")
    assert "Agency: Agency" in own
    row = own[own.index("Aban 1405", own.index("Other results")) :].removeprefix("Aban 1405 ")
    for _ in range(12):
        said = next(one for one in ("fewer than 5 ", "about 5 ", "– ") if row.startswith(one))
        row = row.removeprefix(said)
    assert "Every number of cases is rounded, to protect people" in own
    assert "not shown" not in own
    assert "به مضربی از ۵" in words(browser, "/statistics?lang=fa")


def test_editions_before_figures_were_rounded_stay_as_they_were(browser: Browser, database: Database) -> None:
    a_month(database, "1405-08", 2)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE published_figures DISABLE TRIGGER published_figures_never_change"))
        shown = 'figures - \'margin\' || \'{"late": null, "closed": 101, "median_hours": null}\''
        session.execute(text(f"UPDATE published_figures SET figures = {shown}, counted = NULL"))
    own = words(browser, "/statistics/services/service-001?lang=en")
    for said in ("101", "not shown", "this edition was published when small figures"):
        assert said in own
    assert "about" not in own.partition("About these figures")[0]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("1405-09", "They will be here on 26 December 2026"),
        ("1405-07", "no published statistics of Mehr 1405"),
        ("2026-11", "no published statistics of November 2026"),
        *((path, "") for path in ("1405-13", "9999-12", "1405-8", "x" * 3000, "1405-08/editions/7")),
        *((path, "") for path in ("1405-08/editions/0", "1405-08/units/none", "services/none", "services")),
    ],
)
def test_what_is_not_published_is_not_found(
    browser: Browser, database: Database, path: str, said: str
) -> None:
    a_month(database, "1405-08", 2)
    browser.get("/?lang=en")
    shown = words(browser, f"/statistics/{path}", 404)
    assert said in shown
    assert "access" not in shown
    assert "Show the newest month" in shown


def test_pages_are_the_same_for_all_and_caches_store_them(
    browser: Browser,
    database: Database,
    actor: Callable[..., Actor],
    session_of: Callable[[Actor], Browser],
) -> None:
    a_month(database, "1405-08", 12)
    paths = ("/statistics", "/statistics/1405-08/units/agency-01", "/statistics/services/service-001")
    official = session_of(actor("manager"))
    for path in paths:
        with statements(database) as executed:
            first = browser.get(path)
        assert len(executed) <= 4, executed
        assert first.headers["Cache-Control"] == "public, max-age=300"
        assert "Set-Cookie" not in first.headers
        assert "<script" not in first.text.replace('<script type="module"', "")
        again = browser.get(path, **{"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert official.get(path).data == first.data, "a session shows nothing else"
        assert "Set-Cookie" not in browser.get(f"{path}?unit=agency-01&q={'x' * 4000}").headers
    chosen = browser.get("/statistics?lang=en")
    assert chosen.headers["Cache-Control"] == "private, no-store"


def test_pages_of_200_services_are_small_and_quick(browser: Browser, database: Database) -> None:
    for month in range(1, 13):
        a_month(database, f"1404-{month:02}", 200)
    took = []
    for path in ("/statistics", "/statistics/1404-12/units/agency-03", "/statistics/services/service-150"):
        for _ in range(7):
            begun = time.perf_counter()
            answer = browser.get(path)
            took.append(time.perf_counter() - begun)
            assert answer.status_code == 200
        assert len(answer.data) <= 100_000, (path, len(answer.data))
    assert sorted(took)[-2] < 0.5, "100 ms on a machine that does nothing else"


def test_an_administrator_corrects_a_month_on_a_page(
    database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]
) -> None:
    administrator = session_of(actor("administrator"))
    empty = administrator.get("/administration/statistics?lang=en")
    assert "No month is published yet" in empty.text
    a_month(database, "1405-08", 2)
    page = administrator.get("/administration/statistics")
    assert "Aban 1405" in page.text
    typed = {"month": "1405-08", "reason": "short"}
    token = administrator.token("/administration/statistics")
    refused = administrator.post("/administration/statistics", {**typed, "token": token})
    assert refused.status_code == 422
    assert 'value="short"' in refused.text
    assert session_of(actor("manager")).get("/administration/statistics").status_code == 403


def test_a_correction_of_the_form_is_the_newest_edition(
    database: Database,
    database_url: str,
    actor: Callable[..., Actor],
    session_of: Callable[[Actor], Browser],
    browser: Browser,
) -> None:
    publishing.a_correctable_month(database, database_url)
    administrator = session_of(actor("administrator"))
    token = administrator.token("/administration/statistics")
    typed = {"month": "1405-08", "reason": REASON, "token": token}
    answer = administrator.post("/administration/statistics", typed)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/statistics/1405-08")
    newest = words(browser, "/statistics/1405-08?lang=en")
    assert "Edition 2" in newest
    assert REASON in newest


def test_head_says_what_get_says(browser: Browser, database: Database) -> None:
    a_month(database, "1405-08", 2)
    for path in ("/statistics", "/statistics/1405-08", "/statistics/services/service-001"):
        whole, head = browser.get(path), browser.client.head(path, **browser._options({}))
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["ETag"] == whole.headers["ETag"]
