"""Start events that begin cases at a time, or by a message or signal: those of current versions."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from engine import bpmn
from engine.bpmn import Spec
from engine.models import Wait
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.ids import uuid7


def replace(uow: UnitOfWork, former: UUID | None, version: tuple[UUID, Spec] | None) -> None:
    """Activates this version's start events and deactivates those of the `former` one.

    A due start that was not yet processed goes to the new version.
    """
    owed = {} if former is None else _end(uow, former)
    if version is not None:
        _await(uow, *version, owed)


def _end(uow: UnitOfWork, version_id: UUID) -> dict[str, datetime]:
    """Closes the waits of a version's start events. Returns when the unprocessed ones were due."""
    waits = Wait.version_id == version_id, Wait.case_id.is_(None), Wait.closed_at.is_(None)
    closed = update(Wait).where(*waits).values(closed_at=uow.now).returning(Wait.element, Wait.due_at)
    ended = uow.session.execute(closed).all()
    return {row.element: row.due_at for row in ended if row.due_at is not None and row.due_at <= uow.now}


def _await(uow: UnitOfWork, version_id: UUID, spec: Spec, owed: Mapping[str, datetime]) -> None:
    for element, trigger in spec.starts.items():
        due = bpmn.first_start(trigger, uow.now) if trigger.kind == "timer" else None
        wait = Wait(
            id=uuid7(),
            case_id=None,
            version_id=version_id,
            token_id=None,
            element=element,
            kind=trigger.kind,
            name=trigger.name,
            correlation=None,
            due_at=due and owed.get(element, due),
            woken_at=None,
            opened_at=uow.now,
            closed_at=None,
        )
        uow.session.add(wait)
    uow.session.flush()
    if any(trigger.kind == "message" for trigger in spec.starts.values()):
        jobs.defer(uow, "resume", queue="cases", version_id=version_id)  # stored messages may fit
