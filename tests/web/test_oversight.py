"""The pages of oversight: numbers lead to as many cases, and bad input is explained. On a written history."""

import csv
import re
from collections.abc import Callable
from datetime import date
from html import unescape
from io import StringIO
from uuid import UUID

import pytest
import sqlalchemy
from werkzeug.test import TestResponse

from engine.events import follower
from engine.oversight import commitments, projection
from engine.oversight.metrics import case_lists, sharing
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories, histories
from tests.committing import at, promise
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser, statements
from tests.web.figure_links import differences
from web.oversight import times
from web.oversight.tables import Column, Row, Table

SERVICE = "trade-permit"
PERIOD = "lang=en&calendar=gregorian&from=2026-08-01&to=2026-11-30"
COUNT = re.compile(r"<strong>([\d,]+) cases?</strong>")
STATEMENTS = {
    "": 12,
    "/delays": 8,
    "/time": 6,
    "/people": 12,
    "/portfolio": 8,
    "/steps": 16,
    "/cases": 8,
    "/commitments": 12,
    "/register": 12,
}  # at most
# With every kind of link to a list of cases.
PAGES = (
    *("", "/delays", "/time?by=unit", "/time?by=month", "/time?by=version", "/people", "/portfolio"),
    f"/steps?definition={SERVICE}",
)


def bring_up_to_date(database: Database, who: Actor) -> None:
    def run(command: Callable[..., int | None], *arguments: str) -> int | None:
        return database.run(lambda session, now: command(UnitOfWork(session, who, now), *arguments))

    run(follower.from_the_first, "figures")
    while run(projection.project):
        pass


def shown(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text[:2000]
    return answer.text


def count(browser: Browser, link: str) -> int:
    """How many cases a list says it has; and that its pages have as many."""
    address, listed = unescape(link), 0
    while address:
        page = shown(browser.get(address))
        listed += len(set(re.findall(r'href="(/desk/cases/[\w-]+)"', page)))
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = unescape(following[1]) if following else ""
    found = COUNT.search(page)
    assert found
    assert int(found[1].replace(",", "")) == listed
    return listed


def numbers_lead_to_as_many_cases(browser: Browser, *pages: str) -> None:
    def get(address: str) -> str:
        return shown(browser.get(f"{address}&{PERIOD}" if "?" in address else f"{address}?{PERIOD}"))

    checked, wrong = differences(get, [f"/oversight{page}" for page in pages], most=3)
    assert not wrong
    assert checked > 20


def rows(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig"))))


def files_have_the_figures_of_their_page(manager: Browser) -> None:
    for by in ("unit", "definition", "version", "month"):
        total, *lines = rows(manager.get(f"/oversight/time/time.csv?{PERIOD}&by={by}"))
        for line in (total, *lines):
            parts = [int(value) for name, value in line.items() if name not in ("label", "cases", "life")]
            assert (len(parts), sum(parts)) == (8, int(line["life"]))
        assert sum(int(line["cases"]) for line in lines) == int(total["cases"]) > 0
    found = manager.get(f"/oversight/overview/figures.json?{PERIOD}").get_json()
    values = {item["measure"]: item["value"] for item in found["items"]}
    assert values["closed"]["value"] == int(total["cases"])
    assert values["stars"]["status"] in ("measured", "not_measured")
    causes = rows(manager.get(f"/oversight/delays/causes.csv?{PERIOD}"))
    assert [int(one["rank"]) for one in causes] == list(range(1, len(causes) + 1))
    first = rows(manager.get(f"/oversight/overview/causes.csv?{PERIOD}"))
    assert first == causes[: len(first)]
    assert len(first) == 5
    closed = f"/oversight/cases/cases.csv?{PERIOD}&measure=closed"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(case_lists, "PAGE", 7)
        assert len(rows(manager.get(closed))) == int(total["cases"])
        patched.setattr(case_lists, "MOST", 5)
        assert manager.get(closed).status_code == 422
    assert manager.get("/oversight/cases?bucket=colour").status_code == 422
    assert manager.get(f"/oversight/cases?cursor={UUID(int=7)}").status_code == 422
    for page, name in (("overview/figures", "overview-figures"), ("time/time", "time")):
        found = manager.get(f"/oversight/{page}.csv?{PERIOD}")
        assert f"filename={name}_2026-08-01_2026-11-30.csv" in found.headers["Content-Disposition"]
    assert manager.get("/oversight/delays/nothing.csv").status_code == 404
    assert manager.get("/oversight/time/time.csv?by=colour").status_code == 422


def pages_are_persian(manager: Browser) -> None:
    fa = PERIOD.replace("lang=en&calendar=gregorian", "lang=fa&calendar=jalali")
    key = rows(manager.get(f"/oversight/portfolio/portfolio.csv?{PERIOD}"))[0]["definition"]
    of_version = f"{fa}&definition={key}&version=1"
    for path, words in {
        f"/oversight?{fa}&definition={key}&compare=unit": ("مقایسهٔ اداره‌ها", "۹۰٪", "آبان ۱۴۰۵"),
        f"/oversight/delays?{fa}": ("در حال انجام › خرابی فنی › نزد دستگاه دیگر › در نوبت رسیدگی اداره",),
        f"/oversight/time?{fa}": ("اداره تعطیل",),
        f"/oversight/steps?{of_version}&show=closed": ("میانهٔ انتظار", "show=closed"),
        f"/oversight/people?{fa}": ("هرگز به تفکیک اشخاص",),
        f"/oversight/portfolio?{fa}&visits=%DB%B2": ("مراجعه: <bdi>۲</bdi>",),
    }.items():
        page = shown(manager.get(path))
        assert [word for word in words if word not in page] == [], path
        assert " style=" not in page
        figures = re.findall(r'class="(?:amount|axis)">([^<]*)<|<strong>(.*?)</strong>', page)
        assert not re.search("[0-9]", "".join(text for pair in figures for text in pair)), path
    picture = manager.get(f"/oversight/steps.svg?{of_version}&show=wait&lang=fa")
    assert picture.mimetype == "image/svg+xml"
    assert "heat9" in picture.text


def steps_are_first_those_of_the_busiest_service(manager: Browser) -> None:
    ranked = rows(manager.get(f"/oversight/portfolio/portfolio.csv?{PERIOD}"))
    most = max(ranked, key=lambda row: int(row["volume"]))["definition"]
    page = shown(manager.get(f"/oversight/steps?{PERIOD}"))
    assert "No service is chosen" in page
    assert re.search(rf'<img src="/oversight/steps\.svg\?[^"]*definition={most}&', page)
    assert "No service is chosen" not in shown(manager.get(f"/oversight/steps?{PERIOD}&definition={most}"))
    assert rows(manager.get(f"/oversight/steps/steps.csv?{PERIOD}")) == rows(
        manager.get(f"/oversight/steps/steps.csv?{PERIOD}&definition={most}")
    )


def nothing_is_zero_before_the_first_case(manager: Browser) -> None:
    before = shown(manager.get("/oversight?lang=en&from=2020-01-01&to=2020-12-31"))
    assert "<strong>" not in before.partition("<main")[2].partition("chart")[0]
    assert before.count('<span class="unmeasured">no data</span>') >= 15
    assert "No case with a term or norm ended" in before
    for path in ("delays", "time", "people", "portfolio"):
        assert "no data" in shown(manager.get(f"/oversight/{path}?lang=en&from=2020-01-01&to=2020-12-31"))


def explanations_are_awaited(database: Database) -> None:
    """Commitments of every kind of figure were due at the end of a month, and weren't reached."""
    who = factories.an_actor(database, "administrator")
    for metric, target in (("on_time", 100), ("median", 0), ("services_online", 100)):
        new = promise("root", date(2026, 9, 30), metric=metric, target=target)
        at(database, who, date(2026, 8, 5), commitments.make, new)


def pages_need_few_statements(manager: Browser, database: Database) -> None:
    shown(manager.get(f"/oversight?{PERIOD}"))  # stores the language
    for path, most in STATEMENTS.items():
        sharing.forget()
        with statements(database) as told:
            shown(manager.get(f"/oversight{path}?{PERIOD}"))
        assert len(told) <= most, (path, len(told), told)


def old_figures_are_never_shown_in_silence(manager: Browser, database: Database) -> None:
    """Of a worker that has stopped: every page says since when, in both languages."""
    current = shown(manager.get(f"/oversight?{PERIOD}"))
    assert "Up to date as of" in current
    assert "not up to date" not in current
    with database.transaction() as session:
        session.execute(sqlalchemy.text("UPDATE cursors SET transaction_id = 0 WHERE name = 'figures'"))
        first = session.execute(
            sqlalchemy.text("SELECT at FROM events ORDER BY transaction_id LIMIT 1")
        ).scalar_one()
    for path in ("", "/delays", "/time", "/people", "/portfolio", "/cases"):
        page = shown(manager.get(f"/oversight{path}?{PERIOD}"))
        assert "These figures are not up to date" in page, path
    assert f"{first.astimezone(histories.ZONE):%H:%M}" in page
    assert "این ارقام به‌روز نیست" in shown(manager.get(f"/oversight?{PERIOD}".replace("lang=en", "lang=fa")))


def test_pages_of_a_history(
    database: Database, database_url: str, session_of: Callable[..., Browser]
) -> None:
    histories.write(database, database_url, 70)
    who = factories.an_actor(database, "manager")
    bring_up_to_date(database, who)
    explanations_are_awaited(database)
    manager = session_of(who)
    numbers_lead_to_as_many_cases(manager, *PAGES)
    assert count(manager, f"/oversight/cases?{PERIOD}&measure=closed") > 50
    chief = session_of(a_member(database, "chief", "municipality", "*", "manager"))
    numbers_lead_to_as_many_cases(chief, f"?definition={SERVICE}&compare=unit", "/delays", "/people")
    files_have_the_figures_of_their_page(manager)
    pages_are_persian(manager)
    steps_are_first_those_of_the_busiest_service(manager)
    nothing_is_zero_before_the_first_case(manager)
    pages_need_few_statements(manager, database)
    old_figures_are_never_shown_in_silence(manager, database)


# The page and query, words of the message, and what is still in the form.
WRONG = (
    ("?from=2026-11-01&to=2026-10-31", "before", 'value="2026-10-31" selected'),
    ("?from=1970-01-01&to=2026-10-31", "3,660", 'value="1970-01-01" selected'),
    ("?from=soon", "date", 'value="soon" selected'),
    ("?to=0001-01-01", "date", 'value="0001-01-01" selected'),
    ("?to=1405-07-31", "date", 'value="1405-07-31" selected'),  # Mehr has 30 days
    ("?from=2030-01-01&to=2030-02-01", "future", 'value="2030-01-01" selected'),
    ("?version=2", "process", ""),
    ("?version=second", "number", ""),
    ("?class=best", "options", 'value="best" selected'),
    ("?compare=unit", "service", 'name="compare" value="unit"'),
    ("?compare=colour", "options", ""),
    ("/time?by=colour", "options", ""),
    ("/steps?show=colour&size=vast", "options", ""),
    ("/cases?measure=colour", "options", ""),
    ("/cases?age=7", "options", ""),
    (f"/cases?cursor={UUID(int=7)}", "list", ""),
    ("/portfolio?volume=-1", "0 to 1000", 'value="-1"'),
    ("/portfolio?volume=0&visits=0&time=0&dissatisfaction=0", "0 to 1000", 'value="0"'),
    ("/portfolio?time=much", "number", 'value="much"'),
    ("/portfolio?time=nan", "0 to 1000", 'value="nan"'),
    ("/portfolio?visits=1e999", "0 to 1000", 'value="1e999"'),
    ("/portfolio?visits=1001", "0 to 1000", 'value="1001"'),
)


def test_bad_input_is_explained_and_stays_in_the_form(
    database: Database, session_of: Callable[..., Browser]
) -> None:
    browser = session_of(factories.an_actor(database, "manager"))
    for query, words, typed in WRONG:
        answer = browser.get(f"/oversight{query}&lang=en")
        assert answer.status_code == 422, query
        told = re.findall(r'<p class="(?:fault|wrong)"[^>]*>([^<]*)</p>', answer.text)
        assert words in unescape(" ".join(told)), (query, told)
        form = answer.text.partition('<form class="filters level"')[2]
        assert form, query
        assert typed in form, query
        for page in ("/delays", "/time", "/people", "/portfolio", "/cases") if query.startswith("?") else ():
            assert browser.get(f"/oversight{page}{query}").status_code in (200, 422), (page, query)
    for query in ("?unit=%00", "?from=%FF", "/cases?cursor=x&element=%27", "?from=1300-01-01&to=1300-02-01"):
        assert browser.get(f"/oversight{query}").status_code in (200, 404, 422), query


def test_only_those_who_oversee_see_it_and_only_their_units(
    database: Database, actor: Callable[..., Actor], session_of: Callable[..., Browser]
) -> None:
    for role in ("manager", "auditor", "administrator"):
        browser = session_of(actor(role))
        page = shown(browser.get("/oversight?lang=en"))
        assert 'href="/oversight" aria-current="page"' in page
        assert browser.get("/oversight?unit=nowhere").status_code == 404
        assert browser.get("/oversight?definition=nothing").status_code == 404
    for role in ("caseworker", "designer", "applicant"):
        browser = session_of(actor(role))
        assert browser.get("/oversight").status_code == 403
        assert 'href="/oversight"' not in browser.get("/account").text
    a_unit(database, "here", kind="agency")
    a_unit(database, "elsewhere", kind="agency")
    far = session_of(a_member(database, "far", "elsewhere", "*", "manager"))
    assert far.get("/oversight?unit=elsewhere").status_code == 200
    assert far.get("/oversight?unit=here").status_code == 404


def test_no_text_of_a_file_is_a_formula() -> None:
    texts = ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "a")
    found = (
        Table("t", [Column("unit")], [Row({"unit": text}, {}, {}) for text in texts]).file("csv", "t").body
    )
    assert isinstance(found, bytes)
    (_, *cells) = csv.reader(StringIO(found.decode("utf-8-sig")))
    assert [cell for (cell,) in cells] == [f"'{text}" for text in texts[:-1]] + ["a"]


def test_chart_has_the_units_with_most_cases_in_their_order() -> None:
    rows = [Row({"cases": number % 40}, {"label": f"u{number}"}, {}) for number in range(1, 41)]
    assert [row.names["label"] for row in times.drawn(rows, "unit")] == [f"u{n}" for n in range(16, 40)]
    assert times.drawn(rows, "month") == rows[-24:]
    assert times.drawn([], "unit") == []
