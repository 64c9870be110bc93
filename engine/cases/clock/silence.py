"""The end of a term: whose work was silent, the supervisor's task, and whether silence may decide now."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import access
from engine.bpmn import Spec
from engine.cases import serving
from engine.events import Fact
from engine.models import CandidateGroupRole, Task, Unit
from engine.organisation.candidate_groups import CandidateGroups, CaseScope
from engine.platform import persian
from engine.platform.db import UnitOfWork, recordset, table
from engine.platform.ids import uuid7
from engine.platform.prepared import Prepared

ESCALATION = "escalation"
NAME = "مهلت قانونی گذشت | The statutory term is over"
_INSERT = recordset(table(Task), "tasks_of_clock")
_OFFICE = (Task.kind == "step", Task.status == "open", Task.candidate_group_id.is_not(None))
_WORKING = Prepared(
    select(Unit.key, Task.element)
    .join(CandidateGroupRole, CandidateGroupRole.unit_id == Unit.id)
    .join(Task, Task.candidate_group_id == CandidateGroupRole.candidate_group_id)
    .where(Task.case_id == bindparam("case"), *_OFFICE)
)
_UNIT = Prepared(select(Unit.key).where(Unit.id == bindparam("unit")))


def silent_units(uow: UnitOfWork, case_id: UUID, home: CaseScope, spec: Spec) -> str:
    """Returns the keys of the units with open work that doesn't pause the clock, separated by commas."""
    rows = uow.rows(_WORKING, {"case": case_id})
    keys = {key for key, element in rows if element not in spec.clock.pauses}
    if not keys:
        keys = {key for (key,) in uow.rows(_UNIT, {"unit": home.unit_id})}
    return ",".join(sorted(keys))


def open_escalation(uow: UnitOfWork, case_id: UUID, home: CaseScope, spec: Spec) -> Fact:
    """Opens a supervisor's task, which is no element of the diagram. Returns its fact for the log."""
    groups = CandidateGroups(home)
    row: dict[str, Any] = {
        "id": uuid7(),
        "case_id": case_id,
        "element": _place(uow, case_id, spec),
        "name": NAME,
        "status": "open",
        "revision": 1,
        "opened_at": uow.now,
        "due_at": None,
        "serve_by": serving.serve_by(uow, home, uow.now),
        "kind": ESCALATION,
        "candidate_group_id": groups.group_for([(access.SUPERVISOR, None)]),
        "asked": {"by": {"id": str(uow.actor.id), "name": ""}, "clock": "breach"},
        "search": persian.normalise(" ".join([NAME, *home.words])),
    }
    groups.write(uow)
    uow.write(_INSERT, {"tasks_of_clock": [row]})
    _ = uow.connection  # writes them: the step that follows may open tasks of the same group
    facts = {"kind": ESCALATION, "side": "office", "role": access.SUPERVISOR}
    return Fact("task.created", row["element"], row["id"], facts=facts)


def _place(uow: UnitOfWork, case_id: UUID, spec: Spec) -> str:
    """Returns the element whose work is late; of a case without open work, any element of its process."""
    found = select(Task.element).where(Task.case_id == case_id, *_OFFICE).order_by(Task.opened_at, Task.id)
    late = uow.connection.execute(found.limit(1)).scalar_one_or_none()
    return late or next(iter(spec.elements))


def release_tasks(uow: UnitOfWork, case_id: UUID) -> Sequence[Fact]:
    """Takes the open tasks of the office from their assignees. Returns the facts for the log."""
    taken = update(Task).where(Task.case_id == case_id, *_OFFICE, Task.assignee_id.is_not(None))
    values = {"assignee_id": None, "revision": Task.revision + 1}
    rows = uow.connection.execute(taken.values(values).returning(Task.element, Task.id, Task.assignment))
    return [
        Fact("task.released", row.element, row.id, {"reason": "overdue", "assignment": row.assignment})
        for row in rows
    ]


def close_escalations(uow: UnitOfWork, case_id: UUID) -> Sequence[Fact]:
    """Closes the supervisor's tasks of a case whose clock has ended. Returns the facts for the log."""
    open_ones = update(Task).where(Task.case_id == case_id, Task.kind == ESCALATION, Task.status == "open")
    values = {"status": "cancelled", "closed_at": uow.now, "revision": Task.revision + 1}
    rows = uow.connection.execute(open_ones.values(values).returning(Task.element, Task.id))
    return [Fact("task.cancelled", row.element, row.id) for row in rows]
