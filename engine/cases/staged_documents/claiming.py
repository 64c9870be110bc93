"""Attaches the documents that an answer names to its case, if they belong to the sender and these fields."""

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, exists, insert, select
from sqlalchemy.dialects.postgresql import ARRAY

from engine.bpmn.forms import Form, Named, accepted, documents_in, mib
from engine.cases.staged_documents.places import Place
from engine.cases.staged_documents.rows import COLUMNS, ROWS, Staged, expired
from engine.events import Fact, mark
from engine.models import Document, DocumentVersion
from engine.platform import media
from engine.platform.db import UnitOfWork, recordset, table
from engine.platform.errors import Fault, Invalid
from engine.platform.ids import uuid7

_INSERT = recordset(table(Document), "filed_documents")
_INSERT_VERSIONS = recordset(table(DocumentVersion), "filed_versions")
_DELETE = delete(ROWS).where(ROWS.c.id == bindparam("filed_ids", type_=ARRAY(Uuid)).any_())


@dataclass(frozen=True, slots=True)
class Claimed:
    """The staged documents that an answer names and that are attached to its case."""

    files: Sequence[Staged] = ()

    def facts(self, element: str | None = None, task_id: UUID | None = None) -> list[Fact]:
        """Returns their facts for the log."""
        return [
            Fact(
                "document.added",
                element,
                task_id,
                {
                    "document": str(file.id),
                    "version": 1,
                    "title": file.name,
                    "name": file.name,
                    "size": file.size,
                    "sha256": (file.sha256 or b"").hex(),
                    "field": file.field,
                    "mark": mark(file.media_type, file.owner_id, file.created_at),
                },
            )
            for file in self.files
        ]

    def file(self, uow: UnitOfWork, case_id: UUID, task_id: UUID | None = None) -> None:
        """Has them written as documents of the case when the command ends."""
        if not self.files:
            return
        ids = [file.id for file in self.files]
        documents = [
            {"id": file.id, "case_id": case_id, "added_by": file.owner_id, "newest": 1, "field": file.field}
            for file in self.files
        ]
        versions = [
            {
                "document_id": file.id,
                "number": 1,
                "task_id": task_id,
                "title": file.name,
                "name": file.name,
                "media_type": file.media_type,
                "size": file.size,
                "sha256": f"\\x{(file.sha256 or b'').hex()}",
                "status": "accepted",
                "uploaded_by": file.owner_id,
                "uploaded_at": file.created_at,
            }
            for file in self.files
        ]
        uow.write(_INSERT, {"filed_documents": documents})
        uow.write(_INSERT_VERSIONS, {"filed_versions": versions})
        uow.write(_DELETE, {"filed_ids": ids})


NOTHING = Claimed()


@dataclass(frozen=True, slots=True)
class _Known:
    """The documents that may be named: staged ones, and those that the case already has in this field."""

    staged: Mapping[UUID, Staged]
    filed: Mapping[UUID, str | None]


def claim(
    uow: UnitOfWork, form: Form | None, answer: Mapping[str, Any], place: Place, case_id: UUID | None = None
) -> Claimed:
    """Returns the staged documents that an answer to this form names.

    A form without file fields costs no statement.

    `case_id` is the case of the form: documents that it has in the same field may remain. Raises Invalid for
    anything that isn't a document of this field.
    """
    named = [] if form is None else list(documents_in(form.fields, answer))
    if not named:
        return NOTHING
    ids = {one.pointer: _id(one.value) for one in named}
    known = _known(uow, {found for found in ids.values() if found}, place, case_id)
    count = Counter(ids.values())
    faults = []
    for one in named:
        found = ids[one.pointer]
        fault = _fault(one, found, known) or (_twice(one) if count[found] > 1 else None)
        faults += [fault] if fault else []
    if faults:
        raise Invalid("Some documents do not match the form.", faults)
    return Claimed([known.staged[found] for found in ids.values() if found and found in known.staged])


def require(uow: UnitOfWork, form: Form | None, answer: Mapping[str, Any], place: Place) -> None:
    """Raises Invalid as `claim` does, but attaches no documents yet."""
    claim(uow, form, answer, place)


def _id(value: Any) -> UUID | None:
    try:
        found = UUID(value)
    except (ValueError, AttributeError, TypeError):
        return None
    return found if str(found) == value else None


def _known(uow: UnitOfWork, ids: set[UUID], place: Place, case_id: UUID | None) -> _Known:
    if not ids:
        return _Known({}, {})
    # An upload for a task belongs to the task, also if its assignee changes; any other to its owner only.
    own = (ROWS.c.place == str(place)) & ~expired(uow)
    if place.kind != "task":
        own &= ROWS.c.owner_id == uow.actor.id
    rows = uow.connection.execute(select(*COLUMNS).where(ROWS.c.id.in_(ids), own)).all()
    staged = {row.id: Staged(*row) for row in rows}
    filed: dict[UUID, str | None] = {}
    if case_id is not None and ids - staged.keys():
        found = select(Document.id, Document.field).where(Document.case_id == case_id, Document.id.in_(ids))
        with_task = exists().where(
            DocumentVersion.document_id == Document.id,
            DocumentVersion.task_id == (UUID(place.of) if place.kind == "task" else None),
        )
        found = found.where(Document.field.is_not(None) | with_task)
        filed = {row.id: row.field for row in uow.connection.execute(found)}
    return _Known(staged, filed)


def _fault(one: Named, found: UUID | None, known: _Known) -> Fault | None:
    pointer = f"/data{one.pointer}"
    if found and found in known.filed and known.filed[found] in (None, one.field.pointer):
        return None
    file = known.staged.get(found) if found else None
    if file is None or not file.complete or file.field != one.field.pointer:
        detail = "is not a document that was uploaded for this field: upload the file here"
        return Fault(pointer, detail, "document-unknown")
    limits = accepted(one.field)
    if limits.max_bytes is not None and file.size > limits.max_bytes:
        most = mib(limits.max_bytes)
        return Fault(pointer, f"is larger than {most} MiB", "document-size", {"most": most})
    types = {media.BY_NAME[name].media_type for name in limits.kinds or () if name in media.BY_NAME}
    if limits.kinds and file.media_type not in types:
        kinds = sorted(limits.kinds)
        return Fault(pointer, f"must be one of: {', '.join(kinds)}", "document-type", {"kinds": kinds})
    return None


def _twice(one: Named) -> Fault:
    return Fault(f"/data{one.pointer}", "appears more than once in this answer", "document-twice")


def with_copies(
    uow: UnitOfWork, form: Form | None, answer: Mapping[str, Any], place: Place
) -> dict[str, Any]:
    """Returns an answer that names copies of its staged documents, so that each case has its own.

    The content is stored once. An answer without documents costs no statement; what isn't a staged document
    of the actor here remains, for `claim` to refuse.
    """
    named = [] if form is None else list(documents_in(form.fields, answer))
    known = _known(uow, {found for one in named if (found := _id(one.value))}, place, None)
    copies = {one.id: uuid7() for one in known.staged.values() if one.complete}
    if not copies:
        return dict(answer)
    stored = [asdict(known.staged[old]) | {"id": new} for old, new in copies.items()]
    for row in stored:
        del row["again"]
    uow.connection.execute(insert(ROWS), stored)
    changed = deepcopy(dict(answer))
    for one in named:
        *inner, last = (_step(token) for token in one.pointer.split("/")[1:])
        home: Any = changed
        for step in inner:
            home = home[int(step) if isinstance(home, list) else step]
        new_id = copies.get(_id(one.value) or UUID(int=0))
        if new_id is not None:
            home[int(last) if isinstance(home, list) else last] = str(new_id)
    return changed


def _step(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")
