"""Months of a history that are published."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import text, update

from engine.identity import accounts
from engine.models import Definition
from engine.oversight import projection
from engine.oversight.publication import editions
from engine.oversight.publication.reading import Edition
from engine.platform.db import Database, UnitOfWork
from tests import histories
from tests.histories import ZONE

T = TypeVar("T")
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
