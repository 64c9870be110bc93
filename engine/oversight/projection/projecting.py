"""Brings the figures of oversight up to date: cases with new events are computed again, as a whole.

A case's rows are a function of its events, so it doesn't matter how often, or in which order, cases are
computed. Those whose rows know all of their events are skipped. A case whose log breaks a rule must not stop
the others: its rows stay as they are, and the log of the worker names it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import BigInteger, Text, cast, delete, func, select, update
from sqlalchemy.exc import DataError, IntegrityError

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
from engine.oversight.projection import checking, corrections, reading, rows, sums, surroundings
from engine.oversight.projection.rows import CaseLog, Logged, Rows
from engine.oversight.projection.sums import Source
from engine.platform import logs
from engine.platform.copying import copy
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Refusal

log = structlog.get_logger("worker")
EVENTS = 5000  # of a stretch,
CASES = 1000  # and cases of a transaction: the feed ends below it as long as it runs
# What a log that breaks a rule causes: in our code, or in the database, which can't store a value of it.
_BROKEN = (
    *(ValueError, LookupError, TypeError, ArithmeticError, AttributeError, AssertionError),
    *(DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError),
)


def prepare(uow: UnitOfWork) -> bool:
    """Begins with the first event of the log, unless it did before. Returns True: it has done so."""
    follower.from_the_first(uow, FIGURES.name)
    corrections.prepare(uow)
    return True


def project(uow: UnitOfWork) -> int:
    """Brings the figures up to date with some of what is new. Returns 0 if nothing is.

    There are new events all day, so corrections don't wait for a moment without any.
    """
    done = follower.project(uow, FIGURES)
    left = CASES - done
    return done + _correct(uow, left) if left > 0 else done


def check(uow: UnitOfWork) -> Iterator[str]:
    """Yields which cases' figures are missing, and which sums are wrong, as far as the log was read."""
    return checking.check(uow, FIGURES.name)


def _correct(uow: UnitOfWork, most: int) -> int:
    """Computes cases again that something else than their own events has changed, at most so many."""
    own = select(Cursor.name).where(Cursor.name == FIGURES.name).with_for_update(skip_locked=True)
    if not (corrections.has_new(uow) or corrections.stale(uow, 1)):
        return 0
    if uow.connection.execute(own).first() is None:
        return 0  # another process brings the figures up to date
    if considered := corrections.consider(uow):
        return considered
    ids = corrections.stale(uow, most)
    if ids:
        write(uow, ids, ids)
    return len(ids)


def transactions(uow: UnitOfWork) -> int:
    """Returns how many transactions the server has begun, to see how busy it is."""
    begun = cast(cast(func.pg_snapshot_xmax(func.pg_current_snapshot()), Text), BigInteger)
    return uow.connection.execute(select(begun)).scalar_one()


def _project(uow: UnitOfWork, stretch: Stretch) -> int | Part:
    broken: set[UUID] = set()
    done = 1
    while found := reading.incomplete(uow, stretch, CASES, broken):
        broken |= write(uow, [*found], [case_id for case_id, known in found.items() if known])
        done += len(found)
        if len(found) < CASES:
            break
        if not broken:
            return Part(done)
    return done


def write(uow: UnitOfWork, ids: Sequence[UUID], known: Sequence[UUID]) -> set[UUID]:
    """Computes the rows of cases, and adds what they count to the sums. The `known` ones have rows.

    Returns the cases of which it could not: they have the rows that they had.
    """
    done = uow.attempt(partial(_attempt, uow, ids, known))
    if not isinstance(done, Refusal):
        return set()
    if len(ids) == 1:
        error = done.__cause__ or done
        log.error("figures.case-failed", case=str(ids[0]), error=logs.cause(error), where=logs.place(error))
        uow.connection.execute(update(CaseFigures).where(CaseFigures.case_id == ids[0]).values(seq=-1))
        return {*ids}
    middle = len(ids) // 2
    return {
        case_id
        for part in (ids[:middle], ids[middle:])
        for case_id in write(uow, part, [*{*part} & {*known}])
    }


def _attempt(uow: UnitOfWork, ids: Sequence[UUID], known: Sequence[UUID]) -> None:
    try:
        _write(uow, ids, known)
    except _BROKEN as error:
        raise Refusal("The log of a case breaks a rule.") from error  # undone alone: the batch continues


def _write(uow: UnitOfWork, ids: Sequence[UUID], known: Sequence[UUID]) -> None:
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
    corrections.forget_calendars(uow)
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
        facts["appeal"]: event.task_id
        for events in logs
        for event in events
        if event.kind == "appeal.decided" and event.task_id and "appeal" in (facts := event.facts or {})
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
