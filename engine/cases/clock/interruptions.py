"""What makes the time doubtful: outages, restored backups and jumps of the clock, in the administration log.

Instants within an outage move; and nothing is decided by silence before an administrator has seen the list.
Workers log an outage only when they report again: until then, an old report shows that the time is doubtful.
So the report is read before the log: if it is recent, the outage before it is in the log.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
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


class Interruptions:
    """What is known of interruptions at the instant of a command: each is read once."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._ended: dict[datetime, datetime | None] = {}

    def ended_after(self, instant: datetime | None) -> datetime | None:
        """Returns the end of the outage within which an instant lies; None without any.

        It is now if the outage continues.
        """
        if instant is None:
            return None
        if instant not in self._ended:
            self._ended[instant] = self._find_end(instant)
        return self._ended[instant]

    @cached_property
    def unseen(self) -> bool:
        """Whether no administrator has seen one of them yet, or the time is doubtful now."""
        if self._doubtful_since is not None:
            return True
        ((found,),) = self._uow.rows(_UNSEEN, {})
        return found is not None

    def hold(self, clock: Clock) -> bool:
        """Has a term that ends at a doubtful time wait for an administrator, if silence then decides.

        Returns whether it waits. Whether it lies within an outage is known when a worker has reported again.
        """
        if not clock.awaits_release and (not clock.decides or self._doubtful_since is None):
            return False
        await_release(self._uow, clock)
        return True

    @cached_property
    def _doubtful_since(self) -> datetime | None:
        """The last report of the workers, if it is too far from now; None also if none ever ran."""
        ((last, limit),) = self._uow.rows(_REPORT, {})
        if last is None or abs(self._uow.now - last) <= timedelta(seconds=limit):
            return None
        return cast(datetime, last)

    def _find_end(self, instant: datetime) -> datetime | None:
        last = self._doubtful_since
        ((found,),) = self._uow.rows(_ENDED, {"instant": instant})
        if found is None and last is not None and last <= instant:
            return self._uow.now
        return cast(datetime | None, found)


def await_release(uow: UnitOfWork, clock: Clock) -> None:
    """Has a clock wait until an administrator has seen the list: nothing is due in it until then."""
    rows.write(uow, replace(clock, awaiting_at=clock.awaiting_at or uow.now, next_at=None))
