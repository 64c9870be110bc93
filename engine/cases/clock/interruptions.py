"""What interrupts the engine: outages, restored backups and jumps of the clock, in the administration log.

An outage moves the terms from whose end it took office days. After a restored backup or a jump of the clock
nothing is decided by silence in the cases that were open then, before an administrator has seen the list.
Workers log an outage only when they report again: until then, an old report shows that the time is doubtful.
So the report is read before the log: if it is recent, the outage before it is in the log.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, func, select
from sqlalchemy import cast as as_type

from engine.cases.clock.rows import Clock
from engine.events import administration_log
from engine.models import Heartbeat, OrganisationRecord, UnitLine
from engine.platform.config import OUTAGE_AFTER
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared

RESTORED = "installation.restored"
DOUBTFUL = (RESTORED, "clock.jumped", "clock.differs")
_INSTANT = DateTime(timezone=True)
_RECORD = OrganisationRecord
_FROM = as_type(_RECORD.payload["from_at"].as_string(), _INSTANT)
_TO = as_type(_RECORD.payload["to_at"].as_string(), _INSTANT)
# A restored backup was not running from its last report until it was restored.
_END = func.coalesce(_TO, _RECORD.at)
_OUTAGES = Prepared(
    select(_FROM, _END).where(
        _RECORD.kind.in_(("installation.outage", RESTORED)),
        _FROM < _END,
        bindparam("since", type_=_INSTANT) < _END,
    )
)
# By their numbers: the clock itself may have been wrong when they were written.
_RELEASED = select(func.max(_RECORD.seq)).where(_RECORD.kind == "silence.released")
_EVERYWHERE = _RELEASED.where(_RECORD.unit_id.is_(None)).scalar_subquery()
_UNSEEN = Prepared(
    select(_RECORD.seq, _RECORD.at, _FROM, _TO, _RECORD.payload["seconds"].as_integer()).where(
        _RECORD.kind.in_(DOUBTFUL), _RECORD.seq > func.coalesce(_EVERYWHERE, 0)
    )
)
_SEEN = Prepared(
    _RELEASED.join(UnitLine, UnitLine.ancestor_id == _RECORD.unit_id).where(
        UnitLine.unit_id == bindparam("unit", type_=Uuid)
    )
)
_LIMIT = select(_RECORD.payload["outage_after"].as_integer()).where(_RECORD.kind == "settings.loaded")
_REPORT = Prepared(
    select(
        Heartbeat.at,
        func.coalesce(_LIMIT.order_by(_RECORD.seq.desc()).limit(1).scalar_subquery(), OUTAGE_AFTER),
    ).where(Heartbeat.name == administration_log.WORKERS)
)


class _Doubt(NamedTuple):
    """A restored backup or a jump of the clock: its number, and the latest instant that it concerns."""

    seq: int
    until: datetime


class Interruptions:
    """What is known of interruptions at the instant of a command: each is read once."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._seen: dict[UUID, int] = {}

    @property
    def doubtful(self) -> bool:
        """Whether the last report of the workers is too far from now; False if none ever ran.

        Until one reports again, nobody knows whether the installation was down or its clock is wrong.
        """
        return self._doubtful_since is not None

    def outages(self, since: datetime) -> Sequence[tuple[datetime, datetime]]:
        """Returns the outages that ended after an instant; one that continues ends now."""
        last = self._doubtful_since
        now = [] if last is None or last >= self._uow.now else [(last, self._uow.now)]
        return [*((row[0], row[1]) for row in self._uow.rows(_OUTAGES, {"since": since})), *now]

    def hold(self, clock: Clock, unit_id: UUID) -> bool:
        """Whether a decision by silence has to wait until an administrator of this unit has seen the list."""
        return any(clock.filed_at <= one.until and one.seq > self._seen_in(unit_id) for one in self._unseen)

    @cached_property
    def _unseen(self) -> Sequence[_Doubt]:
        """What makes the time doubtful, and nobody has seen who administers all units."""
        return [_doubt(*row) for row in self._uow.rows(_UNSEEN, {})]

    def _seen_in(self, unit_id: UUID) -> int:
        """Returns the number of the last release by an administrator of a unit, or of one above it."""
        if unit_id not in self._seen:
            ((found,),) = self._uow.rows(_SEEN, {"unit": unit_id})
            self._seen[unit_id] = found or 0
        return self._seen[unit_id]

    @cached_property
    def _doubtful_since(self) -> datetime | None:
        """The last report of the workers, if it is too far from now; None also if none ever ran."""
        ((last, limit),) = self._uow.rows(_REPORT, {})
        if last is None or abs(self._uow.now - last) <= timedelta(seconds=limit):
            return None
        return cast(datetime, last)


def _doubt(seq: int, at: datetime, begin: datetime | None, end: datetime | None, seconds: Any) -> _Doubt:
    """Returns until when cases may have begun by a wrong clock: the latest instant that an entry states.

    A worker whose clock differs states by how many seconds; it wrote the entry by its own clock.
    """
    right = at if begin is not None or seconds is None else at - timedelta(seconds=seconds)
    return _Doubt(seq, max(one for one in (at, right, begin, end) if one is not None))
