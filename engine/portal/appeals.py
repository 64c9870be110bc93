"""Appeals: a separate case against the decision of another case, decided by other people."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy import case as choice

from engine import access, cases, deadlines, definitions
from engine.access import validity
from engine.bpmn import Form
from engine.cases import Application, CaseView, LockedCase
from engine.deadlines import Count, NoHolidays, Untimely
from engine.events import Fact
from engine.models import Case, Decision, Definition, Event
from engine.organisation import calendars
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict

_TICK = timedelta(microseconds=1)


def until(
    connection: Connection, unit_id: UUID, decided_at: datetime, within: str, now: datetime
) -> datetime:
    """Returns the last moment for appealing a decision of a unit, in the zone of `now`.

    A term of the applicant: it ends when its last day is over, or the next working day if the unit doesn't
    work then. Raises NoHolidays, and Untimely for a term of more than ten years: earlier releases allowed it.
    """
    calendar = calendars.find(connection, unit_id, now).calendar
    end = deadlines.due(Count(calendar, decided_at, "applicant"), deadlines.term(within))
    return (end - _TICK).astimezone(now.tzinfo)


def shown_until(
    connection: Connection, unit_id: UUID, decided_at: datetime, within: str | None, now: datetime
) -> datetime | None:
    """Returns the same to show it; None without a term, or while nobody knows when it ends."""
    try:
        return None if within is None else until(connection, unit_id, decided_at, within, now)
    except Untimely:
        return None


def file(uow: UnitOfWork, case_id: UUID, data: Mapping[str, Any]) -> CaseView:
    """Appeals the last decision of a case, as its applicant or for them. Returns the new case.

    Raises NotFound, Invalid, and Conflict if there is nothing to appeal, it was appealed, or it is too late.
    """
    access.require(uow.actor, "decisions.appeal")
    first = cases.lock(uow, case_id)
    cases.require_impartial(uow, first)
    cases.require_not_erased(first)
    key, decision = _appealable(uow, first)
    present = choice((Case.representation_ended_at.is_(None), Case.representative))
    whose = select(Case.applicant, present).where(Case.id == case_id)
    applicant, representative = uow.connection.execute(whose).one()
    appeal = cases.appeal(uow, first, key, data, Application(applicant, representative))
    mark = update(Decision).where(Decision.id == decision).values(appeal_id=appeal.id)
    uow.connection.execute(mark)
    told = {"decision": decision, "appeal": appeal.id, "case_number": appeal.number}
    cases.note(uow, first, [Fact("appeal.filed", payload=told)])
    return appeal


def form(uow: UnitOfWork, key: str) -> Form | None:
    """Returns the form of an appeal by this process. Raises Conflict if none can be filed at the moment."""
    found = (
        select(*definitions.VERSION)
        .join(Definition, validity.current())
        .where(Definition.key == key, validity.goes_on())
    )
    row = uow.connection.execute(found).one_or_none()
    if row is None:
        detail = "Appeals can't be accepted at the moment: the process for appeals is not available."
        raise Conflict(detail, code="appeals-closed", definition={"key": key})
    return definitions.spec(uow.session, definitions.Version(*row)).start_form


def form_of(uow: UnitOfWork, case_id: UUID) -> Form | None:
    """Returns the form with which the actor can appeal this case. Raises as `file` does."""
    access.require(uow.actor, "decisions.appeal")
    key, _ = _appealable(uow, cases.lock(uow, case_id))
    return form(uow, key)


def _appealable(uow: UnitOfWork, case: LockedCase) -> tuple[str, UUID]:
    """Returns the process for appeals against a case's last decision, and that decision. Raises Conflict."""
    rules = definitions.spec(uow.session, case.version).rules
    if rules.appeal is None:
        raise Conflict(
            "Decisions of this service can't be appealed here.", code="no-appeal", case=case.present
        )
    decision = uow.connection.execute(
        select(Decision.id, Decision.decided_at, Decision.appeal_id)
        .where(Decision.case_id == case.id)
        .order_by(Decision.decided_at.desc(), Decision.id.desc())
        .limit(1)
    ).one_or_none()
    if decision is None:
        raise Conflict("There is no decision in this case yet.", code="undecided", case=case.present)
    if decision.appeal_id is not None:
        appeal = decision.appeal_id
        raise Conflict(
            "This decision has already been appealed.", code="appealed", case=case.present, appeal=appeal
        )
    end = _end(uow, case.home.unit_id, decision.decided_at, rules.appeal_within)
    if end is not None and uow.now > end:
        detail = f"The deadline for appeals against this decision was {end.date().isoformat()}."
        times = {"decided_at": decision.decided_at, "until": end}
        raise Conflict(detail, code="appeal-late", case=case.present, **times)
    return rules.appeal, decision.id


def _end(uow: UnitOfWork, unit_id: UUID, decided_at: datetime, within: str | None) -> datetime | None:
    """Returns the last moment for appealing; None is without end. Raises Conflict if holidays are missing."""
    try:
        return None if within is None else until(uow.connection, unit_id, decided_at, within, uow.now)
    except NoHolidays as error:
        raise cases.missing(error.year) from error
    except Untimely:
        return None


def notify_appealed(uow: UnitOfWork, decision_id: UUID) -> None:
    """Records the decision on the appeal in the log of the appealed case.

    In a job, because it locks that case, which the decision itself does not.
    """
    found = (
        select(Decision.task_id, Decision.outcome, Case.id, Case.number, Case.appeal_of)
        .join(Case, Case.id == Decision.case_id)
        .where(Decision.id == decision_id)
    )
    row = uow.connection.execute(found).one()
    locking = cases.select_for_locking().where(Case.id == row.appeal_of).with_for_update(of=Case)
    held = cases.fetch_locked(uow, locking)
    if held is None:
        raise cases.unknown(row.appeal_of)
    first = cases.locked_case(held)
    if first.erased_at is not None:
        return
    told = select(Event.seq).where(Event.case_id == first.id, Event.kind == "appeal.decided")
    one = Event.task_id == row.task_id
    if row.task_id is None:  # by silence, which decides a case once
        one = Event.task_id.is_(None) & (Event.facts["appeal"].as_string() == str(row.id))
    if uow.connection.execute(told.where(one)).first() is None:
        payload = {"appeal": row.id, "case_number": row.number, "outcome": row.outcome}
        cases.note(uow, first, [Fact("appeal.decided", None, row.task_id, payload)])
