"""Empty the figures of oversight, which a worker then fills again."""

import argparse

from engine.cli.connection import database
from engine.events import follower
from engine.identity import accounts
from engine.oversight import projection
from engine.platform.config import Settings
from engine.platform.db import UnitOfWork

HELP = "Compute the figures of oversight again, from the first event of the log."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what is done."""
    parser.add_argument("action", choices=["rebuild"], help="empty them; a worker fills them again")


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Empty the figures in one transaction, while others work."""
    with database(settings) as opened:
        opened.run(
            lambda session, now: follower.reset(
                UnitOfWork(session, accounts.system(session, now), now), projection.FIGURES
            )
        )
    print("The figures are empty. A worker fills them again from the log.")
    return 0
