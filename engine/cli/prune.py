"""Delete old deliveries to webhooks, and messages that were delivered or have expired."""

import argparse
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from engine.cases import pruning
from engine.cli.connection import database
from engine.identity import accounts
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork

BATCH = 1_000  # rows per transaction, so that nobody waits for it
FIRST = UUID(int=0)

Pruning = Callable[[UnitOfWork, datetime, UUID, int], pruning.Pruned]


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Delete in many short transactions. Can be stopped at any time, and run while others work."""
    wanted: tuple[tuple[str, int, Pruning], ...] = (
        ("deliveries", arguments.deliveries_older_than, partial(pruning.deliveries, dead=arguments.dead)),
        ("messages", arguments.messages_older_than, pruning.messages),
    )
    with database(settings) as opened:
        for name, days, prune in wanted:
            if days:
                print(f"{prune_all(opened, prune, timedelta(days=days)):,} {name} were deleted.")
    return 0


def prune_all(opened: Database, prune: Pruning, age: timedelta, batch: int = BATCH) -> int:
    """Return how many rows were deleted."""

    def run(after: UUID, session: Session, now: datetime) -> pruning.Pruned:
        return prune(UnitOfWork(session, accounts.system(session, now), now), now - age, after, batch)

    count, last = opened.run(partial(run, FIRST))
    while last is not None:
        more, last = opened.run(partial(run, last))
        count += more
    return count
