"""Commands with which timers, messages and other systems continue a case.

Each locks the case first and then checks what is still awaited: the queue may run a job twice, and a message
may arrive too late.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import bindparam, or_, select, text, update

from engine import bpmn, definitions
from engine.bpmn import BILL, CallFailure
from engine.cases import bills, payments, working_time
from engine.cases.catch_events import fire, incident
from engine.cases.locking import (
    LockedCase,
    fetch_locked,
    held_with,
    locked_case,
    require_active,
    require_size,
    select_for_locking,
)
from engine.cases.persistence import CallChange, apply, note
from engine.events import Fact
from engine.models import Call, Case, Incident, Wait
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, NotFound, PaymentMismatch

_CALL = (
    Call.id.label("call_id"),
    Call.token_id,
    Call.element,
    Call.status.label("call_status"),
    Call.attempts,
    Call.fence,
    Call.worker,
    Call.lease_until,
    Call.connector,
    Call.topic,
)
GIVEN_UP = "given-up"  # the code of an incident that concerns the whole case
_GIVEN_UP = select(Incident.id).where(
    Incident.case_id == bindparam("case"),
    Incident.token_id == bindparam("case"),  # a call that was given up has its incident at its own token
    Incident.code == GIVEN_UP,
    Incident.status == "open",
)
_TIMERS = (
    select(Wait.id, Wait.due_at)
    .where(Wait.case_id == bindparam("case"), Wait.kind == "timer", Wait.closed_at.is_(None))
    .where(or_(Wait.due_at <= bindparam("now", type_=Wait.due_at.type), Wait.woken_at.is_not(None)))
    .order_by(Wait.due_at, Wait.id)
)


_CODE = re.compile(r"[A-Za-z][A-Za-z_.:-]{0,63}")


class CallRow(NamedTuple):
    """A locked call: the columns of `_CALL`, in their order."""

    call_id: UUID
    token_id: UUID
    element: str
    call_status: str
    attempts: int
    fence: int
    worker: str | None
    lease_until: datetime | None
    connector: str | None
    topic: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt of a call through a connector: its number, the failure's code, how long it took.

    `code` is `ok` if there was a reply.
    """

    attempt: int
    code: str
    seconds: float

    def fact(self, call: CallRow) -> Fact:
        """Returns the fact for the log."""
        ms = round(self.seconds * 1000)
        facts = {"call": call.call_id, "code": _code(self.code), "attempt": self.attempt, "ms": ms}
        return Fact("call.tried", call.element, facts=facts)


def lock_active(uow: UnitOfWork, case_id: UUID) -> LockedCase | None:
    """Locks and returns the case; None if it does not exist or does not run at the moment."""
    row = fetch_locked(uow, select_for_locking().where(Case.id == case_id).with_for_update(of=Case))
    case = None if row is None else locked_case(row)
    return case if case is not None and case.status == "active" and case.state is not None else None


def wake(uow: UnitOfWork, case_id: UUID) -> int:
    """Fires the due timers of a case, earliest first. Returns how many fired.

    Timers of a suspended case wait until it is resumed.
    """
    case = lock_active(uow, case_id)
    if case is None:
        return 0
    timers = uow.connection.execute(_TIMERS, {"case": case_id, "now": uow.now}).all()
    moved = [timer.id for timer in timers if timer.due_at > uow.now]
    if moved:  # if they were changed after waking: they are checked again when they are due
        uow.connection.execute(update(Wait).where(Wait.id.in_(moved)).values(woken_at=None))
    due = {timer.id: timer.due_at for timer in timers if timer.due_at <= uow.now}
    return len(fire(uow, case, {token: {} for token in due}, due=due).fired) if due else 0


# Each case with due timers gets one job. A timer that has one is not selected again.
_DUE = text("""
WITH due AS MATERIALIZED (
    SELECT id FROM waits
    WHERE kind = 'timer' AND closed_at IS NULL AND woken_at IS NULL AND due_at <= :now
    ORDER BY due_at LIMIT :batch
    FOR UPDATE SKIP LOCKED
), woken AS (
    UPDATE waits SET woken_at = :now FROM due WHERE waits.id = due.id RETURNING waits.id, waits.case_id
), deferred AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
    SELECT 'cases', 'wake', jsonb_build_object('case_id', case_id) FROM woken
    WHERE case_id IS NOT NULL GROUP BY case_id
    UNION ALL
    SELECT 'cases', 'begin', jsonb_build_object('wait_id', id) FROM woken WHERE case_id IS NULL
)
SELECT count(*) FROM woken
""")


def wake_due(uow: UnitOfWork, batch: int) -> int:
    """Schedules jobs for cases whose timers are due, and for due timer start events.

    Returns how many timers there were, at most `batch`.
    """
    return int(uow.connection.execute(_DUE, {"now": uow.now, "batch": batch}).scalar_one())


def deliver(
    uow: UnitOfWork,
    case_id: UUID,
    tokens: Sequence[UUID],
    data: Mapping[str, Any],
    payload: Mapping[str, Any],
) -> bool:
    """Delivers an event to a case for which some of its tokens wait.

    Returns whether one of them still waited.

    `payload` is the message as logged. Raises Invalid if the case cannot store the data, or if a payment is
    awaited and the data are not one; NotFound for the payment of a bill that the case does not have;
    PaymentMismatch for one of another amount.
    """
    case = lock_active(uow, case_id)
    if case is None:
        return False
    require_size({**case.data, **data})
    still = select(Wait.id, Wait.element, Wait.correlation)
    still = still.where(Wait.id.in_(tokens), Wait.closed_at.is_(None)).order_by(Wait.id)
    waits = uow.connection.execute(still).all()
    events = definitions.spec(uow.session, case.version).payments
    billed = next((wait for wait in waits if wait.element in events), None)
    if billed is not None:
        number = str(orjson.loads(billed.correlation)[BILL])
        paid = payments.pay_awaited(uow, case, number, data, payload)
        if paid.verdict == "mismatch":
            raise PaymentMismatch(paid.detail)
        return True
    return bool(waits and fire(uow, case, {wait.id: data for wait in waits}, payload).fired)


def answer(
    uow: UnitOfWork,
    call_id: UUID,
    reply: Mapping[str, Any],
    seen: Mapping[str, Any] | None = None,
    tried: Tried | None = None,
) -> None:
    """Passes a reply to the service task that waits for it; `seen` and the last attempt are logged.

    Raises Conflict if the task no longer waits, Invalid if the case cannot store the reply.
    """
    case, call = lock_call(uow, call_id)
    require_size({**case.data, **reply}, "/reply")
    spec = definitions.spec(uow.session, case.version)
    counted = working_time.counted(uow, case.home.unit_id, spec)
    step = bpmn.answer(counted, require_active(case), call.token_id, reply, uow.now)
    if step.bills:
        bills.require_new(uow, step)
    done = Fact(
        "call.answered",
        call.element,
        payload={"call": call_id, **(seen or {})},
        facts={"attempts": call.attempts},
    )
    attempt = [tried.fact(call)] if tried else []
    change = CallChange(call_id, "done", call.token_id, call.attempts)
    apply(uow, case, step, [*attempt, done], change=change)


def fail_call(
    uow: UnitOfWork, call_id: UUID, failure: CallFailure, attempts: int, tried: Tried | None = None
) -> None:
    """Handles the final failure of a call: the diagram catches the error, or an incident is opened.

    `tried` is the last attempt, if it failed now. Raises Conflict if its step no longer waits, Invalid if the
    case cannot store the error's data.
    """
    case, call = lock_call(uow, call_id)
    require_size({**case.data, **failure.data})
    spec = definitions.spec(uow.session, case.version)
    counted = working_time.counted(uow, case.home.unit_id, spec)
    step = bpmn.fail_call(counted, require_active(case), call.token_id, failure, uow.now)
    payload = {
        "call": call_id,
        "code": failure.error or failure.code,
        "detail": failure.detail,
        "attempts": attempts,
    }
    facts = {"code": _code(payload["code"]), "seconds": tried and tried.seconds}
    failed = Fact("call.failed", call.element, payload=payload, facts=facts)
    attempt = [tried.fact(call)] if tried else []
    change = CallChange(call_id, "failed", call.token_id, attempts)
    apply(uow, case, step, [*attempt, failed], change=change)


def note_attempt(uow: UnitOfWork, call_id: UUID, tried: Tried) -> None:
    """Logs an attempt of a call that failed and will be repeated. Raises Conflict if nobody awaits it.

    The case may be suspended meanwhile.
    """
    found = select_for_locking(*_CALL).join(Call, Call.case_id == Case.id).where(Call.id == call_id)
    rows = held_with(uow, found.with_for_update(of=(Case, Call)), CallRow._make)
    if rows is None or rows[1].call_status != "open":
        raise Conflict("The call is not open any more.", call={"id": call_id})
    note(uow, locked_case(rows[0]), [tried.fact(rows[1])])


def _code(text: object) -> str | None:
    """Returns a code; None for any other text, which a worker may have sent and which may be personal."""
    return text if isinstance(text, str) and _CODE.fullmatch(text) else None


def lock_call(uow: UnitOfWork, call_id: UUID) -> tuple[LockedCase, CallRow]:
    """Locks an awaited call with its case. Raises NotFound, Conflict."""
    found = select_for_locking(*_CALL).join(Call, Call.case_id == Case.id).where(Call.id == call_id)
    rows = held_with(uow, found.with_for_update(of=(Case, Call)), CallRow._make)
    if rows is None:
        raise NotFound(f"The call {call_id} does not exist.")
    case, row = locked_case(rows[0]), rows[1]
    if row.call_status != "open":
        raise Conflict(f"The call is {row.call_status}.", call={"id": call_id, "status": row.call_status})
    if case.status != "active":
        raise Conflict(f"The case is {case.status}.", case={"id": case.id, "status": case.status})
    return case, row


def give_up(uow: UnitOfWork, case_id: UUID, reason: str) -> None:
    """Opens an incident in a case whose job was given up, so that somebody checks it.

    The case does not change.
    """
    case = lock_active(uow, case_id)
    if case is None or uow.connection.execute(_GIVEN_UP, {"case": case_id}).first() is not None:
        return
    row, fact = incident(uow, case, GIVEN_UP, reason)
    note(uow, case, [fact], incidents=[row])
