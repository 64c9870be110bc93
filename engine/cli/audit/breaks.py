"""Verify the hash chains of the event log, the access log and the administration log."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy.orm import Session

from engine import events
from engine.cli.connection import database
from engine.events import administration_log
from engine.models import CheckpointLog
from engine.oversight.audit import chain_verification
from engine.oversight.audit.chain_verification import Counts
from engine.oversight.audit.verification import BREAKS
from engine.platform.config import Settings
from engine.platform.db import connection


def run(case_id: UUID | None, settings: Settings) -> int:
    """Print every break."""
    with database(settings) as opened:
        found = opened.run(lambda session, _: describe(session, case_id), "snapshot")
    for broken in found:
        print(broken)
    whole = "The event log is intact." if case_id else "The logs are intact."
    print(f"{counted(len(found), 'break')}." if found else whole)
    return 1 if found else 0


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is 1."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def describe(session: Session, case_id: UUID | None = None) -> list[str]:
    """Describe every break: in the event log of one case, or of all cases and in both other logs."""
    if case_id is not None:
        found = events.verify(session, case_id)
        return [f"case {broken.case_id}, event {broken.seq}: {broken.reason}" for broken in found]
    return [
        *_of_chains(session, "cases", "case", "event"),
        *_of_chains(session, "readers", "reader", "access record"),
        *(
            f"administration log, record {broken.seq}: {broken.reason}"
            for broken in administration_log.verify(session)
        ),
    ]


def _of_chains(session: Session, log: CheckpointLog, subject: str, entry: str) -> Iterator[str]:
    reasons = {code: reason for reason, code in BREAKS.items()}
    for broken in chain_verification.verify(connection(session), log, 0, Counts()):
        if broken.code in reasons:
            yield f"{subject} {broken.subject}, {entry} {broken.seq}: {reasons[broken.code]}"
