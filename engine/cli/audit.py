"""Verify the hash chains of the event log."""

import argparse
from uuid import UUID

from engine import events
from engine.cli.connection import database
from engine.config import Settings

HELP = "Verify the event log of one case or of all. The exit code is 1 if a chain is broken."


def declare(parser: argparse.ArgumentParser) -> None:
    """The case, if only one is wanted."""
    parser.add_argument("case", nargs="?", type=UUID, metavar="CASE-ID")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print every break."""
    with database(settings) as opened:
        breaks = opened.run(lambda session, _: events.verify(session, arguments.case), "snapshot")
    for broken in breaks:
        print(f"case {broken.case_id}, event {broken.seq}: {broken.reason}")
    print(f"{len(breaks)} breaks." if breaks else "The event log is whole.")
    return 1 if breaks else 0
