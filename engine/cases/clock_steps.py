"""What is due in the clock of a case: acceptance, warning, breach, decision by silence. One step at a time.

Each step is one transaction with its event, task and message. The row says what was done, so that a step
whose worker dies is done once.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, bindparam, select, text

from engine import bpmn, definitions
from engine.bpmn import Spec
from engine.cases import working_time
from engine.cases.clock import interruptions, recording, rows, silence
from engine.cases.clock.due import register
from engine.cases.clock.reckoning import reckon
from engine.cases.clock.rows import Clock, recomputed
from engine.cases.clock.transitions import Run
from engine.cases.locking import CaseRow, LockedCase, locked_case, select_for_locking
from engine.cases.persistence import apply, note
from engine.cases.suspension import resume_waits
from engine.events import Fact
from engine.models import Case, OrganisationRecord, Wait
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared

# Each case that is due gets one job. A clock that has one is not selected again.
_DUE = text("""
WITH due AS MATERIALIZED (
    SELECT case_id FROM clocks
    WHERE next_at IS NOT NULL AND woken_at IS NULL AND next_at <= :now
    ORDER BY next_at LIMIT :batch
    FOR UPDATE SKIP LOCKED
), woken AS (
    UPDATE clocks SET woken_at = :now FROM due WHERE clocks.case_id = due.case_id RETURNING clocks.case_id
), deferred AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, args)
    SELECT 'cases', 'clock', jsonb_build_object('case_id', case_id) FROM woken
)
SELECT count(*) FROM woken
""")


_LOCK = Prepared(select_for_locking().where(Case.id == bindparam("case")).with_for_update(of=Case))
_AWAITED = Prepared(
    select(Wait.id)
    .where(Wait.case_id == bindparam("case"), Wait.kind == "message", Wait.name == bindparam("name"))
    .where(Wait.closed_at.is_(None))
    .order_by(Wait.id)
)


def sweep(uow: UnitOfWork, batch: int) -> int:
    """Schedules a job for each case whose clock is due. Returns how many, at most `batch`."""
    return int(uow.connection.execute(_DUE, {"now": uow.now, "batch": batch}).scalar_one())


@register
def do_due(uow: UnitOfWork, case_id: UUID) -> bool:
    """Does the step that is due in a case's clock. Returns whether the next one is due, too."""
    case = _locked(uow, case_id)
    clock = None if case is None else case.clock
    if case is None or clock is None or clock.next_at is None or case.status != "active":
        return False
    spec = definitions.spec(uow.session, case.version)
    run = Run(uow, case.home.unit_id, spec, clock)
    _add_suspensions(uow, run, case.version.key)
    run.recount()  # its calendar may have changed, and the recalculation not have come to it
    if run.facts or run.failed is not None or not _is_due(uow, run.clock):
        return _write(uow, case, run)
    return _do(uow, case, spec, run.clock)


def _do(uow: UnitOfWork, case: LockedCase, spec: Spec, clock: Clock) -> bool:
    if clock.state == "pending":
        return _accept(uow, case, spec, clock)
    if clock.stage == "none":
        return _warn(uow, case, clock)
    if clock.stage == "warned":
        return _breach(uow, case, spec, clock)
    return _deem(uow, case, spec, clock)


def _write(uow: UnitOfWork, case: LockedCase, run: Run) -> bool:
    """Writes what happened to a clock, with the incident if it could not be started or counted.

    Returns whether its next step is due.
    """
    if run.facts or run.failed is not None:
        incidents, opened = recording.failure_of(uow, run, case.version.key)
        case = replace(case, clock=replace(run.clock, changed=True))
        note(uow, case, [*run.facts, *opened], incidents=incidents)
    else:
        rows.write(uow, run.clock)
    return _is_due(uow, run.clock)


def _locked(uow: UnitOfWork, case_id: UUID) -> LockedCase | None:
    """Locks a case without having its due step done first."""
    given = {"case": case_id}
    found = uow.rows(_LOCK, given) or uow.rows(_LOCK, given)
    if not found:
        return None
    row = CaseRow._make(found[0])
    clock = rows.read(uow, case_id)
    case = locked_case(row._replace(clock=clock))
    runs = row.status == "active" and row.suspended_at is None and row.state is not None
    return replace(case, status="active" if runs else case.status)


_STOPPED = Prepared(
    select(OrganisationRecord.kind, OrganisationRecord.at)
    .where(OrganisationRecord.kind.in_(("definition.suspended", "definition.resumed")))
    .where(OrganisationRecord.payload["definition"].as_string() == bindparam("definition"))
    .where(OrganisationRecord.at > bindparam("since", type_=DateTime(timezone=True)))
    .order_by(OrganisationRecord.seq)
)


def add_pause(uow: UnitOfWork, case_id: UUID) -> None:
    """Adds the times for which the definition of a case was suspended to the pauses of its clock, once."""
    case = _locked(uow, case_id)
    if case is None or case.clock is None:
        return
    run = Run(uow, case.home.unit_id, definitions.spec(uow.session, case.version), case.clock)
    _add_suspensions(uow, run, case.version.key)
    if run.clock != case.clock:
        _write(uow, case, run)


def _add_suspensions(uow: UnitOfWork, run: Run, definition: str) -> None:
    """Adds each time that the clock doesn't have yet, as a pause."""
    clock = run.clock
    if clock.state not in ("pending", "running", "paused"):
        return
    since = clock.started_at or clock.filed_at
    begin: datetime | None = None
    for kind, at in uow.rows(_STOPPED, {"definition": definition, "since": since}):
        if kind == "definition.suspended":
            begin = at
        elif begin is not None:
            if not any(paused <= begin and at <= resumed for paused, resumed in run.clock.spans):
                run.add_pause(begin, at)
            begin = None


def repair_clock(uow: UnitOfWork, case_id: UUID) -> None:
    """Starts a clock whose term had no value, with the present data; another incident, if it has none now.

    Counts one again that could not be counted.
    """
    case = _locked(uow, case_id)
    if case is None or case.clock is None:
        return
    run = Run(uow, case.home.unit_id, definitions.spec(uow.session, case.version), case.clock)
    if case.clock.state == "pending" and case.clock.started_at is not None:
        run.start(case.clock.started_at, _started_by(run.spec, case.clock), case.data)
    else:
        run.recount()
    _write(uow, case, run)


def _started_by(spec: Spec, clock: Clock) -> str:
    """Returns the code of what was to start a clock."""
    if not spec.clock.starts:
        return "filed"
    return "accept-within" if clock.started_at == clock.filed_at else "complete"


def _accept(uow: UnitOfWork, case: LockedCase, spec: Spec, clock: Clock) -> bool:
    """Starts the term from the day of filing: nobody accepted the application, or asked for a correction."""
    run = Run(uow, case.home.unit_id, spec, clock)
    run.start(clock.filed_at, "accept-within", case.data)
    return _write(uow, case, run)


def _warn(uow: UnitOfWork, case: LockedCase, clock: Clock) -> bool:
    found = reckon(uow, case.home.unit_id, replace(clock, stage="warned"))
    facts = [Fact("clock.warned", facts={"due_at": found.due_at})]
    return _send(uow, case, found, bpmn.clock.WARNING, facts)


def _breach(uow: UnitOfWork, case: LockedCase, spec: Spec, clock: Clock) -> bool:
    if interruptions.hold(uow, clock):
        return False
    ended = interruptions.ended_after(uow, clock.due_at)
    if ended is not None:
        return _postpone(uow, case, clock, ended)
    found = reckon(uow, case.home.unit_id, replace(clock, stage="breached", state="breached"))
    units = silence.silent_units(uow, case.id, case.home, spec)
    facts = [Fact("clock.breached", facts={"due_at": found.due_at, "units": units})]
    # Where silence decides at once, a task would be cancelled with it.
    if clock.on_silence == "escalate" or (clock.decides and interruptions.are_unseen(uow)):
        facts.append(silence.open_escalation(uow, case.id, case.home, spec))
    if clock.reassigns:
        facts += silence.release_tasks(uow, case.id)
    return _send(uow, case, found, bpmn.clock.BREACH, facts)


def _postpone(uow: UnitOfWork, case: LockedCase, clock: Clock, ended: datetime) -> bool:
    """Moves the end of a term that lies within an outage to the close of the next working day after it."""
    found = reckon(uow, case.home.unit_id, clock, floor=ended)
    fact = recomputed("outage", clock.due_at, found)
    note(uow, replace(case, clock=replace(found, changed=True)), [fact])
    return _is_due(uow, found)


def _deem(uow: UnitOfWork, case: LockedCase, spec: Spec, clock: Clock) -> bool:
    """Has silence decide; or only marks it, until an administrator has seen the list."""
    if clock.released_at is None and interruptions.are_unseen(uow):
        interruptions.await_release(uow, clock)
        return False
    outcome = bpmn.clock.DEEMED_OUTCOMES[clock.on_silence]
    units = silence.silent_units(uow, case.id, case.home, spec)
    decision = silence.decide(uow, case.id, case.home, outcome, units)
    stated = {"decision": decision, "outcome": outcome, "due_at": clock.due_at, "units": units}
    facts = [Fact("clock.deemed", facts=stated)]
    found = replace(clock, state="deemed", stage="deemed", stopped_at=uow.now, next_at=None, awaiting_at=None)
    if clock.awaiting_at is not None:
        facts += silence.close_escalations(uow, case.id)
    if _awaited(uow, case.id, bpmn.clock.DEEMED):
        _send(uow, case, found, bpmn.clock.DEEMED, facts)
        if clock.awaiting_at is not None:  # what was due meanwhile has waited, as in a suspended case
            resume_waits(uow, case.id)
        return False
    state = case.state or b""
    step = replace(bpmn.cancel(spec, state, uow.now), outcome=outcome)
    apply(uow, replace(case, clock=replace(found, changed=True)), step, facts)
    return False


def _send(uow: UnitOfWork, case: LockedCase, clock: Clock, name: str, facts: Sequence[Fact]) -> bool:
    """Writes a step of the clock; if the case waits for its message, the case continues."""
    case = replace(case, clock=replace(clock, changed=True))
    waiting = _awaited(uow, case.id, name)
    if not waiting:
        note(uow, case, facts)
        return _is_due(uow, clock)
    spec = definitions.spec(uow.session, case.version)
    counted = working_time.counted(uow, case.home.unit_id, spec)
    step = bpmn.fire(counted, case.state or b"", {token: {} for token in waiting}, uow.now)
    received = [Fact("message.received", fired.element, payload={"name": name}) for fired in step.fired]
    apply(uow, case, step, [*facts, *received])
    return not step.ended and _is_due(uow, clock)


def _awaited(uow: UnitOfWork, case_id: UUID, name: str) -> list[UUID]:
    """Returns the tokens that wait for a message of the clock."""
    return [token for (token,) in uow.rows(_AWAITED, {"case": case_id, "name": name})]


def _is_due(uow: UnitOfWork, clock: Clock) -> bool:
    return clock.next_at is not None and clock.next_at <= uow.now
