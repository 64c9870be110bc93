"""Throttling of guesses: failures are counted in the database, for all processes, with increasing delays.

An attempt counts before it is checked, so that a thousand concurrent ones count as a thousand; `forgive`
removes those that succeeded.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Interval, case, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from engine.models import Throttle
from engine.platform.db import UnitOfWork, connection, table
from engine.platform.errors import Throttled

WINDOW = timedelta(hours=1)  # how long failures are remembered after the last one
_ROWS = table(Throttle)


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` failures cause no delay. The next one causes a second, each further one twice as much."""

    kind: str
    free: int
    longest: timedelta


def take(session: Session, now: datetime, *counted: tuple[Limit, str]) -> None:
    """Counts an attempt under each of these (such as an address, and a name).

    Raises Throttled while one of them is blocked. The count is written although the attempt is refused,
    except for the blocked one: attempts during a block do not prolong it.
    """
    connected = connection(session)
    blocked: list[str] = []
    # Always in the same order: two attempts could else deadlock.
    for key, limit in sorted((_key(limit, name), limit) for limit, name in counted):
        if connected.execute(_count(key, limit, now)).one_or_none() is None:
            blocked.append(key)
    if blocked:
        until = connected.execute(
            select(func.max(_ROWS.c.blocked_until)).where(_ROWS.c.key.in_(blocked))
        ).scalar_one()
        seconds = max(1, math.ceil((until - now).total_seconds()))
        raise Throttled(f"Too many attempts. Try again in {seconds} seconds.", seconds)


def forgive(session: Session, *counted: tuple[Limit, str]) -> None:
    """Deletes the failures under these: the attempt has succeeded."""
    keys = sorted(_key(limit, name) for limit, name in counted)
    connection(session).execute(delete(_ROWS).where(_ROWS.c.key.in_(keys)))


def take_back(session: Session, counted: tuple[Limit, str]) -> None:
    """Removes one attempt. A block that it caused remains."""
    mine = _ROWS.c.key == _key(*counted)
    connection(session).execute(update(_ROWS).where(mine).values(failures=_ROWS.c.failures - 1))


def forget(uow: UnitOfWork) -> int:
    """Deletes what no longer counts. Returns how many."""
    old = (_ROWS.c.blocked_until < uow.now - WINDOW) & (_ROWS.c.since < uow.now - WINDOW)
    return uow.connection.execute(delete(_ROWS).where(old)).rowcount


def _count(key: str, limit: Limit, now: datetime) -> ReturningInsert[tuple[int]]:
    failures = case((_ROWS.c.since < now - WINDOW, 1), else_=_ROWS.c.failures + 1)
    beyond = func.least(failures - limit.free - 1, 30)  # 2 ** 30 seconds are more than any `longest`
    delay = func.least(
        func.power(2.0, beyond) * literal(timedelta(seconds=1), Interval), literal(limit.longest, Interval)
    )
    long_ago = now - WINDOW  # not `now`: concurrent attempts would treat each other as blocked
    counted = insert(_ROWS).values(key=key, failures=1, since=now, blocked_until=long_ago)
    return counted.on_conflict_do_update(
        index_elements=[_ROWS.c.key],
        set_={
            "failures": failures,
            "since": now,
            "blocked_until": case((failures > limit.free, now + delay), else_=long_ago),
        },
        where=_ROWS.c.blocked_until <= now,
    ).returning(_ROWS.c.failures)


def _key(limit: Limit, name: str) -> str:
    return hashlib.sha256(f"{limit.kind}:{name}".encode()).hexdigest()
