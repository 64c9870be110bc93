"""Which open cases are overdue, now and on a past day: by their term or their norm, unless it did not run."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select

from engine import cases
from engine.events import follower
from engine.models import CaseFigures
from engine.organisation import calendars
from engine.oversight import projection
from engine.oversight.metrics.filters import Scope
from engine.oversight.metrics.overview import overdue_at_end
from engine.platform.db import Database
from tests import clocks, factories
from tests.integration.conftest import Act
from tests.integration.test_figures import content

HOUR = timedelta(hours=1)
Start = Callable[..., cases.CaseView]
Work = Callable[..., None]


def project(act: Act, later: timedelta) -> None:
    act("manager", projection.prepare, later)
    while act("manager", projection.project, later):
        pass


def overdue(database: Database, at: datetime) -> bool:
    scope = cast(Scope, SimpleNamespace(end=at))
    with database.transaction() as session:
        return bool(session.execute(select(overdue_at_end(scope))).scalar_one())


def due_at(database: Database) -> datetime | None:
    with database.transaction() as session:
        return session.execute(select(CaseFigures.due_at)).scalar_one()


def suspend(act: Act, case: cases.CaseView, begin: timedelta, end: timedelta | None = None) -> None:
    act("administrator", lambda uow: cases.suspend(uow, case.id), begin)
    if end is not None:
        act("administrator", lambda uow: cases.resume(uow, case.id), end)


def breach(act: Act, work: Work) -> None:
    for _ in range(2):
        act("administrator", lambda uow: cases.sweep_clocks(uow, 10), 10 * HOUR + clocks.MINUTE)
        work(10 * HOUR + clocks.MINUTE)


def deploy(database: Database, **attributes: Any) -> None:
    factories.deploy(database, clocks.deciding(**attributes))


def test_case_that_was_suspended_after_its_breach_was_not_overdue_meanwhile(
    database: Database, start: Start, act: Act, work: Work
) -> None:
    """The term is ten hours. The same is said during the suspension, and of that time afterwards."""
    deploy(database)
    case = start()
    breach(act, work)
    suspend(act, case, 12 * HOUR)
    project(act, 13 * HOUR)
    said = {hour: overdue(database, case.started_at + hour * HOUR) for hour in (9, 11, 13)}
    assert said == {9: False, 11: True, 13: False}
    act("administrator", lambda uow: cases.resume(uow, case.id), 15 * HOUR)
    project(act, 16 * HOUR)
    said = {hour: overdue(database, case.started_at + hour * HOUR) for hour in (9, 11, 13, 16)}
    assert said == {9: False, 11: True, 13: False, 16: True}


def test_open_case_with_a_norm_only_is_overdue_after_it(database: Database, start: Start, act: Act) -> None:
    deploy(database, statutory="", norm="PT10H")
    case = start()
    project(act, HOUR)
    assert due_at(database) == case.started_at.replace(
        microsecond=case.started_at.microsecond // 1000 * 1000
    ) + timedelta(hours=10)
    assert not overdue(database, case.started_at + 9 * HOUR)
    assert overdue(database, case.started_at + 11 * HOUR)
    suspend(act, case, 2 * HOUR)
    project(act, 3 * HOUR)
    assert (due_at(database), overdue(database, case.started_at + 11 * HOUR)) == (None, False)
    act("administrator", lambda uow: cases.resume(uow, case.id), 5 * HOUR)
    project(act, 6 * HOUR)
    assert not overdue(database, case.started_at + 11 * HOUR)
    assert overdue(database, case.started_at + 14 * HOUR)


@pytest.mark.parametrize("statutory", ["", "PT10H"])
def test_suspending_a_definition_suspends_what_is_overdue(
    database: Database, start: Start, act: Act, statutory: str
) -> None:
    deploy(database, statutory=statutory, norm="PT10H")
    case = start()
    project(act, HOUR)
    act("administrator", lambda uow: cases.suspend_definition(uow, "p"), 2 * HOUR)
    project(act, 3 * HOUR)
    assert (due_at(database), overdue(database, case.started_at + 11 * HOUR)) == (None, False)
    act("administrator", lambda uow: cases.resume_definition(uow, "p"), 5 * HOUR)
    project(act, 6 * HOUR)
    assert due_at(database) is not None


def test_figures_of_ended_cases_do_not_know_later_suspensions(
    database: Database, start: Start, act: Act
) -> None:
    """Nor when they are computed again meanwhile."""
    deploy(database, statutory="", norm="PT10H")
    case = start()
    act("administrator", lambda uow: cases.cancel(uow, case.id), HOUR)
    project(act, HOUR)
    before = content(database)
    act("administrator", lambda uow: cases.suspend_definition(uow, "p"), 2 * HOUR)
    project(act, 3 * HOUR)
    act("manager", lambda uow: follower.rebuild(uow, projection.FIGURES), 4 * HOUR)
    project(act, 4 * HOUR)
    assert content(database) == before


def test_closure_moves_the_end_of_a_norm_of_an_open_case(database: Database, start: Start, act: Act) -> None:
    deploy(database, statutory="", norm="P1WD")
    start()
    project(act, HOUR)
    before = due_at(database)
    assert before is not None
    day = before.date()
    act("administrator", lambda uow: calendars.declare(uow, "root", day, day, "air"), 2 * HOUR)
    project(act, 3 * HOUR)
    after = due_at(database)
    assert after is not None
    assert after.date() > day
