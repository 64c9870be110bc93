"""Tasks of the clock that nobody did in time: each goes to the unit above, at most twice."""

from dataclasses import replace
from typing import cast
from uuid import UUID

from sqlalchemy import DateTime, Integer, and_, bindparam, func, literal_column, select
from sqlalchemy.orm import aliased

from engine.access import validity
from engine.cases.clock import silence
from engine.cases.locking import fetch_undone, locked_case, select_for_locking
from engine.cases.persistence import TaskChange, note
from engine.events import Fact
from engine.models import CandidateGroupRole, Case, Definition, DefinitionVersion, Task, Unit
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared

RUNGS = 3  # of a task of the clock, the first included
_RUNG = func.coalesce(Task.asked["rung"].astext.cast(Integer), RUNGS)  # those of earlier releases have none
_HOLDER, _ABOVE = aliased(Unit), aliased(Unit)
_LATE = (
    select(Task.id, Task.case_id, Task.element, Task.asked, _ABOVE.id.label("above"))
    .join(Case, Case.id == Task.case_id)
    .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
    .join(Definition, Definition.key == DefinitionVersion.key)
    .join(CandidateGroupRole, CandidateGroupRole.candidate_group_id == Task.candidate_group_id)
    .join(_HOLDER, _HOLDER.id == CandidateGroupRole.unit_id)
    .join(_ABOVE, and_(_ABOVE.id == _HOLDER.parent_id, _ABOVE.closed_at.is_(None)))
    .where(literal_column("tasks.kind = 'escalation' AND tasks.status = 'open'"))  # as in the index
    .where(Task.due_at <= bindparam("now", type_=DateTime(timezone=True)))
    .where(_RUNG < RUNGS, Case.status == "active", validity.goes_on())
    .order_by(Task.due_at, Task.id)
    .limit(1)
    .with_for_update(of=Case, skip_locked=True)
)
_LOCK = Prepared(select_for_locking().where(Case.id == bindparam("case")).with_for_update(of=Case))


def raise_escalation(uow: UnitOfWork) -> UUID | None:
    """Passes the task of the clock that has been late for longest on. Returns its id; None without one.

    It is cancelled, and the same task is opened for the unit above, due there a working day later. The task
    of the highest unit, and the third one, stays where it is.
    """
    late = uow.connection.execute(_LATE, {"now": uow.now}).first()
    row = None if late is None else fetch_undone(uow, _LOCK, case=late.case_id)
    if late is None or row is None:
        return None
    case = locked_case(row)
    home = replace(case.home, unit_id=late.above)
    wanted = silence.Escalation(late.asked["clock"], late.element, late.asked["rung"] + 1)
    facts = [
        Fact("task.cancelled", late.element, late.id),
        silence.open_escalation(uow, case.id, home, wanted),
    ]
    note(uow, case, facts, TaskChange(late.id, "cancelled", None, uow.now))
    return cast(UUID, late.id)
