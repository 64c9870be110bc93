"""The end of a term: whose work was silent, the supervisor's task, and whether silence may decide now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import insert, update

from engine import access
from engine.bpmn import Spec
from engine.cases import serving
from engine.deadlines import Untimely, close_of_next_day
from engine.events import Fact
from engine.models import Decision, Task
from engine.organisation import calendars
from engine.organisation.candidate_groups import CandidateGroups, CaseScope
from engine.platform import jobs, persian
from engine.platform.db import UnitOfWork, recordset, table, values_of
from engine.platform.ids import uuid7

ESCALATION = "escalation"
ADMINISTRATOR = "administrator"  # who sees the task in the inbox, and releases the decision
Cause = Literal["breach", "release"]  # the term is over; a decision by silence awaits its release
BREACH: Cause = "breach"
RELEASE: Cause = "release"
_OPENED: Mapping[Cause, tuple[str, str]] = {
    BREACH: ("مهلت قانونی گذشت | The statutory term is over", access.SUPERVISOR),
    RELEASE: ("تصمیم ناشی از سکوت در انتظار تأیید است | A decision by silence awaits release", ADMINISTRATOR),
}
_INSERT = recordset(table(Task), "tasks_of_clock")
_DECISIONS = table(Decision)
_COLUMNS = ("id", "case_id", "outcome", "grounds", "decided_at", "silent_units")
_DECIDE = insert(_DECISIONS).values(values_of(_DECISIONS, "deemed", _COLUMNS))
_OFFICE = (Task.kind == "step", Task.status == "open", Task.candidate_group_id.is_not(None))


class Work(NamedTuple):
    """Open work of an office: the element of a task, and the key of a unit that may do it."""

    element: str
    unit: str | None


def silent_units(spec: Spec, open_work: Sequence[Work]) -> str:
    """Returns the keys of the units with open work that doesn't pause the clock, separated by commas."""
    late = [work for work in open_work if work.element not in spec.clock.pauses]
    return ",".join(sorted({work.unit for work in late if work.unit is not None}))


def decide(uow: UnitOfWork, case_id: UUID, home: CaseScope, outcome: str, units: str) -> UUID:
    """Records that silence has decided: a legal decision of nobody, which can be appealed. Returns its id.

    It is made now and not at the end of the term: the applicant can't appeal what an administrator hasn't
    released.
    """
    decision_id = uuid7()
    row = {
        "id": decision_id,
        "case_id": case_id,
        "outcome": outcome,
        "grounds": [],
        "decided_at": uow.now,
        "silent_units": units.split(","),
    }
    uow.write(_DECIDE, {f"deemed__{name}": value for name, value in row.items()})
    if home.appeal_of is not None:
        jobs.defer(uow, "tell_appealed", queue="cases", decision_id=decision_id)
    return decision_id


@dataclass(frozen=True, slots=True)
class Escalation:
    """A task of the clock: why it is opened, at which element, and its rung, from 1 on.

    `place` is the element whose work is late; in a case without open work, any element of its process.
    """

    cause: Cause
    place: str
    rung: int = 1


def open_escalation(uow: UnitOfWork, case_id: UUID, home: CaseScope, wanted: Escalation) -> Fact:
    """Opens a task of the clock, which is no element of the diagram. Returns its fact for the log.

    It is due at the close of the next working day of the unit of `home`, which on a later rung lies above
    that of the case.
    """
    name, role = _OPENED[wanted.cause]
    groups, due = CandidateGroups(home), _due(uow, home.unit_id)
    row: dict[str, Any] = {
        "id": uuid7(),
        "case_id": case_id,
        "element": wanted.place,
        "name": name,
        "status": "open",
        "revision": 1,
        "opened_at": uow.now,
        "due_at": due,
        "serve_by": serving.serve_by(uow, home, uow.now),
        "kind": ESCALATION,
        "candidate_group_id": groups.group_for([(role, None)]),
        "asked": {"by": {"id": str(uow.actor.id), "name": ""}, "clock": wanted.cause, "rung": wanted.rung},
        "search": persian.normalise(" ".join([name, *home.words])),
    }
    groups.write(uow)
    uow.write(_INSERT, {"tasks_of_clock": [row]})
    facts = {"kind": ESCALATION, "side": "office", "role": role, "due_at": due}
    return Fact("task.created", row["element"], row["id"], facts=facts)


def _due(uow: UnitOfWork, unit_id: UUID) -> datetime:
    """Returns when a task of the clock is due; without the holidays of the year, a day later."""
    try:
        return close_of_next_day(calendars.of_unit(uow, unit_id).calendar, uow.now)
    except Untimely:
        return uow.now + timedelta(days=1)


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
