"""The figures of commitments are those of the overview, in few statements whatever their number."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.models import Unit
from engine.oversight import commitments, metrics, projection
from engine.oversight.commitments import MEASURES, NewCommitment
from engine.oversight.metrics import Filters
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.language import Calendar
from tests import factories, histories
from tests.histories import ZONE

NOW = datetime(2026, 11, 29, 12, tzinfo=ZONE)
DUE = date(2027, 3, 20)
Run = Callable[..., Any]


@pytest.fixture
def run(database: Database) -> Run:
    """Runs a command at an instant of the history."""

    def command(who: Actor, function: Any, *arguments: Any, at: datetime = NOW) -> Any:
        return database.run(lambda session, _: function(UnitOfWork(session, who, at), *arguments))

    return command


def of_unit(database: Database, key: str) -> Any:
    with database.transaction() as session:
        return session.scalars(select(Unit.id).where(Unit.key == key)).one()


def of_overview(uow: UnitOfWork, unit: str, definition: str | None, calendar: Calendar) -> Any:
    filters = Filters(unit, definition, first=date(2026, 6, 22), last=date(2026, 11, 28))
    return metrics.overview(uow, filters, trend=calendar).trend


def test_figures_of_each_month_are_those_of_the_overview(
    database: Database, database_url: str, run: Run
) -> None:
    """Of several units and services in both calendars, exact medians included; read at once."""
    histories.write(database, database_url, 90)
    manager, administrator = (factories.an_actor(database, role) for role in ("manager", "administrator"))
    run(manager, projection.prepare)
    while run(manager, projection.project):
        pass
    asked: list[tuple[str, str | None, Calendar]] = [
        ("municipality", None, "jalali"),
        ("municipality", "trade-permit", "gregorian"),
        ("district-1", None, "gregorian"),
        ("land-registry", "property-certificate", "jalali"),
    ]
    names = [name for name in MEASURES if name not in ("completion", "services_online")]
    for number, (unit, definition, calendar) in enumerate(asked):
        for name in names:
            due = DUE + timedelta(days=number)
            said = ("متن", "Text", "Decree 1")
            new = NewCommitment(unit, *said, name, 3, due, calendar, definition, date(2026, 7, 2))
            run(administrator, commitments.make, new)
    found = {
        (one.unit, one.definition, one.calendar, one.metric): one
        for one in run(manager, commitments.measured_in, None, NOW.date())
    }
    compared = 0
    for unit, definition, calendar in asked:
        lines = run(manager, of_overview, unit, definition, calendar)
        expected = {line.label: line.numbers for line in lines}
        for name in names:
            for month in found[unit, definition, calendar, name].months:
                numbers = expected[month.first.isoformat()]
                figure = getattr(numbers, name)
                if MEASURES[name].kind == "count" and figure.value is not None:  # of all that ended
                    figure = replace(figure, cases=numbers.closed.cases)
                assert (month.first, month.value) == (month.first, figure), (unit, name)
                compared += month.value.value is not None
    assert compared > 100
    below = run(manager, commitments.measured, of_unit(database, "land-registry"), NOW.date())
    assert {one.unit for one in below} == {"land-registry"}
