"""Triggers what tokens wait for, and opens incidents that concern a case as a whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from engine import bpmn, definitions
from engine.bpmn import Failure, Fired, Step
from engine.cases import working_time
from engine.cases.locking import LockedCase, require_active
from engine.cases.persistence import apply
from engine.cases.step_effects import incident_row
from engine.events import Fact, Kind
from engine.platform.db import UnitOfWork

NO_TIMERS: Mapping[UUID, datetime] = MappingProxyType({})
FIRED: Mapping[str, Kind] = {
    "timer": "timer.fired",
    "message": "message.received",
    "signal": "signal.received",
}


def fire(
    uow: UnitOfWork,
    case: LockedCase,
    happened: Mapping[UUID, Mapping[str, Any]],
    payload: Mapping[str, Any] | None = None,
    more: Sequence[Fact] = (),
    due: Mapping[UUID, datetime] = NO_TIMERS,
) -> Step:
    """Triggers these events, each with its data.

    `payload` and `more` are logged if at least one was triggered; `due` are the instants of timers.
    """
    spec = definitions.spec(uow.session, case.version)
    counted = working_time.counted(uow, case.home.unit_id, spec)
    step = bpmn.fire(counted, require_active(case), happened, uow.now)
    if step.fired:
        found = [_fact(uow, fired, payload or {}, due.get(fired.token)) for fired in step.fired]
        apply(uow, case, step, [*found, *more])
    return step


def _fact(uow: UnitOfWork, fired: Fired, payload: Mapping[str, Any], due: datetime | None) -> Fact:
    if fired.kind == "timer":
        return timer_fired(uow, fired.element, due, fired.missed)
    return Fact(FIRED[fired.kind], fired.element, payload=payload or None)


def timer_fired(uow: UnitOfWork, element: str, due: datetime | None, missed: int) -> Fact:
    """Returns the fact that a timer fired now which was due at this instant, after missed repetitions."""
    late = {} if due is None else {"due_at": due, "lateness": int((uow.now - due).total_seconds())}
    return Fact("timer.fired", element, payload={"missed": missed} if missed else None, facts=late)


def incident(uow: UnitOfWork, case: LockedCase, code: str, message: str) -> tuple[dict[str, Any], Fact]:
    """Opens an incident that concerns the whole case, not one element. Returns its facts for the log."""
    place = case.version.key
    row = incident_row(uow, case.id, Failure(case.id, place, place, code, message, None))
    payload = {"incident": row["id"], "code": code, "message": message}
    return row, Fact("incident.opened", place, payload=payload)
