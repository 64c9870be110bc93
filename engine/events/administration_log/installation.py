"""What happens to the installation itself: outages, its clock, restored backups, its settings.

Workers report every few seconds that they run. A longer gap is an outage: nothing was done in time then, and
no official is to blame. It is logged once, by the first worker that reports again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Row, cast, func, select, update
from sqlalchemy.orm import Session

from engine.events.administration_log import records
from engine.models import Heartbeat, OrganisationKind, OrganisationRecord
from engine.platform.config import Settings
from engine.platform.db import UnitOfWork, connection

BEAT = 15.0  # seconds between two reports of a worker
TOLERANCE = timedelta(seconds=5)  # by which the clock may be set back, as a time service does
REPEATED = timedelta(hours=1)  # before a worker whose clock differs is logged again
WORKERS = "workers"
INTERRUPTIONS: tuple[OrganisationKind, ...] = (
    "installation.outage",
    "installation.restored",
    "clock.jumped",
    "clock.differs",
)


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which no worker ran. `seq` is the number of its entry in the administration log."""

    seq: int
    from_at: datetime
    to_at: datetime


def beat(uow: UnitOfWork, limit: timedelta, since: timedelta | None = None) -> bool:
    """Reports that a worker runs now. Logs what it finds, by the clock of the database. Returns True.

    An outage is a time of more than `limit` without a report. Concurrent workers wait for the row, and only
    the first one finds the gap. A clock that was set forward looks the same, except to a worker that has
    itself reported meanwhile: `since` is the time since its last report, by a clock that nobody sets.
    """
    row = select(Heartbeat.at, Heartbeat.differs_at).where(Heartbeat.name == WORKERS).with_for_update()
    before = uow.connection.execute(row).one()
    change = update(Heartbeat).where(Heartbeat.name == WORKERS)
    values: dict[str, Any] = {"at": func.clock_timestamp()}
    stamped = change.values(values).returning(cast(Heartbeat.at, DateTime(timezone=True)))
    now = uow.connection.execute(stamped).scalar_one()
    if before.at is not None and now - before.at > limit:
        forward = since is not None and now - before.at - since > limit
        _note(uow, "clock.jumped" if forward else "installation.outage", before.at, now)
    elif before.at is not None and before.at - now > TOLERANCE:
        _note(uow, "clock.jumped", before.at, now)
    late = uow.now - now
    if abs(late) > limit and (before.differs_at is None or now - before.differs_at > REPEATED):
        uow.connection.execute(change.values(differs_at=now))
        records.note(uow, "clock.differs", None, {"seconds": round(late.total_seconds())})
    return True


def _note(uow: UnitOfWork, kind: OrganisationKind, begin: datetime, end: datetime) -> None:
    seconds = round((end - begin).total_seconds())
    records.note(uow, kind, None, {"from_at": begin, "to_at": end, "seconds": seconds})


def outages(uow: UnitOfWork, since: datetime) -> Sequence[Outage]:
    """Returns the outages that ended after an instant, oldest first."""
    record = OrganisationRecord
    from_at, to_at = (
        cast(record.payload[name].as_string(), DateTime(timezone=True)) for name in ("from_at", "to_at")
    )
    found = select(record.seq, from_at, to_at).where(record.kind == "installation.outage", to_at > since)
    return [Outage(*row) for row in uow.connection.execute(found.order_by(record.seq))]


def interruptions(uow: UnitOfWork, after: int) -> Sequence[Row[tuple[int, datetime, str, Any]]]:
    """Returns what makes the time doubtful: outages, jumps of the clock, restored backups.

    Those with a number greater than `after`, as rows of seq, at, kind and payload, in their order.
    """
    record = OrganisationRecord
    found = select(record.seq, record.at, record.kind, record.payload)
    found = found.where(record.kind.in_(INTERRUPTIONS), record.seq > after).order_by(record.seq)
    return uow.connection.execute(found).all()


def note_restored(session: Session, now: datetime) -> None:
    """Records that the database is a restored backup; the last report of its workers shows from when."""
    last = select(Heartbeat.at).where(Heartbeat.name == WORKERS)
    payload = {
        "from_at": connection(session).execute(last).scalar_one_or_none(),
        "entries": records.head(session).length,
    }
    records.note_command(session, now, "installation.restored", payload)


def note_start(session: Session, now: datetime, settings: Settings, connectors: str | None) -> None:
    """Records with which settings and connectors a process starts, as far as they are others than before.

    `connectors` is the SHA-256 of their file, None if it can't be read. Processes that start at the same time
    wait for each other, so that each change is recorded once.
    """
    loaded: dict[OrganisationKind, Mapping[str, Any]] = {
        "settings.loaded": {
            "publishing": settings.publishing,
            "time_zone": settings.time_zone.key,
            "demo": settings.demo,
            "outage_after": settings.outage_after,
        }
    }
    if connectors is not None:
        loaded["connectors.loaded"] = {"digest": connectors}
    if all(_last(session, kind) == payload for kind, payload in loaded.items()):
        return
    records.lock(session)
    for kind, payload in loaded.items():
        if _last(session, kind) != payload:
            records.note_command(session, now, kind, payload)


def _last(session: Session, kind: OrganisationKind) -> Any:
    """Returns the payload of the newest entry of a kind."""
    record = OrganisationRecord
    newest = select(record.payload).where(record.kind == kind).order_by(record.seq.desc()).limit(1)
    return connection(session).execute(newest).scalar_one_or_none()
