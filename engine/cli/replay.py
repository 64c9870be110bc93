"""Rebuild cases from their events alone and compare them with the tables: `python -m engine audit replay`."""

from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from engine.cli.connection import database
from engine.oversight import replay
from engine.platform.config import Settings


def run(settings: Settings) -> int:
    """Print every difference, and what could not be judged; return 1 if anything differs."""
    judged = erased = earlier = differences = 0
    last: UUID | None = None
    with database(settings) as opened:
        while True:
            found = opened.run(partial(_batch, last), "snapshot")
            for difference in found.differences:
                print(difference)
            judged, erased = judged + found.judged, erased + found.erased
            earlier, differences = earlier + found.earlier, differences + len(found.differences)
            last = found.last
            if last is None:
                break
    print(f"{judged} cases compared with their events, {erased} of them erased: by their facts alone.")
    print(f"{earlier} cases could not be judged: an earlier release began them.")
    print(f"{differences} differences." if differences else "No difference.")
    return 1 if differences else 0


def _batch(after: UUID | None, session: Session, _: datetime) -> replay.Compared:
    return replay.compare(session, after)
