"""What a manager reads of open cases that are late: since when, by how much, and who has them."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from engine import cases, tasks
from engine.oversight import metrics
from engine.oversight.metrics import CaseLine, CaseMeasure, Filters
from engine.platform.db import Database, UnitOfWork
from tests import bpmn, clocks, factories
from tests.clocks import DECISION, TERM
from tests.integration.conftest import Act
from tests.integration.test_figures import bring_up_to_date

HOUR = timedelta(hours=1)


def listed(database: Database, measure: CaseMeasure, later: timedelta) -> Sequence[CaseLine]:
    manager = factories.an_actor(database, "manager")
    bring_up_to_date(database, manager)
    return database.run(
        lambda session, now: (
            metrics.list_cases(UnitOfWork(session, manager, now + later), Filters(), measure).items
        )
    )


@pytest.mark.parametrize(("after", "days"), [(-HOUR, None), (HOUR, 0), (HOUR * 50, 2)])
def test_an_open_case_is_late_by_the_days_since_its_term(
    database: Database, start: Callable[..., cases.CaseView], after: timedelta, days: int | None
) -> None:
    factories.deploy(database, clocks.deciding())
    case = start()
    (line,) = listed(database, "open", TERM + after)
    assert (line.due_at, line.days_late) == (clocks.due(database, case.id), days)
    assert line.holders == ["root"]


def test_a_decided_case_is_not_late_any_more(
    database: Database, start: Callable[..., cases.CaseView], act: Act
) -> None:
    factories.deploy(
        database, clocks.deciding(after=[bpmn.node("userTask", "pay", parvandeh__role="applicant")])
    )
    case = start()
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], DECISION))
    (line,) = listed(database, "open", TERM * 5)
    assert (line.days_late, line.holders) == (None, [])  # the applicant has it
