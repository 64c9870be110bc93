"""Holding up cases, one or all of a definition: what falls due meanwhile waits for their resumption."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from engine import access, jobs
from engine.cases.hold import lock, require_active
from engine.cases.progress import note
from engine.cases.views import CaseView, get
from engine.db import UnitOfWork
from engine.errors import Conflict, NotFound
from engine.events import Fact
from engine.models import Call, Case, Definition, DefinitionVersion, Wait


def suspend(uow: UnitOfWork, case_id: UUID, *, reason: str | None = None) -> CaseView:
    """Hold a case up. Raises Conflict if it does not run."""
    access.require(uow.actor, "cases.suspend")
    case = lock(uow, case_id)
    require_active(case)
    told = Fact("case.suspended", payload={"reason": reason} if reason else None)
    note(uow, case, [told], status="suspended")
    return get(uow, case_id)


def resume(uow: UnitOfWork, case_id: UUID) -> CaseView:
    """Let a suspended case go on. Raises Conflict if it is not suspended itself."""
    access.require(uow.actor, "cases.suspend")
    case = lock(uow, case_id)
    if case.stopped or case.status != "suspended":
        what = "definition is suspended: resume that" if case.stopped else f"case is {case.status}"
        raise Conflict(f"The {what}.", case={"id": case.id, "status": case.status})
    note(uow, case, [Fact("case.resumed")], status="active")
    rouse(uow, Case.id == case_id)
    return get(uow, case_id)


def suspend_definition(uow: UnitOfWork, key: str) -> None:
    """Let no case of a definition begin or move. Doing it twice changes nothing."""
    access.require(uow.actor, "definitions.suspend")
    since = func.coalesce(Definition.suspended_at, uow.now)
    change = update(Definition).where(Definition.key == key).values(suspended_at=since)
    if uow.connection.execute(change.returning(Definition.key)).first() is None:
        raise NotFound(f"There is no definition {key!r}.")


def resume_definition(uow: UnitOfWork, key: str) -> None:
    """Let the cases of a definition begin and go on again."""
    access.require(uow.actor, "definitions.suspend")
    change = update(Definition).where(Definition.key == key).values(suspended_at=None)
    if uow.connection.execute(change.returning(Definition.key)).first() is None:
        raise NotFound(f"There is no definition {key!r}.")
    versions = select(DefinitionVersion.id).where(DefinitionVersion.key == key)
    rouse(uow, Case.version_id.in_(versions))


def rouse(uow: UnitOfWork, which: ColumnElement[bool]) -> None:
    """Look again at all that cases wait for: timers that fell due, calls not made, messages kept for them."""
    found = select(Case.id).where(which, Case.status == "active")
    waiting = Wait.case_id.in_(found), Wait.closed_at.is_(None)
    uow.connection.execute(update(Wait).where(*waiting, Wait.woken_at.is_not(None)).values(woken_at=None))
    calls = Call.case_id.in_(found), Call.status == "open", Call.woken_at.is_not(None)
    uow.connection.execute(update(Call).where(*calls).values(woken_at=None))
    named = select(Wait.case_id).where(*waiting, Wait.kind == "message").distinct()
    jobs.defer_each(
        uow, "offer", [{"case_id": row.case_id} for row in uow.connection.execute(named)], queue="cases"
    )
