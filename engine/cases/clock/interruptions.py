"""What makes the time doubtful: outages, restored backups and jumps of the clock, in the administration log.

Instants within an outage move; and nothing is decided by silence before an administrator has seen the list.
"""

from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import DateTime, bindparam, func, or_, select
from sqlalchemy import cast as as_type

from engine.models import ClockRelease, OrganisationRecord
from engine.platform.db import UnitOfWork
from engine.platform.ids import uuid7
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
_SEEN = select(func.max(ClockRelease.seen_at)).scalar_subquery()
_UNSEEN = Prepared(
    select(func.max(_RECORD.at)).where(_RECORD.kind.in_(KINDS), or_(_SEEN.is_(None), _RECORD.at > _SEEN))
)


def ended_after(uow: UnitOfWork, instant: datetime | None) -> datetime | None:
    """Returns the end of the outage within which an instant lies; None if there is none."""
    if instant is None:
        return None
    ((found,),) = uow.rows(_ENDED, {"instant": instant})
    return cast(datetime | None, found)


def are_unseen(uow: UnitOfWork) -> bool:
    """Whether there was an interruption that no administrator has seen yet."""
    ((found,),) = uow.rows(_UNSEEN, {})
    return found is not None


def note_seen(uow: UnitOfWork) -> UUID:
    """Records that an administrator has seen the list: what comes after it is held again."""
    release = ClockRelease(id=uuid7(), seen_at=uow.now, seen_by=uow.actor.id)
    uow.session.add(release)
    uow.session.flush()
    return release.id
