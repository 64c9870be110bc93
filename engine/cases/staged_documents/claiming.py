"""Attaches the documents that an answer names to its case, if they belong to the sender and these fields."""

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, exists, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from engine import access
from engine.bpmn.forms import (
    Form,
    Named,
    accepted,
    document_fields,
    documents_in,
    for_roles,
    for_some,
    mib,
)
from engine.cases.staged_documents.places import Place
from engine.cases.staged_documents.rows import COLUMNS, ROWS, Staged, expired, own
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
    """The staged documents that an answer names and that are attached to its case.

    They are shared, except in fields that the form hides from the applicant. So are internal documents of the
    case that it names elsewhere: `opened`, with their titles.
    """

    files: Sequence[Staged] = ()
    hidden: frozenset[str | None] = frozenset()
    opened: Mapping[UUID, str] = field(default_factory=dict)

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
                {"visible": file.field not in self.hidden},
            )
            for file in self.files
        ] + [
            Fact(
                "document.shared",
                element,
                task_id,
                {"document": str(document), "title": title},
                {"visible": True},
            )
            for document, title in self.opened.items()
        ]

    def file(self, uow: UnitOfWork, case_id: UUID, task_id: UUID | None = None) -> None:
        """Has them written as documents of the case when the command ends."""
        if self.opened:
            opening = update(Document).where(Document.id.in_(self.opened))
            uow.connection.execute(opening.values(shared=True))
        if not self.files:
            return
        ids = [file.id for file in self.files]
        documents = [
            {
                "id": file.id,
                "case_id": case_id,
                "added_by": file.owner_id,
                "newest": 1,
                "field": file.field,
                "shared": file.field not in self.hidden,
            }
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
    internal: Mapping[UUID, str] = field(default_factory=dict)  # the title of those that are not shared


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
    hidden = _hidden(form, named)
    open_ids = {ids[one.pointer] for one in named if one.field.pointer not in hidden}
    return Claimed(
        [known.staged[found] for found in ids.values() if found and found in known.staged],
        hidden,
        {document: title for document, title in known.internal.items() if document in open_ids},
    )


def _hidden(form: Form | None, named: Sequence[Named]) -> frozenset[str | None]:
    """Returns the fields of these that the form hides from the applicant."""
    if form is None or not for_some(form):
        return frozenset()
    shown = for_roles(form, (access.APPLICANT,)).fields
    return frozenset({one.field.pointer for one in named} - {one.pointer for one in document_fields(shown)})


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
    here = (ROWS.c.place == str(place)) & ~expired(uow)
    if place.kind != "task":
        here &= own(uow)
    rows = uow.connection.execute(select(*COLUMNS).where(ROWS.c.id.in_(ids), here)).all()
    staged = {row.id: Staged(*row) for row in rows}
    filed: dict[UUID, str | None] = {}
    internal: dict[UUID, str] = {}
    if case_id is not None and ids - staged.keys():
        newest = (DocumentVersion.document_id == Document.id) & (DocumentVersion.number == Document.newest)
        found = (
            select(Document.id, Document.field, Document.shared, DocumentVersion.title)
            .join(DocumentVersion, newest)
            .where(Document.case_id == case_id, Document.id.in_(ids))
        )
        if access.for_applicants(uow.actor):
            found = found.where(Document.shared)
        uploaded = aliased(DocumentVersion)
        with_task = exists().where(
            uploaded.document_id == Document.id,
            uploaded.task_id == (UUID(place.of) if place.kind == "task" else None),
        )
        rows = uow.connection.execute(found.where(Document.field.is_not(None) | with_task)).all()
        filed = {row.id: row.field for row in rows}
        internal = {row.id: row.title for row in rows if not row.shared}
    return _Known(staged, filed, internal)


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
