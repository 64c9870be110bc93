"""Decisions by silence that await an administrator, after a restored backup or a jump of the clock."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, select

from engine import access
from engine.cases.clock import rows
from engine.cases.clock.rows import Clock
from engine.cases.locking import lock_all
from engine.events import administration_log
from engine.models import Case, CaseClock, DefinitionVersion, Unit
from engine.platform.db import UnitOfWork

LISTED = 1_000
_COLUMNS = (
    CaseClock.case_id,
    Case.number.label("case_number"),
    DefinitionVersion.key.label("definition"),
    DefinitionVersion.name.label("process"),
    Unit.key.label("unit"),
    Unit.name.label("unit_name"),
    CaseClock.due_at,
    CaseClock.on_silence,
    CaseClock.awaiting_at,
)


def list_awaiting(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the decisions by silence that await release, in the actor's units, longest first."""
    access.require(uow.actor, "jobs.manage")
    found = (
        select(*_COLUMNS)
        .join(Case, Case.id == CaseClock.case_id)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .join(Unit, Unit.id == Case.unit_id)
        .where(rows.HELD, access.covers(Case.unit_id))
        .order_by(CaseClock.awaiting_at, CaseClock.case_id)
        .limit(LISTED)
    )
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def release(uow: UnitOfWork, case_ids: Collection[UUID] | None = None) -> int:
    """Releases these decisions, or all in the actor's units, so that they are made. Returns how many.

    The administrator has then seen the list: later decisions in these units aren't held, until the next
    interruption. Others than those that await release in these units are ignored.
    """
    access.require(uow.actor, "jobs.manage")
    held = (
        select(CaseClock.case_id)
        .join(Case, Case.id == CaseClock.case_id)
        .where(rows.HELD, access.covers(Case.unit_id))
    )
    found = set(uow.connection.execute(held, access.seen_by(uow)).scalars())
    chosen = sorted(found if case_ids is None else found.intersection(case_ids))
    lock_all(uow, chosen)
    for case_id in chosen:
        clock = rows.read(uow, case_id)
        if clock is not None and clock.awaits_release:
            rows.write(uow, _released(clock, uow.now))
            _ = uow.connection  # one row for each statement
    for unit_id in _places(uow):
        administration_log.note(uow, "silence.released", unit_id, {"cases": len(chosen)})
    return len(chosen)


def _places(uow: UnitOfWork) -> Sequence[UUID | None]:
    """Returns the units that the actor administers; None, the installation, if these are all."""
    if access.everywhere(uow):
        return [None]
    own = select(access.positions().c.unit_id).distinct()
    return uow.connection.execute(own, access.seen_by(uow)).scalars().all()


def _released(clock: Clock, now: datetime) -> Clock:
    """Returns a clock that continues: with its decision, or with the end of its term if that was held."""
    if clock.stage == "breached":
        return replace(clock, released_at=now, next_at=now)
    return replace(clock, awaiting_at=None, next_at=clock.due_at)
