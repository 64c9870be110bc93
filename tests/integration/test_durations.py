"""What an applicant sees of time: usual durations, the statutory term; never what is past or decided."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine import cases, tasks
from engine.models import ServiceDuration
from engine.platform.db import Database
from engine.portal import durations
from engine.portal.durations import Usual
from engine.portal.status import Standing
from engine.portal.status.lookup import find_status
from tests import bpmn, clocks, factories
from tests.clocks import MINUTE, TERM
from tests.integration.conftest import Act

NOW = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
USUAL = Usual(DAY * 4, DAY * 9)


@pytest.mark.parametrize(
    ("after", "latest", "told"),
    [
        (DAY, 30, 4),
        (DAY * 4, 30, 9),
        (DAY * 8, 30, 9),
        (DAY * 9, 30, 30),
        (DAY, None, 4),
        (DAY * 9, None, None),
        (DAY, 3, 3),
        (DAY * 4, 8, 8),
        (DAY * 4, 4, None),
    ],
)
def test_the_median_then_the_90th_percentile_then_the_latest_never_past(
    after: timedelta, latest: int | None, told: int | None
) -> None:
    end = None if latest is None else NOW + DAY * latest
    found = durations.expected(NOW, USUAL, end, NOW + after)
    assert found == (None if told is None else NOW + DAY * told)


def test_without_figures_the_statutory_latest() -> None:
    assert durations.expected(NOW, None, NOW + DAY, NOW) == NOW + DAY
    assert durations.expected(NOW, None, NOW + DAY, NOW + DAY) is None
    assert durations.expected(NOW, None, None, NOW) is None


def standing(act: Act, case: cases.CaseView, later: timedelta = timedelta(0)) -> Standing:
    found: Standing = act("portal", lambda uow: find_status(uow.session, case.id, uow.now), later)
    return found


def test_the_end_of_the_term_is_told_until_it_is_past(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(database, clocks.deciding(norm="PT5H"))
    case = start()
    found = standing(act, case)
    assert (found.latest_at, found.expected_at) == (case.started_at + TERM, case.started_at + TERM)
    assert (found.done, found.steps) == (1, 2)
    late = standing(act, case, TERM + MINUTE)
    assert (late.latest_at, late.expected_at) == (None, None)


def test_the_due_date_of_a_step_is_never_expected(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(
        database,
        clocks.deciding(before=[bpmn.node("userTask", "first", parvandeh__due="'P3D'")], statutory=""),
    )
    case = start()
    assert case.tasks[0]["due_at"] is not None
    assert standing(act, case).expected_at is None


@pytest.mark.parametrize(("outcome", "expected"), [("granted", False), ("refused", True)])
def test_nothing_is_expected_after_the_decision(
    database: Database, start: Callable[..., cases.CaseView], act: Act, outcome: str, expected: bool
) -> None:
    after = [bpmn.node("userTask", "pay")]
    files = clocks.deciding(after=after, statutory="P90D")
    neither = {name: content.replace(b'"refuses"', b'"neither"') for name, content in files.items()}
    factories.deploy(database, neither)
    case = start()
    with database.transaction() as session:
        session.add(
            ServiceDuration(
                definition="p",
                cases=10,
                median_seconds=864_000,
                most_seconds=900_000,
                counted_at=case.started_at,
            )
        )
    assert standing(act, case).expected_at == case.started_at + DAY * 10
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {"decision": outcome}))
    found = standing(act, case)
    assert found.decided is not None
    assert found.ended_at is None
    assert (found.expected_at is not None) == expected


def test_a_paused_term_says_for_whom(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(database, clocks.deciding())
    case = start()
    act("administrator", lambda uow: cases.suspend(uow, case.id))
    found = standing(act, case)
    assert (found.latest_at, found.paused_for) == (None, "office")
    assert found.paused_since is not None


def test_durations_are_counted(database: Database, start: Callable[..., Any], act: Act) -> None:
    factories.deploy(database, clocks.deciding())
    ended = [start() for _ in range(durations.FEWEST)]
    with database.transaction() as session:
        for number, case in enumerate(ended, 1):
            took = {"took": HOUR * number, "case": case.id}
            end = "UPDATE cases SET status = 'completed', started_at = now() - :took, ended_at = now()"
            session.execute(text(f"{end}, state = NULL WHERE id = :case"), took)
    case = start()
    act("administrator", durations.count)
    found = standing(act, case)
    assert found.expected_at == case.started_at + HOUR * 5.5


def test_few_cases_are_no_figure(database: Database, start: Callable[..., Any], act: Act) -> None:
    factories.deploy(database, clocks.deciding())
    start()
    act("administrator", durations.count)
    assert factories.count(database, ServiceDuration) == 0
