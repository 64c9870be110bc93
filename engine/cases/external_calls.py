"""Work that other systems do for cases: called through connectors, or leased by workers that serve a topic.

No case is locked while the work is in progress. The worker has a lease with a fencing number: a reply with an
older number, or after the lease has expired, is too late. Tries are counted when they begin, so work that
crashes its worker ends as an incident instead of repeating forever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    String,
    bindparam,
    cast,
    column,
    exists,
    literal_column,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from engine import access, cases
from engine.access import validity
from engine.bpmn import CallFailure
from engine.bpmn.values import Unportable, portable
from engine.models import Call, Case, Definition, DefinitionVersion, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound

MAX_TRIES = 10  # of a program that leases work and never replies
LOST_AFTER = timedelta(minutes=1)  # by then, a job created with its call is in the queue or has run
_WORKABLE = (
    Call.status == "open",
    validity.runs(),
)
_SHOWN = (
    Call.id,
    Call.topic,
    Call.connector,
    Call.operation,
    Call.request,
    Call.element,
    Call.fence,
    Call.attempts,
    Call.lease_until,
    Case.number.label("case_number"),
    DefinitionVersion.key.label("definition"),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a call through a connector."""

    id: UUID
    fence: int
    attempts: int
    connector: str
    operation: str | None
    request: Mapping[str, Any]
    case_number: str
    user: str


def _of_cases(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(Call)
        .join(Case, Call.case_id == Case.id)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Definition, DefinitionVersion.key == Definition.key)
    )


def lease_calls(
    uow: UnitOfWork, topics: Sequence[str], count: int, lease: timedelta, worker: str
) -> Sequence[RowMapping]:
    """Leases up to `count` open calls of these topics, oldest first.

    The result is empty if there are none.
    """
    access.require(uow.actor, "calls.work")
    free = or_(Call.lease_until.is_(None), Call.lease_until <= uow.now)
    found = _of_cases(Call.id).where(*_WORKABLE, Call.connector.is_(None), Call.topic.in_(topics))
    found = found.where(access.covers(Case.unit_id))
    found = (
        found.where(Call.due_at <= uow.now, free, Call.attempts < MAX_TRIES).order_by(Call.id).limit(count)
    )
    free_ones = found.with_for_update(of=Call, skip_locked=True)
    ids = uow.connection.execute(free_ones, access.seen_by(uow)).scalars().all()
    if not ids:
        return []
    leased = {
        "worker": _holder(uow, worker),
        "lease_until": uow.now + lease,
        "fence": Call.fence + 1,
        "attempts": Call.attempts + 1,
    }
    uow.connection.execute(update(Call).where(Call.id.in_(ids)).values(**leased))
    rows: Sequence[RowMapping] = (
        uow.connection.execute(_of_cases(*_SHOWN).where(Call.id.in_(ids)).order_by(Call.id)).mappings().all()
    )
    return rows


def extend(uow: UnitOfWork, call_id: UUID, fence: int, lease: timedelta) -> datetime:
    """Extends a lease. Returns when it expires now. Raises NotFound, Conflict."""
    access.require(uow.actor, "calls.work")
    _lock_leased(uow, call_id, fence)
    until = uow.now + lease
    uow.connection.execute(update(Call).where(Call.id == call_id).values(lease_until=until))
    return until


def complete(uow: UnitOfWork, call_id: UUID, fence: int, reply: Mapping[str, Any]) -> None:
    """Passes the reply to the step. Raises NotFound, Conflict, Invalid."""
    access.require(uow.actor, "calls.work")
    _lock_leased(uow, call_id, fence)
    cases.answer(uow, call_id, _portable(reply))


def fail(
    uow: UnitOfWork, call_id: UUID, fence: int, detail: str, *, retry_in: timedelta | None = None
) -> None:
    """Returns the work, to be tried again after a pause, or reports a final failure.

    Raises NotFound, Conflict.
    """
    access.require(uow.actor, "calls.work")
    row = _lock_leased(uow, call_id, fence)
    if retry_in is not None and row.attempts < MAX_TRIES:
        _postpone(uow, call_id, fence, uow.now + retry_in, detail)
    else:
        cases.fail_call(uow, call_id, CallFailure("work-failed", detail), row.attempts)


def throw(uow: UnitOfWork, call_id: UUID, fence: int, code: str, data: Mapping[str, Any]) -> None:
    """Answers with an error that the diagram may catch. Raises NotFound, Conflict, Invalid."""
    access.require(uow.actor, "calls.work")
    row = _lock_leased(uow, call_id, fence)
    detail = f"The program that did the work returned the error {code}."
    failure = CallFailure("error-not-caught", detail, code, _portable(data, "/data"))
    cases.fail_call(uow, call_id, failure, row.attempts)


def begin_attempt(uow: UnitOfWork, call_id: UUID, lease: timedelta) -> Attempt | None:
    """Begins a try through a connector.

    Returns None if there is nothing to do, not yet, or a try is under way.
    """
    columns = (*_SHOWN, Call.due_at, User.name.label("user"))
    found = _of_cases(*columns).join(User, Case.started_by == User.id)
    found = found.where(Call.id == call_id, Call.connector.is_not(None), *_WORKABLE)
    row = uow.connection.execute(found.with_for_update(of=Call)).one_or_none()
    if row is None:
        return None
    begun: dict[str, Any] = {"woken_at": None}  # this job has run: the sweep handles what follows
    due = row.due_at <= uow.now and (row.lease_until is None or row.lease_until <= uow.now)
    if due:
        begun |= {"attempts": row.attempts + 1, "fence": row.fence + 1, "lease_until": uow.now + lease}
    uow.connection.execute(update(Call).where(Call.id == call_id).values(**begun))
    if not due:
        return None
    request = (row.connector, row.operation, row.request, row.case_number, row.user)
    return Attempt(row.id, row.fence + 1, row.attempts + 1, *request)


def settle(
    uow: UnitOfWork, attempt: Attempt, reply: Mapping[str, Any], seen: Mapping[str, Any], seconds: float
) -> None:
    """Stores the connector's reply, which took so many seconds; `seen` is logged.

    Raises Conflict if the step no longer waits.
    """
    try:
        tried = cases.Tried(attempt.attempts, "ok", seconds)
        cases.answer(uow, attempt.id, _portable(reply), seen, tried)
    except Invalid as fault:
        failure = CallFailure("invalid-reply", fault.faults[0].detail)
        retry_later(uow, attempt, failure, None, seconds)


def retry_later(
    uow: UnitOfWork, attempt: Attempt, failure: CallFailure, pause: timedelta | None, seconds: float
) -> None:
    """Schedules another try after `pause` because the connector failed; None means never.

    The try took so many seconds. Raises Conflict if the step no longer waits, or a later try is under way.
    """
    tried = cases.Tried(attempt.attempts, failure.code, seconds)
    if pause is not None:
        cases.note_attempt(uow, attempt.id, tried)
        _postpone(uow, attempt.id, attempt.fence, uow.now + pause, f"{failure.code}: {failure.detail}")
        return
    _, row = cases.lock_call(uow, attempt.id)
    if row.fence != attempt.fence:
        raise _overtaken(attempt.id)
    cases.fail_call(uow, attempt.id, failure, attempt.attempts, tried)


def put_off(uow: UnitOfWork, attempt: Attempt, pause: timedelta, reason: str) -> None:
    """Ends a try that was none, since the system is left alone: it isn't counted, and made after `pause`.

    Raises Conflict if the step no longer waits, or a later try is under way.
    """
    _postpone(uow, attempt.id, attempt.fence, uow.now + pause, reason, attempts=attempt.attempts - 1)


def end_attempt(uow: UnitOfWork, attempt: Attempt) -> None:
    """Ends a try without counting it: its result could not be stored because the case is suspended."""
    ours = update(Call).where(Call.id == attempt.id, Call.fence == attempt.fence, Call.status == "open")
    uow.connection.execute(ours.values(lease_until=None, attempts=Call.attempts - 1))


def give_up(uow: UnitOfWork, call_id: UUID, reason: str) -> None:
    """Opens an incident for a call whose job was given up, unless a try is under way.

    Raises NotFound, and Conflict if the step no longer waits.
    """
    _, row = cases.lock_call(uow, call_id)
    if row.lease_until is not None and row.lease_until > uow.now:
        return  # that try decides; if it dies, the sweep continues
    cases.fail_call(uow, call_id, CallFailure(cases.GIVEN_UP, reason), MAX_TRIES)


# A call whose pause is over, or whose worker has vanished, gets one job, and no second one before that has
# run.
_DUE = text("""
WITH due AS MATERIALIZED (
    SELECT id FROM calls
    WHERE status = 'open' AND connector IS NOT NULL AND woken_at IS NULL AND due_at <= :now
        AND (lease_until IS NULL OR lease_until <= :now)
    ORDER BY due_at LIMIT :batch
    FOR UPDATE SKIP LOCKED
), woken AS (
    UPDATE calls SET woken_at = :now FROM due WHERE calls.id = due.id RETURNING calls.id
), deferred AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
    SELECT 'calls', 'call', jsonb_build_object('call_id', id) FROM woken
)
SELECT count(*) FROM woken
""")

_JOB = table("procrastinate_jobs", column("status"), column("task_name"), column("args", JSONB))

_WAITS: Sequence[ColumnElement[str]] = [
    literal_column("'todo'"),
    literal_column("'doing'"),
]  # with a type that no text matches

# Somebody may have deleted jobs. Those of suspended cases have run, and will run again.
_LOST = (
    update(Call)
    .values(woken_at=None)
    .where(Call.case_id == Case.id, DefinitionVersion.id == Case.version_id)
    .where(Definition.key == DefinitionVersion.key, *_WORKABLE)
    .where(Call.connector.is_not(None), Call.woken_at < bindparam("since"))
    .where(
        ~exists()
        .where(_JOB.c.status.in_(_WAITS), _JOB.c.task_name == "call")
        .where(_JOB.c.args["call_id"].astext == cast(Call.id, String))
        .correlate(Call)
    )
    .execution_options(synchronize_session=False)
)


def sweep(uow: UnitOfWork, batch: int) -> int:
    """Restarts the calls whose pause is over or whose worker has vanished. Returns how many there were."""
    return int(uow.connection.execute(_DUE, {"now": uow.now, "batch": batch}).scalar_one())


def find_lost(uow: UnitOfWork) -> int:
    """Schedules calls again whose job has disappeared without having run. Returns how many there were."""
    return uow.connection.execute(_LOST, {"since": uow.now - LOST_AFTER}).rowcount


def give_up_lost(uow: UnitOfWork) -> None:
    """Opens incidents for work that programs lease and never return."""
    lost = _of_cases(Call.id).where(*_WORKABLE, Call.connector.is_(None), Call.attempts >= MAX_TRIES)
    lost = lost.where(Call.lease_until <= uow.now).limit(20)
    held = lost.with_for_update(of=(Case, Call), skip_locked=True)  # locked rows are skipped
    for call_id in uow.connection.execute(held).scalars().all():
        give_up(uow, call_id, f"The work was taken {MAX_TRIES} times and never completed.")


def _holder(uow: UnitOfWork, worker: str) -> str:
    return f"{uow.actor.id}/{worker}"


def _lock_leased(uow: UnitOfWork, call_id: UUID, fence: int) -> cases.CallRow:
    """Locks a call that this actor has leased and may still use, with its case.

    Raises NotFound, Conflict.
    """
    mine = Call.worker.startswith(f"{uow.actor.id}/", autoescape=True)
    found = _of_cases(Call.id).where(Call.id == call_id, mine, access.covers(Case.unit_id))
    if uow.connection.execute(found, access.seen_by(uow)).first() is None:
        raise NotFound(f"You don't have the work {call_id}. Take it first.")
    _, row = cases.lock_call(uow, call_id)
    present = {"id": call_id, "fence": row.fence}
    if row.fence != fence:
        detail = (
            f"The fence {fence} is not that of the present lease. Send the one with which you took the work."
        )
        raise Conflict(detail, code="other-fence", call=present)
    if row.lease_until is None or row.lease_until <= uow.now:
        raise Conflict("The lease has expired. Take the work again.", code="lease-expired", call=present)
    return row


def _postpone(uow: UnitOfWork, call_id: UUID, fence: int, at: datetime, failure: str, **more: int) -> None:
    put: dict[str, Any] = {"due_at": at, "woken_at": None, "lease_until": None, "worker": None}
    put |= {"failure": failure[:500], **more}
    ours = update(Call).where(Call.id == call_id, Call.fence == fence, Call.status == "open")
    if uow.connection.execute(ours.values(**put)).rowcount == 0:
        raise _overtaken(call_id)


def _overtaken(call_id: UUID) -> Conflict:
    return Conflict(
        "The work has already been answered, or a later attempt is in progress.", call={"id": call_id}
    )


def _portable(given: Mapping[str, Any], place: str = "/reply") -> Mapping[str, Any]:
    """Returns an answer in a form that a case can store. Raises Invalid."""
    try:
        found: Mapping[str, Any] = portable(dict(given))
    except Unportable as error:
        fault = Fault(f"{place}{error.where}", error.reason, "unportable")
        raise Invalid("The answer can't be stored.", [fault]) from error
    return found
