"""What makes the time doubtful: outages, restored backups and jumps of the clock, in the administration log.

Instants within an outage move; and nothing is decided by silence before an administrator has seen the list.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, bindparam, cast, func, or_, select

from engine.models import ClockRelease, OrganisationRecord
from engine.platform.db import UnitOfWork
from engine.platform.ids import uuid7

RESTORED = "installation.restored"
KINDS = ("installation.outage", RESTORED, "clock.jumped", "clock.differs")
_INSTANT = DateTime(timezone=True)
_RECORD = OrganisationRecord
_FROM = cast(_RECORD.payload["from_at"].as_string(), _INSTANT)
# A restored backup was not running from its last report until it was restored.
_TO = func.coalesce(cast(_RECORD.payload["to_at"].as_string(), _INSTANT), _RECORD.at)
_AT = bindparam("instant", type_=_INSTANT)
_ENDED = (
    select(func.max(_TO))
    .where(_RECORD.kind.in_(("installation.outage", RESTORED)), _FROM <= _AT, _TO >= _AT)
    .limit(1)
)
_SEEN = select(func.max(ClockRelease.seen_at)).scalar_subquery()
_UNSEEN = select(func.max(_RECORD.at)).where(
    _RECORD.kind.in_(KINDS), or_(_SEEN.is_(None), _RECORD.at > _SEEN)
)


def ended_after(uow: UnitOfWork, instant: datetime | None) -> datetime | None:
    """Returns the end of the outage within which an instant lies; None if there is none."""
    if instant is None:
        return None
    found: datetime | None = uow.connection.execute(_ENDED, {"instant": instant}).scalar()
    return found


def are_unseen(uow: UnitOfWork) -> bool:
    """Whether there was an interruption that no administrator has seen yet."""
    return uow.connection.execute(_UNSEEN).scalar() is not None


def note_seen(uow: UnitOfWork) -> UUID:
    """Records that an administrator has seen the list: what comes after it is held again."""
    release = ClockRelease(id=uuid7(), seen_at=uow.now, seen_by=uow.actor.id)
    uow.session.add(release)
    uow.session.flush()
    return release.id
