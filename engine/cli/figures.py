"""Check the figures of oversight, or empty them, so that a worker fills them again."""

import argparse
from datetime import datetime

from sqlalchemy.orm import Session

from engine.cli.connection import database
from engine.events import follower
from engine.identity import accounts
from engine.oversight import projection
from engine.platform.config import Settings
from engine.platform.db import UnitOfWork


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Check the figures: 1 if something is wrong. Or empty them in one transaction, while others work."""
    with database(settings) as opened:
        if arguments.action == "check":
            found = opened.run(_check, "snapshot")
            print("\n".join(found) or "Each case has its figures, and all sums are right.")
            return int(bool(found))
        opened.run(_reset)
    print("The figures are empty. A worker fills them again from the log.")
    return 0


def _check(session: Session, now: datetime) -> list[str]:
    return list(projection.check(UnitOfWork(session, accounts.system(session, now), now)))


def _reset(session: Session, now: datetime) -> None:
    follower.reset(UnitOfWork(session, accounts.system(session, now), now), projection.FIGURES)
