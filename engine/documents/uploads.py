"""Uploads documents to a case or task: for those who may work on it, while the case runs."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from engine import access, cases
from engine.cases import LockedCase
from engine.documents.intake import Received
from engine.documents.reading import DocumentView, get
from engine.events import Fact, Kind, mark
from engine.models import Case, Document, DocumentVersion, Task
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from engine.platform.ids import uuid7

_TASK = (
    Task.id.label("task_id"),
    Task.element,
    Task.status.label("task_status"),
    Task.assignee_id,
    access.in_place_of(Task.assignee_id).label("own"),
)


class _Locked(NamedTuple):
    """A locked task: `_TASK`, and whether the actor sees its case."""

    task_id: UUID
    element: str
    task_status: str
    assignee_id: UUID | None
    own: bool | None
    case_seen: bool


def admit(uow: UnitOfWork, *, case: UUID | None = None, task: UUID | None = None) -> None:
    """Checks, before a file is read, whether the actor may add to this case or task at all.

    Raises NotFound for what the actor may not see. Whether it is open is only checked when the document is
    added, so that a repeated request gets its first answer.
    """
    _require(uow, task)
    if task is None:
        admitted = select(Case.id).where(Case.id == case, access.reachable_cases(uow.actor.role))
    else:
        joined = select(Task.id).join(Case, Task.case_id == Case.id)
        admitted = joined.where(Task.id == task, access.reachable_tasks(uow.actor.role))
    found = uow.connection.execute(admitted, access.seen_by(uow))
    if found.first() is None:
        raise _unknown(case, task)


def add(
    uow: UnitOfWork,
    received: Received,
    *,
    case: UUID | None = None,
    task: UUID | None = None,
    title: str | None = None,
    replaces: UUID | None = None,
) -> DocumentView:
    """Adds a stored file as a new document, or as a new version of an existing one.

    A new document of an official is internal (`visibility.share` shares it), any other is shared.
    """
    _require(uow, task)
    held, row = _hold(uow, case, task)
    place = _place(uow, held, replaces, None if row is None or row.case_seen else task)
    document, number, shared, former = place
    shown = title or former or received.name
    version = {
        "document_id": document,
        "number": number,
        "task_id": task,
        "title": shown,
        "name": received.name,
        "media_type": received.media_type,
        "size": received.size,
        "sha256": received.sha256,
        "status": "accepted",
        "uploaded_by": uow.actor.id,
        "uploaded_at": uow.now,
    }
    uow.connection.execute(insert(DocumentVersion).values(version))
    payload = {
        "document": str(document),
        "version": number,
        "title": shown,
        "name": received.name,
        "size": received.size,
        "sha256": received.sha256.hex(),
        "mark": mark(received.media_type, uow.actor.id, uow.now),
    }
    element = None if row is None else row.element
    kind: Kind = "document.added" if replaces is None else "document.replaced"
    cases.note(uow, held, [Fact(kind, element, task, payload, {"visible": shared})])
    return get(uow, document)


def _require(uow: UnitOfWork, task: UUID | None) -> None:
    access.require(uow.actor, "documents.add" if task is None else "tasks.work")


def _unknown(case: UUID | None, task: UUID | None) -> NotFound:
    return NotFound(f"The case {case} does not exist." if task is None else f"There is no task {task}.")


def _hold(uow: UnitOfWork, case: UUID | None, task: UUID | None) -> tuple[LockedCase, _Locked | None]:
    """Locks the case, still running, and the task, open and without another assignee."""
    if task is None:
        reachable = access.reachable_cases(uow.actor.role)
        statement = (
            cases.select_for_locking().where(Case.id == bindparam("case"), reachable).with_for_update(of=Case)
        )
    else:
        visible = access.visible_cases(uow.actor.role)
        joined = cases.select_for_locking(*_TASK, visible.label("case_seen")).join(
            Task, Task.case_id == Case.id
        )
        may = access.reachable_tasks(uow.actor.role)
        statement = joined.where(Task.id == bindparam("task"), may).with_for_update(of=(Case, Task))
    given = {"case": case, "task": task, **access.seen_by(uow)}
    found = cases.held_with(uow, statement, lambda columns: columns and _Locked._make(columns), **given)
    if found is None:
        raise _unknown(case, task)
    held, row = cases.locked_case(found[0]), found[1]
    cases.require_impartial(uow, held)
    if held.status not in ("active", "suspended"):
        present = {"id": held.id, "status": held.status, "outcome": held.outcome}
        raise Conflict(f"The case is {held.status}, so nothing can be added to it.", case=present)
    if not row:
        return held, None
    present = {"id": row.task_id, "status": row.task_status, "assignee": row.assignee_id}
    if row.task_status != "open":
        raise Conflict(f"The task is {row.task_status}.", task=present)
    if row.assignee_id is not None and not row.own:
        raise Conflict("Somebody else has claimed the task.", code="task-claimed", task=present)
    return held, row


def _place(
    uow: UnitOfWork, case: LockedCase, replaces: UUID | None, only: UUID | None
) -> tuple[UUID, int, bool, str | None]:
    """Returns the document, the number of its new version, whether it is shared, and its title.

    `only` is the task whose documents alone the actor sees.
    """
    if replaces is None:
        made, shared = uuid7(), access.for_applicants(uow.actor)
        row = {"id": made, "case_id": case.id, "added_by": uow.actor.id, "newest": 1, "shared": shared}
        uow.connection.execute(insert(Document).values(row))
        return made, 1, shared, None
    found = (
        select(Document.newest, Document.added_by, Document.shared, DocumentVersion.title)
        .join(
            DocumentVersion,
            (DocumentVersion.document_id == Document.id) & (DocumentVersion.number == Document.newest),
        )
        .where(Document.id == replaces, Document.case_id == case.id)
    )
    if only is not None:
        found = found.where(DocumentVersion.task_id == only)
    if access.for_applicants(uow.actor):
        found = found.where(Document.shared)
    former = uow.connection.execute(found).one_or_none()
    if former is None:
        fault = Fault("/replaces", "is not a document of this case", "unknown")
        raise Invalid("The document to replace does not exist in this case.", [fault])
    if access.only_its_own(uow.actor) and former.added_by != uow.actor.id:
        raise Forbidden("Somebody else has added this document. Add yours as a new one.")
    number = former.newest + 1
    uow.connection.execute(update(Document).where(Document.id == replaces).values(newest=number))
    return replaces, number, former.shared, former.title
