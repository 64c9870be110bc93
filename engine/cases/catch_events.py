"""Triggers what tokens wait for, and opens incidents that concern a case as a whole."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from engine import bpmn, definitions
from engine.bpmn import Fired, Step
from engine.cases.locking import LockedCase, require_active
from engine.cases.persistence import apply
from engine.events import Fact, Kind
from engine.platform.db import UnitOfWork
from engine.platform.ids import uuid7

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
) -> Step:
    """Triggers these events, each with its data.

    `payload` and `more` are logged if at least one was triggered.
    """
    spec = definitions.spec(uow.session, case.version)
    step = bpmn.fire(spec, require_active(case), happened, uow.now)
    if step.fired:
        apply(uow, case, step, [*(_fact(fired, payload or {}) for fired in step.fired), *more])
    return step


def _fact(fired: Fired, payload: Mapping[str, Any]) -> Fact:
    payload = dict(payload)
    if fired.missed:
        payload["missed"] = fired.missed
    return Fact(FIRED[fired.kind], fired.element, payload=payload or None)


def incident(uow: UnitOfWork, case: LockedCase, code: str, message: str) -> tuple[dict[str, Any], Fact]:
    """Opens an incident that concerns the whole case, not one element. Returns its facts for the log."""
    place = case.version.key
    row = {
        "id": uuid7(),
        "case_id": case.id,
        "token_id": case.id,
        "element": place,
        "name": place,
        "code": code,
        "message": message,
        "attempts": 1,
        "status": "open",
        "opened_at": uow.now,
    }
    payload = {"incident": row["id"], "code": code, "message": message}
    return row, Fact("incident.opened", place, payload=payload)
