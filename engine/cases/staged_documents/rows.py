"""The rows of staged documents. Only their owner sees and discards them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Uuid,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from engine import access
from engine.cases.staged_documents.places import Place
from engine.models import ApplicationDraft, Case, Document, DocumentVersion, ErasedFile, StagedDocument, Task
from engine.platform.db import UnitOfWork, table
from engine.platform.errors import Conflict, NotFound
from engine.platform.ids import uuid7

DAY, MONTH = timedelta(days=1), timedelta(days=30)
ANY_ROW = "/*"  # in a field's pointer: the index in a list
MOST = 100  # maximum number of files that one person may upload for one form
AT_ONCE = 500

ROWS = table(StagedDocument)
_FILES = table(ErasedFile)

# The task for which a file was uploaded. Its id is extracted from the place, so that the tasks' index is
# used.
_ITS_TASK = Task.id == case((ROWS.c.place.startswith("task:"), cast(func.substr(ROWS.c.place, 6), Uuid)))
_ITS_DRAFT = ApplicationDraft.id == case(
    (ROWS.c.place.startswith("draft:"), cast(func.substr(ROWS.c.place, 7), Uuid))
)
# Files of a task whose assignee changed belong to the new assignee, as the draft of the answer does.
_PASSED_ON = exists().where(
    _ITS_TASK, Task.status == "open", ~func.coalesce(access.in_place_of(Task.assignee_id), literal(False))
)


@dataclass(frozen=True, slots=True)
class Staged:
    """A staged document. Without a media type it is still being uploaded: `received` bytes have arrived.

    `again`: the same file was uploaded for this field before, and this is that document.
    """

    id: UUID
    owner_id: UUID
    place: str
    field: str
    name: str
    size: int
    received: int
    media_type: str | None
    sha256: bytes | None
    created_at: datetime
    expires_at: datetime
    again: bool = False

    @property
    def complete(self) -> bool:
        """Returns whether it has been checked and stored."""
        return self.media_type is not None


COLUMNS = tuple(ROWS.c[name] for name in Staged.__slots__ if name != "again")


def add(
    uow: UnitOfWork, place: Place, field: str, file: Mapping[str, Any], lasts: timedelta = MONTH
) -> Staged:
    """Adds the row of a file that was checked and stored: `name`, `media_type`, `size`, `sha256`.

    The same file twice for a field is one. Raises Conflict if there are too many.
    """
    same = known(uow, place, field, file["sha256"], lasts)
    return same or insert_row(uow, place, field, {**file, "received": file["size"]}, lasts)


def known(
    uow: UnitOfWork, place: Place, field: str, digest: bytes | None, lasts: timedelta = MONTH
) -> Staged | None:
    """Returns the actor's file with this content for this field, if any, and extends its retention.

    A portal uploads for many persons, and each row of a list has its own file: there every file is new.
    A draft belongs to one person.
    """
    if (uow.actor.role == "portal" and place.kind != "draft") or ANY_ROW in field:
        return None
    same = (
        update(ROWS)
        .where(
            own(uow),
            ROWS.c.place == str(place),
            ROWS.c.field == field,
            ROWS.c.sha256 == digest,
            ROWS.c.media_type.is_not(None),
            ROWS.c.expires_at > uow.now,
        )
        .values(expires_at=func.greatest(ROWS.c.expires_at, uow.now + lasts))
        .returning(*COLUMNS)
    )
    row = uow.connection.execute(same).first()
    return None if row is None else replace(Staged(*row), again=True)


def insert_row(
    uow: UnitOfWork, place: Place, field: str, file: Mapping[str, Any], lasts: timedelta
) -> Staged:
    require_room(uow, place)
    values = {
        "id": uuid7(),
        "owner_id": uow.actor.id,
        "place": str(place),
        "field": field,
        "created_at": uow.now,
        "expires_at": uow.now + lasts,
        "on_behalf_of": uow.actor.on_behalf_of,
        **file,
    }
    row = uow.connection.execute(insert(ROWS).values(values).returning(*COLUMNS)).one()
    return Staged(*row)


def require_room(uow: UnitOfWork, place: Place) -> None:
    """Raises Conflict if the actor has uploaded too many files for a form.

    Portals act for many persons: they have a limit for each draft only.
    """
    here = ROWS.c.place == str(place)
    portal = uow.actor.role == "portal"
    if portal and place.kind != "draft":
        return
    counted = here if portal else here | ROWS.c.media_type.is_(None)  # unfinished ones of every form
    mine = select(func.count()).where(ROWS.c.owner_id == uow.actor.id, counted)
    if uow.connection.execute(mine).scalar_one() >= MOST:
        detail = f"At most {MOST} files can be uploaded for one form. Remove some of them first."
        raise Conflict(detail, code="too-many-uploads", limit=MOST)


def own(uow: UnitOfWork) -> ColumnElement[bool]:
    """Returns whether the actor uploaded a document, for the person for whom it acts now, if for anybody.

    What it uploaded for nobody, such as a portal before its user has logged in, is anybody's with its id.
    """
    mine = ROWS.c.owner_id == uow.actor.id
    person = uow.actor.on_behalf_of
    if person is None:
        return mine
    return and_(mine, or_(ROWS.c.on_behalf_of.is_(None), ROWS.c.on_behalf_of == person))


def _mine(uow: UnitOfWork) -> Any:
    """Returns the query of the actor's documents: of drafts only those of the person for whom it acts.

    Of tasks, for a person, only those of that person's cases.
    """
    person = uow.actor.on_behalf_of or ""
    its_case = and_(_ITS_TASK, Case.id == Task.case_id, *access.of_person(uow.actor.role))
    reached = ~ROWS.c.place.startswith("task:") | exists().where(its_case) if person else literal(True)
    theirs = exists().where(
        _ITS_DRAFT,
        ApplicationDraft.user_id == uow.actor.id,
        ApplicationDraft.on_behalf_of == person,
    )
    return (
        select(*COLUMNS)
        .where(own(uow), ~ROWS.c.place.startswith("draft:") | theirs, reached)
        .params(behalf=uow.actor.on_behalf_of)
    )


def get(uow: UnitOfWork, document_id: UUID, *, hold: bool = False) -> Staged:
    """Returns a staged document of the actor. Raises NotFound."""
    access.require(uow.actor, "documents.add")
    found = _mine(uow).where(ROWS.c.id == document_id)
    row = uow.connection.execute(found.with_for_update() if hold else found).one_or_none()
    if row is None:
        raise NotFound(f"The upload {document_id} does not exist.")
    return Staged(*row)


def of_place(uow: UnitOfWork, place: Place) -> Sequence[Staged]:
    """Returns the actor's complete documents for a form, oldest first."""
    found = _mine(uow).where(ROWS.c.place == str(place), ROWS.c.media_type.is_not(None))
    return [Staged(*row) for row in uow.connection.execute(found.order_by(ROWS.c.id))]


@dataclass(frozen=True, slots=True)
class File:
    """What pages show of a document. `filed`: it belongs to the case already."""

    name: str
    size: int
    filed: bool


def place_of(staged: Staged) -> Place:
    """Returns the form for which a file was uploaded."""
    found = Place.read(staged.place)
    if found is None:
        raise NotFound(f"The upload {staged.id} does not exist.")
    return found


def names(uow: UnitOfWork, ids: Collection[UUID], place: Place) -> Mapping[UUID, File]:
    """Returns the names of the documents in an answer for `place`, by their ids.

    Includes staged ones of the actor or of the task, and those of the task's case; nothing of others, because
    anybody could send their ids. The caller checks that the actor sees the task.
    """
    if not ids:
        return {}
    columns = (ROWS.c.id, ROWS.c.name, ROWS.c.size, literal(False))
    found: Any = select(*columns).where(ROWS.c.id.in_(ids), ROWS.c.media_type.is_not(None))
    if place.kind != "task":
        rows = uow.connection.execute(found.where(own(uow)))
        return {row[0]: File(*row[1:]) for row in rows}
    filed = (
        select(Document.id, DocumentVersion.name, DocumentVersion.size, literal(True))
        .join(DocumentVersion, DocumentVersion.document_id == Document.id)
        .join(Task, Task.case_id == Document.case_id)
        .where(Document.id.in_(ids), DocumentVersion.number == Document.newest, Task.id == UUID(place.of))
    )
    rows = uow.connection.execute(found.where(own(uow) | (ROWS.c.place == str(place))).union_all(filed))
    return {row[0]: File(*row[1:]) for row in rows}


def discard_some(uow: UnitOfWork, ids: Collection[UUID]) -> None:
    """Deletes those of these that the actor may discard; ignores the others."""
    if ids:
        values = access.seen_by(uow)
        _delete(uow, ROWS.c.id.in_(ids) & (ROWS.c.owner_id == uow.actor.id) & ~_PASSED_ON, values)


def discard(uow: UnitOfWork, document_id: UUID) -> Staged:
    """Deletes a staged document of the actor and returns it.

    Raises NotFound, and Conflict if it belongs to a task that others have now.
    """
    found = get(uow, document_id, hold=True)
    if not _delete(uow, (ROWS.c.id == document_id) & ~_PASSED_ON, access.seen_by(uow)):
        detail = "The file was uploaded for a task that is not assigned to you. Claim the task first."
        raise Conflict(detail, code="task-not-yours")
    return found


def discard_unfinished(uow: UnitOfWork, document_id: UUID) -> Staged | None:
    """Deletes the actor's document if it is not complete.

    A complete one belongs to the answer: returns None.
    """
    found = uow.connection.execute(_mine(uow).where(ROWS.c.id == document_id).with_for_update()).one_or_none()
    if found is not None and not Staged(*found).complete:
        _delete(uow, ROWS.c.id == document_id)
        return None
    return None if found is None else Staged(*found)


def discard_all(uow: UnitOfWork, place: Place) -> None:
    """Deletes all staged documents of the actor for a form."""
    _delete(uow, (ROWS.c.owner_id == uow.actor.id) & (ROWS.c.place == str(place)))


def forget(uow: UnitOfWork) -> int:
    """Deletes expired documents unless their answer is still being written. Returns how many."""
    over = select(ROWS.c.id).where(expired(uow)).limit(AT_ONCE)
    return len(_delete(uow, ROWS.c.id.in_(over)))


def expired(uow: UnitOfWork) -> ColumnElement[bool]:
    """Returns whether a document has expired, and no answer that may contain it is still being written."""
    its_form = or_(ROWS.c.place == literal("start:") + ApplicationDraft.key, _ITS_DRAFT)
    written = exists().where(
        ApplicationDraft.user_id == ROWS.c.owner_id, its_form, ROWS.c.media_type.is_not(None)
    )
    open_task = exists().where(_ITS_TASK, Task.status == "open", ROWS.c.media_type.is_not(None))
    return and_(ROWS.c.expires_at < uow.now, ~written, ~open_task)


def _delete(
    uow: UnitOfWork, which: ColumnElement[bool], values: Mapping[str, Any] | None = None
) -> Sequence[Any]:
    """Deletes rows with their parts; `erasure.delete_files` deletes their files later."""
    gone = delete(ROWS).where(which).returning(ROWS.c.sha256, ROWS.c.media_type)
    rows = uow.connection.execute(gone, values).all()
    mark_files(uow, {row.sha256 for row in rows if row.media_type is not None})
    return rows


def mark_files(uow: UnitOfWork, content: Iterable[bytes]) -> None:
    """Marks files for deletion from the storage, unless another document has the same content."""
    rows = [{"sha256": digest, "erased_at": uow.now} for digest in content]
    if rows:
        marked = upsert(_FILES).values(rows)
        newer = {"erased_at": marked.excluded.erased_at}
        uow.connection.execute(marked.on_conflict_do_update(index_elements=["sha256"], set_=newer))
