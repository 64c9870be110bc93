"""Suspends and resumes one case, or all of a definition. Events that fall due meanwhile wait until then."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select, update

from engine import access, definitions
from engine.access import validity
from engine.cases import recalculation
from engine.cases.conflict_of_interest import require_impartial
from engine.cases.locking import LockedCase, lock, require_active, require_decidable
from engine.cases.persistence import note
from engine.cases.triggers import lock_active
from engine.cases.views import CaseView, get
from engine.events import Fact
from engine.models import Call, Case, CaseClock, Definition, DefinitionVersion, Event, Message, Task, Wait
from engine.platform import jobs
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Invalid, unknown_code

SuspensionCode = Literal[
    "court-order", "related-case", "other-agency", "applicant-request", "force-majeure", "technical", "other"
]
SUSPENSION_CODES: tuple[str, ...] = get_args(SuspensionCode)


def suspend(
    uow: UnitOfWork, case_id: UUID, *, reason: str | None = None, reason_code: str | None = None
) -> CaseView:
    """Suspends a case; `reason_code` can be counted, `reason` is free text. Suspending twice changes nothing.

    Raises Conflict if it has ended, Invalid for an unknown code.
    """
    access.require(uow.actor, "cases.suspend")
    case = lock(uow, case_id)
    require_impartial(uow, case)
    require_decidable(case)
    if reason_code is not None and reason_code not in SUSPENSION_CODES:
        fault = unknown_code("/reason_code", SUSPENSION_CODES)
        raise Invalid("The case can't be suspended for this reason.", [fault])
    _require_alone(case)
    if case.status == "suspended":
        return get(uow, case_id)
    require_active(case)
    payload = {"reason": reason, "reason_code": reason_code}
    fact = Fact("case.suspended", payload={name: text for name, text in payload.items() if text} or None)
    note(uow, case, [fact], status="suspended")
    return get(uow, case_id)


def resume(uow: UnitOfWork, case_id: UUID) -> CaseView:
    """Resumes a suspended case. Raises Conflict if the case itself is not suspended."""
    access.require(uow.actor, "cases.suspend")
    case = lock(uow, case_id)
    require_impartial(uow, case)
    require_decidable(case)
    _require_alone(case)
    if case.status != "suspended":
        detail = f"The case is {case.status}."
        raise Conflict(detail, code="case-not-suspended", case=_present(case))
    _move_due(uow, case)
    note(uow, case, [Fact("case.resumed")], status="active")
    resume_waits(uow, case_id)
    return get(uow, case_id)


def _require_alone(case: LockedCase) -> None:
    """Raises Conflict if the definition of a case is suspended: the case itself may not be."""
    if case.stopped:
        detail = "The definition is suspended: resume the definition."
        raise Conflict(detail, code="definition-suspended", case=_present(case))


def _present(case: LockedCase) -> Mapping[str, Any]:
    return {"id": case.id, "status": case.status}


def _move_due(uow: UnitOfWork, case: LockedCase) -> None:
    """Moves the due times of a case's open tasks by the time for which it was suspended.

    Those that are due with the statutory term move with its clock; terms that a calendar counts are counted.
    """
    began = select(func.max(Event.at)).where(Event.case_id == case.id, Event.kind == "case.suspended")
    since = uow.connection.execute(began).scalar_one_or_none()
    if since is None:
        return
    recalculation.count_after_suspension(uow, case.id, since)
    _move_tasks(uow, since, Task.case_id == case.id)


def _move_due_of_definition(uow: UnitOfWork, key: str, since: datetime) -> None:
    """Moves the due times of the open tasks of a definition's cases by the time for which it was suspended.

    A case that is suspended itself moves them when it is resumed. Terms that a calendar counts are
    counted again by a job, from the log: there may be very many.
    """
    running = select(Case.id).join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
    of_them = Task.case_id.in_(running.where(DefinitionVersion.key == key, Case.status == "active"))
    _move_tasks(uow, since, of_them)
    counted = exists().where(Task.status == "open", Task.term.is_not(None), Task.due_at > since, of_them)
    owner = select(Definition.unit_id).where(Definition.key == key, counted)
    recalculation.order(uow, uow.connection.execute(owner).scalars().all())


def _move_tasks(uow: UnitOfWork, since: datetime, *which: ColumnElement[bool]) -> None:
    """Moves the due times of open tasks that were to come when their cases were suspended."""
    with_term = exists().where(CaseClock.case_id == Task.case_id, CaseClock.due_at == Task.due_at)
    late = update(Task).where(Task.status == "open", Task.due_at > since, Task.term.is_(None), *which)
    uow.connection.execute(late.where(~with_term).values(due_at=Task.due_at + (uow.now - since)))


def suspend_definition(uow: UnitOfWork, key: str) -> None:
    """Suspends a definition: no case of it starts or continues. Suspending twice changes nothing."""
    access.require(uow.actor, "definitions.suspend")
    definitions.require_own(uow, key)
    running = update(Definition).where(Definition.key == key, validity.goes_on())
    if uow.connection.execute(running.values(suspended_at=uow.now)).rowcount:
        definitions.note(uow, "definition.suspended", key)


def resume_definition(uow: UnitOfWork, key: str) -> None:
    """Resumes a definition: its cases can start and continue again."""
    access.require(uow.actor, "definitions.suspend")
    definitions.require_own(uow, key)
    suspended = select(Definition.suspended_at).where(Definition.key == key, validity.stopped())
    since = uow.connection.execute(suspended.with_for_update()).scalar_one_or_none()
    if since is not None:
        uow.connection.execute(update(Definition).where(Definition.key == key).values(suspended_at=None))
        definitions.note(uow, "definition.resumed", key)
        _move_due_of_definition(uow, key, since)
    versions = select(DefinitionVersion.id.label("version_id")).where(DefinitionVersion.key == key)
    timed = select(CaseClock.case_id).join(Case, Case.id == CaseClock.case_id)
    timed = timed.join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
    timed = timed.where(DefinitionVersion.key == key, CaseClock.state.not_in(("stopped", "deemed")))
    jobs.defer_for(uow, "clock_pause", timed, queue="cases")
    # Steps that fell due meanwhile are found again; each first adds the pause, if it comes before its job.
    late = update(CaseClock).where(CaseClock.case_id.in_(timed), CaseClock.woken_at.is_not(None))
    uow.connection.execute(late.values(woken_at=None))
    # By jobs, after the commit: other transactions that read the definition at this moment still see it
    # suspended.
    jobs.defer_for(uow, "resume", versions, queue="cases")


def resume_waits_of_version(uow: UnitOfWork, version_id: UUID) -> None:
    """Schedules checks of all waits of a version's cases, each in its own job, and of its start events."""
    starts = Wait.version_id == version_id, Wait.case_id.is_(None), Wait.closed_at.is_(None)
    uow.connection.execute(update(Wait).where(*starts, Wait.woken_at.is_not(None)).values(woken_at=None))
    names = select(Wait.name).where(*starts, Wait.kind == "message")
    _deliver(uow, Message.kind == "message", Message.name.in_(names))
    began = select(Wait.id).where(Wait.version_id == version_id, Wait.case_id.is_(None))
    _deliver(uow, Message.wait_id.in_(began))
    waiting = or_(
        exists().where(Wait.case_id == Case.id, Wait.closed_at.is_(None)),
        exists().where(Call.case_id == Case.id, Call.status == "open"),
    )
    going = select(Case.id.label("case_id")).where(Case.version_id == version_id, Case.status == "active")
    jobs.defer_for(uow, "rouse", going.where(waiting), queue="cases")


def resume_waits(uow: UnitOfWork, case_id: UUID) -> None:
    """Schedules checks of all waits of a case: due timers, calls not yet made, messages and signals."""
    if lock_active(uow, case_id) is None:
        return
    waits = Wait.case_id == case_id, Wait.closed_at.is_(None)
    uow.connection.execute(update(Wait).where(*waits, Wait.woken_at.is_not(None)).values(woken_at=None))
    calls = Call.case_id == case_id, Call.status == "open", Call.woken_at.is_not(None)
    uow.connection.execute(update(Call).where(*calls).values(woken_at=None))
    named = select(Wait.case_id).where(*waits, Wait.kind == "message").distinct()
    jobs.defer_for(uow, "offer", named, queue="cases")
    _deliver(uow, Message.wait_id.in_(select(Wait.id).where(*waits)))


def _deliver(uow: UnitOfWork, *which: ColumnElement[bool]) -> None:
    kept = select(Message.id.label("message_id")).where(Message.status == "kept", *which)
    jobs.defer_for(uow, "deliver", kept.order_by(Message.sent_at, Message.id), queue="cases")
