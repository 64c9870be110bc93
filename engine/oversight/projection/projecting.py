"""Brings the figures of oversight up to date: cases with new events are computed again, as a whole.

A case's rows are a function of its events, so it doesn't matter how often, or in which order, cases are
computed. Those whose rows know all of their events are skipped.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Text, cast, delete, func, select

from engine.events import follower
from engine.events.follower import Part, Projection, Stretch
from engine.models import (
    CaseFigures,
    CausePeriodFigures,
    Cursor,
    DelayCause,
    DurationBin,
    PeriodFigures,
    StepFigures,
    StepPeriodFigures,
    StepWorker,
)
from engine.oversight.projection import corrections, reading, rows, sums, surroundings
from engine.oversight.projection.rows import CaseLog, Logged, Rows
from engine.oversight.projection.sums import Source
from engine.platform.copying import copy
from engine.platform.db import UnitOfWork, table

EVENTS = 5000  # of a stretch,
CASES = 1000  # and cases of a transaction: the feed ends below it as long as it runs


def prepare(uow: UnitOfWork) -> None:
    """Begins with the first event of the log, unless it did before."""
    follower.from_the_first(uow, FIGURES.name)
    corrections.prepare(uow)


def project(uow: UnitOfWork) -> int:
    """Brings the figures up to date with some of what is new. Returns 0 if nothing is."""
    return follower.project(uow, FIGURES) or _correct(uow)


def _correct(uow: UnitOfWork) -> int:
    """Computes cases again that something else than their own events has changed."""
    own = select(Cursor.name).where(Cursor.name == FIGURES.name).with_for_update(skip_locked=True)
    if not (corrections.stale(uow, 1) or corrections.has_new(uow)):
        return 0
    if uow.connection.execute(own).first() is None:
        return 0  # another process brings the figures up to date
    considered = corrections.consider(uow)
    ids = corrections.stale(uow, CASES)
    if ids:
        write(uow, ids, ids)
    return considered + len(ids)


def transactions(uow: UnitOfWork) -> int:
    """Returns how many transactions the server has begun, to see how busy it is."""
    begun = cast(cast(func.pg_snapshot_xmax(func.pg_current_snapshot()), Text), BigInteger)
    return uow.connection.execute(select(begun)).scalar_one()


def _project(uow: UnitOfWork, stretch: Stretch) -> int | Part:
    found = reading.incomplete(uow, stretch, CASES)
    if found:
        write(uow, [*found], [case_id for case_id, known in found.items() if known])
    return Part(len(found)) if len(found) == CASES else len(found) + 1


def write(uow: UnitOfWork, ids: Sequence[UUID], known: Sequence[UUID]) -> None:
    """Computes the rows of cases, and adds what they count to the sums. The `known` ones have rows."""
    made = _compute(uow, ids)
    emptied: list[tuple[Source, Sequence[Mapping[str, Any]]]] = []
    if known:
        emptied = [(source, sums.change(uow, source, known, -1)) for source in sums.SOURCES]
        for target in sums.ROWS:
            uow.connection.execute(
                delete(target).where(target.c.case_id == func.any(sums.IDS)), {"ids": known}
            )
    for target, added in zip(sums.ROWS, (made.cases, made.steps, made.causes), strict=True):
        copy(uow.connection, target, added)
    for source in sums.SOURCES:
        sums.change(uow, source, ids, 1)
    for source, keys in emptied:
        if keys:
            sums.drop_empty(uow, source, keys)


def _compute(uow: UnitOfWork, ids: Sequence[UUID]) -> Rows:
    found = reading.events_of(uow, ids)
    batch = surroundings.read(uow, found)
    upheld = reading.granted_appeals(uow, _decided_appeals(found.values()))
    made, zone = Rows(), uow.now.tzinfo or UTC
    for case_id, events in found.items():
        service, around = batch.of(events)
        rows.add(made, CaseLog(case_id, events, around, service, zone, upheld, batch.cost(events)))
    return made


def _decided_appeals(logs: Iterable[Sequence[Logged]]) -> dict[str, UUID]:
    return {
        event.facts["appeal"]: event.task_id
        for events in logs
        for event in events
        if event.kind == "appeal.decided" and event.facts and event.task_id
    }


FIGURES = Projection(
    "figures",
    [
        table(model)
        for model in (
            *(CaseFigures, StepFigures, DelayCause, PeriodFigures, StepPeriodFigures),
            *(StepWorker, CausePeriodFigures, DurationBin),
        )
    ],
    _project,
    EVENTS,
)
