"""The recent responses of other systems, according to the stored calls, not to the memory of a process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, column, func, literal, select, values
from sqlalchemy.types import Text

from engine import access
from engine.models import Call, Incident
from engine.platform.db import UnitOfWork

WINDOW = timedelta(hours=1)
TOPICS = 200
# Written as a literal: PostgreSQL doesn't use the partial index of open calls if the status is a parameter.
_OPEN = Call.status == literal("open", literal_execute=True)


@dataclass(frozen=True, slots=True)
class Health:
    """A connector, with the number of calls answered and given up in the last hour.

    `retrying` are those of the `waiting` calls that have failed at least once; `incidents` are the open ones.
    """

    name: str
    last_success: datetime | None = None
    last_failure: datetime | None = None
    answered: int = 0
    given_up: int = 0
    waiting: int = 0
    retrying: int = 0
    oldest: datetime | None = None
    incidents: int = 0

    @property
    def state(self) -> str:
        """Returns `trouble` if it fails now, `well` if it answered last, `quiet` if there were no calls."""
        failed_last = self.last_failure and (not self.last_success or self.last_failure > self.last_success)
        if self.retrying or failed_last or self.incidents:
            return "trouble"
        return "well" if self.last_success else "quiet"


def of_connectors(uow: UnitOfWork, names: Sequence[str]) -> Sequence[Health]:
    """Returns the health of these connectors, and of those that only calls name.

    Raises Forbidden unless the actor sees all units.
    """
    access.require_everywhere(uow, "jobs.manage")
    return measure(uow.connection, uow.now, names)


def measure(connection: Connection, now: datetime, names: Sequence[str]) -> Sequence[Health]:
    """Returns the same for operators, in three statements."""
    waiting = {row["name"]: row for row in connection.execute(_waiting()).mappings()}
    standing = dict(_standing(connection))
    known = dict.fromkeys([*names, *sorted({*waiting, *standing} - set(names))])
    if not known:
        return []
    closed = {row["name"]: row for row in connection.execute(_closed(now, list(known))).mappings()}
    return [
        Health(**{"name": name, **closed[name], **waiting.get(name, {}), "incidents": standing.get(name, 0)})
        for name in known
    ]


def _waiting() -> Any:
    return (
        select(
            Call.connector.label("name"),
            func.count().label("waiting"),
            func.count().filter(Call.failure.is_not(None)).label("retrying"),
            func.min(Call.opened_at).label("oldest"),
        )
        .where(_OPEN, Call.connector.is_not(None))
        .group_by(Call.connector)
    )


def _standing(connection: Connection) -> Sequence[tuple[str, int]]:
    found = (
        select(Call.connector, func.count())
        .join(Incident, Incident.call_id == Call.id)
        .where(
            Incident.status == literal("open", literal_execute=True),
            Incident.call_id.is_not(None),
            Call.connector.is_not(None),
        )
        .group_by(Call.connector)
    )
    return [(name, count) for name, count in connection.execute(found) if name is not None]


def _closed(now: datetime, names: Sequence[str]) -> Any:
    """Queries each name separately: an index finds the last of millions, and the few of an hour."""
    given = values(column("name", Text), name="given").data([(name,) for name in names])
    own = Call.connector == given.c.name

    def of(status: str, what: Any, *more: ColumnElement[bool]) -> Any:
        return (
            select(what)
            .where(own, Call.status == status, Call.closed_at.is_not(None), *more)
            .scalar_subquery()
        )

    last, lately = func.max(Call.closed_at), Call.closed_at > now - WINDOW
    return select(
        given.c.name,
        of("done", last).label("last_success"),
        of("failed", last).label("last_failure"),
        of("done", func.count(), lately).label("answered"),
        of("failed", func.count(), lately).label("given_up"),
    )


def of_topics(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the work that other programs lease, by topic.

    Raises Forbidden unless the actor sees all units.
    """
    access.require_everywhere(uow, "jobs.manage")
    found = (
        select(
            Call.topic,
            func.count().label("waiting"),
            func.count().filter(Call.lease_until > uow.now).label("taken"),
            func.count().filter(Call.failure.is_not(None)).label("retrying"),
            func.min(Call.opened_at).label("oldest"),
        )
        .where(_OPEN, Call.connector.is_(None))
        .group_by(Call.topic)
        .order_by(Call.topic)
        .limit(TOPICS)
    )
    return uow.connection.execute(found).mappings().all()
