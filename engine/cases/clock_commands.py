"""Reads the clock of a case, and extends its term."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import select

from engine import access
from engine.bpmn import clock as terms
from engine.cases.clock import rows
from engine.cases.clock.reckoning import reckon
from engine.cases.clock.rows import Clock
from engine.cases.conflict_of_interest import require_impartial
from engine.cases.locking import LockedCase, lock, require_active
from engine.cases.persistence import note
from engine.cases.views import see
from engine.deadlines import Untimely, working_time_between
from engine.events import Fact
from engine.models import Case
from engine.organisation import calendars
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, unknown_code

ExtensionReason = Literal["complexity", "volume", "evidence", "other-agency", "force-majeure"]
REASONS: tuple[str, ...] = get_args(ExtensionReason)


@dataclass(frozen=True, slots=True)
class ClockView:
    """The clock of a case; `clock` is None without a statutory term.

    `remaining` are the seconds of office hours until the end of the term, at the instant of reading; None if
    it doesn't run, or the calendar is incomplete.
    """

    case_id: UUID
    clock: Clock | None
    remaining: int | None = None


def view_clock(uow: UnitOfWork, case_id: UUID) -> ClockView:
    """Returns the clock of a case that the actor may see. Raises NotFound."""
    see(uow, case_id)
    clock = rows.read(uow, case_id)
    return ClockView(case_id, clock, None if clock is None else remaining(uow, clock))


def remaining(uow: UnitOfWork, clock: Clock) -> int | None:
    """Returns the seconds of office hours until the end of a running term."""
    if clock.state != "running" or clock.due_at is None:
        return None
    unit = uow.connection.execute(select(Case.unit_id).where(Case.id == clock.case_id)).scalar_one()
    try:
        left = working_time_between(calendars.of_unit(uow, unit).calendar, uow.now, clock.due_at)
    except Untimely:
        return None
    return int(left.total_seconds())


def is_extendable(clock: Clock | None, now: datetime) -> bool:
    """Whether the term can be extended now."""
    return clock is not None and clock.runs and clock.extension is None and not _has_ended(clock, now)


def _has_ended(clock: Clock, now: datetime) -> bool:
    """Whether the term has ended. The end of a paused one is counted when it runs again."""
    over = clock.state == "running" and clock.due_at is not None and clock.due_at <= now
    return over or clock.stage == "breached"


def extend(uow: UnitOfWork, case_id: UUID, *, reason: str, term: str | None = None) -> ClockView:
    """Extends the statutory term of a case, once, by another term (by default, its own).

    Raises Invalid for an unknown reason or a term of another length, Conflict if the case has no running
    term, if it has ended, or if it was extended before.
    """
    access.require(uow.actor, "cases.extend")
    if reason not in REASONS:
        fault = unknown_code("/reason", REASONS)
        raise Invalid("State why the term is extended.", [fault])
    if term is not None and not terms.is_length(term):
        fault = Fault(
            "/term",
            "must be a term such as P10D, P5WD or PT8WH, of more than zero and at most five years",
            "term",
            {"limit": terms.MAX_YEARS},
        )
        raise Invalid("The term can't be extended.", [fault])
    case = lock(uow, case_id)
    require_impartial(uow, case)
    require_active(case)
    clock = _extendable(uow, case)
    longer = reckon(uow, case.home.unit_id, replace(clock, extension=term or clock.term))
    facts = {"code": reason, "term": longer.extension, "before_at": clock.due_at, "due_at": longer.due_at}
    note(uow, replace(case, clock=replace(longer, changed=True)), [Fact("clock.extended", facts=facts)])
    return ClockView(case_id, longer, remaining(uow, longer))


def _extendable(uow: UnitOfWork, case: LockedCase) -> Clock:
    """Returns the clock of a case, if its term can be extended. Raises Conflict."""
    clock, present = case.clock, {"id": case.id, "status": case.status}
    if clock is None or clock.state == "pending":
        raise Conflict("The case has no statutory term that runs.", code="no-running-term", case=present)
    if not clock.runs or _has_ended(clock, uow.now):
        raise Conflict(
            "The statutory term has ended, so it can't be extended.", code="term-ended", case=present
        )
    if clock.extension is not None:
        raise Conflict(
            "The statutory term was extended before. It can be extended once.",
            code="term-extended",
            case=present,
        )
    return clock
