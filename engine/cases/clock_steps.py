"""What is due in the clock of a case: acceptance, warning, breach, decision by silence. One step at a time.

Each step is one transaction with its event, task and message. The row says what was done, so that a step
whose worker dies is done once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer, Uuid, any_, bindparam, select, text

from engine import bpmn, definitions
from engine.access import validity
from engine.bpmn import Spec
from engine.cases import working_time
from engine.cases.clock import recording, rows, silence
from engine.cases.clock.due import register
from engine.cases.clock.interruptions import Interruptions
from engine.cases.clock.reckoning import after_outages, at_stage
from engine.cases.clock.rows import OUTAGE, Clock, recomputed
from engine.cases.clock.transitions import Run
from engine.cases.clock_circumstances import Circumstances
from engine.cases.locking import CaseRow, LockedCase, fetch_undone, locked_case, select_for_locking, split
from engine.cases.persistence import apply, note
from engine.cases.suspension import resume_waits
from engine.events import Fact
from engine.models import Case, CaseClock, Definition, DefinitionVersion
from engine.platform.db import UnitOfWork, table
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
# Of others, that a command has locked, or whose definition is suspended, `sweep` makes jobs.
_LOCK_DUE = Prepared(
    select(Case.id)
    .join(CaseClock, CaseClock.case_id == Case.id)
    .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
    .join(Definition, Definition.key == DefinitionVersion.key)
    .where(CaseClock.next_at.is_not(None), CaseClock.woken_at.is_(None), ~rows.HELD)
    .where(CaseClock.next_at <= bindparam("now", type_=DateTime(timezone=True)))
    .where(Case.status == "active", Case.state.is_not(None), validity.goes_on())
    .order_by(CaseClock.next_at)
    .limit(bindparam("batch", type_=Integer))
    .with_for_update(of=Case, skip_locked=True)
)
_LOCKED = Prepared(
    select_for_locking(*table(CaseClock).c)
    .join(CaseClock, CaseClock.case_id == Case.id)
    .where(Case.id == any_(bindparam("cases", type_=ARRAY(Uuid))))
    .order_by(Case.id)  # the common order: steps lock more rows
)


def sweep(uow: UnitOfWork, batch: int) -> int:
    """Schedules a job for each case whose clock is due. Returns how many, at most `batch`.

    None while the time is doubtful: the jobs would find nothing that they may do.
    """
    if Interruptions(uow).doubtful:
        return 0
    return int(uow.connection.execute(_DUE, {"now": uow.now, "batch": batch}).scalar_one())


def do_batch(uow: UnitOfWork, batch: int) -> int:
    """Does the next step of up to so many cases whose clock is due. Returns in how many something was done.

    If one of them fails, so do all: then `sweep` makes a job for each. While the time is doubtful, nothing is
    done: it isn't any more when this worker has reported.
    """
    ids = [case_id for (case_id,) in uow.rows(_LOCK_DUE, {"now": uow.now, "batch": batch})]
    if not ids:
        return 0
    locked = [_with_clock(*split(row, _clock)) for row in uow.rows(_LOCKED, {"cases": ids})]
    cases = [case for case in locked if _has_next(case)]
    around = Circumstances(uow, cases)
    if around.interruptions.doubtful:
        return 0
    for case in cases:
        _do_next(uow, case, around)
        _ = uow.connection  # writes what this case has changed, in one statement
    return len(cases)


@register
def do_due(uow: UnitOfWork, case_id: UUID) -> bool:
    """Does the step that is due in a case's clock. Returns whether the next one is due, too."""
    case = _locked(uow, case_id)
    return case is not None and _do_next(uow, case, Circumstances(uow, [case]))


def _do_next(uow: UnitOfWork, case: LockedCase, around: Circumstances) -> bool:
    """Does the step that is due in the clock of a running case. Returns whether the next one is due, too."""
    clock = case.clock
    if clock is None or not _has_next(case):
        return False
    spec = definitions.spec(uow.session, case.version)
    run = Run(uow, case.home.unit_id, spec, clock)
    _add_suspensions(around, run, case.version.key)
    run.recount()  # its calendar may have changed, and the recalculation not have come to it
    if run.facts or run.failed is not None or not _is_due(uow, run.clock):
        return _write(uow, case, run)
    return _STEPS[_stage(run.clock)](_Due(uow, case, spec, run.clock, around))


def _has_next(case: LockedCase) -> bool:
    return case.clock is not None and case.clock.next_at is not None and case.status == "active"


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
    row = fetch_undone(uow, _LOCK, case=case_id)
    return None if row is None else _with_clock(row, row.clock)


def _clock(columns: Sequence[Any]) -> Clock:
    return Clock(*columns)


def _with_clock(row: CaseRow, clock: Clock | None) -> LockedCase:
    """Returns the case of a locked row. It runs, though it may await the release of a decision by silence."""
    case = locked_case(row._replace(clock=clock))
    runs = row.status == "active" and row.suspended_at is None and row.state is not None
    return replace(case, status="active" if runs else case.status)


def add_pause(uow: UnitOfWork, case_id: UUID) -> None:
    """Adds the times for which the definition of a case was suspended to the pauses of its clock, once."""
    case = _locked(uow, case_id)
    if case is None or case.clock is None:
        return
    run = Run(uow, case.home.unit_id, definitions.spec(uow.session, case.version), case.clock)
    _add_suspensions(Circumstances(uow, [case]), run, case.version.key)
    if run.clock != case.clock:
        _write(uow, case, run)


def _add_suspensions(around: Circumstances, run: Run, definition: str) -> None:
    """Adds each time that the clock doesn't have yet, as a pause; to a held one, once it is released."""
    clock = run.clock
    if clock.awaits_release or clock.state not in ("pending", "running", "paused"):
        return
    for begin, end in around.suspensions(definition, clock.started_at or clock.filed_at):
        if not any(paused <= begin and end <= resumed for paused, resumed in run.clock.spans):
            run.add_pause(begin, end)


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


@dataclass(frozen=True, slots=True)
class _Due:
    """A locked case, whose clock was just counted, for the step that is due."""

    uow: UnitOfWork
    case: LockedCase
    spec: Spec
    clock: Clock
    around: Circumstances

    @property
    def units(self) -> str:
        """The units whose work was silent: that of the case if none has any."""
        found = silence.silent_units(self.spec, self.around.work(self.case.id))
        return found or self.around.unit(self.case.home.unit_id)


def _accept(due: _Due) -> bool:
    """Starts the term from the day of filing: nobody accepted the application, or asked for a correction."""
    run = Run(due.uow, due.case.home.unit_id, due.spec, due.clock)
    run.start(due.clock.filed_at, "accept-within", due.case.data)
    return _write(due.uow, due.case, run)


def _warn(due: _Due) -> bool:
    facts = [Fact("clock.warned", facts={"due_at": due.clock.due_at})]
    return _send(due, at_stage(due.clock, "warned"), bpmn.clock.WARNING, facts)


def _breach(due: _Due) -> bool:
    uow, case, clock = due.uow, due.case, due.clock
    around = due.around.interruptions
    if clock.awaits_release or (clock.decides and around.doubtful):
        # Whether it lies within an outage is known when a worker has reported again.
        rows.write(uow, replace(clock, next_at=None if clock.awaits_release else clock.next_at))
        return False
    later = after_outages(uow, case.home.unit_id, clock, around.outages(clock.started_at or clock.filed_at))
    if later.due_at != clock.due_at:
        note(
            uow, replace(case, clock=replace(later, changed=True)), [recomputed(OUTAGE, clock.due_at, later)]
        )
        return _is_due(uow, later)
    facts = [Fact("clock.breached", facts={"due_at": clock.due_at, "units": due.units})]
    if clock.on_silence == "escalate":
        facts.append(_escalate(due, silence.BREACH))
    if clock.reassigns:
        facts += silence.release_tasks(uow, case.id)
    return _send(due, at_stage(replace(clock, state="breached"), "breached"), bpmn.clock.BREACH, facts)


def _escalate(due: _Due, cause: silence.Cause) -> Fact:
    """Opens a task of the clock at the place of the work that is late. Returns its fact for the log."""
    late = next((work.element for work in due.around.work(due.case.id)), next(iter(due.spec.elements)))
    return silence.open_escalation(due.uow, due.case.id, due.case.home, silence.Escalation(cause, late))


def _deem(due: _Due) -> bool:
    """Has silence decide; or only marks it, until an administrator has seen the list.

    That is after a restored backup or a jump of the clock.
    """
    uow, case, clock = due.uow, due.case, due.clock
    held = due.around.interruptions.hold(clock, case.home.unit_id)
    if clock.released_at is None and (held or clock.awaits_release):
        return _await_release(due)
    outcome = bpmn.clock.DEEMED_OUTCOMES[clock.on_silence]
    units = due.units
    decision = silence.decide(uow, case.id, case.home, outcome, units)
    stated = {"decision": decision, "outcome": outcome, "due_at": clock.due_at, "units": units}
    facts = [Fact("clock.deemed", facts=stated)]
    found = replace(clock, state="deemed", stage="deemed", stopped_at=uow.now, next_at=None, awaiting_at=None)
    if due.around.escalated(case.id):  # also if the list was seen between the breach and now
        facts += silence.close_escalations(uow, case.id)
    if due.around.awaited(case.id, bpmn.clock.DEEMED):
        _send(due, found, bpmn.clock.DEEMED, facts)
        if clock.awaiting_at is not None:  # what was due meanwhile has waited, as in a suspended case
            resume_waits(uow, case.id)
        return False
    step = replace(bpmn.cancel(due.spec, case.state or b"", uow.now), outcome=outcome)
    apply(uow, replace(case, clock=replace(found, changed=True)), step, facts)
    return False


def _await_release(due: _Due) -> bool:
    """Has a decision by silence wait for an administrator, whom a task reminds of it."""
    clock = replace(due.clock, awaiting_at=due.clock.awaiting_at or due.uow.now, next_at=None, changed=True)
    facts = [] if due.around.escalated(due.case.id) else [_escalate(due, silence.RELEASE)]
    note(due.uow, replace(due.case, clock=clock), facts)
    return False


def _send(due: _Due, clock: Clock, name: str, facts: Sequence[Fact]) -> bool:
    """Writes a step of the clock; if the case waits for its message, the case continues."""
    uow, case = due.uow, replace(due.case, clock=replace(clock, changed=True))
    waiting = due.around.awaited(case.id, name)
    if not waiting:
        note(uow, case, facts)
        return _is_due(uow, clock)
    _ = uow.connection  # writes the task of the clock: the step may open others of the same group
    counted = working_time.counted(uow, case.home.unit_id, due.spec)
    step = bpmn.fire(counted, case.state or b"", {token: {} for token in waiting}, uow.now)
    received = [Fact("message.received", fired.element, payload={"name": name}) for fired in step.fired]
    apply(uow, case, step, [*facts, *received])
    return not step.ended and _is_due(uow, clock)


def _is_due(uow: UnitOfWork, clock: Clock) -> bool:
    return clock.next_at is not None and clock.next_at <= uow.now


def _stage(clock: Clock) -> str:
    return "pending" if clock.state == "pending" else clock.stage


_STEPS: Mapping[str, Callable[[_Due], bool]] = {
    "pending": _accept,
    "none": _warn,
    "warned": _breach,
    "breached": _deem,
}
