"""Comments on a case or one of its tasks: between colleagues, or between the office and the applicant."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, insert, select

from engine import access, cases
from engine.events import Fact
from engine.identity import names
from engine.models import Case, Comment, Task, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid, NotFound
from engine.platform.ids import uuid7
from engine.tasks.reading import unknown


def comment(
    uow: UnitOfWork,
    text: str,
    *,
    case: UUID | None = None,
    task: UUID | None = None,
    visible: bool | None = None,
) -> RowMapping:
    """Adds a comment on a case, or on one of its tasks, and returns it.

    `visible`: whether the applicant sees it. None means no for the office, and yes for the applicant's side,
    whose comments are never internal. Raises NotFound for what the actor may not see.
    """
    access.require(uow.actor, "comments.add")
    outside = access.for_applicants(uow.actor)
    if outside and visible is False:
        fault = Fault("/visible", "must be true: applicants' comments are always visible", "visible")
        raise Invalid("Comments of applicants can't be internal.", [fault])
    held, element = _hold(uow, case, task)
    row = {
        "id": uuid7(),
        "case_id": held.id,
        "task_id": task,
        "author_id": uow.actor.id,
        "text": text,
        "visible": outside or bool(visible),
        "at": uow.now,
    }
    uow.connection.execute(insert(Comment).values(row))
    payload = {"comment": row["id"], "text": text, "visible": row["visible"]}
    cases.note(uow, held, [Fact("comment.added", element, task, payload)])
    return uow.connection.execute(_comments().where(Comment.id == row["id"])).mappings().one()


def _hold(uow: UnitOfWork, case: UUID | None, task: UUID | None) -> tuple[cases.LockedCase, str | None]:
    role = uow.actor.role
    unit = access.acting_in(Case.unit_id).label("acting")
    if task is None:
        seen = cases.select_for_locking(unit).where(
            Case.id == bindparam("case"), access.reachable_cases(role)
        )
    else:
        seen = cases.select_for_locking(unit, Task.element).join(Task, Task.case_id == Case.id)
        seen = seen.where(Task.id == bindparam("task"), access.reachable_tasks(role))
    given = {"case": case, "task": task, **access.seen_by(uow)}
    found = cases.held_with(uow, seen.with_for_update(of=Case), tuple, **given)
    if found is None:
        raise NotFound(f"The case {case} does not exist.") if task is None else unknown(task)
    row, (acting, *element) = found
    held = replace(cases.locked_case(row), acting=acting)
    cases.require_impartial(uow, held)
    return held, element[0] if element else None


def _comments() -> Any:
    return select(
        Comment.id,
        Comment.case_id,
        Comment.task_id,
        Comment.author_id,
        User.name.label("author"),
        names.of().label("author_name"),
        User.role.label("author_role"),
        Comment.text,
        Comment.visible,
        Comment.at,
    ).join(User, User.id == Comment.author_id)


def comments(
    uow: UnitOfWork, case_id: UUID, *, after: UUID | None = None, seen: bool = False
) -> Sequence[RowMapping]:
    """Returns up to a page of a case's comments that the actor may see, oldest first.

    Returns one more if more follow.

    Raises NotFound for cases that the actor may not see; not checked again for a case that was `seen`.
    """
    access.require(uow.actor, "cases.read")
    if not seen:
        cases.require_visible(uow, case_id)
    found = _comments().where(Comment.case_id == case_id)
    if access.for_applicants(uow.actor):
        found = found.where(Comment.visible)
    if after is not None:
        found = found.where(Comment.id > after)
    rows: Sequence[RowMapping] = (
        uow.connection.execute(found.order_by(Comment.id).limit(cases.PAGE + 1)).mappings().all()
    )
    return rows
