"""What interrupted a large history: outages, a suspended process, a migration; and their records."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from uuid import UUID

from sqlalchemy import insert

from bench.history.catalogue import PROPERTY, TRADE
from demo.history.offices import DAY, HOUR, MINUTE, SECOND, Span, instant_of
from demo.history.plans import Migration
from engine import definitions
from engine.events import administration_log
from engine.models import CaseMigration
from engine.platform.db import UnitOfWork, finish
from engine.platform.ids import uuid7

# Where in the period, from which hour of UTC, and how long. The second one takes an office day from terms.
OUTAGES = ((0.2, 6 * HOUR, 3 * HOUR), (0.55, 3 * HOUR, 10 * HOUR), (0.8, 6 * HOUR, 90 * MINUTE))
SUSPENDED = (0.7, 3 * DAY)
MIGRATED_AFTER = 3 * DAY  # of the next version
MORNING = 6 * HOUR  # of UTC


def outages(period: Span) -> Sequence[Span]:
    """Return when the installation did not run."""
    starts = [(_at(period, part, hour), lasts) for part, hour, lasts in OUTAGES]
    return [(start, start + lasts) for start, lasts in starts]


def suspensions(period: Span) -> Mapping[str, Sequence[Span]]:
    """Return when processes were suspended."""
    start = _at(period, SUSPENDED[0], MORNING)
    return {PROPERTY: [(start, start + SUSPENDED[1])]}


def _at(period: Span, part: float, hour: int) -> int:
    begin, length = period[0], period[1] - period[0]
    return (begin + int(part * length)) // DAY * DAY + hour


def record(uow: UnitOfWork, period: Span) -> None:
    """Record them in the administration log, in their order."""
    found: list[tuple[int, Callable[[UnitOfWork], None]]] = [
        (outage[1], partial(_note_outage, outage=outage)) for outage in outages(period)
    ]
    for key, spans in suspensions(period).items():
        for begin, end in spans:
            found.append((begin, partial(definitions.note, kind="definition.suspended", key=key)))
            found.append((end, partial(definitions.note, kind="definition.resumed", key=key)))
    for at, note in sorted(found, key=itemgetter(0)):
        note(UnitOfWork(uow.session, uow.actor, instant_of(at)))


def _note_outage(uow: UnitOfWork, outage: Span) -> None:
    begin, end = outage
    payload = {"from_at": instant_of(begin), "to_at": instant_of(end), "seconds": (end - begin) // SECOND}
    administration_log.note(uow, "installation.outage", None, payload)


def migrate(
    uow: UnitOfWork, period: Span, versions: Mapping[tuple[str, int], str]
) -> Mapping[str, Migration]:
    """Create the migration of the cases of a version to the next one. The cases themselves follow."""
    at = _at(period, 0.5, MORNING) + MIGRATED_AFTER
    source, target = versions[TRADE, 1], versions[TRADE, 2]
    now = datetime.fromtimestamp(at / 1000, UTC)
    row = {
        **{"id": uuid7(), "key": TRADE, "status": "done", "planned_by": uow.actor.id},
        **{"started_by": uow.actor.id, "planned_at": now, "started_at": now, "finished_at": now},
        **{"from_version_id": UUID(source), "to_version_id": UUID(target)},
    }
    uow.connection.execute(insert(CaseMigration), row)
    finish(uow.session)
    return {TRADE: Migration(str(row["id"]), at, source, target)}
