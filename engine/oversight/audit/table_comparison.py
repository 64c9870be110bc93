"""Comparing the tables of cases with their events: of many, in a second process, within the same snapshot."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from engine.oversight import replay
from engine.oversight.replay import Batch, Difference
from engine.platform import parent_death
from engine.platform.db import Database, connection

NAMED = 1000  # differences that are returned; all are counted
MANY = 200_000  # events from which a second process, which takes a second to start, is worth it


@dataclass(slots=True)
class Compared:
    """The result: how many cases were compared, how many of an earlier release could not be, what differs."""

    judged: int = 0
    earlier: int = 0
    count: int = 0
    differences: list[Difference] = field(default_factory=list)


@contextmanager
def alongside(session: Session, events: int) -> Iterator[Callable[[], Compared]]:
    """Begins the comparison; the function in the block returns its result.

    The session's transaction must have the view `snapshot`, and last until the block ends.
    """
    if events < MANY:
        yield lambda: compare(session)
        return
    bound = connection(session)
    snapshot = bound.execute(select(func.pg_export_snapshot())).scalar_one()
    url = bound.engine.url.render_as_string(hide_password=False)
    follow = (os.getpid(), signal.SIGKILL)
    with ProcessPoolExecutor(1, get_context("spawn"), parent_death.follow, follow) as pool:
        yield pool.submit(compare_within, url, snapshot).result


def compare_within(url: str, snapshot: str) -> Compared:
    """Compares all cases as another transaction sees them."""
    if not re.fullmatch(r"[0-9A-F-]+", snapshot):
        raise ValueError("no snapshot")
    database = Database(url)

    def run(session: Session, _: datetime) -> Compared:
        _join(connection(session), snapshot)
        return compare(session)

    try:
        return database.run(run, "snapshot")
    finally:
        database.dispose()


def _join(bound: Connection, snapshot: str) -> None:
    bound.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")


def compare(session: Session) -> Compared:
    """Compares all cases, a batch at a time; the next one is read while one is judged."""
    found = Compared()
    with ThreadPoolExecutor(1) as reader:
        coming: Future[Batch] | None = reader.submit(replay.read, session)
        while coming is not None:
            batch = coming.result()
            coming = None if batch.last is None else reader.submit(replay.read, session, batch.last)
            judged = replay.judge(batch)
            found.judged += judged.judged
            found.earlier += judged.earlier
            found.count += len(judged.differences)
            found.differences += judged.differences[: NAMED - len(found.differences)]
    return found
