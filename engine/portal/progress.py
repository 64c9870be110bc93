"""How far cases are, in the few words that other systems have for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import LateralFromClause

from engine import access, definitions
from engine.bpmn import Effect
from engine.models import Case, Decision, DefinitionVersion, Event, Task
from engine.platform.db import UnitOfWork

# `ended`: without a decision that grants or refuses, such as by a withdrawal.
State = Literal["pending", "sent-back", "granted", "refused", "ended"]
_OF_EFFECT: Mapping[Effect | None, State] = {"grants": "granted", "refuses": "refused"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a case is, and when it last changed."""

    state: State
    changed_at: datetime


def progress(uow: UnitOfWork, ids: Collection[UUID]) -> Mapping[UUID, Progress]:
    """Returns the progress of those of these cases that the actor may see, by id; in one statement.

    Nothing for an actor without the permission: lists of tasks show it where they can.
    """
    if not ids or not access.allows(uow.actor, "cases.read"):
        return {}
    rows = uow.connection.execute(_found(uow.actor.role), {"ids": [*ids], **access.seen_by(uow)})
    return {row.case_id: Progress(_state(uow.session, row), row.changed_at) for row in rows}


def last_decision() -> LateralFromClause:
    """Returns outcome and element of the last legal decision of a case, to be joined to it."""
    found = (
        select(Decision.outcome, Task.element)
        .outerjoin(Task, Task.id == Decision.task_id)
        .where(Decision.case_id == Case.id)
        .order_by(Decision.decided_at.desc(), Decision.id.desc())
        .limit(1)
    )
    return found.correlate(Case).lateral("last")


@lru_cache
def _found(role: str) -> Select[Any]:
    changed = select(Event.at).where(Event.case_id == Case.id, Event.seq == Case.log_length)
    correction = select(Task.id).where(
        Task.case_id == Case.id, Task.kind == "correction", Task.status == "open"
    )
    last = last_decision()
    return (
        select(
            Case.id.label("case_id"),
            Case.ended_at,
            Case.outcome,
            func.coalesce(changed.scalar_subquery(), Case.started_at).label("changed_at"),
            correction.exists().label("sent_back"),
            last.c.outcome.label("decided"),
            last.c.element,
            *(column.label(f"version_{column.key}") for column in definitions.VERSION),
        )
        .select_from(Case)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .outerjoin(last, true())
        .where(Case.id == func.any(bindparam("ids", type_=ARRAY(Uuid()))), access.visible_cases(role))
    )


def _state(session: Session, row: Any) -> State:
    """Returns the state: an open correction first, then the last decision, then how the case ended."""
    if row.sent_back and row.ended_at is None:
        return "sent-back"
    otherwise: State = "pending" if row.ended_at is None else "ended"
    if row.decided is None and (row.outcome is None or row.ended_at is None):
        return otherwise
    version = definitions.Version(
        row.version_id, row.version_key, row.version_number, row.version_digest, row.version_deployment_id
    )
    spec = definitions.spec(session, version)
    if row.decided is not None:
        return _OF_EFFECT.get(spec.effect_of(row.decided, row.element), otherwise)
    return _OF_EFFECT.get(spec.effect_of(row.outcome), otherwise)
