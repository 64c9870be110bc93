"""Months of a history that are published."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import text, update

from engine.identity import accounts
from engine.models import Definition
from engine.oversight import projection
from engine.oversight.publication import editions
from engine.oversight.publication.counting import Measured, Service
from engine.oversight.publication.months import named
from engine.oversight.publication.reading import Edition
from engine.oversight.publication.rounding import COUNTS, Counted
from engine.oversight.publication.rows import published, timed, with_times
from engine.platform.db import Database, UnitOfWork
from tests import histories
from tests.histories import ZONE

T = TypeVar("T")
SECRET = b"of a test"
LATER = datetime(2026, 12, 15, 9, tzinfo=ZONE)  # when all months of the history are due


def as_system(database: Database, command: Callable[[UnitOfWork], T], now: datetime = LATER) -> T:
    """Runs a command of the installation at an instant."""
    return database.run(
        lambda session, _: command(UnitOfWork(session, accounts.system(session, now), now.astimezone(ZONE)))
    )


def a_history(database: Database, url: str, cases: int = 200) -> None:
    """Writes a history of three offered services, and computes its figures."""
    histories.write(database, url, cases)
    with database.transaction() as session:
        session.execute(update(Definition).values(offered_at=text("now()")))
    project(database)


def project(database: Database) -> None:
    """Brings the figures up to date."""
    as_system(database, projection.prepare)
    while as_system(database, projection.project):
        pass


def publish(database: Database, calendar: Any = "jalali", now: datetime = LATER) -> list[Edition]:
    """Publishes all months that are due."""
    return [*as_system(database, lambda uow: editions.publish_all(uow, calendar), now)]


def a_correctable_month(database: Database, url: str) -> None:
    """Publishes months of one service, of which all was granted; then more cases of 1405-08 are late."""
    a_history(database, url)
    all_granted(database)
    publish(database)
    late(database, 10)


def late(database: Database, count: int) -> int:
    """More cases of a service are late now, as after a term that was corrected. Returns how many."""
    changed = text(
        "UPDATE case_figures SET late = true WHERE case_id IN (SELECT case_id FROM case_figures"
        " WHERE definition = 'trade-permit' AND late = false AND ended_at >= '2026-10-23T00:00+03:30'"
        " AND ended_at < '2026-11-22T00:00+03:30' ORDER BY case_id LIMIT :count) RETURNING 1"
    )
    with database.transaction() as session:
        return len(session.execute(changed, {"count": count}).all())


def all_granted(database: Database) -> None:
    """No figure of the service is small, so that all of them are shown."""
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE case_figures SET effect = 'grants', ending = 'completed', silent = false,"
                " late = coalesce(late, false) WHERE ended_at IS NOT NULL"
            )
        )
        session.execute(
            text(
                "UPDATE case_figures SET definition = 'trade-permit' WHERE ended_at IS NOT NULL"
                " OR started_at >= '2026-10-23T00:00+03:30'"
            )
        )


def a_month(database: Database, name: str, services: int, reason: str | None = None, **four: int) -> None:
    """Publishes a month of as many services, ten for each agency; the first has the counts of `four`."""
    usual = {"started": 120, "closed": 100, "on_time": 80, "late": 20, "granted": 70, "refused": 30}
    measured = [
        Service(
            Counted(
                f"agency-{number // 10:02}",
                f"service-{number:03}",
                {**dict.fromkeys(COUNTS, 0), **(four if four and not number else usual)},
                {"a": 12, "b": 18} if not four or number else {},
            ),
            {
                "name": {"fa": f"خدمت نسبتاً طولانی شمارهٔ {number}", "en": f"Rather long service {number}"},
                "fee": {"amount": "2500000", "currency": "IRR"},
                "versions": [{"number": 2, "since": "2026-09-21"}],
                "grounds": {"a": {"fa": "مدارک ناقص", "en": "Documents are missing"}, "b": None},
            },
        )
        for number in range(services)
    ]
    units = {one.counted.unit: f"دستگاه {one.counted.unit} | Agency {one.counted.unit}" for one in measured}
    month = named(name)
    assert month
    rows = published(Measured(measured, units), SECRET)
    times = dict.fromkeys((row for row in rows if row[1] in timed(rows)), (36_000_000, 360_000_000))
    rows = with_times(rows, times)
    counted = {(one.counted.unit, one.counted.service): one.counted for one in measured}
    said = editions.Said(1 if reason is None else 2, reason, rows, counted)
    as_system(database, lambda uow: editions._store(uow, month, said))
