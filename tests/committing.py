"""Planted figures of months, for tests of commitments."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Boolean, DateTime, Integer, Text, Uuid, insert, select, update

from engine.models import CaseFigures, Definition, DefinitionVersion, PeriodFigures, Unit
from engine.oversight.commitments import NewCommitment
from engine.platform.db import Actor, Database, UnitOfWork, table
from engine.platform.ids import uuid7
from tests.organisation import LONG_AGO

_EMPTY: Mapping[Any, Any] = {Boolean: False, DateTime: LONG_AGO, Integer: 0, Text: "", Uuid: None}
TEXTS = {"text_fa": "رسیدگی به‌موقع", "text_en": "Decide in time", "legal_basis": "Decree 12, article 3"}


def a_past(database: Database) -> None:
    """One case of long ago, so that figures are known of every month."""
    with database.transaction() as session:
        rows = table(CaseFigures)
        needed = [one for one in rows.c if not one.nullable and one.server_default is None]
        values = {
            one.name: next((empty for kind, empty in _EMPTY.items() if isinstance(one.type, kind)), LONG_AGO)
            for one in needed
        }
        values |= {"case_id": uuid7(), "started_period": date(2000, 1, 1)}
        session.execute(insert(rows).values(**values))


def plant(database: Database, unit: str, months: Mapping[date, tuple[int, int]]) -> None:
    """So many cases of those with a term ended in time in the months that begin with these days."""
    with database.transaction() as session:
        for first, (on_time, cases) in months.items():
            key = {"period": first, "definition": "p", "version": 1, "unit": unit, "service_class": ""}
            sums = {"closed": cases, "with_term": cases, "on_time": on_time}
            session.execute(insert(table(PeriodFigures)).values(**key, **sums))


def move(database: Database, definition: str, unit: str) -> None:
    """Make a process one of another unit."""
    to = select(Unit.id).where(Unit.key == unit).scalar_subquery()
    with database.transaction() as session:
        session.execute(update(Definition).where(Definition.key == definition).values(unit_id=to))


def called(database: Database, definition: str) -> str:
    """The name of a process."""
    with database.transaction() as session:
        return session.scalars(select(DefinitionVersion.name).filter_by(key=definition)).one()


def promise(unit: str, due: date, **more: Any) -> NewCommitment:
    """A commitment: 80 % of the cases on time, by months of the Gregorian calendar."""
    return NewCommitment(**{
        **{"unit": unit, "metric": "on_time", "target": 80, "due": due, "calendar": "gregorian"},
        **TEXTS,
        **more,
    })  # fmt: skip


def at(database: Database, who: Actor, day: date, command: Callable[..., Any], *arguments: Any) -> Any:
    """Run a command on a day."""
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return database.run(lambda session, _: command(UnitOfWork(session, who, now), *arguments))
