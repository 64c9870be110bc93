"""The pages of oversight: numbers lead to as many cases, and bad input is explained. On a written history."""

import csv
import re
from collections.abc import Callable
from html import unescape
from io import StringIO
from uuid import UUID

import pytest
import sqlalchemy
from werkzeug.test import TestResponse

from engine.events import follower
from engine.oversight import projection
from engine.oversight.metrics import case_lists, sharing
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories, histories
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser, statements

PERIOD = "lang=en&calendar=gregorian&from=2026-08-01&to=2026-11-30"
TILE = re.compile(
    r'<li><a class="card" href="([^"]+)">\s*<span>([^<]+)</span>\s*<strong><bdi>([^<]*)</bdi></strong>'
    r"(?:\s*<small>([^<]*)</small>)?"
)
COUNT = re.compile(r"<strong>([\d,]+) cases?</strong>")
STATEMENTS = {"": 17, "/delays": 10, "/time": 8, "/people": 15, "/portfolio": 10, "/cases": 10}  # at most
NUMBER = re.compile(r"[\d,]+")


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


def numbers_lead_to_as_many_cases(manager: Browser) -> None:
    page = shown(manager.get(f"/oversight?{PERIOD}"))
    tiles = TILE.findall(page)
    assert {"Started", "Closed", "Open", "On time", "Median duration", "Refused"} <= {one[1] for one in tiles}
    for link, name, text, note in tiles:
        if link == "/funnel":
            continue
        # "45%" is of "9 of 20 cases", "3 days" of "of 20 cases", and "20" is a count of cases.
        said = NUMBER.search(note if note and not text.replace(",", "").isdigit() else text)
        if name == "Corrections requested":
            continue  # a case can have several
        assert said, (name, text, note)
        assert count(manager, link) == int(said[0].replace(",", "")), (name, text, note)
    causes = re.findall(r'<li><a href="([^"]+bucket=[^"]+)">.*?in (\d+) cases?</small>', page, re.S)
    assert causes
    assert [count(manager, link) for link, _ in causes] == [int(number) for _, number in causes]
    ages = re.findall(r'<a href="([^"]+age=\d[^"]*)"><bdi>(\d+)</bdi></a>', page)
    assert len(ages) == 5
    assert [count(manager, link) for link, _ in ages] == [int(number) for _, number in ages]


def passages_lead_to_their_cases(manager: Browser) -> None:
    for path, measures in {
        f"/oversight/people?{PERIOD}": ("work_open", "work_arrived", "work_done"),
        f"/oversight/steps?{PERIOD}&definition=trade-permit&version=1": ("step_arrived", "step_closed"),
    }.items():
        page = shown(manager.get(path))
        for measure in measures:
            links = re.findall(rf'<a href="([^"]+measure={measure}[^"]*)"><bdi>(\d+)</bdi></a>', page)
            assert links, (path, measure)
            listed = COUNT.search(shown(manager.get(unescape(links[0][0]))))
            assert listed
            assert listed[1] == links[0][1]


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
    closed = f"/oversight/cases/cases.csv?{PERIOD}&measure=closed"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(case_lists, "PAGE", 7)
        assert len(rows(manager.get(closed))) == int(total["cases"])
        patched.setattr(case_lists, "MOST", 5)
        assert manager.get(closed).status_code == 422
    assert manager.get("/oversight/cases?bucket=colour").status_code == 422
    assert manager.get(f"/oversight/cases?cursor={UUID(int=7)}").status_code == 422
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


def nothing_is_zero_before_the_first_case(manager: Browser) -> None:
    before = shown(manager.get("/oversight?lang=en&from=2020-01-01&to=2020-12-31"))
    assert "<strong>" not in before.partition("<main")[2].partition("chart")[0]
    assert before.count('<span class="unmeasured">no data</span>') >= 15
    for path in ("time", "people", "portfolio"):
        assert "no data" in shown(manager.get(f"/oversight/{path}?lang=en&from=2020-01-01&to=2020-12-31"))


def pages_need_few_statements(manager: Browser, database: Database) -> None:
    # Of the overview: figures by month, their medians and the first causes have filters of their own.
    for path, most in STATEMENTS.items():
        sharing.forget()
        with statements(database) as told:
            shown(manager.get(f"/oversight{path}?{PERIOD}"))
        assert len(told) <= most, (path, len(told), told)


def old_figures_are_never_shown_in_silence(manager: Browser, database: Database) -> None:
    """Of a worker that has stopped: every page says since when, in both languages."""
    current = shown(manager.get(f"/oversight?{PERIOD}"))
    assert "Figures as of" in current
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
    manager = session_of(who)
    numbers_lead_to_as_many_cases(manager)
    passages_lead_to_their_cases(manager)
    files_have_the_figures_of_their_page(manager)
    pages_are_persian(manager)
    nothing_is_zero_before_the_first_case(manager)
    pages_need_few_statements(manager, database)
    old_figures_are_never_shown_in_silence(manager, database)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-11-01&to=2026-10-31", "before"),
        ("from=1970-01-01&to=2026-10-31", "3,660"),
        ("from=soon", "date"),
        ("to=0001-01-01", "date"),
        ("from=2030-01-01&to=2030-02-01", "future"),
        ("version=2", "process"),
        ("compare=unit", "service"),
        ("compare=colour", "options"),
    ],
)
def test_bad_filter_is_explained_with_the_form(
    database: Database, session_of: Callable[..., Browser], query: str, words: str
) -> None:
    browser = session_of(factories.an_actor(database, "manager"))
    for path in ("/delays", "/time", "/people", "/portfolio", "/cases"):
        assert browser.get(f"/oversight{path}?{query}").status_code in (200, 422), path
    answer = browser.get(f"/oversight?lang=en&{query}")
    assert answer.status_code == 422
    told = re.findall(r'<p class="(?:fault|wrong)"[^>]*>([^<]*)</p>', answer.text)
    assert words in unescape(" ".join(told)), told
    assert '<form class="filters level"' in answer.text


@pytest.mark.parametrize("query", ["volume=-1", "volume=0&visits=0&time=0&dissatisfaction=0", "time=much"])
def test_bad_weight_is_explained(database: Database, session_of: Callable[..., Browser], query: str) -> None:
    browser = session_of(factories.an_actor(database, "manager"))
    answer = browser.get(f"/oversight/portfolio?lang=en&{query}")
    assert answer.status_code == 422
    assert re.search(r'<p class="(?:fault|wrong)"', answer.text)
    assert 'name="volume"' in answer.text


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
