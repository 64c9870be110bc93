"""The timers for which running cases wait: listed; and fired before they are due, for tests of a process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select

from engine import access, cases
from engine.cases.catch_events import fire
from engine.models import Case, DefinitionVersion, Wait
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Forbidden, NotFound

_OPEN = Wait.kind == "timer", Wait.closed_at.is_(None)
_COLUMNS = (
    Wait.id,
    Wait.case_id.label("case"),
    Case.number.label("case_number"),
    DefinitionVersion.key.label("definition"),
    DefinitionVersion.number.label("version"),
    Wait.element,
    Wait.due_at,
    Wait.opened_at,
)


@dataclass(frozen=True, slots=True)
class TimersWanted:
    """Filters for timers; None means any."""

    case: UUID | None = None
    definition: str | None = None
    after: UUID | None = None


def list_timers(uow: UnitOfWork, wanted: TimersWanted) -> Sequence[RowMapping]:
    """Returns up to a page of the timers for which the actor's running cases wait, plus one if more follow.

    Those that began to wait first come first. Those of suspended cases wait until they are resumed.
    """
    access.require(uow.actor, "timers.manage")
    given = (
        (Wait.case_id, wanted.case),
        (DefinitionVersion.key, wanted.definition),
    )
    found = (
        select(*_COLUMNS)
        .join(Case, Case.id == Wait.case_id)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .where(*_OPEN, access.visible_cases(uow.actor.role))
        .where(*(column == value for column, value in given if value is not None))
        .order_by(Wait.id)
        .limit(cases.PAGE + 1)
    )
    if wanted.after is not None:
        found = found.where(Wait.id > wanted.after)
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def fire_timer(uow: UnitOfWork, timer_id: UUID, *, test_installation: bool) -> cases.CaseView:
    """Fires a timer now, as if it were due. The log says when it would have been due.

    Raises Forbidden outside of test installations: the time of a real case is not ours to change. Raises
    NotFound for the timer of a case that the actor may not see, Conflict if nothing waits for it any more or
    if the case does not run.
    """
    access.require(uow.actor, "timers.manage")
    case_of = select(Wait.case_id).where(Wait.id == timer_id, Wait.kind == "timer")
    case_id = uow.connection.execute(case_of).scalar()
    if case_id is None:
        raise NotFound(f"The timer {timer_id} does not exist.")
    case = _lock(uow, case_id, timer_id)
    if not test_installation:
        raise Forbidden("Timers can only be fired in a test installation: one with the setting DEMO=yes.")
    cases.require_active(case)
    due = uow.connection.execute(select(Wait.due_at).where(Wait.id == timer_id, *_OPEN)).scalar()
    if due is None or not fire(uow, case, {timer_id: {}}, due={timer_id: due}).fired:
        raise Conflict("The case no longer waits for this timer.", code="timer-closed", case=case.present)
    return cases.get(uow, case_id)


def _lock(uow: UnitOfWork, case_id: Any, timer_id: UUID) -> cases.LockedCase:
    try:
        case = cases.lock(uow, case_id)
    except NotFound as unseen:
        raise NotFound(f"The timer {timer_id} does not exist.") from unseen
    cases.require_impartial(uow, case)
    return case
