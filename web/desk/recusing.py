"""Stepping back from a case, without giving the reason."""

from uuid import UUID

from flask import Blueprint, request

from engine import tasks
from engine.oversight.access_log import Opened
from engine.platform.errors import Refusal
from web.desk import typed
from web.desk.explained import Explained, explain
from web.visit import Away, Page, Visit, page

blueprint = Blueprint("recusing", __name__)


def _recuse(visit: Visit, task_id: UUID, refused: Explained | None = None) -> Page:
    row = tasks.get(visit.uow, task_id)
    values = {"task": row, "refused": refused, "reason": request.form.get("reason", "")}
    status = refused.status if refused else 200
    return Page("desk/recuse.html", values, status, opened=Opened("task", row["case_id"], task_id))


@page(blueprint.get("/tasks/<uuid:task_id>/recuse"), may="cases.recuse")
def ask_recusal(visit: Visit, task_id: UUID) -> Page:
    """Explain what it means."""
    return _recuse(visit, task_id)


def _recuse_refused(visit: Visit, task_id: UUID, *, refusal: Refusal) -> Page:
    return _recuse(visit, task_id, explain(refusal))


@page(blueprint.post("/tasks/<uuid:task_id>/recuse"), may="cases.recuse", refused=_recuse_refused)
def recuse(visit: Visit, task_id: UUID) -> Away:
    """Step back."""
    tasks.recuse(visit.uow, task_id, reason=typed.words("reason", most=typed.LINE))
    return Away(f"/desk/tasks/{task_id}", told="desk.task.recused")
