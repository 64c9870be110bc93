"""Verify the hash chains of the event log, the access log and the administration log."""

import argparse
from uuid import UUID

from sqlalchemy.orm import Session

from engine import events
from engine.cli.connection import database
from engine.events import administration_log
from engine.oversight import access_log
from engine.platform.config import Settings

HELP = "Verify the event log of one case, or all of it and both other logs. Exit code 1: a chain is broken."


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the case, to verify only one."""
    parser.add_argument("case", nargs="?", type=UUID, metavar="CASE-ID")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print every break."""
    with database(settings) as opened:
        found = opened.run(lambda session, _: breaks(session, arguments.case), "snapshot")
    for broken in found:
        print(broken)
    whole = "The event log is intact." if arguments.case else "The logs are intact."
    print(f"{len(found)} breaks." if found else whole)
    return 1 if found else 0


def breaks(session: Session, case_id: UUID | None = None) -> list[str]:
    """Describe every break: in the event log of one case, or of all cases and in both other logs."""
    found = [
        f"case {broken.case_id}, event {broken.seq}: {broken.reason}"
        for broken in events.verify(session, case_id)
    ]
    if case_id is None:
        found += [
            f"reader {broken.reader_id}, access record {broken.seq}: {broken.reason}"
            for broken in access_log.verify(session)
        ]
        found += [
            f"administration log, record {broken.seq}: {broken.reason}"
            for broken in administration_log.verify(session)
        ]
    return found
