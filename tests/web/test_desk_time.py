"""Where the time of a case went, on its page: a bar, and figures that add up."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine import cases, deadlines
from engine.oversight.timeline import TimeSplit
from engine.platform.db import Actor, Database
from engine.timeline import ALWAYS, Event, Surroundings, timeline
from tests import clocks, factories
from tests.organisation import a_member
from tests.web.conftest import Browser
from tests.web.desk import Office, an_office
from web.desk.time_split import whole_parts

MINUTE = 60_000


@pytest.fixture
def office(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Office:
    return an_office(database, actor, session_of)


@pytest.fixture
def told(office: Office, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`told(rows, "fa")`: the text of the section of a case with these events, which is two days old."""

    def show(*rows: tuple[int, str, str | None, dict[str, Any]], lang: str = "en", **around: Any) -> str:
        given = [(0, "case.started", None, {"unit": "office"}), *rows]
        events = [
            Event(seq, minute * MINUTE, kind, element, element, "caseworker", "office", facts)
            for seq, (minute, kind, element, facts) in enumerate(given, 1)
        ]
        found = timeline(events, Surroundings("office", 2_881 * MINUTE, lambda _: ALWAYS, **around))
        monkeypatch.setattr(
            "web.desk.case.timeline.of_case", lambda _uow, _id, seen: TimeSplit(seen, found, [])
        )
        page = office["sara"].see(f"/cases/{office.case}", lang).text
        section = page[page.index('id="time"') : page.index('id="timeline"')]
        return re.sub(r"[\u2066-\u2069]", "", re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", section)))

    return show


TASK = (0, "task.created", "a", {"side": "office"})


def test_page_shows_the_figures_of_a_case(office: Office) -> None:
    page = office["sara"].see(f"/cases/{office.case}").text
    assert '<svg class="chart"' in page
    assert "In an office’s queue" in page
    assert page.index("Worked on") < page.index("Technical failure") < page.index("With another agency")


def test_figures_add_up_in_days_hours_and_minutes(told: Callable[..., str]) -> None:
    shown = told(
        TASK, (1_500, "task.completed", "a", {}), (1_500, "task.created", "b", {"side": "applicant"})
    )
    assert "In an office’s queue 1 d 1 h 0 min 52%" in shown
    assert "With the applicant 23 h 1 min 48%" in shown
    assert "Total 2 d 0 h 1 min" in shown
    assert "If several of these apply at the same time, the one that is higher in this table counts." in shown


def test_figures_are_in_persian(told: Callable[..., str]) -> None:
    assert "در نوبت رسیدگی اداره ۲ روز و ۰ ساعت و ۱ دقیقه ۱۰۰٪" in told(TASK, lang="fa")


def test_wait_for_nobody_is_named_so(told: Callable[..., str]) -> None:
    timer = (0, "wait.opened", "t", {"wait": "t", "kind": "timer"})
    message = (0, "wait.opened", "m", {"wait": "m", "kind": "message"})
    assert "party not stated" not in told(timer)
    assert "Scheduled wait, party not stated" in told(message)


def test_case_of_an_earlier_release_is_approximate(told: Callable[..., str]) -> None:
    assert "An earlier release did not record everything" in told((0, "task.created", "a", None))


def test_late_case_shows_its_causes(told: Callable[..., str]) -> None:
    clock = {"started_at": "1970-01-01T00:00:00+00:00", "due_at": "1970-01-01T10:00:00+00:00"}
    shown = told(
        (0, "clock.started", None, clock),
        TASK,
        (1_200, "task.completed", "a", {}),
        (1_200, "wait.opened", "m", {"wait": "m", "kind": "message", "party": "fire"}),
        (1_800, "wait.closed", "m", {"wait": "m", "kind": "message"}),
        norms={"a": deadlines.term("PT600M")},
    )
    assert "Late by 38 h 1 min of office hours" in shown
    assert re.search(r"m: With another agency \(fire\) \d+ h", shown)
    assert re.search(r"a: In an office’s queue \(office\) \d+ h", shown)
    assert "48% of the delay is unexplained. A supervisor has to give the reason." in shown


def test_shares_add_up() -> None:
    assert whole_parts([1, 1, 1], 100) == [34, 33, 33]
    assert whole_parts([0, 0], 100) == [0, 0]
    assert sum(whole_parts([7, 11, 13, 17], 60)) == 60


def test_supervisor_says_why_a_case_is_late_that_the_log_does_not_explain(
    database: Database, session_of: Callable[[Actor], Browser]
) -> None:
    factories.deploy(database, clocks.deciding())
    boss, clerk = a_member(database, "boss", "root", "supervisor"), a_member(database, "clerk", "root")
    case = factories.as_actor(database, boss, lambda uow: cases.start(uow, "p", {})).id
    clocks.forget(database, case, timedelta(days=3))
    path, form = f"/desk/cases/{case}?lang=en", f"/desk/cases/{case}/delay"
    other, supervisor = session_of(clerk), session_of(boss)
    assert "A supervisor has to give the reason." in other.get(path).text
    assert form not in other.get(path).text
    token = other.token("/account")
    assert other.post(form, {"token": token, "code": "workload"}).status_code == 403
    assert form in supervisor.get(path).text
    assert "there was more work than people" in supervisor.get(f"{form}?lang=en").text
    token = supervisor.token("/account")
    assert supervisor.post(form, {"token": token, "code": "because"}).status_code == 422
    assert supervisor.post(form, {"token": token, "code": "workload"}).status_code == 303
    shown = supervisor.get(path).text
    assert re.search(r"Reason given by a supervisor: .there was more work than people", shown)
    assert form not in shown
    assert supervisor.post(form, {"token": token, "code": "other"}).status_code == 409
