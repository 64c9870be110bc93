"""The order of the inbox where offices have different calendars: by the office time that is left."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine import cases, tasks
from engine.deadlines import Calendar, Hours, working_time_between
from engine.identity import accounts
from engine.models import Case, CaseClock, Task
from engine.organisation import calendars
from engine.organisation.calendars import Document, NewCalendar
from engine.organisation.candidate_groups import CandidateGroups, CaseScope
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Invalid
from engine.tasks import Inbox, find_next, inbox_state, working_order
from tests import factories
from tests.integration.conftest import Act
from tests.organisation import a_member, a_unit

T = TypeVar("T")
HOUR = timedelta(hours=1)
WEEKS: Mapping[str, Mapping[str, Hours]] = {
    "mornings": {name: Hours(480, 720) for name in ("monday", "tuesday", "wednesday")},
    "always": dict.fromkeys(calendars.WEEKDAYS, Hours(0, 1440)),
    "weekends": {name: Hours(600, 1200) for name in ("saturday", "sunday")},
}


@dataclass
class Offices:
    """Three offices with calendars of their own, and a member who works in all of them."""

    database: Database
    member: Actor
    units: dict[str, UUID]
    dues: dict[UUID, tuple[str, datetime | None]]  # by task

    def run(self, command: Callable[[UnitOfWork], T]) -> T:
        return self.database.run(lambda session, now: command(UnitOfWork(session, self.member, now)))

    def order(self) -> list[UUID]:
        """Counted plainly: all office time between now and when a task is due."""
        now = datetime.now(UTC)
        weeks = {
            name: Calendar(UTC, tuple(week.get(day) for day in calendars.WEEKDAYS))
            for name, week in WEEKS.items()
        }

        def left(task: UUID) -> tuple[float, datetime, UUID]:
            unit, due = self.dues[task]
            if due is None:
                return float("inf"), now, task
            first, last = sorted((now, due))
            open_time = working_time_between(weeks[unit], first, last).total_seconds()
            return (-open_time if due < now else open_time), due, task

        return sorted(self.dues, key=left)

    def pages(self, wanted: Inbox) -> list[UUID]:
        found: list[UUID] = []
        after = None
        while True:
            begun = replace(wanted, after=after, limit=7)
            rows = self.run(partial(tasks.page, wanted=begun))
            found += [row["id"] for row in rows[:7]]
            if len(rows) <= 7:
                return found
            after = rows[6]["id"]


@pytest.fixture
def offices(database: Database, act: Act, start: Callable[..., cases.CaseView]) -> Offices:
    factories.deploy(database, factories.one_task())
    units = {name: a_unit(database, name) for name in WEEKS}

    def organise(uow: UnitOfWork) -> None:
        for name, week in WEEKS.items():
            calendars.create(uow, NewCalendar(name, name, name, Document(week, False, None)))
            calendars.choose(uow, name, name)

    act("administrator", organise)
    member = a_member(database, "everywhere", "root", "*")
    some = random.Random(7)
    dues: dict[UUID, tuple[str, datetime | None]] = {}
    for number in range(36):
        case, name = start(), list(WEEKS)[number % 3]
        hours = some.uniform(-150, 400)
        due = None if number % 9 == 8 else case.started_at + HOUR * hours
        dues[case.tasks[0]["id"]] = name, due
        place(database, case.id, units[name], due)
    return Offices(database, member, units, dues)


def place(database: Database, case_id: UUID, unit_id: UUID, due: datetime | None) -> None:
    """Let a case and its task be of a unit, and the task be due then."""

    def command(session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        groups = CandidateGroups(CaseScope(unit_id, "p", False))
        group = groups.group_for([])
        groups.write(uow)
        _ = uow.connection
        uow.connection.execute(update(Case).where(Case.id == case_id).values(unit_id=unit_id))
        task = update(Task).where(Task.case_id == case_id)
        uow.connection.execute(task.values(due_at=due, candidate_group_id=group))

    database.run(command)


def test_tasks_come_by_the_office_time_that_is_left(offices: Offices) -> None:
    assert offices.pages(Inbox()) == offices.order()
    assert offices.order() != sorted(offices.dues, key=lambda one: str(offices.dues[one][1]))


def test_so_do_a_persons_own_tasks_and_those_that_are_free(offices: Offices) -> None:
    order = offices.order()
    own = order[::2]
    for task in own:
        offices.run(partial(tasks.claim, task_id=task))
    assert offices.pages(Inbox(scope="mine")) == own
    assert offices.pages(Inbox(scope="free")) == order[1::2]
    assert offices.pages(Inbox(scope="supervised")) == order
    assert offices.pages(Inbox(scope="supervised", holder=offices.member.id)) == own


def test_a_search_and_late_tasks_have_the_same_order(offices: Offices) -> None:
    order, now = offices.order(), datetime.now(UTC)
    late = [task for task in order if (due := offices.dues[task][1]) is not None and due < now]
    assert offices.pages(Inbox(words="1405")) == order
    assert offices.pages(Inbox(overdue=True)) == late


def test_what_has_changed_and_the_next_task_follow_it(offices: Offices) -> None:
    order = offices.order()
    state = offices.run(lambda uow: inbox_state(uow, Inbox()))
    assert [UUID(task) for task, _ in state.tasks] == order
    assert state.count == len(order)
    assert offices.run(lambda uow: find_next(uow, Inbox(), order[4])) == order[5]


def test_a_task_of_others_is_no_place_in_the_order(offices: Offices) -> None:
    alone = a_member(offices.database, "alone", "mornings")
    other = next(task for task, (unit, _) in offices.dues.items() if unit == "always")
    stranger = replace(offices, member=alone)
    with pytest.raises(Invalid):
        stranger.run(lambda uow: tasks.page(uow, Inbox(after=other)))


def test_a_changed_calendar_changes_the_order(offices: Offices, act: Act) -> None:
    before = offices.pages(Inbox())
    act("administrator", lambda uow: calendars.choose(uow, "weekends", "always"))
    offices.dues = {
        task: ("always" if unit == "weekends" else unit, due) for task, (unit, due) in offices.dues.items()
    }
    assert offices.pages(Inbox()) == offices.order() != before


def test_a_task_whose_statutory_term_is_over_is_overdue(offices: Offices) -> None:
    task = next(task for task in offices.order()[::-1] if offices.dues[task][1] is not None)
    before = offices.run(tasks.counts)["overdue"]
    with offices.database.transaction() as session:
        case = session.execute(select(Task.case_id).where(Task.id == task)).scalar_one()
        over = {"case_id": case, "state": "breached", "stage": "breached", "filed_at": func.now()}
        session.execute(
            insert(CaseClock).values(**over, reasons={}, pauses=[], on_silence="none", reassigns=False)
        )
    assert offices.run(tasks.counts)["overdue"] == before + 1
    found = offices.run(lambda uow: tasks.page(uow, Inbox(overdue=True)))
    assert (len(found), found[-1]["id"], found[-1]["clock"]) == (before + 1, task, "over")
    assert task in offices.pages(Inbox(overdue=True, words="1405"))


def test_units_with_the_same_calendar_need_no_merging(offices: Offices, act: Act) -> None:
    def same(uow: UnitOfWork) -> None:
        for name in WEEKS:
            calendars.choose(uow, name, None)

    act("administrator", same)
    assert offices.run(working_order.find) is None
    order = sorted(offices.dues, key=lambda one: (str(offices.dues[one][1]), one))
    assert offices.pages(Inbox()) == order
