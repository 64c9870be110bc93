"""What makes the time doubtful: outages, restored backups and jumps of the clock, in the administration log.

Instants within an outage move; and nothing is decided by silence before an administrator has seen the list.
Workers log an outage only when they report again: until then, an old report shows that the time is doubtful.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import DateTime, bindparam, func, select
from sqlalchemy import cast as as_type

from engine.cases.clock import rows
from engine.cases.clock.rows import Clock
from engine.events import administration_log
from engine.models import Heartbeat, OrganisationRecord
from engine.platform.config import OUTAGE_AFTER
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared

RESTORED = "installation.restored"
KINDS = ("installation.outage", RESTORED, "clock.jumped", "clock.differs")
_INSTANT = DateTime(timezone=True)
_RECORD = OrganisationRecord
_FROM = as_type(_RECORD.payload["from_at"].as_string(), _INSTANT)
# A restored backup was not running from its last report until it was restored.
_TO = func.coalesce(as_type(_RECORD.payload["to_at"].as_string(), _INSTANT), _RECORD.at)
_AT = bindparam("instant", type_=_INSTANT)
_ENDED = Prepared(
    select(func.max(_TO))
    .where(_RECORD.kind.in_(("installation.outage", RESTORED)), _FROM <= _AT, _TO >= _AT)
    .limit(1)
)
# By their numbers: the clock itself may have been wrong when they were written.
_SEEN = select(func.max(_RECORD.seq)).where(_RECORD.kind == "silence.released").scalar_subquery()
_UNSEEN = Prepared(
    select(func.max(_RECORD.seq)).where(_RECORD.kind.in_(KINDS), _RECORD.seq > func.coalesce(_SEEN, 0))
)
_LIMIT = select(_RECORD.payload["outage_after"].as_integer()).where(_RECORD.kind == "settings.loaded")
_REPORT = Prepared(
    select(
        Heartbeat.at,
        func.coalesce(_LIMIT.order_by(_RECORD.seq.desc()).limit(1).scalar_subquery(), OUTAGE_AFTER),
    ).where(Heartbeat.name == administration_log.WORKERS)
)


def ended_after(uow: UnitOfWork, instant: datetime | None) -> datetime | None:
    """Returns the end of the outage within which an instant lies (now, if it continues); None without any."""
    if instant is None:
        return None
    ((found,),) = uow.rows(_ENDED, {"instant": instant})
    if found is None and (last := _doubtful_since(uow)) is not None and last <= instant:
        return uow.now
    return cast(datetime | None, found)


def are_unseen(uow: UnitOfWork) -> bool:
    """Whether there was an interruption that no administrator has seen yet, or the time is doubtful now."""
    ((found,),) = uow.rows(_UNSEEN, {})
    return found is not None or _doubtful_since(uow) is not None


def hold(uow: UnitOfWork, clock: Clock) -> bool:
    """Has the end of a term wait for an administrator while the time is doubtful, if silence then decides.

    Returns whether it waits. Whether it lies within an outage is known when a worker has reported again.
    """
    if clock.awaits_release:
        return True
    if not clock.decides or _doubtful_since(uow) is None:
        return False
    await_release(uow, clock)
    return True


def await_release(uow: UnitOfWork, clock: Clock) -> None:
    """Has a clock wait until an administrator has seen the list."""
    rows.write(uow, replace(clock, awaiting_at=uow.now, next_at=None))


def _doubtful_since(uow: UnitOfWork) -> datetime | None:
    """Returns the last report of the workers, if it is too far from now; None also if none ever ran."""
    ((last, limit),) = uow.rows(_REPORT, {})
    return last if last is not None and abs(uow.now - last) > timedelta(seconds=limit) else None
