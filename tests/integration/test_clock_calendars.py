"""The clock by the calendar of its unit: pauses, a closure, counting again. By hand: docs/clock.md."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select

from engine import cases, tasks
from engine.cases import recalculation
from engine.cases.clock_recalculation import Counted, recompute_batch
from engine.deadlines import Hours
from engine.models import ROOT, Task
from engine.organisation import calendars, units
from engine.organisation.calendars import editing
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict
from engine.tasks.corrections import Marks
from tests import clocks, factories
from tests.clocks import clock_of, kinds, logged
from tests.integration import test_recalculation
from tests.integration.test_recalculation import TUESDAY, At, closure, finish, z
from tests.integration.test_working_terms import ACCEPTED

at = test_recalculation.at  # an installation with the shipped calendars, and commands at any instant


@pytest.fixture
def case(database: Database, at: At) -> UUID:
    """Accepted on Wednesday 2026-12-02, five working days, Thursday and Friday off."""
    factories.deploy(database, clocks.deciding(statutory="P5WD", onSilence="grant"))
    found: UUID = at(ACCEPTED, lambda uow: cases.start(uow, "p", {}).id, "caseworker")
    return found


def due(database: Database, case: UUID) -> datetime | None:
    clock = clock_of(database, case)
    assert clock is not None
    return clock.due_at


def test_five_working_days_end_at_the_close_of_the_fifth(database: Database, case: UUID) -> None:
    assert due(database, case) == z("2026-12-09 16:00")
    clock = clock_of(database, case)
    assert clock is not None
    assert clock.warn_at == z("2026-12-08 15:06")  # four fifths of 44 and a half hours


def test_a_pause_of_three_days_moves_it(database: Database, at: At, case: UUID) -> None:
    at(z("2026-12-07 10:00"), lambda uow: cases.suspend(uow, case))
    at(z("2026-12-10 10:00"), lambda uow: cases.resume(uow, case))
    assert due(database, case) == z("2026-12-14 16:00")
    with database.transaction() as session:
        assert session.scalars(select(Task.due_at).where(Task.case_id == case)).all() == [
            z("2026-12-14 16:00")
        ]


def test_a_correction_pauses_it(database: Database, at: At, actor: Callable[..., Actor]) -> None:
    form = factories.form(shop={"type": "string"})
    files = clocks.deciding(statutory="P5WD")
    files["s.json"] = orjson.dumps(form)
    files["p.bpmn"] = files["p.bpmn"].replace(b'id="start"', b'id="start" camunda:formKey="s.json"', 1)
    factories.deploy(database, files)
    case = at(ACCEPTED, lambda uow: cases.start(uow, "p", {"shop": "x"}), "portal")
    task = case.tasks[0]["id"]
    at(ACCEPTED, lambda uow: tasks.claim(uow, task), "caseworker")
    marks = Marks([("/shop", "Write the name.")])
    asked = at(z("2026-12-07 10:00"), lambda uow: tasks.request_correction(uow, task, marks), "caseworker")
    paused = dict(logged(database, case.id))["clock.paused"]
    assert (paused["side"], paused["code"]) == ("applicant", "correction")
    at(z("2026-12-10 10:00"), lambda uow: tasks.complete(uow, asked, {"shop": "y"}), "portal")
    assert kinds(database, case.id) == ["clock.started", "clock.paused", "clock.resumed"]
    assert due(database, case.id) == z("2026-12-14 16:00")


def test_a_closure_moves_it_once(database: Database, at: At, case: UUID) -> None:
    (order,) = at(TUESDAY, lambda uow: recalculation.order(uow, closure(uow)))
    for _ in range(2):
        finish(at, TUESDAY, order)
    (again,) = at(TUESDAY, lambda uow: recalculation.order(uow, [order_unit(uow)]))
    finish(at, TUESDAY, again)
    assert due(database, case) == z("2026-12-12 16:00")
    assert kinds(database, case) == ["clock.started", "clock.recomputed"]
    facts = dict(logged(database, case))["clock.recomputed"]
    assert (facts["code"], facts["before_at"][:10], facts["due_at"][:10]) == (
        "calendar",
        "2026-12-09",
        "2026-12-12",
    )
    with database.transaction() as session:
        assert session.scalars(select(Task.due_at).where(Task.case_id == case)).all() == [
            z("2026-12-12 16:00")
        ]
    assert factories.whole(database)


def test_a_dry_run_of_a_closure_counts_terms(database: Database, at: At, case: UUID) -> None:
    counted = at(TUESDAY, lambda uow: recalculation.rehearse(uow, lambda: closure(uow)))
    assert (counted.changed, counted.failed) == (1, 0)
    assert due(database, case) == z("2026-12-09 16:00")


def test_counting_again_twice_moves_a_term_once(database: Database, at: At, case: UUID) -> None:
    at(TUESDAY, closure)
    later = TUESDAY.replace(second=1)
    assert [at(later, fresh).changed for _ in range(2)] == [1, 0]
    assert due(database, case) == z("2026-12-12 16:00")


def fresh(uow: UnitOfWork) -> Counted:
    """Counts again with the calendar as it is now, not as it was a second ago."""
    calendars.forget()
    return recompute_batch(uow, ROOT, None, dry=False)


def order_unit(uow: UnitOfWork) -> UUID:
    found: UUID = units.get(uow, "root")["id"]
    return found


def test_a_term_that_never_ends_is_refused(database: Database, at: At) -> None:
    """Three minutes a week: 10,400 hours of them are 4,000 years."""
    week = {"saturday": Hours(480, 483)}
    at(ACCEPTED, lambda uow: change_week(uow, week))
    factories.deploy(database, clocks.deciding(statutory="PT10400WH"))
    with pytest.raises(Conflict) as refused:
        at(ACCEPTED, lambda uow: cases.start(uow, "p", {}), "caseworker")
    assert refused.value.code == "term-too-far"


def change_week(uow: UnitOfWork, week: Mapping[str, Hours]) -> None:
    document = replace(editing.get(uow, "iran").document, week=week, years=None, holidays=[])
    calendars.change(uow, "iran", editing.NewVersion(document), based_on=1)
