"""Due dates, timers and terms for appeals in working time: counted by the calendar of the case's unit."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine import cases
from engine.cases import incidents
from engine.deadlines import Hours
from engine.identity import accounts
from engine.models import ROOT, Incident, Task, Wait
from engine.organisation import calendars
from engine.organisation.calendars import Document, NewCalendar, editing
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict
from engine.portal import appeals
from tests import bpmn, factories

ACCEPTED = datetime(2026, 12, 2, 11, 30, tzinfo=UTC)
NINE = {name: Hours(9 * 60, 17 * 60) for name in calendars.WEEKDAYS}


@pytest.fixture
def at(database: Database, actor: Callable[..., Actor]) -> Callable[..., Any]:
    """`at(instant, command, role)`: a command at an instant; without a role, of the installation itself."""

    def run(instant: datetime, command: Callable[[UnitOfWork], Any], role: str | None = "caseworker") -> Any:
        who = actor(role, None) if role else database.run(accounts.system)
        return database.run(lambda session, _: command(UnitOfWork(session, who, instant)))

    return run


def deploy(database: Database, *elements: str) -> None:
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(*elements))))


def task(name: str, due: str) -> str:
    return bpmn.node("userTask", name, parvandeh__due=due)


def timer(duration: str) -> str:
    inside = f"<bpmn:timeDuration>{duration}</bpmn:timeDuration>"
    definition = f"<bpmn:timerEventDefinition>{inside}</bpmn:timerEventDefinition>"
    return bpmn.node("intermediateCatchEvent", "pause", definition)


def begin(uow: UnitOfWork, **data: Any) -> cases.CaseView:
    return cases.start(uow, "p", data)


@pytest.mark.parametrize(
    ("due", "term"),
    [
        *(("P5WD", "P5WD"), ("'P5WD'", "P5WD"), ("'P' + str(days) + 'WD'", "P5WD")),
        *(("P7D", "P7D"), ("'P7D'", "P7D"), ("P1W", "P1W")),
    ],
)
def test_task_is_due_at_the_close_of_a_working_day(
    database: Database, at: Callable[..., Any], due: str, term: str
) -> None:
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    deploy(database, task("review", due))
    at(ACCEPTED, lambda uow: begin(uow, days=5))
    with database.transaction() as session:
        row = session.execute(select(Task.due_at, Task.term, Task.calendar)).one()
    assert row == (datetime(2026, 12, 9, 16, tzinfo=UTC), term, "iran/1")


def test_follow_up_and_other_terms(database: Database, at: Callable[..., Any]) -> None:
    review = bpmn.node("userTask", "review", parvandeh__due="PT48H", parvandeh__followUp="P1D")
    deploy(database, review)
    at(ACCEPTED, begin)
    with database.transaction() as session:
        row = session.execute(select(Task.due_at, Task.follow_up_at, Task.term, Task.calendar)).one()
    assert row == (ACCEPTED + timedelta(days=2), datetime(2026, 12, 5, 16, tzinfo=UTC), None, None)


def test_calendar_is_that_of_the_unit_of_the_case(database: Database, at: Callable[..., Any]) -> None:
    def choose(uow: UnitOfWork) -> None:
        calendars.create(uow, NewCalendar("nine", "nine", "root", Document(NINE, False, None)))
        calendars.choose(uow, "root", "nine")

    at(ACCEPTED, choose, "administrator")
    deploy(database, task("review", "P5WD"))
    at(ACCEPTED, begin)
    with database.transaction() as session:
        assert session.scalars(select(Task.due_at)).one() == datetime(2026, 12, 7, 17, tzinfo=UTC)


@pytest.mark.parametrize(("term", "due"), [("P1WD", (5, 16)), ("PT9WH", (5, 12)), ("'P' + '1WD'", (5, 16))])
def test_timer_waits_for_working_time(
    database: Database, at: Callable[..., Any], term: str, due: tuple[int, int]
) -> None:
    deploy(database, timer(term), task("review", "P1WD"))
    case = at(ACCEPTED, begin)
    with database.transaction() as session:
        row = session.execute(select(Wait.due_at, Wait.term)).one()
    expected = datetime(2026, 12, *due, tzinfo=UTC) + timedelta(minutes=30 if "WH" in term else 0)
    assert row.due_at == expected
    assert row.term in ("P1WD", "PT9WH")
    before, after = expected - timedelta(seconds=1), expected
    assert at(before, lambda uow: cases.wake(uow, case.id), None) == 0
    assert at(after, lambda uow: cases.wake(uow, case.id), None) == 1
    with database.transaction() as session:
        assert session.scalars(select(Task.due_at)).one() == datetime(2026, 12, 6, 16, tzinfo=UTC)


def test_person_whose_command_needs_unknown_holidays_is_told_the_year(
    database: Database, at: Callable[..., Any]
) -> None:
    deploy(database, task("review", "P600WD"))
    with pytest.raises(Conflict, match="1407") as caught:
        at(ACCEPTED, begin)
    assert (caught.value.code, caught.value.state["calendar"]) == ("no-holidays", {"year": 1407})
    with database.transaction() as session:
        assert session.scalars(select(Task.id)).all() == []


@pytest.mark.parametrize("waiting", ["review", "timer"])
def test_engine_that_needs_unknown_holidays_opens_an_incident_that_a_retry_resolves(
    database: Database, at: Callable[..., Any], waiting: str
) -> None:
    then = task("review", "P600WD") if waiting == "review" else bpmn.node("userTask", "review")
    late = timer("P600WD").replace('"pause"', '"long"') if waiting == "timer" else ""
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    deploy(database, *filter(None, [timer("PT1H"), late, then]))
    case = at(ACCEPTED, begin)
    assert at(ACCEPTED + timedelta(hours=1), lambda uow: cases.wake(uow, case.id), None) == 1
    with database.transaction() as session:
        incident = session.execute(select(Incident.id, Incident.code, Incident.message)).one()
    assert incident.code == "no-holidays"
    assert "1407" in incident.message
    with pytest.raises(Conflict, match="1407"):
        at(ACCEPTED + timedelta(hours=2), lambda uow: incidents.retry(uow, incident.id), "administrator")

    def enter(uow: UnitOfWork) -> None:
        document = editing.get(uow, "iran").document
        for year in (1407, 1408):
            document = document.with_year(year, [])
        calendars.change(uow, "iran", calendars.NewVersion(document), based_on=1)

    at(ACCEPTED + timedelta(hours=3), enter, "administrator")
    at(ACCEPTED + timedelta(hours=4), lambda uow: incidents.retry(uow, incident.id), "administrator")
    with database.transaction() as session:
        assert session.scalars(select(Incident.status)).one() == "resolved"
        found = Task.term if waiting == "review" else Wait.term
        assert "P600WD" in session.scalars(select(found)).all()


@pytest.mark.parametrize(
    ("within", "last"),
    [
        ("P15D", "2026-12-19"),  # Thursday 17 December: the next working day
        ("P14D", "2026-12-16"),
        ("P5WD", "2026-12-09"),
        ("PT8WH", "2026-12-05"),
        ("P1M", "2027-01-02"),
    ],
)
def test_appeals_are_possible_until_the_last_day_is_over(
    at: Callable[..., Any], within: str, last: str
) -> None:
    def end(uow: UnitOfWork) -> datetime:
        return appeals.until(uow.connection, ROOT, ACCEPTED, within, uow.now)

    day = date.fromisoformat(last)
    assert at(ACCEPTED, end) == datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=UTC)


def test_end_that_nobody_knows_is_not_shown(at: Callable[..., Any]) -> None:
    def end(uow: UnitOfWork, within: str | None) -> datetime | None:
        return appeals.shown_until(uow.connection, ROOT, ACCEPTED, within, uow.now)

    for within in (None, "P99999Y", "P9Y"):  # none, of an earlier release, without holidays
        assert at(ACCEPTED, lambda uow, within=within: end(uow, within)) is None
