"""Lists and reads documents of the cases that the actor may see, and of the tasks that it may claim."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, false, not_, or_, select, true

from engine import access, cases
from engine.identity import names
from engine.models import Case, Document, DocumentVersion, Task, User
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound, Refusal

_VERSION = (
    DocumentVersion.number.label("version"),
    DocumentVersion.task_id,
    DocumentVersion.title,
    DocumentVersion.name,
    DocumentVersion.media_type,
    DocumentVersion.size,
    DocumentVersion.sha256,
    DocumentVersion.status,
    DocumentVersion.uploaded_by.label("uploader_id"),
    User.name.label("uploader"),
    names.of().label("uploader_name"),
    User.role.label("uploader_role"),
    DocumentVersion.uploaded_at,
    Document.shared,
)


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document with its versions, newest first."""

    id: UUID
    case_id: UUID
    versions: Sequence[Mapping[Any, Any]]

    @property
    def shared(self) -> bool:
        """Returns whether applicants and portals see it, too."""
        return bool(self.versions[0]["shared"])


@dataclass(frozen=True, slots=True)
class Version:
    """What is needed to send a version's content."""

    name: str
    media_type: str
    size: int
    sha256: bytes
    case_id: UUID


def _visible(uow: UnitOfWork, *columns: Any) -> Select[Any]:
    """Returns the versions that the actor may see: applicants and portals none of internal documents."""
    access.require(uow.actor, "cases.read")
    access.require_purpose(uow.actor)
    shown = Document.shared if access.for_applicants(uow.actor) else true()
    return (
        select(*columns)
        .select_from(Document)
        .join(DocumentVersion, DocumentVersion.document_id == Document.id)
        .join(Case, Document.case_id == Case.id)
        .join(User, DocumentVersion.uploaded_by == User.id)
        .where(or_(access.visible_cases(uow.actor.role), _of_own_task(uow.actor.role)), shown)
    )


def _of_own_task(role: str) -> ColumnElement[bool]:
    """Returns whether a version was uploaded with a task that the actor may claim.

    The actor need not see the case.
    """
    own: ColumnElement[bool] = false()
    if role == "caseworker":
        own = and_(access.claiming_unit(Task.candidate_group_id).is_not(None), not_(access.party()))
        own = and_(own, *access.of_person(role))
    return exists().where(Task.id == DocumentVersion.task_id, own).correlate(DocumentVersion, Case)


def of_task(uow: UnitOfWork, task_id: UUID, *, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns the same for the documents uploaded with a task.

    Raises NotFound for tasks that are not visible.
    """
    access.require(uow.actor, "tasks.read")
    access.require_purpose(uow.actor)
    seen = select(Task.case_id).join(Case, Task.case_id == Case.id)
    seen = seen.where(Task.id == task_id, access.visible_tasks(uow.actor.role))
    case_id = uow.connection.execute(seen, access.seen_by(uow)).scalar_one_or_none()
    if case_id is None:
        raise cases.explain_refusal(uow, NotFound(f"The task {task_id} does not exist."), task=task_id)
    cases.require_not_own(uow, case_id)
    return _newest(uow, DocumentVersion.task_id == task_id, after)


def page(
    uow: UnitOfWork, case_id: UUID, *, after: UUID | None = None, seen: bool = False
) -> Sequence[RowMapping]:
    """Returns up to a page of a case's documents in their newest versions, oldest first.

    Returns one more if more follow.

    Raises NotFound for cases that the actor may not see; not checked again for a case that was `seen`.
    """
    if seen:
        return _newest(uow, Document.case_id == case_id, after)
    access.require(uow.actor, "cases.read")
    access.require_purpose(uow.actor)
    cases.require_visible(uow, case_id)
    return _newest(uow, Document.case_id == case_id, after)


def _newest(uow: UnitOfWork, where: ColumnElement[bool], after: UUID | None) -> Sequence[RowMapping]:
    statement = (
        _visible(uow, Document.id, Document.case_id, *_VERSION)
        .where(where, DocumentVersion.number == Document.newest)
        .order_by(Document.id)
        .limit(cases.PAGE + 1)
    )
    if after is not None:
        statement = statement.where(Document.id > after)
    return uow.connection.execute(statement, access.seen_by(uow)).mappings().all()


def get(uow: UnitOfWork, document_id: UUID) -> DocumentView:
    """Returns a document with all its versions. Raises NotFound for cases that the actor may not see."""
    statement = _visible(uow, Document.case_id, *_VERSION).where(Document.id == document_id)
    rows = (
        uow.connection.execute(statement.order_by(DocumentVersion.number.desc()), access.seen_by(uow))
        .mappings()
        .all()
    )
    if not rows:
        raise _withheld(uow, document_id, _unknown(document_id))
    cases.require_not_own(uow, rows[0]["case_id"])
    return DocumentView(document_id, rows[0]["case_id"], rows)


def version(uow: UnitOfWork, document_id: UUID, number: int | None) -> Version:
    """Returns one version, the newest if none is named.

    Raises NotFound as `get` does, and if there is none with that number.
    """
    columns = (
        DocumentVersion.name,
        DocumentVersion.media_type,
        DocumentVersion.size,
        DocumentVersion.sha256,
        Document.case_id,
    )
    wanted = DocumentVersion.number == (Document.newest if number is None else number)
    statement = _visible(uow, *columns).where(Document.id == document_id, wanted)
    row = uow.connection.execute(statement, access.seen_by(uow)).one_or_none()
    if row is None:
        refusal = _unknown(document_id) if number is None else _unknown_version(document_id, number)
        raise _withheld(uow, document_id, refusal)
    cases.require_not_own(uow, row.case_id)
    return Version(*row)


def _withheld(uow: UnitOfWork, document_id: UUID, refusal: NotFound) -> Refusal:
    """Returns why a document was not found."""
    case = select(Document.case_id).where(Document.id == document_id).scalar_subquery()
    return cases.explain_refusal(uow, refusal, case=case)


def _unknown(document_id: UUID) -> NotFound:
    return NotFound(f"The document {document_id} does not exist.")


def _unknown_version(document_id: UUID, number: int) -> NotFound:
    return NotFound(f"The document {document_id} has no version {number}.")
