"""Calculating deadlines of open cases again when a calendar has changed: first how many would move, then all.

The due times of tasks that a calendar counts, and of timers in working time, are here. Other parts of a case
with deadlines add their own to `KINDS`. It is done in batches, each in its own transaction, so that nobody
waits; doing it again changes nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Row, RowMapping, Table, bindparam, case, literal, select, update

from engine import access, deadlines, events
from engine.cases import serving
from engine.cases.clock_recalculation import Counted, recompute_batch
from engine.cases.locking import lock_all
from engine.deadlines import Count, Pauses, Untimely, day_of
from engine.models import (
    Case,
    DefinitionVersion,
    Event,
    OrganisationRecord,
    Recalculation,
    Task,
    Unit,
    UnitLine,
    Wait,
)
from engine.organisation import calendars, recalculation_orders
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import NotFound, Refusal

BATCH = 1_000
_OPEN = ("active", "suspended")

PausesOf = Callable[[UnitOfWork, Collection[UUID]], Mapping[UUID, Pauses]]  # of cases
Change = Callable[[], Collection[UUID]]  # changes calendars, and returns the units that it concerns


class Kind(Protocol):
    """A kind of deadlines: takes a batch in a unit and all below it, after a row. `dry`: only counts."""

    def __call__(self, uow: UnitOfWork, unit_id: UUID, after: UUID | None, *, dry: bool) -> Counted:
        """Calculates the batch again."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The due times of one table that a calendar counts; `pauses` returns when cases were paused."""

    rows: Any  # Task or Wait
    open: tuple[ColumnElement[bool], ...]
    pauses: PausesOf
    side: ColumnElement[str]

    def __call__(self, uow: UnitOfWork, unit_id: UUID, after: UUID | None, *, dry: bool) -> Counted:
        """Calculates the batch again."""
        model = self.rows
        columns = (model.id, model.case_id, model.term, model.opened_at, model.due_at, model.term_end_at)
        found = (
            select(*columns, Case.unit_id, self.side.label("side"))
            .join(Case, Case.id == model.case_id)
            .join(UnitLine, UnitLine.unit_id == Case.unit_id)
            .where(UnitLine.ancestor_id == unit_id, Case.status.in_(_OPEN))
            .where(model.term.is_not(None), *self.open)
            .order_by(model.id)
            .limit(BATCH)
        )
        if after is not None:
            found = found.where(model.id > after)
        listed = rows = uow.connection.execute(found).all()
        if not dry:
            # As commands do: first the cases, in the common order. Otherwise both could wait for each other.
            lock_all(uow, {row.case_id for row in listed})
            held = found.where(model.id.in_([row.id for row in listed])).with_for_update(of=model)
            rows = uow.connection.execute(held).all()
        again = _Again(uow, rows, self.pauses(uow, {row.case_id for row in rows}))
        changes = list(again.changes(uow.now))
        if changes and not dry:
            uow.connection.execute(_setting(table(model)), changes)
        return Counted(len(changes), again.failed, listed[-1].id if len(listed) == BATCH else None)


class _Again:
    """Calculates the due times of rows; equal ones once."""

    def __init__(self, uow: UnitOfWork, rows: Sequence[Row[Any]], pauses: Mapping[UUID, Pauses]) -> None:
        self._uow, self._rows, self._pauses, self.failed = uow, rows, pauses, 0
        self._known: dict[tuple[object, ...], datetime] = {}
        units = {row.unit_id for row in rows}
        self._calendars = {unit_id: calendars.of_unit(uow, unit_id) for unit_id in units}

    def changes(self, recalculated_at: datetime | None) -> Iterator[dict[str, Any]]:
        """Yields the new values of each row whose term ends at another instant."""
        for row in self._rows:
            found = self._calendars[row.unit_id]
            try:
                end = self._end(row, found, None)
                if end != (row.term_end_at or row.due_at):
                    due = self._end(row, found, recalculated_at)
                    later = None if due == end else end
                    yield {"row": row.id, "due": due, "end": later, "version": found.version}
            except Untimely:
                self.failed += 1

    def _end(self, row: Row[Any], found: calendars.Effective, recalculated_at: datetime | None) -> datetime:
        pauses = tuple(self._pauses.get(row.case_id, ()))
        # Days are counted from the day, whatever its hour.
        days = "T" not in row.term
        start = day_of(row.opened_at, found.calendar.zone) if days else row.opened_at
        place = (row.term, start, row.unit_id, row.side, pauses, recalculated_at)
        if place not in self._known:
            count = Count(found.calendar, row.opened_at, row.side, pauses, recalculated_at)
            self._known[place] = deadlines.due(count, deadlines.term(row.term))
        return self._known[place]


def _setting(target: Table) -> Any:
    values: dict[str, Any] = {"due_at": bindparam("due"), "term_end_at": bindparam("end")}
    values["calendar"] = bindparam("version")
    return update(target).where(target.c.id == bindparam("row")).values(values)


def no_pauses(uow: UnitOfWork, case_ids: Collection[UUID]) -> Mapping[UUID, Pauses]:
    """Returns no pauses of cases."""
    del uow, case_ids
    return {}


_STOPS = (
    select(Case.id, OrganisationRecord.kind, OrganisationRecord.at)
    .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
    .join(OrganisationRecord, OrganisationRecord.payload["definition"].as_string() == DefinitionVersion.key)
    .where(Case.id.in_(bindparam("cases", expanding=True)), OrganisationRecord.at > Case.started_at)
    .where(OrganisationRecord.kind.in_(("definition.suspended", "definition.resumed")))
    .order_by(Case.id, OrganisationRecord.seq)
)


def suspensions(uow: UnitOfWork, case_ids: Collection[UUID]) -> Mapping[UUID, Pauses]:
    """Returns when cases or their definitions were suspended; without suspensions that continue."""
    if not case_ids:
        return {}
    found = select(Event.case_id, Event.kind, Event.at).where(Event.case_id.in_(case_ids))
    found = found.where(Event.kind.in_(("case.suspended", "case.resumed"))).order_by(Event.case_id, Event.seq)
    cases = uow.connection.execute(found).all()
    stops = uow.connection.execute(_STOPS, {"cases": sorted(case_ids)}).all()
    log = (((case_id, kind.partition(".")[0]), kind, at) for case_id, kind, at in (*cases, *stops))
    pauses: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for (case_id, _), stopped in events.suspensions(log).items():
        pauses.setdefault(case_id, []).extend(stopped)
    return pauses


def count_after_suspension(uow: UnitOfWork, case_id: UUID, since: datetime) -> None:
    """Counts the terms of a case's open tasks again that were running when it was suspended."""
    columns = (Task.id, Task.case_id, Task.term, Task.opened_at, Task.due_at, Task.term_end_at)
    found = select(*columns, Case.unit_id, _SIDE.label("side")).join(Case, Case.id == Task.case_id)
    found = found.where(Task.status == "open", Task.term.is_not(None), Task.due_at > since)
    rows = uow.connection.execute(found.where(Task.case_id == case_id)).all()
    if not rows:
        return
    pauses = [*suspensions(uow, {case_id}).get(case_id, ()), (since, uow.now)]
    if changes := list(_Again(uow, rows, {case_id: pauses}).changes(None)):
        uow.connection.execute(_setting(table(Task)), changes)


# Tasks of the applicant belong to no candidate group.
_SIDE = case((Task.candidate_group_id.is_(None), "applicant"), else_="office")
TASKS = Terms(Task, (Task.status == "open",), suspensions, _SIDE)
TIMERS = Terms(Wait, (Wait.closed_at.is_(None), Wait.kind == "timer"), no_pauses, literal("office"))


def order_of_inbox(uow: UnitOfWork, unit_id: UUID, after: UUID | None, *, dry: bool) -> Counted:
    """Counts the bounds of service classes again. They are no deadlines, so none has changed."""
    return Counted(after=None if dry else serving.reorder_in_unit(uow, unit_id, after))


KINDS: Sequence[Kind] = (TASKS, TIMERS, recompute_batch, order_of_inbox)


def affected(uow: UnitOfWork, units: Collection[UUID], kinds: Sequence[Kind] = KINDS) -> Counted:
    """Returns how many deadlines of these units and those below would change with the present calendars."""
    total = Counted()
    for unit_id in units:
        for kind in kinds:
            batch = kind(uow, unit_id, None, dry=True)
            total += batch
            while batch.after is not None:
                batch = kind(uow, unit_id, batch.after, dry=True)
                total += batch
    return total


def rehearse(uow: UnitOfWork, change: Change, kinds: Sequence[Kind] = KINDS) -> Counted:
    """Returns how many deadlines a change of calendars would change; writes nothing.

    Raises what `change` raises.
    """
    counted, tried = Counted(), Refusal("Dry run: nothing was changed.")

    def part() -> None:
        nonlocal counted
        counted = affected(uow, change(), kinds)
        raise tried  # so that everything is rolled back

    try:
        outcome = uow.attempt(part)
    finally:
        calendars.forget()
    if isinstance(outcome, Refusal) and outcome is not tried:
        raise outcome
    return counted


@dataclass(frozen=True, slots=True)
class Applied:
    """The orders to calculate deadlines again after a change of calendars, or how many would change."""

    orders: Sequence[UUID] = ()
    counted: Counted | None = None


def apply(uow: UnitOfWork, change: Change, *, dry_run: bool) -> Applied:
    """Changes calendars and orders to calculate deadlines again, or only counts them.

    Raises what `change` raises.
    """
    if dry_run:
        return Applied(counted=rehearse(uow, change))
    return Applied(order(uow, change()))


order = recalculation_orders.order


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a recalculation is: in which kind, after which row, and what it has done."""

    kind: int = 0
    counted: Counted = field(default_factory=Counted)


def continue_order(
    uow: UnitOfWork, order_id: UUID, progress: Progress, kinds: Sequence[Kind] = KINDS
) -> Progress | None:
    """Calculates the next batch of an order again. Returns the progress; None if nothing is left to do."""
    order = uow.session.get(Recalculation, order_id)
    if order is None or order.done_at is not None:
        return None
    calendars.forget()
    batch = kinds[progress.kind](uow, order.unit_id, progress.counted.after, dry=False)
    counted = progress.counted + batch
    if batch.after is not None:
        return Progress(progress.kind, counted)
    if progress.kind + 1 < len(kinds):
        return Progress(progress.kind + 1, counted)
    order.done_at, order.changed, order.failed = uow.now, counted.changed, counted.failed
    uow.session.flush()
    return None


def get(uow: UnitOfWork, order_id: UUID) -> RowMapping:
    """Returns an order in the actor's units. Raises NotFound."""
    access.require(uow.actor, "units.manage")
    columns = (Recalculation.id, Unit.key.label("unit"), Recalculation.ordered_at, Recalculation.done_at)
    found = select(*columns, Recalculation.changed, Recalculation.failed)
    found = found.join(Unit, Unit.id == Recalculation.unit_id).where(Recalculation.id == order_id)
    found = found.where(access.covers(Recalculation.unit_id))
    row = uow.connection.execute(found, access.seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"The recalculation {order_id} does not exist.")
    return row
