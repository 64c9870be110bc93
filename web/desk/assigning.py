"""Assigning a task to a colleague."""

from uuid import UUID

from flask import Blueprint, request

from engine import tasks
from engine.oversight.access_log import Opened
from engine.platform.errors import Refusal
from web.desk import typed
from web.desk.explained import Explained, explain
from web.people import people_to_choose
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("assigning", __name__)


def _assign(visit: Visit, task_id: UUID, refused: Explained | None = None) -> Page:
    row = tasks.get(visit.uow, task_id)
    people = [one for one in tasks.receivers(visit.uow, [task_id]) if one.id != row["assignee_id"]]
    values = {
        "task": row,
        "people": people_to_choose(people),
        "refused": refused,
        "chosen": request.form.get("to", ""),
        "reasons": typed.reasons(),
        "reason": request.form.get("reason", ""),
    }
    status = refused.status if refused else 200
    return Page("desk/assign.html", values, status, opened=Opened("task", row["case_id"], task_id))


@page(blueprint.get("/tasks/<uuid:task_id>/assign"), may="tasks.assign")
def ask_assignee(visit: Visit, task_id: UUID) -> Page:
    """Show who can be assigned."""
    return _assign(visit, task_id)


def _assign_refused(visit: Visit, task_id: UUID, *, refusal: Refusal) -> Page:
    return _assign(visit, task_id, explain(refusal))


@page(blueprint.post("/tasks/<uuid:task_id>/assign"), may="tasks.assign", refused=_assign_refused)
def assign(visit: Visit, task_id: UUID) -> Away:
    """Assign the task."""
    to = typed.required("to", most=typed.LINE)
    tasks.assign(visit.uow, task_id, to, reason=typed.line("reason"))
    return Away(f"/desk/tasks/{task_id}", told="desk.task.assigned")
