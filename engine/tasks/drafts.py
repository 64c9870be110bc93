"""Drafts: unfinished answers, stored with their task, also if its assignee changes.

Saving a draft locks no case, notifies nobody and doesn't change the task's revision: it isn't an action in
the case, and may happen at every pause in typing.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Update, bindparam, select, update

from engine import access, cases
from engine.definitions import forms
from engine.models import Case, Task
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Forbidden
from engine.tasks.entity_tags import EntityTag
from engine.tasks.reading import answerable, had_by, unknown
from engine.tasks.work_time.signals import extending, measures


@lru_cache
def _wanted(role: str) -> Select[Any]:
    return (
        select(
            Task.status,
            Task.assignee_id,
            access.visible_tasks(role).label("seen"),
            access.taken_as(role).label("taken_as"),
            had_by(role).label("had"),
        )
        .select_from(Task)
        .join(Case, Task.case_id == Case.id)
        .where(Task.id == bindparam("task"))
    )


# Not if it was completed or reassigned since it was read.
_SAVE: Update = (
    update(Task)
    .where(
        Task.id == bindparam("task"),
        Task.status == "open",
        Task.assignee_id.is_not_distinct_from(bindparam("assignee", type_=Task.assignee_id.type)),
    )
    .values(draft=bindparam("begun"), draft_seen=bindparam("seen"))
)


@lru_cache
def _saving(role: str) -> Update:
    """Saves, and extends the work time of the assignee, in one statement."""
    return _SAVE.add_cte(extending(role).cte("work")) if measures(role) else _SAVE


def save(
    uow: UnitOfWork, task_id: UUID, data: Mapping[str, Any], *, tag: EntityTag | None = None
) -> dict[str, Any]:
    """Saves a draft in place of the previous one and returns it. `tag` says which values the form showed.

    It may lack required fields. Raises Conflict if the actor isn't the assignee of the task.
    """
    access.require(uow.actor, "tasks.work")
    given = {"task": task_id, **access.seen_by(uow)}
    row = uow.connection.execute(_wanted(uow.actor.role), given).one_or_none()
    if row is None or not row.seen:
        raise cases.explain_refusal(uow, unknown(task_id), task=task_id)
    if row.taken_as is None:
        raise Forbidden("You have none of the roles that can claim this task.")
    if row.status != "open" or not row.had:
        raise _lost(task_id, row.status, row.assignee_id)
    form, roles, *_ = answerable(uow, task_id)
    begun = forms.begun(form, data, roles)
    cases.require_size(begun)
    given |= {"assignee": row.assignee_id, "begun": begun, "seen": tag and str(tag), "source": "draft"}
    saved = uow.connection.execute(_saving(uow.actor.role), given)
    if saved.rowcount == 0:
        raise _lost(task_id, row.status, row.assignee_id)
    return begun


def _lost(task_id: UUID, status: str, assignee: UUID | None) -> Conflict:
    present = {"id": task_id, "status": status, "assignee": assignee}
    detail = "This task is not assigned to you. Claim it first."
    return Conflict(detail, code="task-not-yours" if status == "open" else None, task=present)
